package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"landwaiter.dev/client"
	"landwaiter.dev/internal/terminal"
	"landwaiter.dev/report"
)

func (a *app) queryCommand() *cobra.Command {
	return group("query", "Ask over all images of a server, and its advisory data", a.queryByVulnerability(), a.queryByPackage(), a.queryVulnerabilities())
}

// pagingFlags are --page and --limit.
func pagingFlags(c *cobra.Command, p *client.Paging) {
	c.Flags().IntVar(&p.Limit, "limit", 0, "at most so many (default: all)")
	c.Flags().IntVar(&p.Page, "page", 0, "with --limit: which part, from 1")
}

// readPaging refuses what makes no sense.
func readPaging(c *cobra.Command, p client.Paging) error {
	switch {
	case p.Limit < 0 || p.Page < 0:
		return usage(c, fmt.Errorf("--limit and --page count from 1"))
	case p.Page > 0 && p.Limit == 0:
		return usage(c, fmt.Errorf("--page needs --limit"))
	}
	return nil
}

func (a *app) queryByVulnerability() *cobra.Command {
	var q client.ByVulnerability
	var m momentFlags
	vendorOnly := true
	c := a.ask("images-by-vulnerability --vulnerability-id ID", "List the images that have a vulnerability", cobra.NoArgs, func(c *cobra.Command, s *client.Client, _ []string) error {
		var err error
		if q.Moment, err = m.read(c); err != nil {
			return err
		}
		if err := readPaging(c, q.Paging); err != nil {
			return err
		}
		if q.Severity != "" {
			i := slices.IndexFunc(severities, func(s string) bool { return strings.EqualFold(s, q.Severity) })
			if i < 0 {
				return usage(c, fmt.Errorf("there is no severity %q; use one of %s", q.Severity, strings.Join(severities, ", ")))
			}
			q.Severity = severities[i]
		}
		q.All = !vendorOnly
		found, err := s.ImagesByVulnerability(c.Context(), q)
		if err != nil {
			return err
		}
		return a.show(found, func() {
			g := grid{header: []string{"full tag", "severity", "package", "type", "namespace", "fix", "digest"}, colour: func(row []string) text.Colors { return severityColour(row[1]) }}
			for _, i := range found.Images {
				for _, tag := range tagsOf(&i.Image) {
					for _, p := range i.Vulnerable {
						g.rows = append(g.rows, []string{tag, p.Severity, p.Name + "-" + p.Version, p.Type, p.Namespace, strings.Join(p.Fixes, ", "), i.Image.Digest})
					}
				}
			}
			a.grid(g)
			a.showPage(&found.PageInfo, len(found.Images), "image has "+q.ID, "images have "+q.ID)
			if n := len(found.Ignored); n > 0 {
				var reasons []string
				for _, i := range found.Ignored {
					for _, p := range i.Ignored {
						reasons = append(reasons, p.Ignored)
					}
				}
				fmt.Fprintf(a.err, "on %s more, what was found is ignored: %s (-o json has the reasons)\n", report.Count(n, "image", "images"), report.IgnoredBy(reasons))
			}
		})
	})
	f := c.Flags()
	f.StringVar(&q.ID, "vulnerability-id", "", "any of the ids that it is known under (needed)")
	f.StringSliceVar(&q.Namespace, "namespace", nil, "only in these feed groups, as debian:12")
	f.StringVar(&q.Package, "package", "", "only of this package, or of packages built from this source")
	f.StringVar(&q.Severity, "severity", "", "only of this severity")
	f.BoolVar(&vendorOnly, "vendor-only", true, "leave out what the distribution will not fix")
	f.BoolVar(&vendorOnly, "vendor_only", true, "same as --vendor-only")
	_ = f.MarkHidden("vendor_only")
	_ = c.RegisterFlagCompletionFunc("severity", cobra.FixedCompletions(severities, cobra.ShellCompDirectiveNoFileComp))
	needed(c, "vulnerability-id")
	pagingFlags(c, &q.Paging)
	m.add(c)
	return c
}

