package cosign_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/digitorus/pkcs7"
	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/cosign"
	"landwaiter.dev/internal/testkit/sigstoretest"
)

const (
	workflow = "https://github.com/example/shop/.github/workflows/release.yaml@refs/heads/main"
	actions  = "https://token.actions.githubusercontent.com"
)

var (
	release = sigstoretest.Identity{Name: workflow, Issuer: actions}
	signing = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
)

// trust reads a document with an identity, whose files are these.
func trust(t testing.TB, name, document string, files map[string]string) cosign.Signer {
	t.Helper()
	s, err := cosign.ParseSigner(name, []byte(document), func(file string) ([]byte, error) {
		if text, ok := files[file]; ok {
			return []byte(text), nil
		}
		return nil, errors.New("no such file " + file)
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func provenance(d image.Digest) []byte {
	return fmt.Appendf(nil, `{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"r/a","digest":{"sha256":%q}}],"predicateType":%q,"predicate":{"x":1}}`, d.Hex(), slsa)
}

// form is a way in which something signed lies beside an image.
type form struct {
	name string
	kind string // type of the payload
	of   func(t testing.TB, s *sigstoretest.Signed) cosign.Artefact
}

func forms() []form {
	out := []form{
		{"signature", "", func(t testing.TB, s *sigstoretest.Signed) cosign.Artefact {
			return cosign.Artefact{MediaType: simple, Raw: s.Payload, Annotations: s.Annotations(t)}
		}},
		{"attestation", sigstoretest.Statement, func(t testing.TB, s *sigstoretest.Signed) cosign.Artefact {
			return cosign.Artefact{MediaType: envelope, Raw: s.Envelope(t), Annotations: s.Annotations(t)}
		}},
	}
	for _, version := range []string{"0.1", "0.2", "0.3"} {
		out = append(out, form{"bundle " + version, sigstoretest.Statement, func(t testing.TB, s *sigstoretest.Signed) cosign.Artefact {
			return cosign.Artefact{MediaType: bundle, Raw: s.Bundle(t, version)}
		}})
	}
	return out
}

// sign makes what a form holds, about the image.
func (f *form) sign(t testing.TB, s *sigstoretest.Sigstore, who sigstoretest.Identity, at time.Time) *sigstoretest.Signed {
	t.Helper()
	if f.kind == "" {
		return s.Sign(t, who, payload(subject), "", at)
	}
	return s.Sign(t, who, provenance(subject), f.kind, at)
}

func problemOf(r cosign.Result) string {
	if len(r.Signers) > 0 {
		return "verified by " + strings.Join(r.Signers, " ")
	}
	return r.Problem
}

func TestWithoutAKey(t *testing.T) {
	t.Parallel()
	ours, theirs := sigstoretest.New(t), sigstoretest.New(t)
	document := func(identity, issuer string) string {
		return "identity: " + identity + "\nissuer: " + issuer + "\nroot: root.json\n"
	}
	files := map[string]string{"root.json": string(ours.Root(t))}
	signer := trust(t, "release", document(workflow, actions), files)
	for _, f := range forms() {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			verify := func(s *sigstoretest.Signed, signers ...cosign.Signer) cosign.Result {
				t.Helper()
				return cosign.Verify(f.of(t, s), []image.Digest{subject}, signers, time.Now())
			}
			want := cosign.Result{Signers: []string{"release"}, Identity: workflow, Issuer: actions}
			good := f.sign(t, ours, release, signing)
			if f.kind != "" {
				want.PredicateType, want.Statement = slsa, good.Payload
			}
			if diff := cmp.Diff(want, verify(good, signer)); diff != "" {
				t.Errorf("signed as it should be (-want +got):\n%s", diff)
			}
			changed := func(change func(*sigstoretest.Signed)) *sigstoretest.Signed {
				t.Helper()
				s := f.sign(t, ours, release, signing)
				change(s)
				return s
			}
			another := f.sign(t, ours, release, signing)
			key, _ := rsa.GenerateKey(rand.Reader, 1024)
			for what, c := range map[string]struct {
				signed *sigstoretest.Signed
				by     cosign.Signer
				want   string
			}{
				"another identity":       {f.sign(t, ours, sigstoretest.Identity{Name: "https://github.com/else", Issuer: actions}, signing), signer, `its certificate is for another identity, "https://github.com/else"`},
				"another issuer":         {f.sign(t, ours, sigstoretest.Identity{Name: workflow, Issuer: "https://evil.example"}, signing), signer, `its certificate for "` + workflow + `" is of another issuer, "https://evil.example"`},
				"another installation":   {f.sign(t, theirs, release, signing), signer, `its certificate is of another authority than those of the trusted root, "CN=test fulcio"`},
				"another log":            {changed(func(s *sigstoretest.Signed) { s.Entry = theirs.Enter(t, s.LogBody(t), signing) }), signer, "its entry is of another transparency log than those of the trusted root"},
				"no entry":               {changed(func(s *sigstoretest.Signed) { s.Entry = nil }), signer, "it has no entry of a transparency log, which the trusted root demands"},
				"expired":                {changed(func(s *sigstoretest.Signed) { s.Entry = ours.Enter(t, s.LogBody(t), signing.Add(time.Hour)) }), signer, "its certificate had expired when the transparency log took it in (2026-01-02T04:04:05Z): it is valid from 2026-01-02T03:03:05Z to 2026-01-02T03:13:05Z"},
				"too early":              {changed(func(s *sigstoretest.Signed) { s.Entry = ours.Enter(t, s.LogBody(t), signing.Add(-time.Hour)) }), signer, "its certificate was not yet valid when the transparency log took it in (2026-01-02T02:04:05Z): it is valid from 2026-01-02T03:03:05Z to 2026-01-02T03:13:05Z"},
				"entry of another":       {changed(func(s *sigstoretest.Signed) { s.Entry = another.Entry }), signer, "its entry of a transparency log is not good: transparency log signature does not match"},
				"promise of another":     {changed(func(s *sigstoretest.Signed) { s.Entry.Promise = another.Entry.Promise }), signer, "its entry of a transparency log is not good: not enough verified log entries from transparency log: 0 < 1"},
				"signature of another":   {changed(func(s *sigstoretest.Signed) { s.Signature = another.Signature }), signer, "the key of its certificate did not make the signature"},
				"certificate of another": {changed(func(s *sigstoretest.Signed) { s.Certificate = another.Certificate }), signer, "the key of its certificate did not make the signature"},
				"not made by it": {changed(func(s *sigstoretest.Signed) {
					s.Signature = another.Signature
					s.Timestamp = nil
					s.Entry = ours.Enter(t, s.LogBody(t), signing)
				}), signer, "the key of its certificate did not make the signature"},
				"no log of certificates": {changed(func(s *sigstoretest.Signed) {
					key := sigstoretest.NewKey(t)
					s.Certificate = ours.Certify(t, key.Public(), release, signing, false)
					s.Signature = sigstoretest.Sign(t, key, s.Over())
					s.Timestamp = nil
					s.Entry = ours.Enter(t, s.LogBody(t), signing)
				}), signer, "its certificate is in no log of certificates that the trusted root names"},
				"weak key":                  {changed(func(s *sigstoretest.Signed) { s.Certificate = ours.Certify(t, key.Public(), release, signing, true) }), signer, "its certificate is refused: its RSA key has 1024 bits; 2048 are needed"},
				"only keys":                 {good, public(t, "release", signers(t)["p256"]), "it was made with a certificate, and the settings name only keys"},
				"exact is no part":          {good, trust(t, "release", document(strings.TrimSuffix(workflow, "n"), actions), files), `its certificate is for another identity, "` + workflow + `"`},
				"expression":                {good, trust(t, "release", "identity_regexp: https://github\\.com/example/.*\nissuer_regexp: https://token\\..*\nroot: root.json\n", files), "verified by release"},
				"expression fits the whole": {good, trust(t, "release", "identity_regexp: https://github\\.com/example\nissuer: "+actions+"\nroot: root.json\n", files), `its certificate is for another identity, "` + workflow + `"`},
				"either fits the whole":     {good, trust(t, "release", "identity_regexp: https://github|x\nissuer: "+actions+"\nroot: root.json\n", files), `its certificate is for another identity, "` + workflow + `"`},
				"expression of the issuer":  {good, trust(t, "release", "identity: "+workflow+"\nissuer_regexp: https://token\nroot: root.json\n", files), `its certificate for "` + workflow + `" is of another issuer, "` + actions + `"`},
			} {
				if got := problemOf(verify(c.signed, c.by)); got != c.want {
					t.Errorf("%s: got  %s\nwant %s", what, got, c.want)
				}
			}

			// What a root does not name is not demanded; what it names is.
			bare := trust(t, "release", document(workflow, actions), map[string]string{"root.json": string(ours.Root(t, sigstoretest.Log, sigstoretest.Certificates))})
			if got := problemOf(verify(changed(func(s *sigstoretest.Signed) { s.Entry = nil }), bare)); got != "verified by release" {
				t.Errorf("timestamps alone: %s", got)
			}
			if got := problemOf(verify(changed(func(s *sigstoretest.Signed) { s.Entry, s.Timestamp = nil, nil }), bare)); got != "nothing says when it was signed: it has no signed timestamp" {
				t.Errorf("without a timestamp: %s", got)
			}
			late := changed(func(s *sigstoretest.Signed) {
				s.Entry, s.Timestamp = nil, ours.Stamp(t, s.Signature, signing.Add(time.Hour))
			})
			if got := problemOf(verify(late, bare)); !strings.HasPrefix(got, "its certificate had expired when it was signed (2026-01-02T04:04:05Z)") {
				t.Errorf("a late timestamp: %s", got)
			}
			foreignStamp := changed(func(s *sigstoretest.Signed) { s.Entry, s.Timestamp = nil, theirs.Stamp(t, s.Signature, signing) })
			if got := problemOf(verify(foreignStamp, bare)); !strings.HasPrefix(got, "nothing says when it was signed: ") {
				t.Errorf("a stranger's timestamp: %s", got)
			}
			log := trust(t, "release", document(workflow, actions), map[string]string{"root.json": string(ours.Root(t, sigstoretest.Timestamps))})
			if got := problemOf(verify(changed(func(s *sigstoretest.Signed) { s.Timestamp = nil }), log)); got != "verified by release" {
				t.Errorf("the log alone: %s", got)
			}

			// Everybody whom a signature fits has made it, and of several problems the nearest is told.
			all := []cosign.Signer{trust(t, "theirs", document(workflow, actions), map[string]string{"root.json": string(theirs.Root(t))}), signer,
				trust(t, "other", document("a@b.example", actions), files), trust(t, "org", "identity_regexp: https://github.com/example/.*\nissuer: "+actions+"\nroot: root.json\n", files)}
			if got := problemOf(verify(good, all...)); got != "verified by release org" {
				t.Errorf("of several: %s", got)
			}
			if got := problemOf(verify(good, all[0], all[2])); got != `its certificate is for another identity, "`+workflow+`"` {
				t.Errorf("of several problems: %s", got)
			}
			elsewhere := f.of(t, good)
			if got := problemOf(cosign.Verify(elsewhere, []image.Digest{image.DigestOf(nil)}, all, time.Now())); !strings.HasPrefix(got, "it is about another image") {
				t.Errorf("of another image: %s", got)
			}
		})
	}
}

// A company's own authority certifies for years, and no log knows of it.
func TestPlainCertificates(t *testing.T) {
	t.Parallel()
	ca, stranger, stamps := sigstoretest.NewAuthority(t, "Example CA"), sigstoretest.NewAuthority(t, "Example CA"), sigstoretest.New(t)
	between := ca.Below(t, "Example Signing CA")
	files := map[string]string{"ca.pem": sigstoretest.PEM(ca.Certificate), "tsa.pem": stamps.TimestampChain()}
	signer := trust(t, "build", "identity: build@example.com\nroot: ca.pem\n", files)
	stamped := trust(t, "build", "identity: build@example.com\nroot: ca.pem\ntimestamps: tsa.pem\n", files)
	from, until := signing.AddDate(-1, 0, 0), signing.AddDate(1, 0, 0)
	for _, f := range forms() {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			sign := func(by *sigstoretest.Authority, names ...string) *sigstoretest.Signed {
				t.Helper()
				key := sigstoretest.NewKey(t)
				s := &sigstoretest.Signed{Payload: payload(subject), Type: f.kind, Chained: true, Certificate: by.Issue(t, key.Public(), from, until, names...),
					Chain: []*x509.Certificate{between.Certificate}}
				if f.kind != "" {
					s.Payload = provenance(subject)
				}
				s.Signature = sigstoretest.Sign(t, key, s.Over())
				return s
			}
			good := sign(between, "build@example.com")
			withStamp := sign(between, "build@example.com")
			withStamp.Timestamp = stamps.Stamp(t, withStamp.Signature, signing)
			lateStamp := sign(between, "build@example.com")
			lateStamp.Timestamp = stamps.Stamp(t, lateStamp.Signature, until.Add(time.Hour))
			short := sign(between, "build@example.com")
			short.Chain = nil
			swapped := sign(between, "build@example.com")
			swapped.Signature = good.Signature
			server := sign(between, "build@example.com")
			key := sigstoretest.NewKey(t)
			server.Certificate = ca.IssueAs(t, &x509.Certificate{NotBefore: from, NotAfter: until, EmailAddresses: []string{"build@example.com"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}, key.Public())
			server.Signature = sigstoretest.Sign(t, key, server.Over())
			const validity = "it is valid from 2025-01-02T03:04:05Z to 2027-01-02T03:04:05Z"
			for what, c := range map[string]struct {
				signed *sigstoretest.Signed
				by     cosign.Signer
				now    time.Time
				want   string
			}{
				"valid":                        {good, signer, signing, "verified by build"},
				"of the authority itself":      {sign(ca, "build@example.com"), signer, signing, "verified by build"},
				"of a machine":                 {sign(ca, "ci.example.com"), trust(t, "ci", "identity: ci.example.com\nroot: ca.pem\n", files), signing, "verified by ci"},
				"second name":                  {sign(ca, "https://example.com/build", "build@example.com"), signer, signing, "verified by build"},
				"stamped":                      {withStamp, stamped, signing, "verified by build"},
				"stamped, and expired since":   {withStamp, stamped, until.Add(time.Hour), "verified by build"},
				"expired":                      {good, stamped, until.Add(time.Hour), "its certificate had expired when it was verified, and no trusted timestamp says that it was signed before (2027-01-02T04:04:05Z): " + validity},
				"not yet":                      {good, signer, from.Add(-time.Hour), "its certificate was not yet valid when it was verified, and no trusted timestamp says that it was signed before (2025-01-02T02:04:05Z): " + validity},
				"stamp that nobody trusts":     {withStamp, signer, until.Add(time.Hour), "its certificate had expired when it was verified, and no trusted timestamp says that it was signed before (2027-01-02T04:04:05Z): " + validity},
				"stamped after it had expired": {lateStamp, stamped, signing, "its certificate had expired at the time of its timestamp (2027-01-02T04:04:05Z): " + validity},
				"of a stranger":                {sign(stranger, "build@example.com"), signer, signing, `its certificate is of another authority, "CN=Example CA"`},
				"without its chain":            {short, signer, signing, `its certificate is of another authority, "CN=Example Signing CA"`},
				"of somebody else":             {sign(between, "eve@example.com"), signer, signing, `its certificate is for another identity, "eve@example.com"`},
				"of nobody":                    {sign(between), signer, signing, "its certificate names nobody"},
				"an issuer that it lacks":      {good, trust(t, "build", "identity: build@example.com\nissuer: https://accounts.example.com\nroot: ca.pem\n", files), signing, `its certificate for "build@example.com" is of another issuer, ""`},
				"of another signature":         {swapped, signer, signing, "the key of its certificate did not make the signature"},
				"for servers":                  {server, signer, signing, "its certificate is not for signing code"},
			} {
				if got := problemOf(cosign.Verify(f.of(t, c.signed), []image.Digest{subject}, []cosign.Signer{c.by}, c.now)); got != c.want {
					t.Errorf("%s: got  %s\nwant %s", what, got, c.want)
				}
			}
			// With a key that is trusted the certificate does not matter.
			key2 := sigstoretest.NewKey(t)
			both := sign(stranger, "eve@example.com")
			both.Signature = sigstoretest.Sign(t, key2, both.Over())
			if got := problemOf(cosign.Verify(f.of(t, both), []image.Digest{subject}, []cosign.Signer{signer, public(t, "release", key2)}, signing)); got != "verified by release" {
				t.Errorf("made with a key: %s", got)
			}
		})
	}
}

