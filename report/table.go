package report

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"landwaiter.dev/advisory"
	"landwaiter.dev/advisory/vex"
	"landwaiter.dev/image"
	"landwaiter.dev/internal/terminal"
	"landwaiter.dev/sbom"
)

// writeTable writes for people: what the image is, what is in it, what is wrong with it, what could not be seen, and the
// verdict last, where the eye is.
func writeTable(w io.Writer, r *Result, s Style) error {
	p := &page{w: w, style: s}
	a := r.Analysis
	p.line("Image      %s", r.Name)
	p.line("Digest     %s", a.Digest)
	p.line("Platform   %s   Layers %d   Size %s", a.Platform, len(a.Layers), Size(a.Size))
	if a.Distro.ID != "" {
		p.line("System     %s", strings.TrimSpace(a.Distro.ID+" "+a.Distro.VersionID))
	}
	if b := r.Base; b != nil {
		name := string(b.Digest)
		if len(b.Tags) > 0 {
			name = b.Tags[0]
		}
		p.line("Base       %s   %d of %s", name, b.Layers, Count(len(a.Layers), "layer", "layers"))
	}
	if b := a.Base; b != nil {
		p.line("Built on   %s   says the image itself", strings.TrimSpace(b.Name+" "+string(b.Digest)))
	}
	p.line("Packages   %s", packageCounts(a.Packages))
	p.line("Files      %d", a.Files.Total)
	if !r.Matched {
		p.packages(a.Packages, r.Base)
	} else {
		p.findings(r)
		p.unmatched(r.VEXUnmatched)
	}
	p.observations(a)
	p.gaps(r.Gaps)
	if r.Verdict != nil {
		p.verdict(r.Verdict, r.StoppedBy, len(r.Gaps))
	}
	return p.err
}

// page writes lines and tables; the first error stays.
type page struct {
	w     io.Writer
	style Style
	err   error
}

// line writes one line; what the arguments hold may come from the image and cannot steer the terminal.
func (p *page) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintln(p.w, terminal.Escape(fmt.Sprintf(format, args...)))
	}
}

func (p *page) table(header table.Row, rows []table.Row) {
	if p.err != nil || len(rows) == 0 {
		return
	}
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Options = table.OptionsNoBordersAndSeparators
	t.Style().Format.Header = text.FormatDefault
	if p.style.Width > 0 {
		t.Style().Size.WidthMax = p.style.Width
	}
	t.AppendHeader(header)
	for _, row := range rows {
		for i, cell := range row {
			if s, ok := cell.(string); ok {
				row[i] = terminal.Escape(s)
			}
			if s, ok := cell.(advisory.Severity); ok {
				row[i] = p.paint(s)
			}
		}
		t.AppendRow(row)
	}
	_, p.err = fmt.Fprintln(p.w, t.Render())
}

func (p *page) paint(s advisory.Severity) string {
	if !p.style.Color {
		return s.String()
	}
	switch s {
	case advisory.Critical:
		return text.Colors{text.FgRed, text.Bold}.Sprint(s)
	case advisory.High:
		return text.FgRed.Sprint(s)
	case advisory.Medium:
		return text.FgYellow.Sprint(s)
	default:
		return s.String()
	}
}

func (p *page) packages(list []image.Package, base *image.KnownBase) {
	rows := make([]table.Row, 0, len(list))
	for i := range list {
		k := &list[i]
		name := k.Name
		if k.Namespace != "" {
			name = k.Namespace + ":" + name
		}
		place := k.V1Path()
		if k.OwnedBy != nil {
			place += " (of " + k.OwnedBy.Name + ")"
		}
		layer := fmt.Sprint(k.Layer)
		if base.Inherits(k.Layer) {
			layer += " (base)"
		}
		rows = append(rows, table.Row{string(k.Type), name, k.Version, layer, place})
	}
	p.line("")
	p.table(table.Row{"Type", "Package", "Version", "Layer", "Place"}, rows)
}

