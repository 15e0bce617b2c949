package attest_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
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

	"landwaiter.dev/image"
	"landwaiter.dev/internal/signkey"
	"landwaiter.dev/policy/attest"
)

var (
	at      = time.Date(2026, 3, 1, 12, 0, 0, 123000, time.UTC)
	digest  = image.DigestOf([]byte("image"))
	bundle  = image.DigestOf([]byte("bundle"))
	verdict = attest.Verdict{
		Image: digest, Tag: "docker.io/team/web:1.4", Passed: true, At: at, Policy: bundle, Version: "1.0",
		Details: attest.Details{Evaluation: 7, PolicyID: "strict", FinalAction: "warn", FinalReason: "policy_evaluation",
			Analysis: image.DigestOf([]byte("analysis")), VEX: image.DigestOf([]byte("vex")), Result: image.DigestOf([]byte("result")), Revision: 3,
			Facts: json.RawMessage(`{"image_id":"x"}`), Reproducible: true},
	}
)

// keys are one of each kind and form.
func keys(t testing.TB) map[string]signkey.Private {
	own, err := signkey.New()
	if err != nil {
		t.Fatal(err)
	}
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sec1, err := x509.MarshalECPrivateKey(ec)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(ec)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]signkey.Private{}
	for name, text := range map[string]string{
		"own": own.Text(), "ed25519 PEM": string(own.PEM()),
		"EC PRIVATE KEY": string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: sec1})),
		"PRIVATE KEY":    string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})),
	} {
		if out[name], err = signkey.ParsePrivate(text); err != nil {
			t.Fatal(name, err)
		}
	}
	return out
}

func sign(t testing.TB, v attest.Verdict, key signkey.Private) []byte {
	envelope, err := attest.Sign(t.Context(), attest.NewStatement(v), key)
	if err != nil {
		t.Fatal(err)
	}
	return envelope
}

func TestAVerdictIsSignedAndVerified(t *testing.T) {
	t.Parallel()
	for name, key := range keys(t) {
		envelope := sign(t, verdict, key)
		for form, text := range map[string]string{"own": key.Public().String(), "PEM": string(key.Public().PEM())} {
			public, err := signkey.ParsePublic(text)
			if err != nil {
				t.Fatal(name, form, err)
			}
			other := keys(t)["own"].Public()
			s, by, err := attest.Open(t.Context(), envelope, []signkey.Public{other, public})
			if err != nil {
				t.Fatal(name, form, err)
			}
			if diff := cmp.Diff(attest.NewStatement(verdict), s); diff != "" || by.ID() != public.ID() {
				t.Errorf("%s, %s: %s", name, form, diff)
			}
			if _, _, err := attest.Open(t.Context(), envelope, []signkey.Public{other}); err == nil {
				t.Errorf("%s: somebody else's key verifies it", name)
			}
		}
	}
}

// The document is what readers of the formats expect, key by key.
func TestTheStatementIsAVerificationSummary(t *testing.T) {
	t.Parallel()
	raw, err := json.Marshal(attest.NewStatement(verdict))
	if err != nil {
		t.Fatal(err)
	}
	hex := func(s string) map[string]any {
		return map[string]any{"sha256": fmt.Sprintf("%x", sha256.Sum256([]byte(s)))}
	}
	want := map[string]any{
		"_type": "https://in-toto.io/Statement/v1", "predicateType": "https://slsa.dev/verification_summary/v1",
		"subject": []any{map[string]any{"name": "docker.io/team/web:1.4", "digest": hex("image")}},
		"predicate": map[string]any{
			"verifier": map[string]any{"id": "https://landwaiter.dev/", "version": map[string]any{"landwaiter": "1.0"}}, "timeVerified": "2026-03-01T12:00:00.000123Z",
			"resourceUri": "pkg:oci/web@" + string(digest) + "?repository_url=docker.io%2Fteam%2Fweb&tag=1.4",
			"policy":      map[string]any{"uri": "landwaiter:policy/strict", "digest": hex("bundle")}, "verificationResult": "PASSED",
			"verifiedLevels":    []any{"SLSA_BUILD_LEVEL_UNEVALUATED"},
			"inputAttestations": []any{map[string]any{"name": "analysis", "digest": hex("analysis")}, map[string]any{"name": "vex", "digest": hex("vex")}}, "slsaVersion": "1.0",
			"landwaiter_evaluation": map[string]any{
				"evaluation_id": 7.0, "policy_id": "strict", "final_action": "warn", "final_action_reason": "policy_evaluation", "feed_revision": 3.0, "reproducible": true,
				"analysis_digest": string(image.DigestOf([]byte("analysis"))), "vex_digest": string(image.DigestOf([]byte("vex"))), "result_digest": string(image.DigestOf([]byte("result"))),
				"facts": map[string]any{"image_id": "x"},
			},
		},
	}
	var got any
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(any(want), got); diff != "" {
		t.Error(diff)
	}
	failed := verdict
	failed.Passed = false
	if p := attest.NewStatement(failed).Predicate; p.Result != "FAILED" || !cmp.Equal(p.VerifiedLevels, []string{"FAILED"}) {
		t.Errorf("of a verdict that stops: %s %v", p.Result, p.VerifiedLevels)
	}
	var envelope struct {
		PayloadType string
		Payload     string
		Signatures  []struct{ KeyID, Sig string }
	}
	if err := json.Unmarshal(sign(t, verdict, keys(t)["own"]), &envelope); err != nil {
		t.Fatal(err)
	}
	payload, err := base64.StdEncoding.DecodeString(envelope.Payload)
	if err != nil || !bytes.Equal(payload, raw) || envelope.PayloadType != "application/vnd.in-toto+json" || len(envelope.Signatures) != 1 {
		t.Errorf("envelope: %+v", envelope)
	}
}

