package vex

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
)

// cycloneComponent is as much of a component as names it.
type cycloneComponent struct {
	Ref     string `json:"bom-ref" xml:"bom-ref,attr"`
	Group   string `json:"group" xml:"group"`
	Name    string `json:"name" xml:"name"`
	Version string `json:"version" xml:"version"`
	PURL    string `json:"purl" xml:"purl"`
	CPE     string `json:"cpe" xml:"cpe"`
	Hashes  []struct {
		Algorithm string `json:"alg" xml:"alg,attr"`
		Value     string `json:"content" xml:",chardata"`
	} `json:"hashes" xml:"hashes>hash"`
	Nested []cycloneComponent `json:"components" xml:"components>component"`
}

type cycloneVulnerability struct {
	ID         string `json:"id" xml:"id"`
	References []struct {
		ID string `json:"id" xml:"id"`
	} `json:"references" xml:"references>reference"`
	Updated  string `json:"updated" xml:"updated"`
	Analysis *struct {
		State         string   `json:"state" xml:"state"`
		Justification string   `json:"justification" xml:"justification"`
		Response      []string `json:"response" xml:"responses>response"`
		Detail        string   `json:"detail" xml:"detail"`
		FirstIssued   string   `json:"firstIssued" xml:"firstIssued"`
		LastUpdated   string   `json:"lastUpdated" xml:"lastUpdated"`
	} `json:"analysis" xml:"analysis"`
	Affects []struct {
		Ref      string `json:"ref" xml:"ref"`
		Versions []struct {
			Version string `json:"version" xml:"version"`
			Range   string `json:"range" xml:"range"`
			Status  string `json:"status" xml:"status"`
		} `json:"versions" xml:"versions>version"`
	} `json:"affects" xml:"affects>target"`
}

// cycloneDocument is a document in either form; Version is a number in one and a text in the other.
type cycloneDocument struct {
	Serial   string `json:"serialNumber" xml:"serialNumber,attr"`
	Version  string `json:"-" xml:"version,attr"`
	Metadata struct {
		Timestamp string `json:"timestamp" xml:"timestamp"`
		Authors   []struct {
			Name string `json:"name" xml:"name"`
		} `json:"authors" xml:"authors>author"`
		Supplier struct {
			Name string `json:"name" xml:"name"`
		} `json:"supplier" xml:"supplier"`
		Component cycloneComponent `json:"component" xml:"component"`
	} `json:"metadata" xml:"metadata"`
	Components      []cycloneComponent     `json:"components" xml:"components>component"`
	Vulnerabilities []cycloneVulnerability `json:"vulnerabilities" xml:"vulnerabilities>vulnerability"`
}

// cycloneStates says what each state of an analysis means (CycloneDX 1.4 to 1.6, impactAnalysisState).
var cycloneStates = map[string]Status{
	"resolved": Fixed, "resolved_with_pedigree": Fixed, "exploitable": Affected, "in_triage": UnderInvestigation,
	"false_positive": NotAffected, "not_affected": NotAffected,
}

// cycloneReader reads one document.
type cycloneReader struct {
	*reader
	// root is what the document is about; components are all by their reference.
	root       Component
	rootRef    string
	components map[string]Component
}

