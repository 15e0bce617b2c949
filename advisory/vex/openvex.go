package vex

import (
	"encoding/json"
	"fmt"
	"strings"
)

// openStatement is a statement of OpenVEX (openvex/spec, versions 0.0.1 to 0.2.0). In the first version a vulnerability
// and a product were texts, and subcomponents belonged to the statement.
type openStatement struct {
	Vulnerability json.RawMessage   `json:"vulnerability"`
	Timestamp     json.RawMessage   `json:"timestamp"`
	LastUpdated   json.RawMessage   `json:"last_updated"`
	Products      []json.RawMessage `json:"products"`
	Subcomponents []openComponent   `json:"subcomponents"`
	Status        Status            `json:"status"`
	StatusNotes   string            `json:"status_notes"`
	Justification string            `json:"justification"`
	Impact        string            `json:"impact_statement"`
	Action        string            `json:"action_statement"`
}

type openProduct struct {
	openComponent
	Subcomponents []openComponent
}

type openComponent struct{ Component }

// UnmarshalJSON reads an object, or the text that it was.
func (c *openComponent) UnmarshalJSON(raw []byte) error {
	if len(raw) > 0 && raw[0] == '"' {
		c.add(text(raw))
		return nil
	}
	var o struct {
		ID          string            `json:"@id"`
		Identifiers map[string]string `json:"identifiers"`
		Hashes      map[string]string `json:"hashes"`
	}
	if err := json.Unmarshal(raw, &o); err != nil {
		return err
	}
	c.add(o.ID)
	for _, kind := range []string{"purl", "cpe22", "cpe23"} {
		c.add(o.Identifiers[kind])
	}
	for _, algorithm := range []string{"sha-256", "sha256"} {
		if h := o.Hashes[algorithm]; h != "" {
			c.hash(algorithm, h)
		}
	}
	return nil
}

// UnmarshalJSON reads a product with what is in it.
func (p *openProduct) UnmarshalJSON(raw []byte) error {
	if err := p.openComponent.UnmarshalJSON(raw); err != nil || raw[0] == '"' {
		return err
	}
	var o struct {
		Subcomponents []openComponent `json:"subcomponents"`
	}
	err := json.Unmarshal(raw, &o)
	p.Subcomponents = o.Subcomponents
	return err
}

func readOpenVEX(raw []byte, r *reader) error {
	var doc struct {
		ID         json.RawMessage   `json:"@id"`
		Author     json.RawMessage   `json:"author"`
		Timestamp  json.RawMessage   `json:"timestamp"`
		Statements []json.RawMessage `json:"statements"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		return err
	}
	r.head(text(doc.ID), text(doc.Author), stamp(text(doc.Timestamp)))
	for i, one := range doc.Statements {
		where := fmt.Sprintf("statement %d", i+1)
		var o openStatement
		if err := json.Unmarshal(one, &o); err != nil {
			r.problem("%s cannot be read: %v", where, err)
			continue
		}
		if len(o.Products) > maxNames || len(o.Products)*len(o.Subcomponents) > maxNames {
			return errTooMany
		}
		s, err := o.statement()
		if err != nil {
			r.problem("%s %v", where, err)
			continue
		}
		if s.At.IsZero() {
			s.At = r.doc.At
		}
		if err := r.add(where, s); err != nil {
			return err
		}
	}
	return nil
}

func (o *openStatement) statement() (Statement, error) {
	s := Statement{IDs: openVulnerability(o.Vulnerability), Status: o.Status, Justification: line(o.Justification), Impact: o.Impact, Action: o.Action, At: stamp(text(o.Timestamp))}
	if s.Impact == "" && s.Action == "" {
		s.Impact = o.StatusNotes
	}
	if later := stamp(text(o.LastUpdated)); later.After(s.At) {
		s.At = later
	}
	for _, raw := range o.Products {
		var p openProduct
		if err := json.Unmarshal(raw, &p); err != nil {
			return s, fmt.Errorf("has a product that cannot be read: %w", err)
		}
		if p.empty() {
			return s, fmt.Errorf("has a product without a name that can be read")
		}
		product := Product{Component: p.Component}
		for _, list := range [][]openComponent{p.Subcomponents, o.Subcomponents} {
			for _, c := range list {
				// A part that cannot be named must not make the statement one about the whole.
				product.Subcomponents = append(product.Subcomponents, c.Component)
			}
		}
		s.Products = append(s.Products, product)
	}
	if len(o.Products) == 0 && len(o.Subcomponents) > 0 {
		return s, fmt.Errorf("names subcomponents of no product")
	}
	return s, nil
}

// openVulnerability gives the names of a vulnerability: a text, or an object with name, aliases and an IRI whose last part
// is a name where there is no other.
func openVulnerability(raw json.RawMessage) []string {
	if name := text(raw); name != "" {
		return []string{line(name)}
	}
	var o struct {
		ID      string   `json:"@id"`
		Name    string   `json:"name"`
		Aliases []string `json:"aliases"`
	}
	if json.Unmarshal(raw, &o) != nil {
		return nil
	}
	if o.Name == "" {
		o.Name = o.ID[strings.LastIndexByte(o.ID, '/')+1:]
	}
	ids := []string{line(o.Name)}
	for _, a := range o.Aliases {
		ids = append(ids, line(a))
	}
	return ids
}
