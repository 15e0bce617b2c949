package vex_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"landwaiter.dev/advisory/vex"
	"landwaiter.dev/image"
)

func sample(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func digest(digit string) image.Digest { return image.Digest("sha256:" + strings.Repeat(digit, 64)) }

func day(month, d int) time.Time { return time.Date(2026, time.Month(month), d, 0, 0, 0, 0, time.UTC) }

func purl(list ...string) vex.Component { return vex.Component{PURLs: list} }

var names = cmpopts.IgnoreUnexported(vex.Component{})

func TestForms(t *testing.T) {
	t.Parallel()
	web := vex.Component{PURLs: []string{"pkg:oci/web"}, Names: []string{"https://example.com/web", "Web 4"}}
	ssl := vex.Component{PURLs: []string{"pkg:deb/debian/openssl@3.0.1-1"}, Digests: []image.Digest{digest("4")}, Names: []string{"openssl 3.0.1-1"}}
	zlib := vex.Component{PURLs: []string{"pkg:deb/debian/zlib1g"}, Names: []string{"cpe:/a:zlib:zlib:1", "zlib"}}
	root := vex.Component{Names: []string{"registry.example.com/shop/web:1"}}
	in := func(whole vex.Component, parts ...vex.Component) []vex.Product {
		return []vex.Product{{Component: whole, Subcomponents: parts}}
	}
	for file, want := range map[string]*vex.Document{
		"openvex.json": {
			Format: "openvex", ID: "https://example.com/vex/7", Author: "Example Security", At: time.Date(2026, 1, 2, 1, 4, 5, 0, time.UTC),
			Statements: []vex.Statement{
				{IDs: []string{"CVE-2026-1", "GHSA-aaaa-bbbb-cccc"}, Status: vex.NotAffected, Justification: "vulnerable_code_not_in_execute_path", Impact: "never called", At: day(3, 1),
					Products: in(vex.Component{
						PURLs:   []string{"pkg:oci/web@sha256%3A" + strings.Repeat("1", 64)},
						Digests: []image.Digest{digest("2")}, Names: []string{"cpe:2.3:a:example:web:1:*:*:*:*:*:*:*"},
					}, purl("pkg:deb/debian/openssl@3.0.1-1"), purl("pkg:npm/%40scope/left-pad"))},
				{IDs: []string{"CVE-2026-2"}, Status: vex.Affected, Action: "update", At: time.Date(2026, 1, 2, 1, 4, 5, 0, time.UTC), Products: in(root)},
				{IDs: []string{"CVE-2026-3"}, Status: vex.UnderInvestigation, At: day(4, 1)},
			},
			Problems: []string{
				"statement 4 has a product without a name that can be read",
				"statement 5 cannot be read: json: cannot unmarshal number into Go struct field openStatement.products of type []json.RawMessage",
				`statement 6 has the status "safe", which is none`,
				"statement 7 names no vulnerability",
			},
		},
		"openvex-0.0.1.json": {
			Format: "openvex", ID: "old", Author: "Example Security", At: time.Date(2022, 12, 22, 21, 36, 43, 0, time.UTC),
			Statements: []vex.Statement{{IDs: []string{"CVE-2022-1"}, Status: vex.Fixed, Impact: "in 1.0.0", At: time.Date(2022, 12, 22, 21, 36, 43, 0, time.UTC), Products: []vex.Product{
				{Component: purl("pkg:apk/wolfi/bash@1.0.0"), Subcomponents: []vex.Component{purl("pkg:golang/example.com/x")}},
				{Component: purl("pkg:apk/wolfi/sh"), Subcomponents: []vex.Component{purl("pkg:golang/example.com/x")}},
			}}},
		},
		"csaf.json": {
			Format: "csaf", ID: "2026-EX-1", Author: "Example Company", At: time.Date(2026, 3, 3, 11, 0, 0, 0, time.UTC),
			Statements: []vex.Statement{
				{IDs: []string{"CVE-2026-1", "EX-1"}, Status: vex.NotAffected, Justification: "component_not_present", Products: in(web, ssl), At: time.Date(2026, 3, 3, 11, 0, 0, 0, time.UTC)},
				{IDs: []string{"CVE-2026-1", "EX-1"}, Status: vex.NotAffected, Impact: "not called", Products: in(web, zlib), At: time.Date(2026, 3, 3, 11, 0, 0, 0, time.UTC)},
				{IDs: []string{"CVE-2026-1", "EX-1"}, Status: vex.Affected, Action: "update to 5", Products: in(web), At: time.Date(2026, 3, 3, 11, 0, 0, 0, time.UTC)},
				{IDs: []string{"EX-2"}, Status: vex.Fixed, Products: in(ssl), At: time.Date(2026, 3, 3, 11, 0, 0, 0, time.UTC)},
			},
			Problems: []string{
				`the product "WEB:NONE" is made of products that the document does not list, or lists later`,
				`vulnerability 1 is about the product "GONE", which the document does not list`,
			},
		},
		"cyclonedx.json": {
			Format: "cyclonedx", ID: "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79/2", Author: "Example Security", At: day(1, 1),
			Statements: []vex.Statement{
				{IDs: []string{"CVE-2026-1", "GHSA-aaaa-bbbb-cccc"}, Status: vex.NotAffected, Justification: "code_not_reachable", Impact: "never called", At: day(2, 1), Products: []vex.Product{
					{Component: root, Subcomponents: []vex.Component{purl("pkg:deb/debian/openssl@3.0.1-1")}},
					{Component: root, Subcomponents: []vex.Component{purl("pkg:npm/left-pad@1.3.0")}},
				}},
				{IDs: []string{"CVE-2026-2"}, Status: vex.Affected, Action: "update, workaround_available soon", At: day(1, 1), Products: in(root)},
				{IDs: []string{"CVE-2026-3"}, Status: vex.NotAffected, Justification: "false_positive", At: day(1, 1), Products: []vex.Product{
					{Component: root, Subcomponents: []vex.Component{purl("pkg:deb/debian/openssl@3.0.2-1")}},
					{Component: root, Subcomponents: []vex.Component{{PURLs: []string{"pkg:deb/debian/openssl"}, Versions: "vers:deb/<3"}}},
				}},
				{IDs: []string{"CVE-2026-4"}, Status: vex.Fixed, At: day(1, 1), Products: in(root)},
			},
			Problems: []string{
				`vulnerability 3 is about versions of "ssl" that are not known: "3.x" is no range of versions: want one like vers:npm/>=1.0|<2.0`,
				`vulnerability 6 has an analysis in the state "unheard_of", which is none`,
				`vulnerability 7 affects "nobody", which the document does not list and which is no package URL`,
				"vulnerability 7 affects nothing that can be named",
			},
		},
	} {
		got, err := vex.Parse(sample(t, file))
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if diff := cmp.Diff(want, got, names); diff != "" {
			t.Errorf("%s (-want +got):\n%s", file, diff)
		}
	}
}

// CycloneDX says the same in XML as in JSON.
func TestCycloneDXInXML(t *testing.T) {
	t.Parallel()
	want, err := vex.Parse(sample(t, "cyclonedx.json"))
	if err != nil {
		t.Fatal(err)
	}
	for name, raw := range map[string][]byte{
		"as it is":      sample(t, "cyclonedx.xml"),
		"with a prefix": []byte(strings.NewReplacer("<?", "<?", "</", "</c:", "<", "<c:", "xmlns=", "xmlns:c=").Replace(string(sample(t, "cyclonedx.xml")))),
	} {
		got, err := vex.Parse(raw)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(want, got, names); diff != "" {
			t.Errorf("%s (-JSON +XML):\n%s", name, diff)
		}
	}
	if raw, d, err := vex.ParseAttested(sample(t, "cyclonedx.xml"), nil); err != nil || len(raw) == 0 || len(d.Statements) != len(want.Statements) {
		t.Errorf("next to an image: %v", err)
	}
	for name, doc := range map[string]string{"an SBOM": `<bom xmlns="http://cyclonedx.org/schema/bom/1.5"/>`, "something else": "<html/>"} {
		if _, _, err := vex.ParseAttested([]byte(doc), nil); err != vex.ErrNotVEX {
			t.Errorf("%s next to an image: %v", name, err)
		}
	}
}

func TestRefusedDocuments(t *testing.T) {
	t.Parallel()
	open := func(statements string) string {
		return `{"@context": "https://openvex.dev/ns/v0.2.0", "statements": [` + statements + `]}`
	}
	bom := func(inside string) string {
		return `<bom xmlns="http://cyclonedx.org/schema/bom/1.5">` + inside + `</bom>`
	}
	for name, c := range map[string]struct{ doc, want string }{
		"nothing":          {"", "no VEX document"},
		"a list":           {"[]", "no VEX document"},
		"another document": {`{"spdxVersion": "SPDX-2.3"}`, "no VEX document"},
		"no JSON":          {`{"@context": "https://openvex.dev/ns", `, "no JSON"},
		"empty XML":        {`<bom xmlns="http://cyclonedx.org/schema/bom/1.5"/>`, "makes no statement"},
		"other XML":        {`<bom xmlns="http://example.com/bom/1.5"/>`, "no VEX document"},
		"a web page":       {"<!doctype html><html><p>503</html>", "no VEX document"},
		"broken XML":       {bom("<vulnerabilities><vulnerability>"), "cannot be read as cyclonedx"},
		"an entity": {`<!DOCTYPE bom [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>` + bom("<vulnerabilities><vulnerability><id>&b;</id></vulnerability></vulnerabilities>"),
			"document type declaration"},
		"an unknown entity": {bom("<vulnerabilities><vulnerability><id>&file;</id></vulnerability></vulnerabilities>"), "invalid character entity"},
		"another encoding":  {`<?xml version="1.0" encoding="UTF-7"?>` + bom(""), "no VEX document"},
		"deep XML":          {bom(strings.Repeat("<components><component>", 200) + strings.Repeat("</component></components>", 200)), "more than 200 deep"},
		"much XML":          {bom("<x>" + strings.Repeat(`<a b=""/>`, 600_000) + "</x>"), "more than 1000000 elements"},
		"too large":         {strings.Repeat(" ", vex.MaxSize+1), "larger than 16 MiB"},
		"too deep":          {`{"@context": "https://openvex.dev/ns", "x": ` + strings.Repeat("[", 300) + strings.Repeat("]", 300) + `}`, "more than 200 deep"},
		"too many values":   {open(strings.Repeat("{},", 700_000) + "{}"), "more than 1000000 values"},
		"too many products": {open(`{"vulnerability": {"name": "CVE-2026-1"}, "status": "fixed", "products": [` + strings.Repeat(`"a",`, 150_000) + `"a"]}`), "part it into several"},
		"no statement":      {open(""), "makes no statement"},
		"no good statement": {open(`{"status": "fixed"}`), "no statement that can be used: statement 1 names no vulnerability"},
		"a newer CSAF":      {`{"document": {"csaf_version": "3.0"}}`, "only 2.0"},
		"a wrong type":      {`{"@context": "https://openvex.dev/ns", "statements": 5}`, "cannot be read as openvex"},
		"a long id":         {open(`{"vulnerability": {"name": "` + strings.Repeat("x", 600) + `"}, "status": "fixed"}`), "more than 512 bytes"},
		"a long text":       {open(`{"vulnerability": {"name": "CVE-1"}, "status": "fixed", "impact_statement": "` + strings.Repeat("x", 70<<10) + `"}`), "more than 64 KiB"},
		"groups of groups": {`{"document": {"csaf_version": "2.0"}, "product_tree": {"product_groups": [{"group_id": "g", "product_ids": [` + strings.Repeat(`"a",`, 2000) + `"a"]}]},
			"vulnerabilities": [{"cve": "CVE-1", "flags": [{"label": "x", "group_ids": [` + strings.Repeat(`"g",`, 2000) + `"g"]}]}]}`, "part it into several"},
	} {
		_, err := vex.Parse([]byte(c.doc))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want …%s…", name, err, c.want)
		}
	}
}

// FuzzParse: nothing panics, and what is read has statements with a status and a name, in one line where lines are shown.
func FuzzParse(f *testing.F) {
	for _, name := range []string{"openvex.json", "openvex-0.0.1.json", "csaf.json", "cyclonedx.json", "cyclonedx.xml"} {
		f.Add(sample(f, name))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		d, err := vex.Parse(raw)
		if err != nil {
			return
		}
		if len(d.Statements) == 0 {
			t.Fatal("a document without a statement")
		}
		for _, s := range d.Statements {
			if len(s.IDs) == 0 || s.IDs[0] == "" || s.Status == "" {
				t.Fatalf("statement %+v", s)
			}
			for _, p := range s.Products {
				if strings.ContainsAny(p.String(), "\n\r\x1b") {
					t.Fatalf("product %q", p.String())
				}
			}
		}
		if strings.ContainsAny(d.ID+d.Author+strings.Join(d.Problems, ""), "\n\r\x1b") {
			t.Fatalf("head or problems: %q %q %q", d.ID, d.Author, d.Problems)
		}
	})
}
