package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"landwaiter.dev/client"
	"landwaiter.dev/internal/terminal"
)

func (a *app) vulnCommand() *cobra.Command {
	return group("vuln", "Compare the vulnerabilities of images", a.vulnDiff())
}

func (a *app) vulnDiff() *cobra.Command {
	var m momentFlags
	var since, from, to string
	c := a.ask("diff IMAGE [OTHER]", "Show which vulnerabilities came, went and changed, and why", cobra.RangeArgs(1, 2), func(c *cobra.Command, s *client.Client, args []string) error {
		at := client.Moment{Retrospective: m.retrospective}
		if m.asOf != "" {
			var err error
			if at, err = m.read(c); err != nil {
				return err
			}
		}
		begin, end, err := diffTimes(c, since, from, to)
		if err != nil {
			return err
		}
		switch {
		case len(args) == 2 && !(begin.IsZero() && end.IsZero()):
			return usage(c, fmt.Errorf("two images are compared at one moment: give --as-of, or one image"))
		case len(args) == 1 && begin.IsZero():
			return usage(c, fmt.Errorf("say since when with --since, or give two images"))
		case len(args) == 1 && !at.AsOf.IsZero() && !end.IsZero():
			return usage(c, fmt.Errorf("--as-of and --to are the same: give one of them"))
		}
		img, err := s.Image(c.Context(), args[0])
		if err != nil {
			return err
		}
		var d client.VulnDiff
		names := []string{name(&img)}
		if len(args) == 2 {
			other, err := s.Image(c.Context(), args[1])
			if err != nil {
				return err
			}
			names = append(names, name(&other))
			d, err = s.VulnDiffImages(c.Context(), img.Digest, other.Digest, at)
			if err != nil {
				return err
			}
		} else {
			if end.IsZero() {
				end = at.AsOf
			}
			if d, err = s.VulnDiff(c.Context(), img.Digest, begin, end, m.retrospective); err != nil {
				return err
			}
		}
		return a.show(d, func() { a.showDiff(&d, names) })
	})
	f := c.Flags()
	f.StringVar(&since, "since", "", "from this time until now: 2024-05-01, or 2024-05-01T12:00:00Z")
	f.StringVar(&from, "from", "", "same as --since")
	f.StringVar(&to, "to", "", "until this time")
	m.add(c)
	// Here --retrospective stands with --since too.
	f.Lookup("retrospective").Usage = "also where the image was not known here then"
	return c
}

// diffTimes reads the two times; the zero time stands for one that was not given.
func diffTimes(c *cobra.Command, since, from, to string) (begin, end time.Time, err error) {
	if since != "" && from != "" {
		return begin, end, usage(c, fmt.Errorf("--since and --from are the same: give one of them"))
	}
	for _, t := range []struct {
		flag, text string
		into       *time.Time
	}{{"since", since, &begin}, {"from", from, &begin}, {"to", to, &end}} {
		if t.text == "" {
			continue
		}
		if *t.into, err = readTime(t.text); err != nil {
			return begin, end, usage(c, fmt.Errorf("--%s %q: want 2024-05-01 or 2024-05-01T12:00:00Z", t.flag, t.text))
		}
	}
	if !begin.IsZero() && !end.IsZero() && !begin.Before(end) {
		return begin, end, usage(c, fmt.Errorf("the first time must lie before the second"))
	}
	return begin, end, nil
}

func (a *app) showDiff(d *client.VulnDiff, names []string) {
	g := grid{header: []string{"", "severity", "vulnerability", "package", "version", "fix", "why"}, colour: func(row []string) text.Colors {
		switch row[0] {
		case "+":
			return severityColour(strings.TrimSuffix(row[1], " !"))
		case "-":
			return text.Colors{text.FgGreen}
		}
		return nil
	}}
	exploited := false
	for _, part := range []struct {
		sign string
		rows []client.DiffRow
	}{{"+", d.Added}, {"-", d.Removed}, {"~", d.Changed}} {
		for _, r := range part.rows {
			v := &r.Vulnerability
			severity, version, fix := v.Severity, v.PackageVersion, v.Fix
			if b := r.Before; b != nil {
				severity, version, fix = arrow(b.Severity, severity), arrow(b.PackageVersion, version), arrow(none(b.Fix), none(fix))
			}
			if v.KnownExploited != "" {
				severity, exploited = severity+" !", true
			}
			var why []string
			for _, reason := range r.Reasons {
				why = append(why, reason.Text)
			}
			g.rows = append(g.rows, []string{part.sign, severity, v.ID, v.PackageName, version, none(fix), strings.Join(why, "; ")})
		}
	}
	a.grid(g)
	between := fmt.Sprintf("%s from %s to %s", names[0], when(d.Before.AsOf), when(d.After.AsOf))
	if len(names) == 2 {
		between = fmt.Sprintf("from %s to %s", names[0], names[1])
	}
	fmt.Fprintln(a.err, terminal.Escape(fmt.Sprintf("%s: %d came, %d went, %d changed, %d as before", between, len(d.Added), len(d.Removed), len(d.Changed), d.Unchanged)))
	if exploited {
		fmt.Fprintln(a.err, "! is known to be exploited")
	}
}

func none(s string) string {
	if s == "None" {
		return ""
	}
	return s
}

// arrow shows what became of a value, once when it stayed.
func arrow(before, after string) string {
	switch {
	case before == after:
		return after
	case before == "":
		return "→ " + after
	case after == "":
		return before + " → none"
	}
	return before + " → " + after
}
