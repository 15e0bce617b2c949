package engine_test

import (
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

	"landwaiter.dev/engine"
	"landwaiter.dev/image"
	"landwaiter.dev/internal/cosign"
	"landwaiter.dev/internal/testkit"
	"landwaiter.dev/internal/testkit/storetest"
	"landwaiter.dev/store"
)

// signer makes a key and trusts it under a name.
func signer(t *testing.T, name string) (*ecdsa.PrivateKey, cosign.Signer) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		t.Fatal(err)
	}
	key, err := cosign.ParseKey(name, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	if err != nil {
		t.Fatal(err)
	}
	return private, key
}

// signed puts signatures of an image under the tag that cosign gives them, one for each key, over one payload.
func signed(t *testing.T, r *testkit.Registry, about image.Digest, keys ...*ecdsa.PrivateKey) {
	t.Helper()
	payload := fmt.Appendf(nil, `{"critical":{"identity":{"docker-reference":""},"image":{"docker-manifest-digest":%q},"type":"cosign container image signature"},"optional":null}`, about)
	sum := sha256.Sum256(payload)
	var layers []object
	for _, k := range keys {
		sig, err := ecdsa.SignASN1(rand.Reader, k, sum[:])
		if err != nil {
			t.Fatal(err)
		}
		layers = append(layers, object{"mediaType": "application/vnd.dev.cosign.simplesigning.v1+json", "digest": image.DigestOf(payload), "size": len(payload),
			"annotations": object{"dev.cosignproject.cosign/signature": base64.StdEncoding.EncodeToString(sig)}})
	}
	config := []byte(`{"architecture":"","os":"","config":{},"rootfs":{"type":"layers","diff_ids":[]}}`)
	manifest, err := json.Marshal(object{"schemaVersion": 2, "mediaType": testkit.OCIManifest, "layers": layers,
		"config": object{"mediaType": testkit.OCIConfig, "digest": image.DigestOf(config), "size": len(config)}})
	if err != nil {
		t.Fatal(err)
	}
	r.Push(t, "app", "sha256-"+about.Hex()+".sig", &testkit.Document{Raw: manifest, MediaType: testkit.OCIManifest,
		Blobs: map[image.Digest][]byte{image.DigestOf(payload): payload, image.DigestOf(config): config}})
}

const signatureBundle = `{"id":"s","name":"S","version":"1_0",
	"mappings":[{"id":"m","name":"all","registry":"*","repository":"*","image":{"type":"tag","value":"*"},"policy_ids":["one"],"whitelist_ids":[]}],
	"policies":[{"id":"one","name":"one","version":"1_0","rules":[
		{"id":"r1","gate":"signatures","trigger":"unsigned","action":"STOP","params":[{"name":"trust","value":"release"}]},
		{"id":"r2","gate":"signatures","trigger":"unverified","action":"WARN","params":[]}]}],
	"whitelists":[],"whitelisted_images":[],"blacklisted_images":[]}`

// signatureRows are the messages of the rules of signatureBundle about an image.
func (f *fixture) signatureRows(t *testing.T, img store.Image, at engine.Moment) string {
	t.Helper()
	c, err := f.Checks.Check(t.Context(), admin, engine.CheckRequest{Digest: img.Digest, Tag: img.Tags[0].FullTag(), PolicyID: "s", Interactive: true, Moment: at})
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Result map[string]json.RawMessage
	}
	if err := json.Unmarshal(c.Evaluations[0].Document, &doc); err != nil {
		t.Fatal(err)
	}
	var texts []string
	var table struct{ Result struct{ Rows [][]any } }
	if err := json.Unmarshal(doc.Result[img.ImageID.Hex()], &table); err != nil {
		t.Fatal(err)
	}
	for _, row := range table.Result.Rows {
		texts = append(texts, row[5].(string))
	}
	return strings.Join(texts, "\n")
}

