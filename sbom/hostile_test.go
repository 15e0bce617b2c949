package sbom_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"landwaiter.dev/image"
	"landwaiter.dev/sbom"
)

// zeros is a document without an end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	if _, err := sbom.Decode(io.MultiReader(strings.NewReader(`{"bomFormat":"CycloneDX"`), zeros{}), ""); !errors.Is(err, sbom.ErrTooBig) {
		t.Errorf("a document without an end: %v", err)
	}
	deepXML := `<bom xmlns="http://cyclonedx.org/schema/bom/1.6"><components>` + strings.Repeat("<component><components>", 100_000)
	for name, c := range map[string]struct{ raw, hint string }{
		"empty":             {"", ""},
		"null":              {"null", ""},
		"a list":            {"[]", ""},
		"an object":         {"{}", ""},
		"a web page":        {"<html><body>log in</body></html>", ""},
		"cut off":           {`{"bomFormat":"CycloneDX","components":[{"name":`, ""},
		"not text":          {"\x00\x01\x02", ""},
		"deep JSON":         {`{"bomFormat":"CycloneDX","x":` + strings.Repeat("[", 1_000_000), ""},
		"deep XML":          {deepXML, ""},
		"an entity":         {`<!DOCTYPE x [<!ENTITY a "b">]><bom xmlns="http://cyclonedx.org/schema/bom/1.6"><components><component><name>&a;</name></component></components></bom>`, ""},
		"components object": {`{"bomFormat":"CycloneDX","components":{}}`, ""},
		"packages text":     {`{"spdxVersion":"SPDX-2.3","packages":"none"}`, ""},
		"artifacts number":  {`{"artifacts":7,"source":{}}`, ""},
		"text without end":  {"SPDXVersion: SPDX-2.3\nDocumentComment: <text>for ever", ""},
		"no version":        {"PackageName: a", "spdx-tag-value"},
		"unknown form":      {`{}`, "pdf"},
		"form to write":     {`{}`, "github-json"},
	} {
		if d, err := sbom.Decode(strings.NewReader(c.raw), c.hint); err == nil || d != nil {
			t.Errorf("%s was taken: %+v", name, d)
		} else if s := err.Error(); len(s) > 600 || strings.Contains(s, "\n") {
			t.Errorf("%s: the error is no sentence: %.700s", name, s)
		}
	}
}

// TestOneBadComponentCostsItself puts components of wrong types between good ones.
func TestOneBadComponentCostsItself(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 100_000)
	const good = `{"type":"library","name":"good","version":"1","purl":"pkg:npm/good@1"}`
	for name, bad := range map[string]string{
		"a number": `7`, "a list": `[]`, "name number": `{"type":"library","name":7,"purl":"pkg:npm/a@1"}`, "purl object": `{"type":"library","name":"a","purl":{}}`,
		"licences text": `{"type":"library","name":"a","purl":"pkg:npm/a@1","licenses":"MIT"}`, "properties object": `{"name":"a","purl":"pkg:npm/a@1","properties":{}}`,
		"NUL":          `{"name":"a","purl":"pkg:npm/a","version":"1\u0000"}`,
		"long version": `{"name":"a","purl":"pkg:npm/a","version":"` + long + `"}`, "components text": `{"name":"a","purl":"pkg:npm/a@1","components":"b"}`,
	} {
		raw := `{"bomFormat":"CycloneDX","metadata":{"component":7,"timestamp":[],"tools":"x"},"properties":"none","components":[` + good + `,` + bad + `,` + strings.Replace(good, "good", "better", 2) + `]}`
		d := decode(t, []byte(raw), "")
		if n := len(d.Analysis.Packages); n != 2 || d.Analysis.Packages[0].Name != "good" || d.Analysis.Packages[1].Name != "better" {
			t.Errorf("%s: %d packages: %.300v", name, n, d.Analysis.Packages)
		}
		if kinds := kindsOf(d); kinds[image.GapParserFailed] != 2 { // this one and metadata.component
			t.Errorf("%s: gaps %v", name, kinds)
		}
	}
	for form, raw := range map[string]string{
		"spdx-json":  `{"spdxVersion":"SPDX-2.3","name":7,"creationInfo":"x","documentDescribes":{},"relationships":[7,{"relationshipType":[]}],"hasExtractedLicensingInfos":["x"],"packages":[7,{"name":[]},{"name":"good","externalRefs":[{"referenceType":"purl","referenceLocator":"pkg:npm/good@1"}]}]}`,
		"spdx3-json": `{"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld","@graph":[7,{"type":"software_Package","name":7},{"type":"Relationship","to":"x"},{"type":"software_Package","spdxId":"a:b","name":"good","software_packageUrl":"pkg:npm/good@1"}]}`,
		"syft-json":  `{"source":7,"distro":[],"descriptor":"x","schema":{},"artifacts":[7,{"name":{}},{"name":"good","purl":"pkg:npm/good@1","metadata":"x","cpes":[7],"licenses":[7,[]]}]}`,
	} {
		d := decode(t, []byte(raw), "")
		if len(d.Analysis.Packages) != 1 || d.Analysis.Packages[0].Name != "good" || kindsOf(d)[image.GapParserFailed] != 2 || d.Format != form {
			t.Errorf("%s: %+v, gaps %+v", form, d.Analysis.Packages, d.Gaps)
		}
	}
}