func (p *page) findings(r *Result) {
	base := r.Base
	counting, ignored := split(r.Findings)
	slices.SortStableFunc(counting, func(a, b advisory.ImageFinding) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), strings.Compare(b.KnownExploited, a.KnownExploited),
			cmp.Compare(a.Package.Name, b.Package.Name), cmp.Compare(a.ID, b.ID))
	})
	inherited := 0
	rows := make([]table.Row, 0, len(counting))
	for i := range counting {
		f := &counting[i]
		fix := strings.Join(f.Fixes, ", ")
		if fix == "" {
			fix = unfixed(&f.Finding)
		}
		var notes []string
		if f.KnownExploited != "" {
			notes = append(notes, "exploited since "+f.KnownExploited)
		}
		if f.ByCPE() {
			notes = append(notes, "matched by CPE")
		}
		if f.Inferred() != "" {
			notes = append(notes, "group inferred")
		}
		if e := r.epss(&f.Finding); e != nil {
			notes = append(notes, "EPSS "+Chance(e.Score))
		}
		if v := f.VEX; v != nil {
			notes = append(notes, vexNote(v))
		}
		if base.Inherits(f.Package.Layer) {
			notes = append(notes, "from the base")
			inherited++
		}
		rows = append(rows, table.Row{f.Severity, f.ID, f.Package.Name, f.Package.Version, fix, f.Package.Type.V1(), strings.Join(notes, "; ")})
	}
	tellApart(rows, counting)
	p.line("")
	p.table(table.Row{"Severity", "Vulnerability", "Package", "Version", "Fix", "Type", "Note"}, rows)
	p.line("Vulnerabilities: %s", severityCounts(counting))
	if base != nil && len(counting) > 0 {
		p.line("From the base: %d of %d", inherited, len(counting))
	}
	if len(ignored) > 0 {
		reasons := make([]string, len(ignored))
		for i := range ignored {
			reasons[i] = ignored[i].Ignored
		}
		p.line("Ignored: %s (in the JSON output with their reasons)", IgnoredBy(reasons))
	}
}

// tellApart adds the paths to rows that look the same, in their last cell.
func tellApart(rows []table.Row, findings []advisory.ImageFinding) {
	same := map[string]int{}
	for _, row := range rows {
		same[fmt.Sprintf("%q", row)]++
	}
	for i, row := range rows {
		if same[fmt.Sprintf("%q", row)] < 2 {
			continue
		}
		note := "in " + placeOfPackage(&findings[i].Package)
		if before := row[len(row)-1].(string); before != "" {
			note = before + "; " + note
		}
		rows[i] = append(slices.Clone(row[:len(row)-1]), note)
	}
}

// IgnoredBy counts what hid findings, of which these are the reasons: "2 by VEX, 1 by a rule".
func IgnoredBy(reasons []string) string {
	byVEX := 0
	for _, reason := range reasons {
		if vex.ByVEX(reason) {
			byVEX++
		}
	}
	var parts []string
	if byVEX > 0 {
		parts = append(parts, fmt.Sprintf("%d by VEX", byVEX))
	}
	if n := len(reasons) - byVEX; n > 0 {
		parts = append(parts, fmt.Sprintf("%d by a rule", n))
	}
	return strings.Join(parts, ", ")
}

// vexNote is what a VEX statement says, for people.
func vexNote(v *advisory.VEX) string {
	s := "VEX: " + strings.ReplaceAll(v.Status, "_", " ")
	switch {
	case v.Unverified:
		s += ", unverified"
	case len(v.SignedBy) > 0:
		s += ", signed by " + strings.Join(v.SignedBy, ", ")
	}
	return s
}

// maxUnmatched is how many statements that matched nothing the table shows; the JSON output has all.
const maxUnmatched = 20

func (p *page) unmatched(list []vex.Unmatched) {
	if len(list) == 0 {
		return
	}
	var rows []table.Row
	for _, u := range list[:min(len(list), maxUnmatched)] {
		document := cmp.Or(u.Document, u.Ref)
		rows = append(rows, table.Row{document, fmt.Sprint(u.Statement), strings.Join(u.IDs, " "), u.Detail})
	}
	p.line("")
	p.table(table.Row{"VEX", "Statement", "Vulnerability", "Why it matched nothing"}, rows)
	if more := len(list) - maxUnmatched; more > 0 {
		p.line("and %d more in the JSON output", more)
	}
}

