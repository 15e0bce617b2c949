package cli

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"landwaiter.dev/client"
	"landwaiter.dev/internal/terminal"
	"landwaiter.dev/report"
)

// columns of the content types; what is not named here shows package, version and location.
var contentColumns = map[string][]string{
	"os":    {"package", "version", "type", "license"},
	"files": {"filename", "type", "mode", "size", "sha256"},
	"java":  {"package", "version", "implementation-version", "location"},
}

func (a *app) imageContent() *cobra.Command {
	return a.ask("content IMAGE [TYPE]", "Show what is in an image: os, files, python, npm, java, malware, …", cobra.RangeArgs(1, 2), func(c *cobra.Command, s *client.Client, args []string) error {
		img, err := s.Image(c.Context(), args[0])
		if err != nil {
			return err
		}
		if len(args) == 1 {
			types, err := s.ContentTypes(c.Context(), img.Digest)
			if err != nil {
				return err
			}
			return a.show(types, func() { fmt.Fprintln(a.out, terminal.EscapeLines(strings.Join(types, "\n"))) })
		}
		content, err := s.Content(c.Context(), img.Digest, args[1])
		if err != nil {
			return err
		}
		return a.show(content, func() { a.showContent(&content, args[0]) })
	})
}

func (a *app) showContent(content *client.ContentAnswer, image string) {
	var document string
	if json.Unmarshal(content.Content, &document) == nil {
		decoded, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(document, "\n", ""))
		if err == nil {
			fmt.Fprintln(a.out, terminal.EscapeLines(string(decoded)))
			return
		}
	}
	if a.showMalware(content, image) {
		return
	}
	var rows []map[string]any
	if err := json.Unmarshal(content.Content, &rows); err != nil {
		fmt.Fprintln(a.out, terminal.EscapeLines(string(content.Content)))
		return
	}
	columns := contentColumns[content.Type]
	if columns == nil {
		columns = []string{"package", "version", "location"}
	}
	if content.Base != nil {
		columns = append(slices.Clone(columns), "inherited")
	}
	g := grid{header: columns, empty: fmt.Sprintf("%s has no content of type %s", terminal.Escape(image), terminal.Escape(content.Type))}
	for _, row := range rows {
		line := make([]string, len(columns))
		for i, key := range columns {
			line[i] = cell(row[key])
		}
		g.rows = append(g.rows, line)
	}
	slices.SortFunc(g.rows, slices.Compare)
	a.grid(g)
	if b := content.Base; b != nil && len(rows) > 0 {
		n := 0
		for _, row := range rows {
			if inherited, _ := row["inherited"].(bool); inherited {
				n++
			}
		}
		a.showInherited(n, len(rows), b)
	}
	a.showGaps(content.Gaps)
}

// showInherited says what comes from the base.
func (a *app) showInherited(n, all int, b *client.Base) {
	fmt.Fprintf(a.err, "%d of %d inherited from %s\n", n, all, terminal.Escape(baseName(b)))
}

// baseName is how people know a base: by its newest tag.
func baseName(b *client.Base) string {
	if len(b.Tags) > 0 {
		return b.Tags[0]
	}
	return b.Digest
}

func cell(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool:
		return yesNo(v)
	case float64:
		return fmt.Sprintf("%.0f", v)
	default:
		text, _ := json.Marshal(v) // came from JSON
		return string(text)
	}
}

// showGaps says what could not be seen, after a result, so that nobody takes silence for proof.
func (a *app) showGaps(gaps []client.Gap) {
	if len(gaps) == 0 {
		return
	}
	fmt.Fprintf(a.err, "with %s:\n", report.Count(len(gaps), "gap", "gaps"))
	const most = 10
	for _, g := range gaps[:min(len(gaps), most)] {
		line := g.Detail
		if g.Path != "" {
			line = "/" + strings.TrimPrefix(g.Path, "/") + ": " + line
		}
		if g.Count > 0 {
			line += fmt.Sprintf(" (and %d more)", g.Count)
		}
		fmt.Fprintf(a.err, "  %s\n", terminal.Escape(line))
	}
	if len(gaps) > most {
		fmt.Fprintf(a.err, "  … and %d more; -o json has them all\n", len(gaps)-most)
	}
}

func (a *app) imageMetadata() *cobra.Command {
	types := []string{"manifest", "docker_history", "dockerfile"}
	c := a.ask("metadata IMAGE TYPE", "Print the manifest, docker_history or dockerfile of an image", cobra.ExactArgs(2), func(c *cobra.Command, s *client.Client, args []string) error {
		img, err := s.Image(c.Context(), args[0])
		if err != nil {
			return err
		}
		document, err := s.Metadata(c.Context(), img.Digest, args[1])
		if err != nil {
			return err
		}
		return a.show(map[string]string{"imageDigest": img.Digest, "metadata_type": args[1], "metadata": string(document)}, func() {
			if len(document) == 0 {
				fmt.Fprintf(a.err, "%s has no %s; one is kept when it is given with image add --dockerfile\n", terminal.Escape(args[0]), args[1])
				return
			}
			fmt.Fprintln(a.out, terminal.EscapeLines(strings.TrimSuffix(string(document), "\n")))
		})
	})
	c.ValidArgsFunction = func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) == 1 {
			return types, cobra.ShellCompDirectiveNoFileComp
		}
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return c
}

// severities, the worst first.
var severities = []string{"Critical", "High", "Medium", "Low", "Negligible", "Unknown"}

func severityRank(s string) int {
	if i := slices.Index(severities, s); i >= 0 {
		return i
	}
	return len(severities)
}

