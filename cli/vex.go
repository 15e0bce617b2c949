package cli

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"landwaiter.dev/client"
	"landwaiter.dev/internal/terminal"
	"landwaiter.dev/report"
)

func (a *app) vexCommand() *cobra.Command {
	return group("vex", "Attach VEX documents to images, and see what they say", a.vexAdd(), a.vexList(), a.vexShow(), a.vexDelete())
}

func (a *app) vexAdd() *cobra.Command {
	var to client.VEXTarget
	c := a.ask("add FILE", "Attach a VEX document; - reads standard input", cobra.ExactArgs(1), func(c *cobra.Command, s *client.Client, args []string) error {
		given := 0
		for _, name := range []string{to.Image, to.Repository, to.Product} {
			if name != "" {
				given++
			}
		}
		if given != 1 {
			return usage(c, errors.New("say what the document is attached to: one of --image, --repository and --product"))
		}
		document, err := a.readFile(args[0])
		if err != nil {
			return err
		}
		if to.Image != "" {
			img, err := s.Image(c.Context(), to.Image)
			if err != nil {
				return err
			}
			to.Image = img.Digest
		}
		d, err := s.AddVEX(c.Context(), document, to)
		if err != nil {
			return err
		}
		return a.show(&d, func() {
			a.showVEXDocument(&d)
			a.facts("Images", strconv.Itoa(d.Images))
			a.showVEXProblems(&d)
		})
	})
	c.Long = `Attaches a VEX document (OpenVEX, CSAF 2.0 or CycloneDX, as JSON) to an image, to all images of a repository, or to a
product: all images that a package URL like pkg:oci/web names, or all.

A statement counts for a finding when its product names the image, or the package that the finding is of. What it calls not
affected or fixed is ignored from now on, with the statement as the reason, and stays visible.`
	f := c.Flags()
	f.StringVar(&to.Image, "image", "", "image that it is attached to: tag, digest or id")
	f.StringVar(&to.Repository, "repository", "", "repository that it is attached to")
	f.StringVar(&to.Product, "product", "", "package URL of images, or all")
	f.StringVar(&to.Called, "called", "", "name by which the document calls what it is attached to, where it is none that registries know")
	return c
}

func (a *app) vexList() *cobra.Command {
	var history bool
	c := a.ask("list", "List the VEX documents in force", cobra.NoArgs, func(c *cobra.Command, s *client.Client, _ []string) error {
		list, err := s.VEX(c.Context(), history)
		if err != nil {
			return err
		}
		return a.show(orEmpty(list), func() { a.vexGrid(list, history) })
	})
	c.Flags().BoolVar(&history, "history", false, "also those that are no longer in force")
	return c
}

func (a *app) vexGrid(list []client.VEXDocument, history bool) {
	g := grid{header: []string{"id", "attached to", "name", "document", "author", "statements", "source", "since"}, empty: "no VEX documents"}
	if history {
		g.header = append(g.header, "until")
	}
	for i := range list {
		d := &list[i]
		kind, name := d.Target()
		source := d.Source
		switch {
		case len(d.SignedBy) > 0:
			source += ", verified (" + strings.Join(d.SignedBy, ", ") + ")"
		case !d.Counts:
			source += ", unverified"
		}
		row := []string{d.ID, kind, name, d.DocumentID, d.Author, strconv.Itoa(d.Count), source, when(d.CreatedAt)}
		if history {
			row = append(row, when(d.EndedAt))
		}
		g.rows = append(g.rows, row)
	}
	a.grid(g)
}

func (a *app) vexShow() *cobra.Command {
	var m momentFlags
	c := a.ask("show ID|IMAGE", "Show a VEX document, or what the documents in force say of an image", cobra.ExactArgs(1), func(c *cobra.Command, s *client.Client, args []string) error {
		moment, err := m.read(c)
		if err != nil {
			return err
		}
		if isVEXID(args[0]) {
			d, err := s.VEXDocument(c.Context(), args[0])
			if err != nil {
				return err
			}
			return a.show(&d, func() { a.showVEXStatements(&d) })
		}
		img, err := s.Image(c.Context(), args[0])
		if err != nil {
			return err
		}
		of, err := s.ImageVEX(c.Context(), img.Digest, moment)
		if err != nil {
			return err
		}
		return a.show(&of, func() { a.showImageVEX(&of) })
	})
	m.add(c)
	return c
}