func readCycloneDX(raw []byte, in *reader) error {
	var doc struct {
		cycloneDocument
		Version json.RawMessage `json:"version"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		return err
	}
	doc.cycloneDocument.Version = string(doc.Version)
	return doc.read(in)
}

func (doc *cycloneDocument) read(in *reader) error {
	id, author := doc.Serial, doc.Metadata.Supplier.Name
	if v := doc.Version; id != "" && v != "" && v != "1" {
		id += "/" + v
	}
	if len(doc.Metadata.Authors) > 0 {
		author = doc.Metadata.Authors[0].Name
	}
	r := cycloneReader{reader: in, components: map[string]Component{}, rootRef: doc.Metadata.Component.Ref}
	r.head(id, author, stamp(doc.Metadata.Timestamp))
	r.root = doc.Metadata.Component.component(true)
	r.list(doc.Metadata.Component.Nested)
	r.list(doc.Components)
	for i := range doc.Vulnerabilities {
		v := &doc.Vulnerabilities[i]
		if v.Analysis == nil { // found, and not judged
			continue
		}
		if err := r.vulnerability(fmt.Sprintf("vulnerability %d", i+1), v); err != nil {
			return err
		}
	}
	return nil
}

func (r *cycloneReader) list(components []cycloneComponent) {
	for i := range components { // shape has bounded the depth
		c := &components[i]
		if c.Ref != "" {
			r.components[c.Ref] = c.component(false)
		}
		r.list(c.Nested)
	}
}

// component gives the names of a component; what a document is about may be an image, whose name is a reference or a
// repository, and its version a tag or a digest.
func (c *cycloneComponent) component(about bool) Component {
	var out Component
	out.add(c.PURL)
	for _, h := range c.Hashes {
		out.hash(h.Algorithm, h.Value)
	}
	out.add(c.CPE)
	if !about {
		if out.empty() {
			out.add(strings.TrimPrefix(c.Group+"/"+c.Name, "/"))
		}
		return out
	}
	switch {
	case c.Version == "" || c.Name == "":
		out.add(c.Name)
	case strings.HasPrefix(c.Version, "sha256:"):
		out.add(c.Version)
		out.add(strings.SplitN(c.Name, "@", 2)[0] + "@" + c.Version)
	default:
		out.add(c.Name + ":" + c.Version)
	}
	return out
}

func (r *cycloneReader) vulnerability(where string, v *cycloneVulnerability) error {
	status, known := cycloneStates[v.Analysis.State]
	if !known {
		r.problem("%s has an analysis in the state %.60q, which is none", where, v.Analysis.State)
		return nil
	}
	s := Statement{IDs: []string{line(v.ID)}, Status: status, Justification: line(v.Analysis.Justification)}
	if v.Analysis.State == "false_positive" && s.Justification == "" {
		s.Justification = "false_positive"
	}
	for _, ref := range v.References {
		s.IDs = append(s.IDs, line(ref.ID))
	}
	if status == Affected {
		s.Action = strings.TrimSpace(strings.Join(v.Analysis.Response, ", ") + " " + v.Analysis.Detail)
	} else {
		s.Impact = v.Analysis.Detail
	}
	for _, t := range []string{v.Analysis.LastUpdated, v.Analysis.FirstIssued, v.Updated} {
		if s.At = stamp(t); !s.At.IsZero() {
			break
		}
	}
	if s.At.IsZero() {
		s.At = r.doc.At
	}
	if len(v.Affects) == 0 && !r.root.empty() {
		s.Products = []Product{{Component: r.root}}
	}
	for _, a := range v.Affects {
		c, ok := r.affected(a.Ref)
		if !ok {
			r.problem("%s affects %.200q, which the document does not list and which is no package URL", where, a.Ref)
			continue
		}
		if len(a.Versions) == 0 {
			s.Products = append(s.Products, r.in(a.Ref, c))
			continue
		}
		for _, one := range a.Versions {
			switch {
			case one.Status != "" && one.Status != "affected":
			case one.Version != "":
				s.Products = append(s.Products, r.in(a.Ref, c.at(one.Version)))
			default:
				if c, err := c.between(one.Range); err != nil {
					r.problem("%s is about versions of %.200q that are not known: %v", where, a.Ref, err)
				} else {
					s.Products = append(s.Products, r.in(a.Ref, c))
				}
			}
		}
	}
	if len(s.Products) == 0 && len(v.Affects) > 0 {
		r.problem("%s affects nothing that can be named", where)
		return nil
	}
	return r.add(where, s)
}

// affected finds what a reference means: a component of this document, or the package URL that other documents use as a
// reference, also behind a BOM-Link.
func (r *cycloneReader) affected(ref string) (Component, bool) {
	if c, ok := r.components[ref]; ok {
		return c, !c.empty()
	}
	if ref == r.rootRef && ref != "" {
		return r.root, !r.root.empty()
	}
	if strings.HasPrefix(ref, "urn:cdx:") {
		_, fragment, _ := strings.Cut(ref, "#")
		if plain, err := url.PathUnescape(fragment); err == nil && !strings.HasPrefix(fragment, "pkg:") {
			fragment = plain
		}
		ref = fragment
	}
	var c Component
	if strings.HasPrefix(ref, "pkg:") {
		c.add(ref)
	}
	return c, !c.empty()
}

// in makes a component one of what the document is about, unless it is that itself or the document is about nothing.
func (r *cycloneReader) in(ref string, c Component) Product {
	if r.root.empty() || ref == r.rootRef && ref != "" {
		return Product{Component: c}
	}
	return Product{Component: r.root, Subcomponents: []Component{c}}
}

// between is the component in a range of versions.
func (c Component) between(text string) (Component, error) {
	r, err := parseRange(text)
	if err != nil {
		return Component{}, err
	}
	out := Component{Versions: line(text), within: r}
	for _, p := range c.purls {
		if p.Version = ""; r.isFor(p.Type) {
			out.add(p.ToString())
		}
	}
	if len(out.purls) == 0 {
		return Component{}, fmt.Errorf("the range %.80q is of the scheme %s, and the component has no package URL of that kind", line(text), r.scheme)
	}
	return out, nil
}

// at is the component in one version.
func (c Component) at(version string) Component {
	var out Component
	for _, p := range c.purls {
		p.Version = version
		out.add(p.ToString())
	}
	return out
}
