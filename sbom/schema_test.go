package sbom_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/dlclark/regexp2/v2"
	"github.com/github/go-spdx/v2/spdxexp/spdxlicenses"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/spdx/tools-golang/tagvalue"

	"landwaiter.dev/image"
	"landwaiter.dev/sbom"
)

var update = flag.Bool("update", false, "write the golden files anew")

// schemas are the official schemas of the JSON forms, kept in testdata/schema.
var schemas = map[string]string{
	"cyclonedx-json": "bom-1.6.SNAPSHOT.schema.json",
	"spdx-json":      "spdx-2.3.schema.json",
	"spdx3-json":     "spdx-3.0.1.schema.json",
	"syft-json":      "syft-16.1.13.schema.json",
}

// ecmaRegexp has the constructs that JSON schemas use and the standard library has not.
type ecmaRegexp regexp2.Regexp

func (r *ecmaRegexp) MatchString(s string) bool {
	ok, err := (*regexp2.Regexp)(r).MatchString(s)
	return ok && err == nil
}

func (r *ecmaRegexp) String() string { return (*regexp2.Regexp)(r).String() }

// compile makes a schema, with those that it refers to, from the files alone.
func compile(t testing.TB, name string) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.UseRegexpEngine(func(s string) (jsonschema.Regexp, error) {
		re, err := regexp2.Compile(s, regexp2.ECMAScript)
		return (*ecmaRegexp)(re), err
	})
	for _, file := range []string{name, "spdx.SNAPSHOT.schema.json", "jsf-0.82.SNAPSHOT.schema.json"} {
		f, err := os.Open(filepath.Join("testdata", "schema", file))
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(f)
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.AddResource("http://cyclonedx.org/schema/"+file, doc); err != nil {
			t.Fatal(err)
		}
	}
	s, err := c.Compile("http://cyclonedx.org/schema/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func documents() map[string]*sbom.Document {
	bare := sample()
	bare.Analysis = &image.Analysis{}
	bare.Gaps, bare.BaseLayers, bare.Reference, bare.Name = nil, 0, "", ""
	return map[string]*sbom.Document{"full": sample(), "empty": bare}
}

func TestOutputsFitTheOfficialSchemas(t *testing.T) {
	t.Parallel()
	for form, file := range schemas {
		t.Run(form, func(t *testing.T) {
			t.Parallel()
			s := compile(t, file)
			for name, d := range documents() {
				raw := encode(t, form, d)
				doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if err := s.Validate(doc); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
			// A schema that takes anything would prove nothing.
			if s.Validate(map[string]any{"specVersion": json.Number("7"), "@graph": "x", "artifacts": "x", "packages": "x"}) == nil {
				t.Error("the schema takes nonsense")
			}
		})
	}
}

func TestCycloneDXXMLFitsTheOfficialSchema(t *testing.T) {
	t.Parallel()
	xmllint, err := exec.LookPath("xmllint")
	if err != nil {
		if os.Getenv("LANDWAITER_TEST_XMLLINT") != "" {
			t.Fatal("xmllint is not installed: apt-get install libxml2-utils")
		}
		t.Skip("xmllint is not installed, so XML is not compared with its schema: apt-get install libxml2-utils, or run make test")
	}
	schema := filepath.Join("testdata", "schema", "bom-1.6.SNAPSHOT.xsd")
	check := func(raw []byte) ([]byte, error) {
		cmd := exec.Command(xmllint, "--nonet", "--noout", "--schema", schema, "-")
		cmd.Stdin = bytes.NewReader(raw)
		return cmd.CombinedOutput()
	}
	for name, d := range documents() {
		if out, err := check(encode(t, "cyclonedx-xml", d)); err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
	if _, err := check([]byte(`<bom xmlns="http://cyclonedx.org/schema/bom/1.6"><nonsense/></bom>`)); err == nil {
		t.Error("the schema takes nonsense")
	}
}

func TestTagValueIsReadByTheReferenceLibrary(t *testing.T) {
	t.Parallel()
	for name, d := range documents() {
		doc, err := tagvalue.Read(bytes.NewReader(encode(t, "spdx-tag-value", d)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want := len(d.Analysis.Packages) + len(d.Analysis.Declared) + 1
		if d.Analysis.Distro.ID != "" {
			want++
		}
		if len(doc.Packages) != want {
			t.Errorf("%s: %d packages, want %d", name, len(doc.Packages), want)
		}
	}
}

// TestLicensesOfTheLibraryAreInTheSchema guards the use of license.id: what the library calls an SPDX licence must be in the
// enumeration of the CycloneDX schema.
func TestLicensesOfTheLibraryAreInTheSchema(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(filepath.Join("testdata", "schema", "spdx.SNAPSHOT.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	var list struct{ Enum []string }
	if err := json.Unmarshal(raw, &list); err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, id := range list.Enum {
		known[id] = true
	}
	for _, id := range append(spdxlicenses.GetLicenses(), spdxlicenses.GetDeprecated()...) {
		if !known[id] {
			t.Errorf("%s is not in the schema", id)
		}
	}
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for _, form := range sbom.Formats() {
		got := encode(t, form, sample())
		golden := filepath.Join("testdata", "golden", form)
		if *update {
			if err := os.WriteFile(golden, got, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", form, diff)
		}
	}
}
