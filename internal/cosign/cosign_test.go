package cosign_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/cosign"
)

const (
	simple   = "application/vnd.dev.cosign.simplesigning.v1+json"
	envelope = "application/vnd.dsse.envelope.v1+json"
	bundle   = "application/vnd.dev.sigstore.bundle.v0.3+json"
	slsa     = "https://slsa.dev/provenance/v1"
)

var subject = image.DigestOf([]byte("the manifest"))

func signers(t *testing.T) map[string]crypto.Signer {
	t.Helper()
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]crypto.Signer{"p256": p256, "ed25519": ed, "rsa": r}
}

func pemOf(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func public(t testing.TB, name string, s crypto.Signer) cosign.Signer {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(s.Public())
	if err != nil {
		t.Fatal(err)
	}
	key, err := cosign.ParseKey(name, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func sign(t *testing.T, s crypto.Signer, data []byte) string {
	t.Helper()
	sum, hash := sha256.Sum256(data), crypto.SHA256
	digest := sum[:]
	if _, is := s.(ed25519.PrivateKey); is {
		digest, hash = data, crypto.Hash(0)
	}
	sig, err := s.Sign(rand.Reader, digest, hash)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(sig)
}

func payload(d image.Digest) []byte {
	return fmt.Appendf(nil, `{"critical":{"identity":{"docker-reference":"r/a"},"image":{"docker-manifest-digest":%q},"type":"cosign container image signature"},"optional":null}`, d)
}

func statement(t *testing.T, s crypto.Signer, d image.Digest, predicate string) []byte {
	t.Helper()
	text := fmt.Appendf(nil, `{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"r/a","digest":{"sha256":%q}}],"predicateType":%q,"predicate":{}}`, d.Hex(), predicate)
	const kind = "application/vnd.in-toto+json"
	raw, err := json.Marshal(map[string]any{"payloadType": kind, "payload": base64.StdEncoding.EncodeToString(text), "signatures": []any{
		map[string]any{"sig": "AAAA"}, map[string]any{"sig": sign(t, s, fmt.Appendf(nil, "DSSEv1 %d %s %d %s", len(kind), kind, len(text), text))}}})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func inBundle(material string, envelope []byte) []byte {
	return fmt.Appendf(nil, `{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{%s},"dsseEnvelope":%s}`, material, envelope)
}

func TestVerify(t *testing.T) {
	t.Parallel()
	other := image.DigestOf([]byte("another manifest"))
	for name, s := range signers(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stranger := signers(t)[name]
			keys := []cosign.Signer{public(t, "other", signers(t)["p256"]), public(t, "release", s)}
			signed := func(by crypto.Signer, d image.Digest) cosign.Artefact {
				return cosign.Artefact{MediaType: simple, Raw: payload(d), Annotations: map[string]string{"dev.cosignproject.cosign/signature": sign(t, by, payload(d))}}
			}
			certified := signed(stranger, subject)
			certified.Annotations["dev.sigstore.cosign/certificate"] = "-----BEGIN CERTIFICATE-----"
			damaged := signed(s, subject)
			damaged.Raw = append(damaged.Raw, ' ')
			swapped := signed(s, other)
			swapped.Raw = payload(subject)
			for what, tc := range map[string]struct {
				artefact cosign.Artefact
				want     cosign.Result
			}{
				"signature":                  {signed(s, subject), cosign.Result{Signers: []string{"release"}}},
				"by a stranger":              {signed(stranger, subject), cosign.Result{Problem: "no key that is trusted has made it"}},
				"of another image":           {signed(s, other), cosign.Result{Problem: fmt.Sprintf("it is about another image, %q", other)}},
				"payload changed":            {damaged, cosign.Result{Problem: "no key that is trusted has made it"}},
				"payload exchanged":          {swapped, cosign.Result{Problem: "no key that is trusted has made it"}},
				"without signature":          {cosign.Artefact{MediaType: simple, Raw: payload(subject)}, cosign.Result{Problem: "it has no signature, or a damaged one"}},
				"keyless":                    {certified, cosign.Result{Problem: "it was made with a certificate, and the settings name only keys"}},
				"no payload":                 {cosign.Artefact{MediaType: simple, Raw: []byte("x")}, cosign.Result{Problem: "its payload is damaged"}},
				"attestation":                {cosign.Artefact{MediaType: envelope, Raw: statement(t, s, subject, slsa)}, cosign.Result{PredicateType: slsa, Signers: []string{"release"}}},
				"attestation by a stranger":  {cosign.Artefact{MediaType: envelope, Raw: statement(t, stranger, subject, slsa)}, cosign.Result{PredicateType: slsa, Problem: "no key that is trusted has made it"}},
				"attestation of another":     {cosign.Artefact{MediaType: envelope, Raw: statement(t, s, other, slsa)}, cosign.Result{PredicateType: slsa, Problem: "it is about another image"}},
				"no envelope":                {cosign.Artefact{MediaType: envelope, Raw: []byte("[]")}, cosign.Result{PredicateType: "unknown", Problem: "its envelope is damaged"}},
				"no statement":               {cosign.Artefact{MediaType: envelope, Raw: []byte(`{"payload":"e30="}`)}, cosign.Result{PredicateType: "unknown", Problem: "it holds no in-toto statement"}},
				"bundle":                     {cosign.Artefact{MediaType: bundle, Raw: inBundle(`"publicKey":{"hint":"x"}`, statement(t, s, subject, slsa))}, cosign.Result{PredicateType: slsa, Signers: []string{"release"}}},
				"bundle with signature":      {cosign.Artefact{MediaType: bundle, Raw: inBundle(`"publicKey":{}`, statement(t, s, subject, "https://sigstore.dev/cosign/sign/v1"))}, cosign.Result{Signers: []string{"release"}}},
				"bundle, keyless":            {cosign.Artefact{MediaType: bundle, Raw: inBundle(`"certificate":{"rawBytes":"x"}`, statement(t, stranger, subject, slsa))}, cosign.Result{PredicateType: slsa, Problem: "it was made with a certificate, and the settings name only keys"}},
				"bundle without a statement": {cosign.Artefact{MediaType: bundle, Raw: []byte(`{"messageSignature":{}}`)}, cosign.Result{Problem: "its bundle signs no statement about an image"}},
			} {
				if diff := cmp.Diff(tc.want, cosign.Verify(tc.artefact, []image.Digest{subject}, keys, time.Now()), cmpopts.IgnoreFields(cosign.Result{}, "Statement")); diff != "" {
					t.Errorf("%s: %s", what, diff)
				}
			}
		})
	}
}

// What is signed by the right key and is not clearly about an image counts for nothing.
func TestLooseDocuments(t *testing.T) {
	t.Parallel()
	s := signers(t)["p256"]
	keys := []cosign.Signer{public(t, "release", s)}
	plain := func(text string) cosign.Artefact {
		return cosign.Artefact{MediaType: simple, Raw: []byte(text), Annotations: map[string]string{"dev.cosignproject.cosign/signature": sign(t, s, []byte(text))}}
	}
	enveloped := func(kind, text string) cosign.Artefact {
		sig := sign(t, s, fmt.Appendf(nil, "DSSEv1 %d %s %d %s", len(kind), kind, len(text), text))
		return cosign.Artefact{MediaType: envelope, Raw: fmt.Appendf(nil, `{"payloadType":%q,"payload":%q,"signatures":[{"sig":%q}]}`, kind, base64.StdEncoding.EncodeToString([]byte(text)), sig)}
	}
	replace := func(a cosign.Artefact, old, new string) cosign.Artefact {
		a.Raw = []byte(strings.Replace(string(a.Raw), old, new, 1))
		return a
	}
	good, said, other := string(payload(subject)), string(provenance(subject)), image.DigestOf([]byte("another manifest"))
	const inToto = "application/vnd.in-toto+json"
	for what, c := range map[string]struct {
		artefact cosign.Artefact
		want     string
	}{
		"a signature":              {plain(good), "verified by release"},
		"an attestation":           {enveloped(inToto, said), "verified by release"},
		"capitals in a predicate":  {enveloped(inToto, strings.Replace(said, `{"x":1}`, `{"proxy":1,"PROXY":2,"Subject":3}`, 1)), "verified by release"},
		"another kind of payload":  {plain(strings.Replace(good, "cosign container image signature", "a note", 1)), `its payload is no signature of an image but "a note"`},
		"no kind of payload":       {plain(fmt.Sprintf(`{"critical":{"image":{"docker-manifest-digest":%q}}}`, subject)), `its payload is no signature of an image but ""`},
		"two digests":              {plain(strings.Replace(good, `"image":{`, fmt.Sprintf(`"image":{"docker-manifest-digest":%q,`, other), 1)), `its payload is ambiguous: the key "docker-manifest-digest" is given twice in critical.image`},
		"two digests, in capitals": {plain(strings.Replace(good, `"image":{`, fmt.Sprintf(`"Image":{"docker-manifest-digest":%q},"image":{`, other), 1)), `its payload is ambiguous: it has the key "Image" where "image" is meant`},
		"a folded letter":          {plain(strings.Replace(good, `"docker-manifest-digest"`, `"docKer-manifest-digest"`, 1)), `its payload is ambiguous: it has the key "docKer-manifest-digest" where "docker-manifest-digest" is meant`},
		"no statement":             {enveloped("application/json", said), "it holds no in-toto statement"},
		"of no type":               {enveloped(inToto, strings.Replace(said, "_type", "type", 1)), "it holds no in-toto statement"},
		"of another type":          {enveloped(inToto, strings.Replace(said, "in-toto.io/Statement", "in-toto.io/Link", 1)), "it holds no in-toto statement"},
		"two subjects":             {enveloped(inToto, strings.Replace(said, `"subject"`, `"subject":[],"subject"`, 1)), `its statement is ambiguous: the key "subject" is given twice`},
		"subjects in capitals":     {enveloped(inToto, strings.Replace(said, `"digest"`, `"Digest":{},"digest"`, 1)), `its statement is ambiguous: it has the key "Digest" where "digest" is meant`},
		"two payloads":             {replace(enveloped(inToto, said), `"payload"`, `"payload":"","payload"`), `its envelope is ambiguous: the key "payload" is given twice`},
		"payloads in capitals":     {replace(enveloped(inToto, said), `"sig"`, `"SIG":"","sig"`), `its envelope is ambiguous: it has the key "SIG" where "sig" is meant`},
		"two envelopes":            {cosign.Artefact{MediaType: bundle, Raw: []byte(strings.Replace(string(inBundle("", enveloped(inToto, said).Raw)), `"dsseEnvelope"`, `"DSSEEnvelope":{},"dsseEnvelope"`, 1))}, `its bundle is ambiguous: it has the key "DSSEEnvelope" where "dsseEnvelope" is meant`},
	} {
		if got := problemOf(cosign.Verify(c.artefact, []image.Digest{subject}, keys, time.Now())); got != c.want {
			t.Errorf("%s: got  %s\nwant %s", what, got, c.want)
		}
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(small.Public())
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"": "no key in PEM", "-----BEGIN ENCRYPTED COSIGN PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED COSIGN PRIVATE KEY-----\n": "the public one is wanted",
		"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n":       "not a public key",
		"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n":         "damaged",
		string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})): "1024 bits",
	} {
		if _, err := cosign.ParseKey("x", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: got %v, want %q", text, err, want)
		}
	}
}

func FuzzVerify(f *testing.F) {
	f.Add(envelope, []byte(`{"payloadType":"x","payload":"e30=","signatures":[{"sig":"AAAA"}]}`), "AAAA")
	f.Add(simple, payload(subject), "AAAA")
	f.Add(bundle, inBundle(`"publicKey":{}`, []byte(`{}`)), "")
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(ed.Public())
	if err != nil {
		f.Fatal(err)
	}
	key, err := cosign.ParseKey("k", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, mediaType string, raw []byte, sig string) {
		r := cosign.Verify(cosign.Artefact{MediaType: mediaType, Raw: raw, Annotations: map[string]string{"dev.cosignproject.cosign/signature": sig}}, []image.Digest{subject}, []cosign.Signer{key}, time.Now())
		if len(r.Signers) > 0 || r.Problem == "" {
			t.Errorf("verified without the key: %+v", r)
		}
	})
}
