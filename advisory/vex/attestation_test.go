package vex_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"landwaiter.dev/advisory/vex"
	"landwaiter.dev/image"
)

// statement is an in-toto statement about an image.
func statement(predicateType string, about image.Digest, predicate any) []byte {
	raw, _ := json.Marshal(object{
		"_type": "https://in-toto.io/Statement/v1", "predicateType": predicateType, "predicate": predicate,
		"subject": []object{{"name": "web", "digest": object{"sha256": about.Hex()}}},
	})
	return raw
}

func envelope(payload []byte) object {
	return object{"payloadType": "application/vnd.in-toto+json", "payload": base64.StdEncoding.EncodeToString(payload), "signatures": []object{{"sig": "x"}}}
}

func encode(v any) []byte {
	raw, _ := json.Marshal(v)
	return raw
}

const openType = "https://openvex.dev/ns/v0.2.0"

func TestAttestations(t *testing.T) {
	t.Parallel()
	doc := object{"@context": "https://openvex.dev/ns/v0.2.0", "@id": "d", "statements": []object{{"vulnerability": object{"name": "CVE-2026-1"}, "status": "fixed"}}}
	bom := object{"bomFormat": "CycloneDX", "specVersion": "1.5", "vulnerabilities": []object{{"id": "CVE-2026-1", "analysis": object{"state": "resolved"}}}}
	for name, c := range map[string]struct {
		raw  []byte
		want string // part of the error; "" when it is read
	}{
		"an envelope":                 {encode(envelope(statement(openType, digest("a"), doc))), ""},
		"about the index":             {encode(envelope(statement(openType, digest("b"), doc))), ""},
		"a Sigstore bundle":           {encode(object{"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "dsseEnvelope": envelope(statement(openType, digest("a"), doc))}), ""},
		"a statement alone":           {statement(openType, digest("a"), doc), ""},
		"the document alone":          {encode(doc), ""},
		"CycloneDX":                   {encode(envelope(statement("https://cyclonedx.org/bom/v1.5", digest("a"), bom))), ""},
		"wrapped by older tools":      {encode(envelope(statement("https://cyclonedx.org/bom", digest("a"), object{"Data": bom}))), ""},
		"wrapped as text":             {encode(envelope(statement(openType, digest("a"), object{"Data": string(encode(doc)), "Timestamp": "x"}))), ""},
		"about another image":         {encode(envelope(statement(openType, digest("c"), doc))), "about another image"},
		"about nothing":               {statement(openType, "", doc), "about another image"},
		"provenance":                  {encode(envelope(statement("https://slsa.dev/provenance/v1", digest("a"), object{}))), "no VEX"},
		"an SBOM that judges nothing": {encode(envelope(statement("https://cyclonedx.org/bom", digest("a"), object{"bomFormat": "CycloneDX"}))), "no VEX"},
		"another payload":             {encode(object{"payloadType": "text/plain", "payload": "eA=="}), "no VEX"},
		"no base64":                   {encode(object{"payloadType": "application/vnd.in-toto+json", "payload": "§"}), "no base64"},
		"payload too deep":            {encode(envelope([]byte(strings.Repeat("[", 300)))), "more than 200 deep"},
		"no JSON":                     {[]byte("-----BEGIN"), "no JSON"},
		"a broken document":           {encode(envelope(statement(openType, digest("a"), object{"@context": "https://openvex.dev/ns", "statements": 1}))), "cannot be read as openvex"},
	} {
		inner, d, err := vex.ParseAttested(c.raw, []image.Digest{digest("a"), digest("b")})
		switch {
		case c.want == "" && (err != nil || len(d.Statements) != 1 || len(inner) == 0):
			t.Errorf("%s: %v, %v", name, d, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v, want …%s…", name, err, c.want)
		case c.want == "no VEX" && !errors.Is(err, vex.ErrNotVEX):
			t.Errorf("%s: %v is not ErrNotVEX", name, err)
		}
	}
}

func TestWantedNextToAnImage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		mediaType, predicate string
		want                 bool
	}{
		{"application/vnd.dsse.envelope.v1+json", "", true},
		{"application/vnd.dsse.envelope.v1+json", openType, true},
		{"application/vnd.dsse.envelope.v1+json", "https://slsa.dev/provenance/v1", false},
		{"application/vnd.in-toto+json", "https://spdx.dev/Document", false},
		{"application/vnd.dev.sigstore.bundle.v0.3+json", "", true},
		{"application/vnd.openvex+json", "", true},
		{"application/vnd.cyclonedx+json", "", true},
		{"application/vnd.oci.image.layer.v1.tar+gzip", "", false},
		{"application/vnd.dev.cosign.simplesigning.v1+json", "", false},
	} {
		if got := vex.Wanted(c.mediaType, c.predicate); got != c.want {
			t.Errorf("%s with %q: %v", c.mediaType, c.predicate, got)
		}
	}
}

func FuzzUnwrap(f *testing.F) {
	f.Add(encode(envelope(statement(openType, digest("a"), object{"@context": openType}))))
	f.Add(statement("https://cyclonedx.org/bom", digest("a"), object{"Data": "{}"}))
	f.Add(encode(object{"dsseEnvelope": object{"dsseEnvelope": object{}}}))
	f.Fuzz(func(t *testing.T, raw []byte) {
		inner, d, err := vex.ParseAttested(raw, []image.Digest{digest("a")})
		if err == nil && (len(inner) == 0 || len(d.Statements) == 0) {
			t.Fatal("read, and empty")
		}
	})
}
