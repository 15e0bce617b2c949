package advisory

import (
	"cmp"
	"slices"
	"strings"
)

// Words says which versions the entry is about: "< 1.2.3", ">= 2, < 2.0.4 || = 3.0"; "*" for all, "none" for none.
func (a *Affected) Words() string {
	var list []string
	for _, r := range a.Ranges {
		list = append(list, stretches(r.Events)...)
	}
	if len(list) == 0 {
		for _, v := range a.Versions {
			list = append(list, "= "+v)
		}
	}
	slices.Sort(list)
	list = slices.Compact(list)
	switch {
	case slices.Contains(list, "*"):
		return "*"
	case len(list) == 0:
		return "none"
	}
	return strings.Join(list, " || ")
}

// stretches are the parts of a range in words, in the order in which its events stand.
func stretches(events []Event) (list []string) {
	from, open := "", false
	end := func(bound string) {
		switch {
		case from != "" && bound != "":
			list = append(list, from+", "+bound)
		case from != "":
			list = append(list, from)
		default:
			list = append(list, cmp.Or(bound, "*"))
		}
		from, open = "", false
	}
	for _, e := range events {
		switch {
		case e.Introduced != "":
			if open {
				continue
			}
			if open = true; e.Introduced != "0" {
				from = ">= " + e.Introduced
			}
		case e.After != "":
			if !open {
				from, open = "> "+e.After, true
			}
		case e.Fixed != "" && open:
			end("< " + e.Fixed)
		case e.LastAffected != "" && open:
			end("<= " + e.LastAffected)
		}
	}
	if open {
		end("")
	}
	return list
}
