package vex

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
)

// Attached is a document that is attached to an image, directly or by what it belongs to.
type Attached struct {
	*Document
	// Ref tells whom to ask about it: the id under which it is kept, or the name of a file.
	Ref string
	// Called is a name by which the document calls what it is attached to; "" where it needs none.
	Called string
	// Counts says that its statements may hide findings; else they are only shown, as unverified.
	Counts bool
	// SignedBy names those who verifiably signed it.
	SignedBy []string
	// At is when it was attached: the time of statements that have none.
	At time.Time
}

// Unmatched is a statement that says something about none of an image's findings.
type Unmatched struct {
	Ref      string `json:"vex_id,omitempty"`
	Document string `json:"document_id,omitempty"`
	Author   string `json:"author,omitempty"`
	// Statement is its place in the document, from 1.
	Statement int      `json:"statement"`
	IDs       []string `json:"vulnerability"`
	Status    Status   `json:"status"`
	// Products are the first few that it names.
	Products []string `json:"products"`
	Reason   Reason   `json:"reason"`
	// Detail is the reason in a sentence.
	Detail string `json:"detail"`
}

// Reason is a stable word for why a statement matched nothing.
type Reason string

// The reasons.
const (
	// OtherProduct: it names neither the image nor a package of it.
	OtherProduct Reason = "other_product"
	// NoPackage: it is about a part of the image that the image does not have.
	NoPackage Reason = "no_package"
	// NotFound: the vulnerability was not found in what it names.
	NotFound Reason = "not_found"
)

var reasons = map[Reason]string{
	OtherProduct: "it names neither this image nor a package of it",
	NoPackage:    "the image has no package like those that it names",
	NotFound:     "the vulnerability was not found in what it names",
}

// Apply lays documents on the findings of an image, and gives the statements that matched nothing, in order. Of several
// statements about one finding the newest counts, of equal age the one that stands later; one of a document that does
// not count never stands before one that does. The order of docs is that in which they were attached.
func Apply(findings []advisory.ImageFinding, pkgs []image.Package, s *Subject, docs []Attached) []Unmatched {
	if len(docs) == 0 {
		return nil
	}
	a := newApplier(pkgs, s, docs)
	for i := range findings {
		a.lay(&findings[i])
	}
	return a.unmatched()
}

// candidate is a statement of one of the documents.
type candidate struct {
	doc, at int
	*Statement
	time    time.Time
	matched bool
}

type applier struct {
	subject   *Subject
	docs      []Attached
	said      []candidate
	byID      map[string][]int
	installed map[*image.Package]*installed
	byName    map[string][]*image.Package // packages by type and name of their package URL, and of their source
	pkgs      []image.Package
}

func newApplier(pkgs []image.Package, s *Subject, docs []Attached) *applier {
	a := &applier{subject: s, docs: docs, byID: map[string][]int{}, installed: map[*image.Package]*installed{}, pkgs: pkgs}
	for d := range docs {
		for i := range docs[d].Statements {
			c := candidate{doc: d, at: i, Statement: &docs[d].Statements[i]}
			if c.time = c.At; c.time.IsZero() {
				c.time = docs[d].At
			}
			n := len(a.said)
			a.said = append(a.said, c)
			for _, id := range c.IDs {
				id = strings.ToUpper(id)
				if list := a.byID[id]; len(list) == 0 || list[len(list)-1] != n {
					a.byID[id] = append(list, n)
				}
			}
		}
	}
	return a
}

// lay lets the statements about a finding speak.
func (a *applier) lay(f *advisory.ImageFinding) {
	var in *installed // made when somebody speaks of the vulnerability
	var best *candidate
	ids := f.IDs
	if !slices.Contains(ids, f.ID) {
		ids = append(slices.Clone(ids), f.ID)
	}
	for _, id := range ids {
		for _, n := range a.byID[strings.ToUpper(id)] {
			c := &a.said[n]
			if in == nil {
				in = newInstalled(&f.Package, a.subject.Distro)
			}
			if !a.covers(c, in) {
				continue
			}
			c.matched = true
			if best == nil || a.compare(c, best) > 0 {
				best = c
			}
		}
	}
	if best == nil {
		return
	}
	doc := &a.docs[best.doc]
	f.VEX = &advisory.VEX{
		Status: string(best.Status), Justification: best.Justification, Impact: best.Impact, Action: best.Action,
		Document: doc.ID, Author: doc.Author, At: best.time, Ref: doc.Ref, Unverified: !doc.Counts, SignedBy: doc.SignedBy,
	}
	if doc.Counts && best.Status.hides() && f.Ignored == "" {
		f.Ignored = reason(doc, best.Statement)
	}
}