func kindsOf(d *sbom.Document) map[image.GapKind]int {
	kinds := map[image.GapKind]int{}
	for _, g := range d.Gaps {
		kinds[g.Kind] += 1 + g.Count
	}
	return kinds
}

func TestManyUnidentifiedComponentsAreCounted(t *testing.T) {
	t.Parallel()
	raw := `{"bomFormat":"CycloneDX","components":[` + strings.TrimSuffix(strings.Repeat(`{"name":"a","version":"1"},`, 5000), ",") + `]}`
	d := decode(t, []byte(raw), "")
	if n := kindsOf(d)[image.GapUnidentified]; n != 5000 || len(d.Gaps) != 101 {
		t.Errorf("%d counted in %d gaps", n, len(d.Gaps))
	}
}

// TestNestedComponents reads components in components, and says where it stops.
func TestNestedComponents(t *testing.T) {
	t.Parallel()
	raw := `{"bomFormat":"CycloneDX","components":[`
	for i := range 100 {
		raw += fmt.Sprintf(`{"name":"n%d","purl":"pkg:npm/n%d@1","components":[`, i, i)
	}
	raw += strings.Repeat("]}", 100) + "]}"
	d := decode(t, []byte(raw), "")
	if n := len(d.Analysis.Packages); n != 65 || kindsOf(d)[image.GapLimit] != 1 {
		t.Errorf("%d packages, gaps %+v", n, d.Gaps)
	}
}

// TestTwiceIsOnce: equal components and identifiers that are used twice.
func TestTwiceIsOnce(t *testing.T) {
	t.Parallel()
	one := `{"SPDXID":"SPDXRef-A","name":"a","externalRefs":[{"referenceType":"purl","referenceLocator":"pkg:npm/a@1"}]}`
	other := strings.ReplaceAll(one, "npm/a", "npm/b")
	d := decode(t, []byte(`{"spdxVersion":"SPDX-2.3","packages":[`+one+`,`+one+`,`+other+`]}`), "")
	if len(d.Analysis.Packages) != 2 {
		t.Errorf("%+v", d.Analysis.Packages)
	}
}

// TestFactsOfOthersAreBounded: whoever writes our own names gets no further than any other text.
func TestFactsOfOthersAreBounded(t *testing.T) {
	t.Parallel()
	layer := `{\"digest\":\"sha256:../../etc/passwd\",\"diff_id\":\"x\",\"size\":-1}`
	properties := `{"name":"landwaiter:layer","value":"` + layer + `"},{"name":"landwaiter:layer","value":"null"},{"name":"landwaiter:base:layers","value":"99999999999"},` +
		`{"name":"landwaiter:platform","value":"x"},{"name":"landwaiter:digest","value":"sha256:../x"},{"name":"landwaiter:size","value":"-5"}`
	component := `{"name":"a","purl":"pkg:npm/a@1","properties":[{"name":"landwaiter:location","value":"../../../etc/passwd"},{"name":"landwaiter:layer:digest","value":"x"},` +
		`{"name":"landwaiter:licenses","value":"{}"},{"name":"landwaiter:installed_size","value":"9e99"},{"name":"landwaiter:unknown","value":"x"},{"name":"landwaiter:extra:","value":""}]}`
	d := decode(t, []byte(`{"bomFormat":"CycloneDX","metadata":{"component":{"name":"x","properties":[`+properties+`]}},"properties":[{"name":"landwaiter:gap:NOT A KIND","value":"x"}],"components":[`+component+`]}`), "")
	p := d.Analysis.Packages[0]
	if p.Location != "etc/passwd" || p.Layer != 0 || p.InstalledSize != 0 || len(p.Licenses) != 0 {
		t.Errorf("%+v", p)
	}
	if a := d.Analysis; len(a.Layers) != 0 || a.Digest != "" || a.Size != 0 || d.BaseLayers != 0 || a.Platform != (image.Platform{}) || len(d.Gaps) != 1 {
		t.Errorf("%+v, gaps %+v", a, d.Gaps)
	}
}