func isVEXID(s string) bool { return len(s) == 32 && strings.Trim(s, "0123456789abcdef") == "" }

func (a *app) showVEXDocument(d *client.VEXDocument) {
	kind, name := d.Target()
	a.facts("ID", d.ID, "Attached to", kind+" "+name, "Called", d.Called, "Document", d.DocumentID, "Author", d.Author, "Format", d.Format,
		"Digest", d.Digest, "Statements", strconv.Itoa(d.Count), "Source", strings.TrimSpace(d.Source+" "+d.Origin), "Counts", yesNo(d.Counts), "Signed by", strings.Join(d.SignedBy, ", "), "Identity", d.Identity, "Issuer", d.Issuer,
		"Since", when(d.CreatedAt), "Until", when(d.EndedAt))
}

func (a *app) showVEXProblems(d *client.VEXDocument) {
	for _, p := range d.Problems {
		fmt.Fprintln(a.err, "not used: "+terminal.Escape(p))
	}
}

func (a *app) showVEXStatements(d *client.VEXDocument) {
	a.showVEXDocument(d)
	fmt.Fprintln(a.out)
	g := grid{header: []string{"vulnerability", "status", "why", "product", "in it"}}
	for _, s := range d.Statements {
		row := []string{strings.Join(s.Vulnerability, " "), s.Status, vexWhy(s.Justification, s.Impact, s.Action), "", ""}
		if len(s.Products) == 0 {
			g.rows = append(g.rows, row)
		}
		for i := range s.Products {
			p := &s.Products[i]
			var parts []string
			for j := range p.Subcomponents {
				parts = append(parts, p.Subcomponents[j].String())
			}
			g.rows = append(g.rows, []string{row[0], row[1], row[2], p.String(), strings.Join(parts, " ")})
		}
	}
	a.grid(g)
	a.showVEXProblems(d)
}

// vexWhy is the first of the reasons that is given.
func vexWhy(reasons ...string) string {
	for _, r := range reasons {
		if r != "" {
			return r
		}
	}
	return ""
}

func (a *app) showImageVEX(of *client.ImageVEX) {
	g := grid{header: []string{"vulnerability", "package", "version", "status", "why", "document", "hidden"}, empty: "no VEX statement is about a finding of this image",
		colour: func(row []string) text.Colors {
			if row[6] == "yes" {
				return text.Colors{text.Faint}
			}
			return nil
		}}
	for _, f := range of.Findings {
		status := f.VEX.Status
		switch {
		case f.VEX.Unverified:
			status += " (unverified)"
		case len(f.VEX.SignedBy) > 0:
			status += " (verified, " + strings.Join(f.VEX.SignedBy, ", ") + ")"
		}
		document := f.VEX.Document
		if document == "" {
			document = f.VEX.ID
		}
		g.rows = append(g.rows, []string{f.Vuln, f.PackageName, f.PackageVersion, status, vexWhy(f.VEX.Justification, f.VEX.Impact, f.VEX.Action), document, yesNo(f.Ignored != "")})
	}
	a.grid(g)
	if len(of.Unmatched) > 0 {
		fmt.Fprintln(a.out)
		fmt.Fprintln(a.out, "Statements that matched nothing:")
		u := grid{header: []string{"vulnerability", "status", "product", "document", "statement", "reason"}}
		for _, one := range of.Unmatched {
			document := one.Document
			if document == "" {
				document = one.ID
			}
			u.rows = append(u.rows, []string{strings.Join(one.Vulnerability, " "), one.Status, strings.Join(one.Products, " "), document, strconv.Itoa(one.Statement), one.Detail})
		}
		a.grid(u)
	}
	summary := report.Count(len(of.Documents), "VEX document", "VEX documents") + " in force"
	if !of.AsOf.IsZero() {
		summary += "; as of " + when(of.AsOf)
	}
	fmt.Fprintln(a.err, terminal.Escape(summary))
	a.showGaps(of.Gaps)
}

func (a *app) vexDelete() *cobra.Command {
	c := a.ask("del ID", "Take a VEX document out of force", cobra.ExactArgs(1), func(c *cobra.Command, s *client.Client, args []string) error {
		if err := s.DeleteVEX(c.Context(), args[0]); err != nil {
			return err
		}
		return a.show(map[string]string{"deleted": args[0]}, func() { a.say("%s is deleted", args[0]) })
	})
	c.Aliases = []string{"delete"}
	return c
}
