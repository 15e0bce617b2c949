package gate

var alwaysGate = Gate{
	Name:        "always",
	Description: "Fires for every image; useful to try a mapping or an allowlist.",
	Triggers: []Trigger{{
		Name:        "always",
		Description: "Fires once for every image, whatever is in it.",
		Compile: func(Values) (Check, error) {
			return func(_ *Context, fire Fire) error {
				fire("always", "Unconditional trigger match")
				return nil
			}, nil
		},
	}},
}
