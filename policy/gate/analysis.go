package gate

import (
	"slices"
	"strconv"

	"landwaiter.dev/image"
)

var analysisGate = Gate{
	Name:        "analysis",
	Description: "Checks of how much could be seen. An addition of Landwaiter.",
	Triggers: []Trigger{{
		Name: "gaps",
		Description: "Fires for each thing that the analysis could not see: files skipped, databases that could not be read, ecosystems " +
			"without advisory data and the like. The trigger id is the kind, followed by + and the path where one file is meant.",
		Params: []Param{{
			Name: "kinds", Order: 1, Type: List,
			Description: "Kinds of gaps to fire for; all kinds when absent.",
			Example:     string(image.GapParserFailed + "," + image.GapNoAdvisories),
		}},
		Compile: compileGaps,
	}},
}

func compileGaps(v Values) (Check, error) {
	kinds := v.List("kinds")
	return func(c *Context, fire Fire) error {
		for _, g := range c.Gaps {
			if kinds != nil && !slices.Contains(kinds, string(g.Kind)) {
				continue
			}
			id, where := string(g.Kind), ""
			if g.Path != "" {
				id += "+" + g.Path.Abs()
				where = " at " + g.Path.Abs()
			}
			if g.Count > 0 {
				where += " and " + strconv.Itoa(g.Count) + " more"
			}
			fire(id, "Analysis gap "+string(g.Kind)+where+": "+g.Detail)
		}
		return nil
	}, nil
}