func (a *app) queryByPackage() *cobra.Command {
	var q client.ByPackage
	var m momentFlags
	c := a.ask("images-by-package --name NAME", "List the images that hold a package", cobra.NoArgs, func(c *cobra.Command, s *client.Client, _ []string) error {
		var err error
		if q.Moment, err = m.read(c); err != nil {
			return err
		}
		if err := readPaging(c, q.Paging); err != nil {
			return err
		}
		found, err := s.ImagesByPackage(c.Context(), q)
		if err != nil {
			return err
		}
		return a.show(found, func() {
			g := grid{header: []string{"full tag", "package", "type", "digest"}}
			for _, i := range found.Images {
				for _, tag := range tagsOf(&i.Image) {
					for _, p := range i.Packages {
						g.rows = append(g.rows, []string{tag, p.Name + "-" + p.Version, p.Type, i.Image.Digest})
					}
				}
			}
			a.grid(g)
			a.showPage(&found.PageInfo, len(found.Images), "image holds "+q.Name, "images hold "+q.Name)
		})
	})
	f := c.Flags()
	f.StringVar(&q.Name, "name", "", "name of the package (needed)")
	f.StringVar(&q.Version, "version", "", "only this version")
	f.StringVar(&q.Type, "package-type", "", "only of this type: dpkg, rpm, APKG, python, npm, java, gem, go, …")
	needed(c, "name")
	pagingFlags(c, &q.Paging)
	m.add(c)
	return c
}

func (a *app) queryVulnerabilities() *cobra.Command {
	var q client.KnownVulnerabilities
	var m momentFlags
	c := a.ask("vulnerabilities ID…", "Show what the advisory data says of vulnerabilities", cobra.MinimumNArgs(1), func(c *cobra.Command, s *client.Client, args []string) error {
		var err error
		if q.Moment, err = m.read(c); err != nil {
			return err
		}
		if err := readPaging(c, q.Paging); err != nil {
			return err
		}
		if q.Version != "" && q.Package == "" {
			return usage(c, fmt.Errorf("--version needs --package"))
		}
		q.IDs = args
		found, err := s.KnownVulnerabilities(c.Context(), q)
		if err != nil {
			return err
		}
		return a.show(found, func() {
			g := grid{header: []string{"severity", "vulnerability", "namespace", "package", "affected", "fix", "epss"}, colour: func(row []string) text.Colors { return severityColour(strings.TrimSuffix(row[0], " !")) }}
			exploited := false
			for _, v := range found.Vulnerabilities {
				severity := v.Severity
				if v.KnownExploited != "" {
					severity, exploited = severity+" !", true
				}
				if !v.Withdrawn.IsZero() {
					severity = "withdrawn"
				}
				packages := v.Affected
				if len(packages) == 0 {
					packages = []client.AffectedPackage{{}}
				}
				for _, p := range packages {
					fix := strings.Join(p.Fixes, ", ")
					if p.WillNotFix {
						fix = "will not be fixed"
					}
					g.rows = append(g.rows, []string{severity, v.ID, v.Namespace, p.Name, p.Version, fix, epssCell(v.EPSS)})
				}
			}
			a.grid(g)
			a.showPage(&found.PageInfo, len(found.Vulnerabilities), "entry", "entries")
			if exploited {
				fmt.Fprintln(a.err, "! is known to be exploited")
			}
		})
	})
	f := c.Flags()
	f.StringVar(&q.Package, "package", "", "only what affects this package")
	f.StringVar(&q.Version, "version", "", "only what affects this version of it")
	f.StringSliceVar(&q.Namespace, "namespace", nil, "only in these feed groups, as debian:12, github:python or nvdv2:cves")
	pagingFlags(c, &q.Paging)
	m.add(c)
	return c
}

// needed refuses a command without a flag.
func needed(c *cobra.Command, flag string) {
	run := c.RunE
	c.RunE = func(c *cobra.Command, args []string) error {
		if f := c.Flags().Lookup(flag); f.Value.String() == "" {
			return usage(c, fmt.Errorf("--%s is needed", flag))
		}
		return run(c, args)
	}
}

// tagsOf lists the tags of an image; one that has none is shown all the same.
func tagsOf(i *client.ImageReference) []string {
	if len(i.Tags) == 0 {
		return []string{""}
	}
	tags := make([]string, len(i.Tags))
	for n := range i.Tags {
		tags[n] = i.Tags[n].FullTag
	}
	return tags
}

// showPage says how many there are, and how to see more.
func (a *app) showPage(p *client.PageInfo, n int, one, many string) {
	line := report.Count(n, one, many)
	if p.NextPage != "" || p.Page != "1" {
		line = fmt.Sprintf("page %s: %s of %d", p.Page, line, p.Total)
	}
	if p.NextPage != "" {
		line += "; go on with --page " + p.NextPage
	}
	if !p.AsOf.IsZero() {
		line += "; as of " + when(p.AsOf)
	}
	fmt.Fprintln(a.err, terminal.Escape(line))
}

// epssCell is a chance in per cent.
func epssCell(e *client.EPSS) string {
	if e == nil {
		return ""
	}
	return report.Chance(e.Score)
}