func severityColour(s string) text.Colors {
	switch s {
	case "Critical":
		return text.Colors{text.FgHiRed, text.Bold}
	case "High":
		return text.Colors{text.FgRed}
	case "Medium":
		return text.Colors{text.FgYellow}
	default:
		return nil
	}
}

func (a *app) imageVuln() *cobra.Command {
	var m momentFlags
	var least string
	var fixed, all bool
	c := a.ask("vuln IMAGE [os|non-os|all]", "Show the known vulnerabilities of an image, the worst first", cobra.RangeArgs(1, 2), func(c *cobra.Command, s *client.Client, args []string) error {
		moment, err := m.read(c)
		if err != nil {
			return err
		}
		rank := len(severities)
		if least != "" {
			if rank = slices.IndexFunc(severities, func(s string) bool { return strings.EqualFold(s, least) }); rank < 0 {
				return usage(c, fmt.Errorf("there is no severity %q; use one of %s", least, strings.Join(severities, ", ")))
			}
		}
		typ := "all"
		if len(args) == 2 {
			typ = args[1]
		}
		img, err := s.Image(c.Context(), args[0])
		if err != nil {
			return err
		}
		found, err := s.Vulnerabilities(c.Context(), img.Digest, typ, !all, moment)
		if err != nil {
			return err
		}
		found.Vulnerabilities = slices.DeleteFunc(orEmpty(found.Vulnerabilities), func(v client.Vulnerability) bool {
			return severityRank(v.Severity) > rank || fixed && v.Fix == "None"
		})
		slices.SortStableFunc(found.Vulnerabilities, worse)
		return a.show(found, func() { a.showVulnerabilities(&found, name(&img)) })
	})
	m.add(c)
	c.Flags().StringVar(&least, "severity", "", "only this severity and worse")
	c.Flags().BoolVar(&fixed, "fixed", false, "only those with a fix")
	c.Flags().BoolVar(&all, "all", false, "also those that the distribution will not fix")
	_ = c.RegisterFlagCompletionFunc("severity", cobra.FixedCompletions(severities, cobra.ShellCompDirectiveNoFileComp))
	return c
}

// worse orders by severity, then by exploitation, then by name.
func worse(x, y client.Vulnerability) int {
	if d := severityRank(x.Severity) - severityRank(y.Severity); d != 0 {
		return d
	}
	if (x.KnownExploited != "") != (y.KnownExploited != "") {
		if x.KnownExploited != "" {
			return -1
		}
		return 1
	}
	return strings.Compare(x.PackageName+"\x00"+x.ID+"\x00"+x.PackagePath, y.PackageName+"\x00"+y.ID+"\x00"+y.PackagePath)
}

func (a *app) showVulnerabilities(found *client.VulnerabilityAnswer, image string) {
	g := grid{
		header: []string{"severity", "vulnerability", "package", "version", "fix", "type", "path"},
		colour: func(row []string) text.Colors { return severityColour(strings.TrimSuffix(row[0], " !")) },
	}
	n, inherited := map[string]int{}, 0
	scored := slices.ContainsFunc(found.Vulnerabilities, func(v client.Vulnerability) bool { return v.EPSS != nil })
	if scored {
		g.header = append(g.header, "epss")
	}
	if found.Base != nil {
		g.header = append(g.header, "inherited")
	}
	guessed := slices.ContainsFunc(found.Vulnerabilities, func(v client.Vulnerability) bool { return v.GroupInferred != "" })
	if guessed {
		g.header = append(g.header, "note")
	}
	for _, v := range found.Vulnerabilities {
		n[v.Severity]++
		if v.Inherited {
			inherited++
		}
		severity, fix := v.Severity, v.Fix
		if v.KnownExploited != "" {
			severity += " !"
		}
		if fix == "None" {
			fix = ""
			if v.WillNotFix {
				fix = "will not be fixed"
			}
		}
		path := v.PackagePath
		if path == "pkgdb" {
			path = ""
		}
		row := []string{severity, v.ID, v.PackageName, v.PackageVersion, fix, v.PackageType, path}
		if scored {
			row = append(row, epssCell(v.EPSS))
		}
		if found.Base != nil {
			row = append(row, yesNo(v.Inherited))
		}
		if guessed {
			note := ""
			if v.GroupInferred != "" {
				note = "group inferred"
			}
			row = append(row, note)
		}
		g.rows = append(g.rows, row)
	}
	a.grid(g)
	var parts []string
	for _, s := range severities {
		if n[s] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n[s], s))
		}
	}
	summary := report.Count(len(found.Vulnerabilities), "vulnerability", "vulnerabilities") + " in " + image
	if len(parts) > 0 {
		summary += ": " + strings.Join(parts, ", ")
	}
	if len(found.Ignored) > 0 {
		reasons := make([]string, len(found.Ignored))
		for i := range found.Ignored {
			reasons[i] = found.Ignored[i].Ignored
		}
		summary += fmt.Sprintf("; ignored: %s (-o json has the reasons)", report.IgnoredBy(reasons))
	}
	if !found.AsOf.IsZero() {
		summary += "; as of " + when(found.AsOf)
	}
	fmt.Fprintln(a.err, terminal.Escape(summary))
	if found.Base != nil && len(found.Vulnerabilities) > 0 {
		a.showInherited(inherited, len(found.Vulnerabilities), found.Base)
	}
	if slices.ContainsFunc(found.Vulnerabilities, func(v client.Vulnerability) bool { return v.KnownExploited != "" }) {
		fmt.Fprintln(a.err, "! is known to be exploited")
	}
	a.showGaps(found.Gaps)
}
