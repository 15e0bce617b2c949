package gate

import (
	"slices"
	"strconv"
	"strings"

	"landwaiter.dev/image"
)

var analysisGate = Gate{
	Name:        "analysis",
	Description: "Checks of how much could be seen, and of how fresh it is. An addition of Landwaiter.",
	Triggers: []Trigger{
		{
			Name: "gaps",
			Description: "Fires for each thing that the analysis could not see: files skipped, databases that could not be read, ecosystems " +
				"without advisory data and the like. The trigger id is the kind, followed by + and the path where one file is meant.",
			Params: []Param{
				{Name: "kinds", Order: 1, Type: List, Known: knownGaps, Description: "Kinds of gaps to fire for; all kinds when absent.",
					Example: string(image.GapParserFailed + "," + image.GapNoAdvisories)},
				{Name: "except_kinds", Order: 2, Type: List, Known: knownGaps, Example: string(image.GapNotCompared), Description: "Kinds of gaps that are left out."},
				{Name: "path_exclude", Order: 3, Type: Text, Known: pathPattern, Example: "/usr/share/doc/.*",
					Description: "Regular expression, matched from the start; gaps of files whose path it matches are left out."},
			},
			Compile: compileGaps,
		},
		{
			Name:        "gap_count",
			Description: "Fires for each kind of gap of which there are at least a number, those counted that were folded into one. The trigger id is the kind.",
			Params: []Param{
				{Name: "min_count", Order: 1, Required: true, Type: Int, Example: "10", Description: "Number of gaps of one kind from which on it fires; 0 counts as 1."},
				{Name: "kinds", Order: 2, Type: List, Known: knownGaps, Example: string(image.GapFileSkipped), Description: "Kinds of gaps to count; all kinds when absent."},
			},
			Compile: compileGapCount,
		},
		{
			Name: "stale_source",
			Description: "Fires for each source of data that is older than a number of days, or absent: the advisory data of each ecosystem that the image has packages of, and the catalogues " +
				"kev, epss and nvd where they are not switched off. The trigger id is the source.",
			Params: []Param{
				{Name: "max_days", Order: 1, Required: true, Type: Int, Example: "2", Description: "Age in days from which on the data is too old."},
				{Name: "sources", Order: 2, Type: List, Known: knownSources, Example: "Debian:12,PyPI,kev", Description: "Sources to look at; all that the image depends on when absent."},
			},
			Compile: compileStaleSource,
			Needs:   always(NeedSources),
		},
		{
			Name: "unverified_vex",
			Description: "Fires for each vulnerability of which a VEX document beside the image says something that nobody vouches for, so that it hides nothing. The trigger id is that of the " +
				"package trigger of the vulnerabilities gate.",
			Params:  []Param{{Name: "statuses", Order: 1, Type: List, Known: knownStatuses, Example: "not_affected,fixed", Description: "What the statement must say; anything when absent."}},
			Compile: compileUnverifiedVEX,
		},
	},
}

func compileGaps(v Values) (Check, error) {
	exclude, err := v.Regexp("path_exclude")
	if err != nil {
		return nil, err
	}
	kinds, except := v.List("kinds"), v.List("except_kinds")
	return func(c *Context, fire Fire) error {
		for _, g := range c.Gaps {
			if kinds != nil && !slices.Contains(kinds, string(g.Kind)) || slices.Contains(except, string(g.Kind)) {
				continue
			}
			id, where := string(g.Kind), ""
			if g.Path != "" {
				id += "+" + g.Path.Abs()
				where = " at " + g.Path.Abs()
				if exclude != nil {
					excluded, err := c.Match(exclude, g.Path.Abs())
					if err != nil {
						return err
					}
					if excluded {
						continue
					}
				}
			}
			if g.Count > 0 {
				where += " and " + strconv.Itoa(g.Count) + " more"
			}
			fire(id, "Analysis gap "+string(g.Kind)+where+": "+g.Detail)
		}
		return nil
	}, nil
}

func compileGapCount(v Values) (Check, error) {
	least, kinds := max(v.Days("min_count"), 1), v.List("kinds")
	return func(c *Context, fire Fire) error {
		count := map[image.GapKind]int{}
		var order []image.GapKind
		for _, g := range c.Gaps {
			if kinds != nil && !slices.Contains(kinds, string(g.Kind)) {
				continue
			}
			if count[g.Kind] == 0 {
				order = append(order, g.Kind)
			}
			count[g.Kind] += 1 + max(g.Count, 0)
		}
		for _, kind := range order {
			if count[kind] >= least {
				fire(string(kind), "Analysis has "+strconv.Itoa(count[kind])+" gaps of kind "+string(kind)+", fewer than "+strconv.Itoa(least)+" allowed")
			}
		}
		return nil
	}, nil
}

func compileStaleSource(v Values) (Check, error) {
	days, sources := v.Days("max_days"), v.List("sources")
	return func(c *Context, fire Fire) error {
		for _, s := range c.Facts.Sources {
			switch {
			case sources != nil && !slices.ContainsFunc(sources, func(name string) bool { return strings.EqualFold(name, s.Name) }):
			case s.LastSync.IsZero():
				fire(s.Name, "There is no data of "+s.Name)
			case c.overdue(s.LastSync, days):
				fire(s.Name, "The data of "+s.Name+" is of "+day(s.LastSync)+", "+plural(days, "day")+" allowed")
			}
		}
		return nil
	}, nil
}

func compileUnverifiedVEX(v Values) (Check, error) {
	statuses := v.List("statuses")
	return func(c *Context, fire Fire) error {
		all := c.vulnerabilities()
		for i := range all {
			f := &all[i]
			if f.VEX == nil || !f.VEX.Unverified || statuses != nil && !slices.Contains(statuses, f.VEX.Status) {
				continue
			}
			author := ""
			if f.VEX.Author != "" {
				author = " by " + f.VEX.Author
			}
			fire(f.id, f.opening("Vulnerability")+"(an unverified VEX statement"+author+" says "+f.VEX.Status+")"+f.closing())
		}
		return nil
	}, nil
}