// A policy sees who signed an image, as it was known at the moment that is asked about.
func TestPolicySeesSignatures(t *testing.T) {
	t.Parallel()
	storetest.Stores(t, func(t *testing.T, s *store.Store) {
		ours, release := signer(t, "release")
		stranger, _ := signer(t, "stranger")
		f := start(t, s, func(_ *fixture, c *engine.Config) { c.Signers = []cosign.Signer{release} })
		if _, err := f.Policies.Put(t.Context(), admin, []byte(signatureBundle)); err != nil {
			t.Fatal(err)
		}
		d := debianImage("3.0.1-1").Push(t, f.registry, "app", "1")
		img := f.add(t, "1")
		rows := func(at engine.Moment) string {
			t.Helper()
			return f.signatureRows(t, img, at)
		}
		const nobody = "Image has no verified signature by release"
		tag := "sha256-" + d.Hex() + ".sig"
		if got := rows(engine.Moment{}); got != nobody {
			t.Errorf("unsigned: %s", got)
		}
		unsigned := time.Now()
		signed(t, f.registry, d, stranger)
		f.again(t, img)
		if got := rows(engine.Moment{}); got != nobody+"\nSignature in "+tag+" was not verified: no key that is trusted has made it" {
			t.Errorf("signed by a stranger: %s", got)
		}
		signed(t, f.registry, d, stranger, ours)
		f.again(t, img)
		if got := rows(engine.Moment{}); got != "Signature in "+tag+" was not verified: no key that is trusted has made it" {
			t.Errorf("signed by both: %s", got)
		}
		if got := rows(engine.Moment{At: unsigned}); got != nobody {
			t.Errorf("as of before: %s", got)
		}
	})
}

// Whom the settings trust no more, or not with that key, has signed nothing from the next start of the server on.
func TestSignersWhoAreTrustedNoMore(t *testing.T) {
	t.Parallel()
	storetest.Stores(t, func(t *testing.T, s *store.Store) {
		ours, release := signer(t, "release")
		_, replaced := signer(t, "release")
		trusting := func(signers ...cosign.Signer) func(*fixture, *engine.Config) {
			return func(_ *fixture, c *engine.Config) { c.Signers = signers }
		}
		f := start(t, s, trusting(release))
		if _, err := f.Policies.Put(t.Context(), admin, []byte(signatureBundle)); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Policies.Activate(t.Context(), admin, "s"); err != nil {
			t.Fatal(err)
		}
		d := debianImage("3.0.1-1").Push(t, f.registry, "app", "1")
		signed(t, f.registry, d, ours)
		img := f.add(t, "1")
		waitFor(t, "evaluation", func() bool { return f.last(t, img).FinalAction != "" })
		signedAt := time.Now()
		const nobody = "Image has no verified signature by release"
		revoked := nobody + "\nSignature in sha256-" + d.Hex() + ".sig was not verified: the settings no longer trust the signer release, or not with that key or identity"
		restart := func(signers ...cosign.Signer) {
			t.Helper()
			if err := f.Stop(t.Context()); err != nil {
				t.Fatal(err)
			}
			f.restart(t, trusting(signers...))
		}
		evaluated := func(what, want string) {
			t.Helper()
			waitFor(t, what, func() bool { return string(f.last(t, img).FinalAction) == want })
		}
		rows := func(what, want string) {
			t.Helper()
			if got := f.signatureRows(t, img, engine.Moment{}); got != want {
				t.Errorf("%s: %s, want %s", what, got, want)
			}
			if got := f.signatureRows(t, img, engine.Moment{At: signedAt}); got != "" {
				t.Errorf("%s, as of before: %s", what, got)
			}
		}
		rows("signed", "")
		evaluated("a pass", "go")
		restart(release)
		rows("started again", "")

		restart(replaced)
		rows("another key under the name", revoked)
		evaluated("the evaluation with another key", "stop")
		f.again(t, img)
		rows("analysed with it", nobody+"\nSignature in sha256-"+d.Hex()+".sig was not verified: no key that is trusted has made it")
		restart(release)
		f.again(t, img)
		rows("the first key again", "")
		evaluated("the evaluation with the first key", "go")

		restart()
		rows("nobody is trusted", "Image has no verified signature: nobody looked for any")
		evaluated("the evaluation when nobody is trusted", "stop")
		restart(release)
		f.again(t, img)
		rows("trusted once more", "")

		// What was kept before it said by which key.
		old := `{"found":[{"trust":"release","origin":"sha256-` + d.Hex() + `.sig"}]}`
		if err := s.Write(t.Context(), func(tx *store.Tx) error {
			_, err := tx.PutSignatures(t.Context(), admin, d, old)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		restart(release)
		rows("kept without its key", revoked)
	})
}