func TestDocumentsThatAreRefused(t *testing.T) {
	t.Parallel()
	s := sigstoretest.New(t)
	leaf := sigstoretest.NewAuthority(t, "CA").Issue(t, sigstoretest.NewKey(t).Public(), signing, signing.AddDate(1, 0, 0), "a@b.example")
	files := map[string]string{"root.json": string(s.Root(t)), "ca.pem": sigstoretest.PEM(sigstoretest.NewAuthority(t, "CA").Certificate), "leaf.pem": sigstoretest.PEM(leaf),
		"bare.json": string(s.Root(t, sigstoretest.Log, sigstoretest.Timestamps)), "nobody.json": string(s.Root(t, "certificateAuthorities")), "empty.pem": "", "other.json": `{"mediaType":"x"}`, "list.json": "{}\n{}\n"}
	weak := make([]byte, 32)
	der, err := x509.MarshalPKIXPublicKey(ed25519.PublicKey(weak))
	if err != nil {
		t.Fatal(err)
	}
	for document, want := range map[string]string{
		"just text":                            "neither a public key in PEM nor a document",
		"":                                     "neither a public key in PEM nor a document",
		"[]":                                   "neither a public key in PEM nor a document",
		"identity: a\nissuer: b":               "names no root",
		"issuer: b\nroot: root.json":           "names no identity",
		"identity: a\nroot: root.json":         "names no issuer",
		"identity: a\nissuer: b\nroot: absent": "no such file absent",
		"identity: a\nidentity_regexp: a\nissuer: b\nroot: root.json": "both identity and identity_regexp",
		"identity: a\nissuer: b\nissuer_regexp: a\nroot: root.json":   "both issuer and issuer_regexp",
		"identity_regexp: a)|(b\nissuer: b\nroot: root.json":          "identity_regexp is no regular expression",
		"identity: a\nissuer_regexp: (?!a)\nroot: root.json":          "issuer_regexp is no regular expression",
		"identity: a\nissuer: b\nroot: root.json\nroots: x":           `unknown field "roots"`,
		"identity: a\nissuer: [b]\nroot: root.json":                   "its document cannot be used",
		"identity: a\nissuer: b\nroot: bare.json":                     "neither a transparency log nor an authority of timestamps",
		"identity: a\nissuer: b\nroot: nobody.json":                   "names no authority of certificates",
		"identity: a\nissuer: b\nroot: list.json":                     "take the line of one installation",
		"identity: a\nissuer: b\nroot: other.json":                    "unsupported TrustedRoot media type",
		"identity: a\nroot: empty.pem":                                "neither a trusted root of Sigstore (JSON) nor certificates in PEM",
		"identity: a\nroot: leaf.pem":                                 "is not one of an authority",
		"identity: a\nroot: ca.pem\ntimestamps: leaf.pem":             "its last certificate must be the topmost authority's",
		"identity: a\nissuer: b\nroot: root.json\ntimestamps: ca.pem": "names its authorities of timestamps itself",
		sigstoretest.PEM(leaf):                                        "it holds a certificate, not a public key",
		string(pemOf("PUBLIC KEY", der)):                              "weak Ed25519 key",
	} {
		_, err := cosign.ParseSigner("x", []byte(document), func(file string) ([]byte, error) {
			if text, ok := files[file]; ok {
				return []byte(text), nil
			}
			return nil, errors.New("no such file " + file)
		})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", document, err, want)
		}
	}
	one := trust(t, "a", "identity: a\nissuer: b\nroot: root.json", files)
	for document, same := range map[string]bool{`{"root": "root.json", "issuer": "b", "identity": "a"}`: true, "identity: c\nissuer: b\nroot: root.json": false, "identity: a\nroot: ca.pem": false} {
		if other := trust(t, "b", document, files); (other.ID() == one.ID()) != same {
			t.Errorf("%s: the same as another: %v", document, !same)
		}
	}
}