// compare orders two statements about one finding, the one that counts last.
func (a *applier) compare(x, y *candidate) int {
	counts := func(c *candidate) int {
		if a.docs[c.doc].Counts {
			return 1
		}
		return 0
	}
	return cmp.Or(counts(x)-counts(y), x.time.Compare(y.time), x.doc-y.doc, x.at-y.at)
}

// covers says whether a statement is about a package of the image.
func (a *applier) covers(c *candidate, in *installed) bool {
	if len(c.Products) == 0 {
		return true
	}
	for i := range c.Products {
		p := &c.Products[i]
		switch {
		case len(p.Subcomponents) == 0 && in.is(&p.Component), len(p.Subcomponents) == 0 && a.named(c, p):
			return true
		case slices.ContainsFunc(p.Subcomponents, func(sub Component) bool { return in.is(&sub) }) && a.named(c, p):
			return true
		}
	}
	return false
}

// named says whether a product is the image, or what its document is attached to by the name that it has there.
func (a *applier) named(c *candidate, p *Product) bool {
	if called := a.docs[c.doc].Called; called != "" && (slices.Contains(p.PURLs, called) || slices.Contains(p.Names, called)) {
		return true
	}
	return a.subject.named(&p.Component)
}

// reason is why a finding is ignored.
// ByVEX says whether it was a VEX statement that hid what has this reason in Ignored, and not a rule.
func ByVEX(ignored string) bool {
	rest, by := strings.CutPrefix(ignored, reasonHead)
	return by && (rest == "" || rest[0] == ' ' || rest[0] == ':')
}

// reasonHead begins each reason of a statement.
const reasonHead = "VEX"

func reason(doc *Attached, s *Statement) string {
	who := reasonHead
	if name := doc.ID; name != "" {
		who += " " + name
	} else if doc.Ref != "" {
		who += " " + doc.Ref
	}
	if doc.Author != "" {
		who += " of " + doc.Author
	}
	if s.Status == Fixed {
		return who + ": fixed"
	}
	why := s.Justification
	if why == "" {
		why = short(line(s.Impact))
	}
	if why == "" {
		return who + ": not affected"
	}
	return who + ": not affected, " + why
}

// unmatched lists what said nothing.
func (a *applier) unmatched() []Unmatched {
	var list []Unmatched
	for i := range a.said {
		c := &a.said[i]
		if c.matched {
			continue
		}
		why := a.why(c)
		doc := &a.docs[c.doc]
		u := Unmatched{
			Ref: doc.Ref, Document: doc.ID, Author: doc.Author, Statement: c.at + 1, IDs: c.IDs, Status: c.Status,
			Products: []string{}, Reason: why, Detail: reasons[why],
		}
		for j := range c.Products[:min(len(c.Products), shownProducts)] {
			u.Products = append(u.Products, c.Products[j].String())
		}
		if more := len(c.Products) - shownProducts; more > 0 {
			u.Products = append(u.Products, fmt.Sprintf("and %d more", more))
		}
		list = append(list, u)
	}
	return list
}

// shownProducts is how many products of a statement that matched nothing are listed.
const shownProducts = 5

// why finds out what kept a statement from matching.
func (a *applier) why(c *candidate) Reason {
	if len(c.Products) == 0 {
		return NotFound
	}
	ours := false
	for i := range c.Products {
		p := &c.Products[i]
		named := a.named(c, p)
		switch {
		case len(p.Subcomponents) == 0 && (named || a.has(&p.Component)):
			return NotFound
		case named && slices.ContainsFunc(p.Subcomponents, func(sub Component) bool { return a.has(&sub) }):
			return NotFound
		}
		ours = ours || named
	}
	if ours {
		return NoPackage
	}
	return OtherProduct
}

// has says whether the image has a package that a component names.
func (a *applier) has(c *Component) bool {
	if a.byName == nil {
		a.byName = map[string][]*image.Package{}
		for i := range a.pkgs {
			p := &a.pkgs[i]
			in := newInstalled(p, a.subject.Distro)
			a.installed[p] = in
			if !in.known {
				continue
			}
			for _, name := range slices.Compact([]string{in.purl.Name, p.SourceName}) {
				key := in.purl.Type + "/" + name
				a.byName[key] = append(a.byName[key], p)
			}
		}
	}
	for n := range c.purls {
		for _, p := range a.byName[c.purls[n].Type+"/"+c.purls[n].Name] {
			in := a.installed[p]
			if in.fits(&c.purls[n]) && in.within(c, &c.purls[n]) {
				return true
			}
		}
	}
	return false
}
