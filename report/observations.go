package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"landwaiter.dev/image"
)

// maxObserved is how many rows of one kind the table shows; the JSON output has all.
const maxObserved = 20

// observations shows what an analysis says besides packages: secrets, malware, changed files and what gives rights. What
// there is nothing of is left out, but for a scanner that found nothing.
func (p *page) observations(a *image.Analysis) {
	p.secrets(a.Secrets)
	p.malware(a.Malware)
	p.differences(&a.Verification)
	for _, l := range []struct {
		n    int
		what string
	}{
		{len(a.Special), "Special files: %d with set-user-ID, set-group-ID or capabilities"},
		{len(a.Matches), "Text matches: %d (in the JSON output)"},
		{len(a.Declared), "Declared: %d, pinned by lock files and not proven to be installed (in the JSON output)"},
	} {
		if l.n > 0 {
			p.line(l.what, l.n)
		}
	}
}

func (p *page) secrets(list []image.TextMatch) {
	if len(list) == 0 {
		return
	}
	rows := make([]table.Row, 0, min(len(list), maxObserved))
	places, removed := 0, 0
	for i := range list {
		m := &list[i]
		places += 1 + m.More
		if m.Removed {
			removed += 1 + m.More
		}
		if i < maxObserved {
			rows = append(rows, table.Row{ruleOf(m), placeOf(m), layerOf(m.Layer), noteOf(m)})
		}
	}
	p.line("")
	p.table(table.Row{"Secret", "Where", "Layer", "Note"}, more(rows, len(list)))
	said := fmt.Sprintf("Secrets: %d", places)
	if removed > 0 {
		said += fmt.Sprintf(", %d of them in removed files", removed)
	}
	p.line("%s", said)
}

// more says at the end of a table how many rows it leaves out.
func more(rows []table.Row, all int) []table.Row {
	if left := all - len(rows); left > 0 {
		rows = append(rows, table.Row{fmt.Sprintf("… and %d more", left)})
	}
	return rows
}

// ruleOf names a rule; one without a name is its expression.
func ruleOf(m *image.TextMatch) string { return cmp.Or(m.Rule, m.Pattern) }

func placeOf(m *image.TextMatch) string {
	if m.Place != "" {
		return "config, " + m.Place
	}
	return fmt.Sprintf("%s:%d", m.Path.Abs(), m.Line)
}

func layerOf(i int) string {
	if i < 0 {
		return ""
	}
	return fmt.Sprint(i)
}

func noteOf(m *image.TextMatch) string {
	var notes []string
	if m.Removed {
		notes = append(notes, "removed by a later layer")
	}
	if m.More > 0 {
		notes = append(notes, fmt.Sprintf("and %d more in the file", m.More))
	}
	return strings.Join(notes, "; ")
}

func (p *page) malware(m *image.Malware) {
	if m == nil {
		return
	}
	rows := make([]table.Row, 0, min(len(m.Findings), maxObserved))
	for _, f := range m.Findings[:min(len(m.Findings), maxObserved)] {
		note := ""
		if f.Removed {
			note = "removed by a later layer"
		}
		rows = append(rows, table.Row{f.Signature, f.Path.Abs(), layerOf(f.Layer), note})
	}
	if len(rows) > 0 {
		p.line("")
	}
	p.table(table.Row{"Malware", "File", "Layer", "Note"}, more(rows, len(m.Findings)))
	found := "none found"
	if n := len(m.Findings); n > 0 {
		found = fmt.Sprint(n)
	}
	p.line("Malware: %s by %s (%s)", found, m.Scanner, m.Version)
}

// statuses is the order in which differences are shown, and their words.
var statuses = []struct {
	status image.FileStatus
	word   string
}{
	{image.FileChanged, "changed"},
	{image.FileModeChanged, "with another mode"},
	{image.FileMissing, "missing"},
}

func (p *page) differences(v *image.Verification) {
	if v.Compared+v.Uncompared+len(v.Differences) == 0 {
		return
	}
	rank := func(d *image.FileDifference) int {
		n := slices.IndexFunc(statuses, func(s struct {
			status image.FileStatus
			word   string
		}) bool {
			return s.status == d.Status
		})
		if d.Config {
			n += len(statuses) // users may change those
		}
		return n
	}
	list := slices.Clone(v.Differences)
	slices.SortStableFunc(list, func(a, b image.FileDifference) int { return cmp.Compare(rank(&a), rank(&b)) })
	rows := make([]table.Row, 0, min(len(list), maxObserved))
	for i := range list[:min(len(list), maxObserved)] {
		d := &list[i]
		rows = append(rows, table.Row{statusOf(d), d.Path.Abs(), d.Package.Name, d.Detail})
	}
	if len(rows) > 0 {
		p.line("")
	}
	p.table(table.Row{"Packaged file", "Path", "Package", "Detail"}, more(rows, len(list)))
	parts := []string{fmt.Sprintf("%d compared", v.Compared)}
	for _, s := range statuses {
		n := 0
		for i := range list {
			if list[i].Status == s.status {
				n++
			}
		}
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, s.word))
		}
	}
	if v.Uncompared > 0 {
		parts = append(parts, fmt.Sprintf("%d without a digest to compare", v.Uncompared))
	}
	p.line("Packaged files: %s", strings.Join(parts, ", "))
}

func statusOf(d *image.FileDifference) string {
	s := strings.ReplaceAll(string(d.Status), "_", " ")
	if d.Config {
		s += " (configuration)"
	}
	return s
}
