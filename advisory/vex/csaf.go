package vex

import (
	"encoding/json"
	"fmt"
	"slices"
)

// csafProduct is a full product name (CSAF 2.0, 3.1.3).
type csafProduct struct {
	Name   string `json:"name"`
	ID     string `json:"product_id"`
	Helper struct {
		PURL   string `json:"purl"`
		CPE    string `json:"cpe"`
		Hashes []struct {
			Files []struct {
				Algorithm string `json:"algorithm"`
				Value     string `json:"value"`
			} `json:"file_hashes"`
		} `json:"hashes"`
		URIs []struct {
			URI string `json:"uri"`
		} `json:"x_generic_uris"`
	} `json:"product_identification_helper"`
}

type csafBranch struct {
	Branches []csafBranch `json:"branches"`
	Product  *csafProduct `json:"product"`
}

// csafAbout is what flags, threats and remediations have in common: the products that they are about.
type csafAbout struct {
	Category string   `json:"category"`
	Label    string   `json:"label"`
	Details  string   `json:"details"`
	Products []string `json:"product_ids"`
	Groups   []string `json:"group_ids"`
}

type csafVulnerability struct {
	CVE string `json:"cve"`
	IDs []struct {
		Text string `json:"text"`
	} `json:"ids"`
	Status       map[string][]string `json:"product_status"`
	Flags        []csafAbout         `json:"flags"`
	Threats      []csafAbout         `json:"threats"`
	Remediations []csafAbout         `json:"remediations"`
}

// csafStatuses says what each list of products means, the one that hides least last: where a document contradicts itself,
// the later statement counts. "recommended" says nothing about a vulnerability.
var csafStatuses = []struct {
	list   string
	status Status
}{
	{"fixed", Fixed}, {"first_fixed", Fixed}, {"known_not_affected", NotAffected},
	{"under_investigation", UnderInvestigation},
	{"known_affected", Affected}, {"first_affected", Affected}, {"last_affected", Affected},
}

// csafReader reads one document.
type csafReader struct {
	*reader
	products map[string]Product
	groups   map[string][]string
	// expanded counts products of groups, so that a few groups named often stay bounded.
	expanded int
}

func readCSAF(raw []byte, in *reader) error {
	var doc struct {
		Document struct {
			Version   string `json:"csaf_version"`
			Publisher struct {
				Name string `json:"name"`
			} `json:"publisher"`
			Tracking struct {
				ID      string `json:"id"`
				Current string `json:"current_release_date"`
			} `json:"tracking"`
		} `json:"document"`
		Tree struct {
			csafBranch
			Products      []csafProduct `json:"full_product_names"`
			Relationships []struct {
				Product   csafProduct `json:"full_product_name"`
				Part      string      `json:"product_reference"`
				RelatesTo string      `json:"relates_to_product_reference"`
			} `json:"relationships"`
			Groups []struct {
				ID       string   `json:"group_id"`
				Products []string `json:"product_ids"`
			} `json:"product_groups"`
		} `json:"product_tree"`
		Vulnerabilities []csafVulnerability `json:"vulnerabilities"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		return err
	}
	if doc.Document.Version != "2.0" {
		return fmt.Errorf("version %.20q of CSAF is not read, only 2.0", doc.Document.Version)
	}
	r := csafReader{reader: in, products: map[string]Product{}, groups: map[string][]string{}}
	r.head(doc.Document.Tracking.ID, doc.Document.Publisher.Name, stamp(doc.Document.Tracking.Current))
	for i := range doc.Tree.Products {
		r.product(&doc.Tree.Products[i])
	}
	r.branch(&doc.Tree.csafBranch)
	for _, g := range doc.Tree.Groups {
		r.groups[g.ID] = g.Products
	}
	// A part of a product is a product of its own name, which others may have parts in turn.
	for i := range doc.Tree.Relationships {
		rel := &doc.Tree.Relationships[i]
		whole, known := r.products[rel.RelatesTo]
		part, knownPart := r.products[rel.Part]
		if !known || !knownPart {
			r.problem("the product %.200q is made of products that the document does not list, or lists later", rel.Product.ID)
			continue
		}
		p := Product{Component: whole.Component, Subcomponents: []Component{part.Component}}
		if own := rel.Product.component(); len(own.PURLs)+len(own.Digests) > 0 {
			p.Subcomponents = append(p.Subcomponents, own)
		}
		if len(part.Subcomponents) > 0 { // what is in a part of the whole is in the whole
			p.Subcomponents = part.Subcomponents
		}
		r.products[rel.Product.ID] = p
	}
	for i := range doc.Vulnerabilities {
		if err := r.vulnerability(fmt.Sprintf("vulnerability %d", i+1), &doc.Vulnerabilities[i]); err != nil {
			return err
		}
	}
	return nil
}

func (r *csafReader) branch(b *csafBranch) {
	if b.Product != nil {
		r.product(b.Product)
	}
	for i := range b.Branches { // shape has bounded the depth
		r.branch(&b.Branches[i])
	}
}

func (r *csafReader) product(p *csafProduct) { r.products[p.ID] = Product{Component: p.component()} }

func (p *csafProduct) component() Component {
	var c Component
	c.add(p.Helper.PURL)
	for _, h := range p.Helper.Hashes {
		for _, f := range h.Files {
			c.hash(f.Algorithm, f.Value)
		}
	}
	for _, u := range p.Helper.URIs {
		c.add(u.URI)
	}
	c.add(p.Helper.CPE)
	c.add(p.Name)
	return c
}

// vulnerability makes one statement of the products that share status, justification and texts.
func (r *csafReader) vulnerability(where string, v *csafVulnerability) error {
	ids := []string{line(v.CVE)}
	for _, id := range v.IDs {
		ids = append(ids, line(id.Text))
	}
	labels, err := r.about(v.Flags, func(a *csafAbout) string { return a.Label })
	if err != nil {
		return err
	}
	impacts, err := r.about(v.Threats, func(a *csafAbout) string {
		if a.Category != "impact" {
			return ""
		}
		return a.Details
	})
	if err != nil {
		return err
	}
	actions, err := r.about(v.Remediations, func(a *csafAbout) string { return a.Details })
	if err != nil {
		return err
	}
	type said struct{ label, impact, action string }
	for _, kind := range csafStatuses {
		var order []said
		by := map[said][]Product{}
		for _, id := range v.Status[kind.list] {
			p, known := r.products[id]
			if !known || p.empty() {
				r.problem("%s is about the product %.200q, which the document does not list", where, id)
				continue
			}
			s := said{label: labels[id], impact: impacts[id]}
			if kind.status == Affected {
				s = said{action: actions[id]}
			}
			if by[s] == nil {
				order = append(order, s)
			}
			by[s] = append(by[s], p)
		}
		for _, s := range order {
			err := r.add(where, Statement{IDs: slices.Clone(ids), Products: by[s], Status: kind.status, Justification: line(s.label), Impact: s.impact, Action: s.action, At: r.doc.At})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// about gives what is said of each product, the first word that is not empty.
func (r *csafReader) about(list []csafAbout, word func(*csafAbout) string) (map[string]string, error) {
	out := map[string]string{}
	for i := range list {
		w := word(&list[i])
		if w == "" {
			continue
		}
		note := func(ids []string) {
			for _, id := range ids {
				if out[id] == "" {
					out[id] = w
				}
			}
		}
		note(list[i].Products)
		for _, g := range list[i].Groups {
			if r.expanded += len(r.groups[g]); r.expanded > maxValues {
				return nil, errTooMany
			}
			note(r.groups[g])
		}
	}
	return out, nil
}
