package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"landwaiter.dev/client"
	"landwaiter.dev/report"
)

func (a *app) imageDiff() *cobra.Command {
	var tag string
	var m momentFlags
	c := a.ask("diff IMAGE OTHER", "Show how two images differ: packages, files, config, vulnerabilities, verdict", cobra.ExactArgs(2), func(c *cobra.Command, s *client.Client, args []string) error {
		at, err := m.read(c)
		if err != nil {
			return err
		}
		before, err := s.Image(c.Context(), args[0])
		if err != nil {
			return err
		}
		after, err := s.Image(c.Context(), args[1])
		if err != nil {
			return err
		}
		d, err := s.DiffImages(c.Context(), before.Digest, after.Digest, tag, at)
		if err != nil {
			return err
		}
		return a.show(d, func() { a.showImageDiff(&d, []string{name(&before), name(&after)}) })
	})
	c.Flags().StringVar(&tag, "tag", "", "tag to evaluate both for (default: the newest of each)")
	m.add(c)
	return c
}

func (a *app) showImageDiff(d *client.ImageDiff, names []string) {
	g := grid{header: []string{"", "package", "type", "version", "path"}}
	for _, p := range d.Added {
		g.rows = append(g.rows, []string{"+", p.Name, p.Type, p.Version, p.Path})
	}
	for _, p := range d.Removed {
		g.rows = append(g.rows, []string{"-", p.Name, p.Type, p.Version, p.Path})
	}
	for _, p := range d.Changed {
		g.rows = append(g.rows, []string{"~", p.Name, p.Type, arrow(p.Before, p.Version), p.Path})
	}
	part := func(title string, any bool, show func()) {
		if any {
			fmt.Fprintf(a.out, "%s\n", title)
			show()
			fmt.Fprintln(a.out)
		}
	}
	part("Packages", len(g.rows) > 0, func() { a.grid(g) })
	part("Config", len(d.Config) > 0, func() { a.differences(d.Config) })
	v := &d.Vulns
	part("Vulnerabilities", len(v.Added)+len(v.Removed)+len(v.Changed) > 0, func() { a.showDiff(v, names) })
	if e := d.Evaluation; e != nil {
		part("Verdict", len(e.Added)+len(e.Removed)+len(e.RowDiff.Changed) > 0, func() { a.rowDiff(&e.RowDiff) })
	}
	number := func(before, after int) string { return arrow(fmt.Sprint(before), fmt.Sprint(after)) }
	files := number(d.Files.Before.Total, d.Files.After.Total)
	if d.Files.Compared {
		files += fmt.Sprintf(" (%d came, %d went, %d changed)", d.Files.Added, d.Files.Removed, d.Files.Changed)
	}
	verdict := ""
	if d.Evaluation != nil {
		verdict = arrow(d.Evaluation.Before.FinalAction, d.Evaluation.After.FinalAction)
	}
	a.facts("Packages", fmt.Sprintf("%s (%d came, %d went, %d changed)", number(d.Before.Packages, d.After.Packages), len(d.Added), len(d.Removed), len(d.Changed)),
		"Files", files, "Layers", fmt.Sprintf("%s (%d in both)", number(d.Before.Layers, d.After.Layers), d.SharedLayers),
		"Size", arrow(report.Size(d.Before.Size), report.Size(d.After.Size)),
		"Vulnerabilities", fmt.Sprintf("%s (%d came, %d went, %d changed)", number(v.Before.Count, v.After.Count), len(v.Added), len(v.Removed), len(v.Changed)),
		"Verdict", verdict)
}