func (p *page) gaps(list []image.Gap) {
	if len(list) == 0 {
		return
	}
	rows := make([]table.Row, 0, len(list))
	for _, g := range list {
		rows = append(rows, table.Row{string(g.Kind), sbom.GapText(g)})
	}
	p.line("")
	p.table(table.Row{"Gap", "What could not be seen"}, rows)
}

// maxVerdictRows is how many rows of one trigger the table shows; the findings above and the JSON output have all.
const maxVerdictRows = 8

func (p *page) verdict(v *Verdict, stoppedBy string, gaps int) {
	rank := map[string]int{"stop": 0, "warn": 1, "go": 2}
	list := slices.Clone(v.Rows)
	slices.SortStableFunc(list, func(a, b Row) int {
		return cmp.Or(cmp.Compare(rank[a.Action], rank[b.Action]), cmp.Compare(a.Gate, b.Gate), cmp.Compare(a.Trigger, b.Trigger))
	})
	var rows []table.Row
	for i := 0; i < len(list); {
		n := 1
		for i+n < len(list) && list[i+n].Action == list[i].Action && list[i+n].Gate == list[i].Gate && list[i+n].Trigger == list[i].Trigger {
			n++
		}
		shown := n
		if n > maxVerdictRows {
			shown = maxVerdictRows - 1
		}
		for _, r := range list[i : i+shown] {
			action := r.Action
			if r.Allowed != "" {
				action += " (allowed by " + r.Allowed + ")"
			}
			rows = append(rows, table.Row{action, r.Gate, r.Trigger, r.Message})
		}
		if shown < n {
			rows = append(rows, table.Row{list[i].Action, list[i].Gate, list[i].Trigger, fmt.Sprintf("… and %d more", n-shown)})
		}
		i += n
	}
	p.line("")
	p.table(table.Row{"Action", "Gate", "Trigger", "What"}, rows)
	for _, problem := range v.Problems {
		p.line("Problem: %s", problem)
	}
	word, action, by := map[string]string{"stop": "STOP: may not ship", "warn": "PASS, with warnings", "go": "PASS"}[v.Action], v.Action, "by policy "+v.Policy
	if gaps > 0 {
		word += ", with " + Count(gaps, "gap", "gaps")
	}
	if stoppedBy != "" {
		word, action, by = "STOP: may not ship", "stop", "by "+stoppedBy+" ("+word+" "+by+")"
	}
	if p.style.Color {
		color := map[string]text.Color{"stop": text.FgRed, "warn": text.FgYellow, "go": text.FgGreen}[action]
		p.line("")
		if p.err == nil {
			_, p.err = fmt.Fprintln(p.w, text.Colors{color, text.Bold}.Sprint(word), terminal.Escape(by))
		}
		return
	}
	p.line("")
	p.line("%s %s", word, by)
}

// Count is a number with its noun, for people.
func Count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// Size is a number of bytes for people.
func Size(n int64) string {
	const unit = 1024
	v, suffix := float64(n), "B"
	for _, s := range []string{"KiB", "MiB", "GiB"} {
		if v < unit {
			break
		}
		v, suffix = v/unit, s
	}
	if suffix == "B" {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", v, suffix)
}

func packageCounts(list []image.Package) string {
	count := map[string]int{}
	for i := range list {
		count[list[i].Type.V1()]++
	}
	if len(count) == 0 {
		return "none"
	}
	kinds := slices.SortedFunc(maps.Keys(count), func(a, b string) int { return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a, b)) })
	for i, kind := range kinds {
		kinds[i] = fmt.Sprintf("%d %s", count[kind], kind)
	}
	return strings.Join(kinds, ", ")
}

func severityCounts(list []advisory.ImageFinding) string {
	if len(list) == 0 {
		return "none found"
	}
	var parts []string
	for s := advisory.Critical; ; s-- {
		n := 0
		for i := range list {
			if list[i].Severity == s {
				n++
			}
		}
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, s))
		}
		if s == advisory.Unknown {
			break
		}
	}
	return fmt.Sprintf("%d: %s", len(list), strings.Join(parts, ", "))
}
