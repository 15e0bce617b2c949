package gate

import "time"

var imageGate = Gate{
	Name:        "image",
	Description: "Checks of when the image was made, as its config says. An addition of Landwaiter.",
	Triggers: []Trigger{
		{
			Name:        "age",
			Description: "Fires when the image was made a number of days ago or longer. An image without a usable time never fires; created_missing finds it.",
			Params: []Param{{Name: "max_days", Order: 1, Required: true, Type: Int, Example: "90",
				Description: "Days from the making of the image."}},
			Compile: func(v Values) (Check, error) {
				days := v.Days("max_days")
				return func(c *Context, fire Fire) error {
					if made := c.made(); !made.IsZero() && c.overdue(made, days) {
						fire("", "Image was made on "+day(made)+", "+plural(days, "day")+" allowed")
					}
					return nil
				}, nil
			},
		},
		{
			Name: "created_missing",
			Description: "Fires when the config gives no usable time of making: none at all, the beginning of Unix time or before, as reproducible builds write, or one more than a day " +
				"in the future.",
			Compile: func(Values) (Check, error) {
				return func(c *Context, fire Fire) error {
					created := c.Analysis.Created
					switch {
					case created.IsZero():
						fire("created_missing", "Image does not say when it was made")
					case created.Unix() <= 0:
						fire("created_missing", "Image says "+created.UTC().Format(time.RFC3339)+" as the time of its making, which stands for none")
					case c.madeLater():
						c.ChangesAt(created.AddDate(0, 0, -1))
						fire("created_missing", "Image says "+created.UTC().Format(time.RFC3339)+" as the time of its making, which is in the future")
					}
					return nil
				}, nil
			},
		},
	},
}

// madeLater says whether the image claims to be made more than a day after the verdict.
func (c *Context) madeLater() bool { return c.Analysis.Created.AddDate(0, 0, -1).After(c.At) }

// made is when the image was made; zero when it gives no usable time.
func (c *Context) made() time.Time {
	if t := c.Analysis.Created; t.Unix() > 0 && !c.madeLater() {
		return t.UTC()
	}
	return time.Time{}
}
