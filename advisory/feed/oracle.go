package feed

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"iter"
	"regexp"
	"slices"
	"strings"
	"time"

	"landwaiter.dev/advisory"
)

const (
	oracleFile  = "Oracle's file of OVAL definitions"
	oracleLinux = "Oracle Linux:"
)

// definition is one definition of an OVAL file: an advisory (ELSA) and the criteria by which a system lacks its fixes.
type definition struct {
	ID       string        `xml:"id,attr"`
	Class    string        `xml:"class,attr"`
	Title    string        `xml:"metadata>title"`
	Refs     []ovalRef     `xml:"metadata>reference"`
	Details  string        `xml:"metadata>description"`
	Severity string        `xml:"metadata>advisory>severity"`
	Issued   updateDay     `xml:"metadata>advisory>issued"`
	CVEs     []ovalCVE     `xml:"metadata>advisory>cve"`
	Criteria *ovalCriteria `xml:"criteria"`
}

type ovalRef struct {
	Source string `xml:"source,attr"`
	ID     string `xml:"ref_id,attr"`
	URL    string `xml:"ref_url,attr"`
}

type ovalCVE struct {
	ID    string `xml:",chardata"`
	CVSS2 string `xml:"cvss2,attr"`
	CVSS3 string `xml:"cvss3,attr"`
}

type ovalCriteria struct {
	Operator string          `xml:"operator,attr"`
	Negate   string          `xml:"negate,attr"`
	Criteria []ovalCriteria  `xml:"criteria"`
	Tests    []ovalCriterion `xml:"criterion"`
}

type ovalCriterion struct {
	Comment string `xml:"comment,attr"`
	Negate  string `xml:"negate,attr"`
}

// ReadOracle reads the OVAL definitions of Oracle Linux, one by one. What a criterion asks stands in its comment, which
// is made of the same data as the test, object and state that it refers to behind all definitions; so nothing has to be
// kept of what was read. What is not one of the known sentences is a [*Problem].
func ReadOracle(r io.ReaderAt, size int64, _ string) iter.Seq2[*advisory.Record, error] {
	return func(yield func(*advisory.Record, error) bool) {
		refuse := func(reason string) { yield(nil, &Refused{oracleFile, reason}) }
		d, err := openDocument(r, size)
		if err != nil {
			refuse(err.Error())
			return
		}
		defer d.done()
		definitions := elementsOf(d, "oval_definitions", "definitions", "definition")
		for n := 0; ; n++ {
			var in definition
			err := definitions.next(&in)
			switch {
			case err == io.EOF && n == 0:
				refuse("it holds no definition")
				return
			case err == io.EOF:
				// Tests, objects and states follow.
				if rest, err := d.skip(); err != nil {
					refuse(broken(err))
				} else if !strings.HasSuffix(rest, "</oval_definitions>") {
					refuse("it is cut off")
				}
				return
			case err != nil:
				refuse(broken(err))
				return
			case n == maxEntries:
				refuse(fmt.Sprintf("it has more than %d definitions", maxEntries))
				return
			case in.Class != "" && in.Class != "patch":
				continue
			}
			record, err := in.record()
			if !yield(record, err) {
				return
			}
		}
	}
}

// elsaTitle is "ELSA-2021-9151: openssl security update (IMPORTANT)".
var elsaTitle = regexp.MustCompile(`(?s)^\s*(ELSA-[0-9-]+):\s*(.*?)\s*(?:\([A-Z/]+\))?\s*$`)

func (in *definition) record() (*advisory.Record, error) {
	r := &advisory.Record{Details: strings.TrimSpace(in.Details), Word: word(strings.TrimSpace(in.Severity))}
	if m := elsaTitle.FindStringSubmatch(in.Title); m != nil {
		r.ID, r.Summary = m[1], m[2]
	}
	for _, ref := range in.Refs {
		switch {
		case strings.EqualFold(ref.Source, "elsa"):
			r.ID = ref.ID
			r.Links = []advisory.Reference{{Type: "ADVISORY", URL: ref.URL}}
		case cvePattern.MatchString(ref.ID):
			r.Upstream = append(r.Upstream, ref.ID)
		}
	}
	for _, cve := range in.CVEs {
		if id := strings.TrimSpace(cve.ID); cvePattern.MatchString(id) {
			r.Upstream = append(r.Upstream, id)
		}
	}
	if !idPattern.MatchString(r.ID) || len(r.ID) > maxID {
		return nil, &Problem{cmp.Or(r.ID, in.ID), "its id is not usable; skipped"}
	}
	slices.Sort(r.Upstream)
	r.Upstream = slices.Compact(r.Upstream)
	if len(r.Upstream) == 1 && len(in.CVEs) == 1 {
		r.Severity = in.CVEs[0].scores()
	}
	r.Published, _ = time.Parse(time.DateOnly, in.Issued.Date)
	c := criteria{builds: rpmFixes{arches: oracleArches}, modules: modulesOf(r.Summary)}
	if in.Criteria != nil {
		c.walk(in.Criteria, rpmBuild{}, 0)
	}
	r.Affected = c.builds.affected()
	switch {
	case c.doubt == nil && len(r.Affected) > 0:
		return r, nil
	case len(r.Affected) > 0:
		return r, &Problem{r.ID, c.doubt.Error() + "; the rest is taken"}
	case c.doubt == nil:
		c.doubt = errors.New("it names no package")
	}
	return nil, &Problem{r.ID, c.doubt.Error() + "; skipped"}
}