// A name proves what its kind proves: authorities check each in another way.
func TestNamesAreComparedByTheirKind(t *testing.T) {
	t.Parallel()
	ca := sigstoretest.NewAuthority(t, "CA")
	files := map[string]string{"ca.pem": sigstoretest.PEM(ca.Certificate)}
	const repository = "https://github.com/example/shop"
	for what, c := range map[string]struct {
		identity string
		tag      int // of the kind of name: 1 e-mail address, 2 machine, 6 URI
		name     string
		want     bool
	}{
		"a URI":                          {"identity: " + repository, 6, repository, true},
		"a longer URI":                   {"identity: " + repository, 6, repository + "2", false},
		"a URI as the name of a machine": {"identity: " + repository, 2, repository, false},
		"a URI as an address":            {"identity: " + repository, 1, repository, false},
		"a scheme in capitals":           {"identity: " + repository, 6, "HTTPS://github.com/example/shop", false},
		"a URI that is written longer":   {"identity: " + repository + "/a b", 6, repository + "/a%20b", false},
		"a URI without a host":           {"identity: urn:example:build", 6, "urn:example:build", true},
		"an address":                     {"identity: build@example.com", 1, "build@example.com", true},
		"an address as a machine":        {"identity: build@example.com", 2, "build@example.com", false},
		"a machine":                      {"identity: ci.example.com", 2, "ci.example.com", true},
		"a machine as an address":        {"identity: ci.example.com", 1, "ci.example.com", false},
		"addresses":                      {"identity_regexp: .*@example[.]com", 1, "build@example.com", true},
		"addresses, a URI":               {"identity_regexp: .*@example[.]com", 6, "https://evil.example/x@example.com", false},
		"addresses, a machine":           {"identity_regexp: .*@example[.]com", 2, "x@example.com", false},
		"addresses, a longer one":        {"identity_regexp: .*@example[.]com", 1, "a@example.com.evil.example", false},
		"URIs":                           {`identity_regexp: https:\/\/github\.com\/example\/.*`, 6, repository, true},
		"URIs, an address":               {`identity_regexp: https:\/\/github\.com\/example\/.*`, 1, repository, false},
		"anybody, a URI":                 {"identity_regexp: .*example.*", 6, repository, true},
		"anybody, an address":            {"identity_regexp: .*example.*", 1, "build@example.com", true},
		"anybody, a machine":             {"identity_regexp: .*example.*", 2, "ci.example.com", false},
	} {
		key := sigstoretest.NewKey(t)
		names, err := asn1.Marshal([]asn1.RawValue{{Class: asn1.ClassContextSpecific, Tag: c.tag, Bytes: []byte(c.name)}})
		if err != nil {
			t.Fatal(err)
		}
		leaf := ca.IssueAs(t, &x509.Certificate{NotBefore: signing, NotAfter: signing.AddDate(1, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
			ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Value: names}}}, key.Public())
		s := &sigstoretest.Signed{Payload: payload(subject), Chained: true, Certificate: leaf}
		s.Signature = sigstoretest.Sign(t, key, s.Over())
		r := cosign.Verify(cosign.Artefact{MediaType: simple, Raw: s.Payload, Annotations: s.Annotations(t)}, []image.Digest{subject},
			[]cosign.Signer{trust(t, "build", c.identity+"\nroot: ca.pem\n", files)}, signing)
		if (len(r.Signers) > 0) != c.want || c.want && r.Identity != c.name {
			t.Errorf("%s: %+v", what, r)
		}
	}
}

