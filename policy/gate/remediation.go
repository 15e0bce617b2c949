package gate

import (
	"slices"
	"strconv"
	"time"
)

var remediationGate = Gate{
	Name: "remediation",
	Description: "Checks of how long vulnerabilities have been left unmended: the time that a team has. The trigger ids are those of the package trigger of the " +
		"vulnerabilities gate. An addition of Landwaiter.",
	Triggers: []Trigger{
		{
			Name: "fix_known",
			Description: "Fires for each vulnerability of a package for which a fixed version has been known here for a number of days or longer. A scan without " +
				"a server has no memory: there it never fires.",
			Params: append([]Param{{Name: "max_days", Order: 1, Required: true, Type: Int, Example: "30",
				Description: "Days from the moment at which a fixed version was first known here."}},
				slices.DeleteFunc(narrowingParams(2), func(p Param) bool { return p.Name == "fix_available" })...),
			Compile: compileFixKnown,
			Odd:     oddSeverity(">="),
		},
		{
			Name: "known_here",
			Description: "Fires for each vulnerability of a package that has been known on this image for a number of days or longer: since the image was analysed here, or " +
				"the vulnerability became known, whichever came last. A scan without a server has no memory: there it fires for 0 days alone.",
			Params: append([]Param{{Name: "max_days", Order: 1, Required: true, Type: Int, Example: "14",
				Description: "Days from the moment at which the vulnerability was first known on this image."}}, narrowingParams(2)...),
			Compile: compileKnownHere,
			Odd:     oddSeverity(">="),
		},
	},
}

func compileFixKnown(v Values) (Check, error) {
	days, about := v.Days("max_days"), narrow(v)
	return func(c *Context, fire Fire) error {
		all := c.vulnerabilities()
		for i := range all {
			f := &all[i]
			if len(f.Fixes) == 0 || f.FixSince.IsZero() || !about(f) {
				continue
			}
			if c.overdue(f.FixSince, days) {
				fire(f.id, f.opening("Vulnerability")+overdueText("fix known since ", f.FixSince, days)+f.closing())
			}
		}
		return nil
	}, nil
}

func compileKnownHere(v Values) (Check, error) {
	days, about := v.Days("max_days"), narrow(v)
	return func(c *Context, fire Fire) error {
		all := c.vulnerabilities()
		for i := range all {
			f := &all[i]
			if !about(f) {
				continue
			}
			if since := c.detectedAt(f); c.overdue(since, days) {
				fire(f.id, f.opening("Vulnerability")+overdueText("known here since ", since, days)+f.closing())
			}
		}
		return nil
	}, nil
}

// overdue says whether the days since a moment have passed; where they have not, the moment at which they will is noted.
func (c *Context) overdue(since time.Time, days int) bool {
	due := afterDays(since, days)
	if c.At.Before(due) {
		c.ChangesAt(due)
		return false
	}
	return true
}

func overdueText(what string, since time.Time, days int) string {
	return "(" + what + day(since) + ", " + plural(days, "day") + " allowed)"
}

// plural writes a number with its word.
func plural(n int, word string) string {
	s := strconv.Itoa(n) + " " + word
	if n != 1 {
		s += "s"
	}
	return s
}