func TestWhatIsExpected(t *testing.T) {
	t.Parallel()
	other := image.DigestOf([]byte("other"))
	for name, c := range map[string]struct {
		expect attest.Expect
		want   string
	}{
		"nothing":       {attest.Expect{}, ""},
		"all of it":     {attest.Expect{Image: digest, Policy: bundle, MaxAge: time.Hour, Now: at.Add(time.Hour)}, ""},
		"other image":   {attest.Expect{Image: other}, "it is about another image than " + string(other)},
		"other policy":  {attest.Expect{Policy: other}, "it was judged by another policy than " + string(other)},
		"too old":       {attest.Expect{MaxAge: time.Hour, Now: at.Add(time.Hour + time.Second)}, "the verdict is of 2026-03-01T12:00:00Z, older than 1h0m0s"},
		"in future":     {attest.Expect{MaxAge: time.Hour, Now: at.Add(-time.Hour)}, "the verdict is of 2026-03-01T12:00:00Z, which lies in the future"},
		"whatever age":  {attest.Expect{Now: at.Add(-time.Hour)}, "the verdict is of 2026-03-01T12:00:00Z, which lies in the future"},
		"another clock": {attest.Expect{Now: at.Add(-4 * time.Minute)}, ""},
	} {
		got := ""
		if err := attest.NewStatement(verdict).Check(c.expect); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// signed puts any payload into an envelope.
func signed(t testing.TB, key signkey.Private, payloadType, payload string) []byte {
	pae := fmt.Sprintf("DSSEv1 %d %s %d %s", len(payloadType), payloadType, len(payload), payload)
	sig, err := key.Sign(t.Context(), []byte(pae))
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := json.Marshal(map[string]any{"payloadType": payloadType, "payload": base64.StdEncoding.EncodeToString([]byte(payload)),
		"signatures": []any{map[string]string{"keyid": "somebody's own name of it", "sig": base64.StdEncoding.EncodeToString(sig)}}})
	return raw
}

func TestHostileEnvelopesAreRefused(t *testing.T) {
	t.Parallel()
	key := keys(t)["PRIVATE KEY"]
	good := string(sign(t, verdict, key))
	statement, _ := json.Marshal(attest.NewStatement(verdict))
	text := string(statement)
	ours := func(payload string) string { return string(signed(t, key, attest.PayloadType, payload)) }
	if _, _, err := attest.Open(t.Context(), []byte(ours(text)), []signkey.Public{key.Public()}); err != nil {
		t.Fatalf("an envelope with another key id: %v", err)
	}
	for name, envelope := range map[string]string{
		"nothing":           "",
		"no JSON":           "{",
		"an array":          "[]",
		"another type":      string(signed(t, key, "text/plain", text)),
		"no signature":      `{"payloadType":"application/vnd.in-toto+json","payload":"e30=","signatures":[]}`,
		"many signatures":   `{"payloadType":"application/vnd.in-toto+json","payload":"e30=","signatures":[` + strings.Repeat(`{"sig":"AA=="},`, 100) + `{"sig":"AA=="}]}`,
		"no base64":         strings.Replace(good, `"payload":"`, `"payload":"?`, 1),
		"changed":           strings.Replace(good, `"payload":"eyJ`, `"payload":"eyK`, 1),
		"no statement":      ours(`[]`),
		"another statement": ours(strings.Replace(text, "Statement/v1", "Statement/v0.1", 1)),
		"another predicate": ours(strings.Replace(text, "verification_summary", "provenance", 1)),
		"no subject":        ours(strings.Replace(text, `"subject":[`, `"subject":[],"x":[`, 1)),
		"another result":    ours(strings.Replace(text, "PASSED", "passed", 1)),
		"no time":           ours(strings.Replace(text, "timeVerified", "timeverifie", 1)),
		"a wrong time":      ours(strings.Replace(text, "2026-03-01T12", "yesterday", 1)),
		"result twice":      ours(strings.Replace(text, `"verificationResult":`, `"verificationResult":"FAILED","verificationResult":`, 1)),
		"result in cases":   ours(strings.Replace(text, `"verificationResult":`, `"VerificationResult":"FAILED","verificationResult":`, 1)),
		"folded letters":    ours(strings.Replace(text, `"subject":`, `"\u017fubject":[],"subject":`, 1)),
		"predicate twice":   ours(strings.TrimSuffix(text, "}") + `,"predicate":{"verificationResult":"PASSED"}}`),
		"digest twice":      ours(strings.Replace(text, `"digest":{`, `"digest":{"sha256":"00",`, 1)),
		"fact twice":        ours(strings.Replace(text, `"facts":{`, `"facts":{"image_id":"y",`, 1)),
		"payload twice":     strings.Replace(good, `"payload":`, `"payload":"e30=","payload":`, 1),
		"payload in cases":  strings.Replace(good, `"payload":`, `"PAYLOAD":"e30=","payload":`, 1),
		"signature twice":   strings.Replace(good, `"sig":`, `"sig":"AA==","sig":`, 1),
		"passed at FAILED":  ours(strings.Replace(text, "SLSA_BUILD_LEVEL_UNEVALUATED", "FAILED", 1)),
		"passed by a stop":  ours(strings.Replace(text, `"final_action":"warn"`, `"final_action":"stop"`, 1)),
		"failed by a warn":  ours(strings.Replace(text, "PASSED", "FAILED", 1)),
		"no digest":         ours(strings.Replace(text, `"digest":{`, `"digest":{},"annotations":{`, 1)),
		"empty digest":      ours(strings.Replace(text, digest.Hex(), "", 1)),
		"second no digest":  ours(strings.Replace(text, `"subject":[`, `"subject":[{"name":"x"},`, 1)),
		"too large":         `{"payloadType":"application/vnd.in-toto+json","payload":"` + strings.Repeat("A", attest.MaxEnvelope) + `"}`,
		"deep":              ours(strings.Repeat("[", 100_000)),
	} {
		if _, _, err := attest.Open(t.Context(), []byte(envelope), []signkey.Public{key.Public()}); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

// Facts and names of others are their own: there, letters of another case make another key.
func TestKeysOfFactsHaveCases(t *testing.T) {
	t.Parallel()
	key := keys(t)["own"]
	v := verdict
	v.Details.Facts = json.RawMessage(`{"image_id":"x","Image_Id":"y"}`)
	if _, _, err := attest.Open(t.Context(), sign(t, v, key), []signkey.Public{key.Public()}); err != nil {
		t.Error(err)
	}
}

func TestTheSubjectThatIsAsked(t *testing.T) {
	t.Parallel()
	other := image.DigestOf([]byte("other"))
	s := attest.NewStatement(verdict)
	s.Subject = append(s.Subject, attest.Resource{Name: "second", Digest: map[string]string{"sha256": other.Hex()}})
	for asked, want := range map[image.Digest]string{"": verdict.Tag, digest: verdict.Tag, other: "second"} {
		if got := s.About(asked); got == nil || got.Name != want {
			t.Errorf("about %q: %v, want %s", asked, got, want)
		}
	}
	if got := s.About(bundle); got != nil {
		t.Errorf("about another image: %v", got)
	}
}

func FuzzOpen(f *testing.F) {
	key := signkey.FromSeed(make([]byte, 32))
	f.Add(sign(f, verdict, key))
	f.Add(signed(f, key, attest.PayloadType, `{"_type":"https://in-toto.io/Statement/v1","subject":[{}]}`))
	f.Add([]byte(`{"payloadType":"application/vnd.in-toto+json","payload":"e30","signatures":[{"keyid":"","sig":""}]}`))
	f.Fuzz(func(t *testing.T, envelope []byte) {
		s, _, err := attest.Open(t.Context(), envelope, []signkey.Public{key.Public()})
		if err != nil {
			return
		}
		// Only what was signed verifies, however the envelope is written.
		if diff := cmp.Diff(attest.NewStatement(verdict), s); diff != "" {
			t.Errorf("taken: %q\n%s", envelope, diff)
		}
		_ = s.Check(attest.Expect{Image: digest, Policy: bundle, MaxAge: time.Hour, Now: at})
	})
}

// Who alters a verdict leaves the id of the key as it is: the key is known, and the signature does not fit.
func TestAnAlteredVerdictIsToldFromAnUnknownKey(t *testing.T) {
	t.Parallel()
	key := keys(t)["PRIVATE KEY"]
	altered := strings.Replace(string(sign(t, verdict, key)), `"payload":"`, `"payload":"AAAA`, 1)
	if _, _, err := attest.Open(t.Context(), []byte(altered), []signkey.Public{key.Public()}); err == nil || !strings.HasPrefix(err.Error(), "it was altered") {
		t.Errorf("got %v", err)
	}
}