// costly is a timestamp with the certificate of a key that nobody has and that takes long to use.
func costly(t testing.TB) []byte {
	t.Helper()
	n := make([]byte, 10000)
	if _, err := rand.Read(n); err != nil {
		t.Fatal(err)
	}
	n[0], n[len(n)-1] = 0x80, 1
	token, err := pkcs7.NewSignedData([]byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	token.AddCertificate(sigstoretest.NewAuthority(t, "costly").Issue(t, &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: 1<<31 - 1}, signing, signing.AddDate(1, 0, 0), "a@b.example"))
	raw, err := token.Finish()
	if err != nil {
		t.Fatal(err)
	}
	der, err := asn1.Marshal(struct {
		Status struct{ Status int }
		Token  asn1.RawValue
	}{Token: asn1.RawValue{FullBytes: raw}})
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// What is too much is refused soon.
func TestHostileCertificates(t *testing.T) {
	t.Parallel()
	s := sigstoretest.New(t)
	signer := trust(t, "release", "identity: "+workflow+"\nissuer: "+actions+"\nroot: root.json\n", map[string]string{"root.json": string(s.Root(t))})
	ca := trust(t, "ca", "identity: a\nroot: ca.pem\n", map[string]string{"ca.pem": sigstoretest.PEM(sigstoretest.NewAuthority(t, "CA").Certificate)})
	good := s.Sign(t, release, provenance(subject), sigstoretest.Statement, signing)
	edit := func(change func(material map[string]any)) cosign.Artefact {
		t.Helper()
		var b map[string]any
		if err := json.Unmarshal(good.Bundle(t, "0.3"), &b); err != nil {
			t.Fatal(err)
		}
		change(b["verificationMaterial"].(map[string]any))
		raw, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		return cosign.Artefact{MediaType: bundle, Raw: raw}
	}
	many := func(v any, n int) []any {
		list := make([]any, n)
		for i := range list {
			list[i] = v
		}
		return list
	}
	annotate := func(key, value string) cosign.Artefact {
		a := good.Annotations(t)
		a[key] = value
		return cosign.Artefact{MediaType: envelope, Raw: good.Envelope(t), Annotations: a}
	}
	const prefix = "dev.sigstore.cosign/"
	pem := sigstoretest.PEM(good.Certificate)
	huge := sigstoretest.NewKey(t)
	big := s.Certify(t, huge.Public(), sigstoretest.Identity{Name: "https://" + strings.Repeat("x", 40<<10) + ".example", Issuer: actions}, signing, false)
	for what, c := range map[string]struct {
		artefact cosign.Artefact
		want     string
	}{
		"certificates":          {annotate(prefix+"chain", strings.Repeat(pem, 30)), "it has more than 16 certificates"},
		"thousands of them":     {annotate(prefix+"chain", strings.Repeat(pem, 5000)), "its certificates are too large"},
		"a huge certificate":    {annotate(prefix+"certificate", sigstoretest.PEM(big)), "its certificates are too large"},
		"no certificate":        {annotate(prefix+"certificate", "x"), "its certificate is damaged"},
		"a damaged certificate": {annotate(prefix+"certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), "its certificate is damaged"},
		"a huge entry":          {annotate(prefix+"bundle", strings.Repeat("x", 2<<20)), "its entry of a transparency log is too large"},
		"a damaged entry":       {annotate(prefix+"bundle", "{}"), "its entry of a transparency log is damaged"},
		"another damaged entry": {annotate(prefix+"bundle", `{"Payload":{"body":"e30=","logID":"x"}}`), "its entry of a transparency log is damaged"},
		"a damaged timestamp":   {annotate(prefix+"rfc3161timestamp", "{"), "its timestamp is damaged"},
		"a huge timestamp":      {annotate(prefix+"rfc3161timestamp", `{"SignedRFC3161Timestamp":"`+strings.Repeat("AAAA", 10<<10)+`"}`), "its timestamp is too large"},
		"bundle: certificates": {edit(func(m map[string]any) {
			m["x509CertificateChain"] = map[string]any{"certificates": many(m["certificate"], 5000)}
		}), "it has 5001 certificates; 16 are looked at"},
		"bundle: entries":     {edit(func(m map[string]any) { m["tlogEntries"] = many(m["tlogEntries"].([]any)[0], 5000) }), "it has 5000 entries of transparency logs; 16 are looked at"},
		"bundle: two entries": {edit(func(m map[string]any) { m["tlogEntries"] = many(m["tlogEntries"].([]any)[0], 2) }), "its entry of a transparency log is not good: duplicate tlog entries found"},
		"bundle: stamps": {edit(func(m map[string]any) {
			m["timestampVerificationData"] = map[string]any{"rfc3161Timestamps": many(map[string]any{"signedTimestamp": "AAAA"}, 5000)}
		}), "it has 5000 timestamps; 4 are looked at"},
		"bundle: a huge key": {edit(func(m map[string]any) {
			m["timestampVerificationData"] = map[string]any{"rfc3161Timestamps": many(map[string]any{"signedTimestamp": costly(t)}, 4)}
		}), "its timestamp is refused: its RSA key has 80000 bits, more than the 16384 that are supported"},
		"bundle: empty entry":   {edit(func(m map[string]any) { m["tlogEntries"] = []any{map[string]any{}} }), "it cannot be verified: "},
		"bundle: no entry":      {edit(func(m map[string]any) { m["tlogEntries"] = []any{"x"} }), "its entry of a transparency log is damaged"},
		"bundle: no list":       {edit(func(m map[string]any) { m["tlogEntries"] = "x" }), "its bundle is damaged"},
		"bundle: no material":   {edit(func(m map[string]any) { m["certificate"] = map[string]any{} }), "its certificate is damaged"},
		"bundle: other version": {cosign.Artefact{MediaType: bundle, Raw: []byte(strings.Replace(string(good.Bundle(t, "0.3")), "v0.3", "v0.9", 1))}, "it cannot be verified: "},
	} {
		begin := time.Now()
		got := problemOf(cosign.Verify(c.artefact, []image.Digest{subject}, []cosign.Signer{signer, ca}, time.Now()))
		if !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: got  %s\nwant %s", what, got, c.want)
		}
		if took := time.Since(begin); took > 5*time.Second {
			t.Errorf("%s took %s", what, took)
		}
	}
}

// Whatever is done to what is beside an image, nobody is taken to have said something else.
func FuzzCertificates(f *testing.F) {
	s := sigstoretest.New(f)
	ca := sigstoretest.NewAuthority(f, "CA")
	files := map[string]string{"root.json": string(s.Root(f)), "ca.pem": sigstoretest.PEM(ca.Certificate), "tsa.pem": s.TimestampChain()}
	trusted := []cosign.Signer{trust(f, "release", "identity: "+workflow+"\nissuer: "+actions+"\nroot: root.json\n", files),
		trust(f, "ca", "identity: a@b.example\nroot: ca.pem\ntimestamps: tsa.pem\n", files)}
	key := sigstoretest.NewKey(f)
	plain := &sigstoretest.Signed{Payload: provenance(subject), Type: sigstoretest.Statement, Chained: true, Certificate: ca.Issue(f, key.Public(), signing, signing.AddDate(5, 0, 0), "a@b.example")}
	plain.Signature = sigstoretest.Sign(f, key, plain.Over())
	plain.Timestamp = s.Stamp(f, plain.Signature, signing.Add(time.Hour))
	add := func(a cosign.Artefact) {
		const prefix = "dev.sigstore.cosign/"
		f.Add(a.MediaType, a.Raw, a.Annotations["dev.cosignproject.cosign/signature"], a.Annotations[prefix+"certificate"], a.Annotations[prefix+"chain"],
			a.Annotations[prefix+"bundle"], a.Annotations[prefix+"rfc3161timestamp"])
	}
	for _, form := range forms() {
		add(form.of(f, form.sign(f, s, release, signing)))
		if form.kind != "" {
			add(form.of(f, plain))
		}
	}
	f.Fuzz(func(t *testing.T, mediaType string, raw []byte, sig, certificate, chain, log, stamp string) {
		r := cosign.Verify(cosign.Artefact{MediaType: mediaType, Raw: raw, Annotations: map[string]string{"dev.cosignproject.cosign/signature": sig, "dev.sigstore.cosign/certificate": certificate,
			"dev.sigstore.cosign/chain": chain, "dev.sigstore.cosign/bundle": log, "dev.sigstore.cosign/rfc3161timestamp": stamp}}, []image.Digest{subject}, trusted, signing)
		switch {
		case (len(r.Signers) > 0) == (r.Problem != ""):
			t.Errorf("neither verified nor a problem, or both: %+v", r)
		case strings.Contains(r.Problem, "broke down"):
			t.Errorf("a panic: %s", r.Problem)
		case len(r.Signers) > 0 && r.Statement != nil && string(r.Statement) != string(provenance(subject)), len(r.Signers) > 0 && r.Statement == nil && string(raw) != string(payload(subject)):
			t.Errorf("somebody said something else: %+v of %q", r, raw)
		}
	})
}