// TestNothingBreaksOutOfALine: names with line breaks and tags cannot become other packages of a tag-value document.
func TestNothingBreaksOutOfALine(t *testing.T) {
	t.Parallel()
	d := sample()
	d.Name = "a\nPackageName: b"
	d.Analysis.Packages = []image.Package{{
		Type: image.Binary, Name: "x\nPackageName: evil\nPackageVersion: 1", Version: "1\r\nPackageName: evil", Location: "a\nPackageName: evil",
		Licenses: []string{"</text>\nPackageName: evil"}, Origin: "x</text>\nPackageName: evil", CPEs: []string{"cpe:2.3:a\nPackageName: evil"},
		PURL: "pkg:generic/x\nPackageName: evil",
	}}
	d.Analysis.Declared = nil
	raw := encode(t, "spdx-tag-value", d)
	if n := bytes.Count(raw, []byte("\nPackageName: ")); n != 3 { // the image, the distribution, the package
		t.Errorf("%d packages:\n%s", n, raw)
	}
}

func TestRecognise(t *testing.T) {
	t.Parallel()
	for _, form := range inForms {
		raw := encode(t, form, sample())
		if !sbom.Recognise(raw[:sbom.HeadSize]) {
			t.Errorf("%s is not recognised", form)
		}
	}
	tar := make([]byte, 512)
	copy(tar, "{name.json")
	for _, raw := range [][]byte{nil, {}, []byte("<html>"), []byte("PK\x03\x04"), []byte("plain text"), tar, {0x1f, 0x8b}} {
		if sbom.Recognise(raw) {
			t.Errorf("%q is taken for an SBOM", raw)
		}
	}
}

func FuzzDecode(f *testing.F) {
	small := sample()
	small.Analysis.Packages = small.Analysis.Packages[4:5] // whole documents of many packages would be slow to mutate
	for _, form := range inForms {
		f.Add(encode(f, form, small), form)
		f.Add(encode(f, form, documents()["empty"]), "")
	}
	f.Add([]byte(`{"bomFormat":"CycloneDX","components":[{"name":"a","purl":"pkg:deb/debian/a@1?distro=debian-12","licenses":[{"expression":"(MIT"}],"components":[7]}]}`), "")
	f.Add([]byte("SPDXVersion: SPDX-2.3\nPackageName: a\nSPDXID: b\nExternalRef: X purl pkg:npm/a@1\nLicenseID: LicenseRef-1\nExtractedText: <text>a\nb</text>\nAnnotator: x\nSPDXREF: b\nAnnotationComment: landwaiter:inner=x"), "")
	f.Add([]byte(`{"artifacts":[{"name":"a","type":"deb","version":"1","licenses":["x"],"cpes":["y"],"metadata":{"source":"b"},"locations":[{"path":"/x"}]}],"source":{"type":"image","target":{}}}`), "")
	f.Fuzz(func(t *testing.T, raw []byte, hint string) {
		d, err := sbom.Decode(bytes.NewReader(raw), hint)
		if err != nil {
			if d != nil {
				t.Fatal("a document beside an error")
			}
			return
		}
		for _, list := range [][]image.Package{d.Analysis.Packages, d.Analysis.Declared} {
			for _, p := range list {
				if clean, err := image.CleanPath(string(p.Location)); err != nil || clean != p.Location || p.Name == "" || p.Type == "" {
					t.Fatalf("%+v", p)
				}
				if p.Layer != 0 && p.Layer >= len(d.Analysis.Layers) {
					t.Fatalf("layer %d of %d", p.Layer, len(d.Analysis.Layers))
				}
			}
		}
		form := inForms[len(raw)%len(inForms)]
		var b bytes.Buffer
		if err := sbom.Encode(&b, form, d); err != nil {
			t.Fatalf("%s: %v", form, err)
		}
		if _, err := sbom.Decode(&b, form); err != nil {
			t.Fatalf("what was written as %s cannot be read: %v", form, err)
		}
	})
}