// scores reads "8.1/CVSS:3.0/AV:N/…": the score stands before the vector.
func (c *ovalCVE) scores() (scores []advisory.Score) {
	for _, s := range []struct{ kind, text string }{{"CVSS_V3", c.CVSS3}, {"CVSS_V2", c.CVSS2}} {
		if _, vector, ok := strings.Cut(s.text, "/"); ok && len(vector) <= maxID {
			scores = append(scores, advisory.Score{Type: s.kind, Score: vector})
		}
	}
	return scores
}

// criteria gathers the packages that criteria name, with what holds for each.
type criteria struct {
	builds rpmFixes
	// modules by the title, for builds of modules whose criteria do not name theirs.
	modules string
	doubt   error
}

var (
	criterionRelease = regexp.MustCompile(`^Oracle Linux (\d{1,3}) is installed$`)
	criterionArch    = regexp.MustCompile(`^Oracle Linux arch is ([0-9A-Za-z_]{1,20})$`)
	criterionModule  = regexp.MustCompile(`^Module ([\w.+-]+:[\w.+-]+) is enabled$`)
	criterionPackage = regexp.MustCompile(`^(\S+) is earlier than (\S+)$`)
	// What follows from the package and its version: who built it, and which variant it is.
	criterionImplied = regexp.MustCompile(`^\S+ is (?:signed with the Oracle .* key|ksplice-based|fips-based)$`)
)

// walk goes down: what a node asks beside packages holds for all packages below it. A node that asks what is not known is
// left out with all below it.
func (c *criteria) walk(node *ovalCriteria, at rpmBuild, depth int) {
	if depth == maxNesting {
		c.doubt = fmt.Errorf("its criteria are nested more than %d levels deep", maxNesting)
		return
	}
	var packages [][]string
	limits := 0
	for _, test := range node.Tests {
		comment := strings.TrimSpace(test.Comment)
		if test.Negate == "true" || node.Negate == "true" {
			c.doubt = fmt.Errorf("the criterion %.80q is negated", comment)
			return
		}
		limits++
		if m := criterionPackage.FindStringSubmatch(comment); m != nil {
			packages = append(packages, m)
			limits--
		} else if m := criterionRelease.FindStringSubmatch(comment); m != nil {
			at.ecosystem = oracleLinux + m[1]
		} else if m := criterionArch.FindStringSubmatch(comment); m != nil {
			at.arch = m[1]
		} else if m := criterionModule.FindStringSubmatch(comment); m != nil {
			at.module = m[1]
		} else if criterionImplied.MatchString(comment) {
			limits--
		} else {
			c.doubt = fmt.Errorf("the criterion %.80q is not one that is understood", comment)
			return
		}
	}
	if node.Operator == "OR" && limits > 0 && len(node.Tests)+len(node.Criteria) > 1 {
		c.doubt = errors.New("releases, architectures or modules are alternatives in its criteria")
		return
	}
	for _, m := range packages {
		c.add(at, m[1], strings.TrimPrefix(m[2], "0:"))
	}
	for i := range node.Criteria {
		c.walk(&node.Criteria[i], at, depth+1)
	}
}

func (c *criteria) add(b rpmBuild, name, evr string) {
	switch {
	case evr == "0": // earlier than nothing
		return
	case b.ecosystem == "":
		c.doubt = fmt.Errorf("the release of %.80q is not said", name)
		return
	case !printable(name, maxName) || !advisory.ValidVersion(b.ecosystem, evr):
		c.doubt = fmt.Errorf("%.80q in version %.80q cannot be compared", name, evr)
		return
	}
	b.name, b.evr, b.variant = name, evr, advisory.Variant(evr)
	if b.module == "" && strings.Contains(evr, ".module") {
		b.module = c.modules
	}
	c.builds.add(b)
}

// oracleArches turns the architectures of machines, which the criteria ask for, into those of packages. Machines of
// x86_64 have 32-bit packages too; packages without an architecture count with them, being the most.
func oracleArches(machines []string, only bool) []string {
	x86, arm := slices.Contains(machines, "x86_64"), slices.Contains(machines, "aarch64")
	if slices.Contains(machines, "") || only && x86 && arm {
		return nil
	}
	arches := slices.Clone(machines)
	if x86 || slices.Contains(machines, "i386") {
		arches = append(arches, "i386", "i586", "i686")
	}
	if only || x86 {
		arches = append(arches, "noarch")
	}
	slices.Sort(arches)
	return slices.Compact(arches)
}
