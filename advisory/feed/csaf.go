package feed

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/package-url/packageurl-go"
)

// csafDocument is what is read of a document of the Common Security Advisory Framework 2.0 in the VEX profile: its
// products, and what it says of a vulnerability in them.
type csafDocument struct {
	Document struct {
		Category  string
		Version   string `json:"csaf_version"`
		Title     string
		Aggregate struct{ Text string } `json:"aggregate_severity"`
		Tracking  struct {
			ID      string
			Initial string `json:"initial_release_date"`
			Current string `json:"current_release_date"`
		}
	}
	Tree struct {
		Branches      []csafBranch
		Relationships []struct {
			Full struct {
				ID string `json:"product_id"`
			} `json:"full_product_name"`
			Product string `json:"product_reference"`
			Of      string `json:"relates_to_product_reference"`
		}
	} `json:"product_tree"`
	Vulnerabilities []csafVulnerability
}

type csafBranch struct {
	Branches []csafBranch
	Product  struct {
		ID     string `json:"product_id"`
		Helper struct {
			CPE  string
			PURL string
		} `json:"product_identification_helper"`
	}
}

type csafVulnerability struct {
	CVE    string
	Title  string
	Notes  []struct{ Category, Text string }
	Status struct {
		Fixed         []string
		Affected      []string `json:"known_affected"`
		NotAffected   []string `json:"known_not_affected"`
		Investigation []string `json:"under_investigation"`
	} `json:"product_status"`
	References []struct {
		Category, URL string
	}
	Remediations []struct {
		Category, URL string
		Products      []string `json:"product_ids"`
	}
	Scores []struct {
		V2 csafScore `json:"cvss_v2"`
		V3 csafScore `json:"cvss_v3"`
		V4 csafScore `json:"cvss_v4"`
	}
	Threats []struct {
		Category, Details string
		Products          []string `json:"product_ids"`
	}
}

type csafScore struct {
	Vector string `json:"vectorString"`
}

// readCSAF reads a document that says what state products are in.
func readCSAF(data []byte) (*csafDocument, error) {
	d := &csafDocument{}
	if err := json.Unmarshal(data, d); err != nil {
		return nil, fmt.Errorf("it is not a CSAF document: %w", short(err))
	}
	switch {
	case d.Document.Category != "csaf_vex":
		return nil, fmt.Errorf("its category %.40q is not csaf_vex", d.Document.Category)
	case !strings.HasPrefix(d.Document.Version, "2."):
		return nil, fmt.Errorf("its CSAF version %.20q is unknown", d.Document.Version)
	case len(d.Vulnerabilities) != 1:
		return nil, fmt.Errorf("it is about %d vulnerabilities where a VEX document is about one", len(d.Vulnerabilities))
	}
	return d, nil
}

// csafProducts tells what the product ids of a document stand for.
type csafProducts struct {
	purls, cpes map[string]string
	// parts says of a composed id which component of which product it is.
	parts map[string][2]string
}

// maxBranches is how deep the tree of products may be; Red Hat's has four levels.
const maxBranches = 16

func (d *csafDocument) products() (*csafProducts, error) {
	p := &csafProducts{purls: map[string]string{}, cpes: map[string]string{}, parts: make(map[string][2]string, len(d.Tree.Relationships))}
	if err := p.add(d.Tree.Branches, maxBranches); err != nil {
		return nil, err
	}
	for _, r := range d.Tree.Relationships {
		p.parts[r.Full.ID] = [2]string{r.Product, r.Of}
	}
	if len(p.purls)+len(p.cpes)+len(p.parts) > maxEntities {
		return nil, fmt.Errorf("it names more than %d products", maxEntities)
	}
	return p, nil
}

func (p *csafProducts) add(branches []csafBranch, deep int) error {
	if deep == 0 {
		return errors.New("its tree of products is too deep")
	}
	for i := range branches {
		b := &branches[i]
		if helper := &b.Product.Helper; b.Product.ID != "" {
			if helper.PURL != "" {
				p.purls[b.Product.ID] = helper.PURL
			}
			if helper.CPE != "" {
				p.cpes[b.Product.ID] = helper.CPE
			}
		}
		if len(b.Branches) > 0 {
			if err := p.add(b.Branches, deep-1); err != nil {
				return err
			}
		}
	}
	return nil
}

// csafComponent is what a composed product id stands for: a package, in a module perhaps, of a product.
type csafComponent struct {
	// id is the product id of the package alone.
	id string
	// purl of the package, module that of the module it is in; "" when it is in none.
	purl, module string
	// cpe of the product.
	cpe string
}

// component follows an id to the product: a package is part of a product, or of a module that is part of a product.
func (p *csafProducts) component(id string) (c csafComponent, ok bool) {
	part, ok := p.parts[id]
	if !ok {
		return c, false
	}
	c.id, c.purl = part[0], p.purls[part[0]]
	for range 3 {
		if c.cpe = p.cpes[part[1]]; c.cpe != "" {
			return c, c.purl != ""
		}
		if part, ok = p.parts[part[1]]; !ok {
			return c, false
		}
		c.module = p.purls[part[0]]
	}
	return c, false
}

// rpm reads the package URL of a component: name, "epoch:version-release" ("" when the URL has none), whether it is a
// source package, and "name:stream" of its module ("" when it is in none). It says false for what is no rpm.
func (c *csafComponent) rpm() (name, version, module string, source, ok bool) {
	purl, err := packageurl.FromString(c.purl)
	if err != nil || purl.Type != "rpm" || purl.Name == "" {
		return "", "", "", false, false
	}
	q := purl.Qualifiers.Map()
	if version = purl.Version; version != "" {
		epoch := q["epoch"]
		if epoch == "" {
			// The oldest documents have it in the id alone: "bind-32:9.11.36-3.el8.src".
			if rest, found := strings.CutPrefix(c.id, purl.Name+"-"); found {
				if before, after, found := strings.Cut(rest, ":"); found && strings.HasPrefix(after, version) {
					epoch = before
				}
			}
		}
		if epoch != "" && epoch != "0" {
			version = epoch + ":" + version
		}
	}
	switch {
	case q["rpmmod"] != "":
		module = streamOf(q["rpmmod"])
	case c.module != "":
		m, err := packageurl.FromString(c.module)
		if err != nil || m.Type != "rpmmod" {
			return "", "", "", false, false
		}
		module = streamOf(m.Name + ":" + m.Version)
	}
	if module == "" && (q["rpmmod"] != "" || c.module != "") {
		return "", "", "", false, false
	}
	return purl.Name, version, module, q["arch"] == "src", true
}

// streamOf is "name:stream" of a module label such as "nodejs:18:9040020240419184040:9"; "" when it is none.
func streamOf(label string) string {
	name, rest, _ := strings.Cut(label, ":")
	stream, _, _ := strings.Cut(rest, ":")
	if name == "" || stream == "" || strings.Contains(label, ",") {
		return ""
	}
	return name + ":" + stream
}
