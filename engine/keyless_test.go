package engine_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/engine"
	"landwaiter.dev/image"
	"landwaiter.dev/internal/cosign"
	"landwaiter.dev/internal/testkit"
	"landwaiter.dev/internal/testkit/sigstoretest"
	"landwaiter.dev/internal/testkit/storetest"
	"landwaiter.dev/store"
)

var workflow = sigstoretest.Identity{Name: "https://github.com/example/shop/.github/workflows/release.yaml@refs/heads/main", Issuer: "https://token.actions.githubusercontent.com"}

// identity trusts the workflow under a name.
func identity(t *testing.T, s *sigstoretest.Sigstore, name string) cosign.Signer {
	t.Helper()
	signer, err := cosign.ParseSigner(name, []byte("identity: "+workflow.Name+"\nissuer: "+workflow.Issuer+"\nroot: root.json"), func(string) ([]byte, error) { return s.Root(t), nil })
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

func layer(mediaType string, raw []byte, annotations map[string]string) object {
	return object{"mediaType": mediaType, "digest": image.DigestOf(raw), "size": len(raw), "annotations": annotations}
}

// beside makes the manifest of what lies beside an image.
func beside(t *testing.T, artefact string, raw []byte, one object) *testkit.Document {
	t.Helper()
	config := []byte(`{}`)
	manifest, err := json.Marshal(object{"schemaVersion": 2, "mediaType": testkit.OCIManifest, "artifactType": artefact, "layers": []object{one},
		"config": object{"mediaType": "application/vnd.oci.empty.v1+json", "digest": image.DigestOf(config), "size": len(config)}})
	if err != nil {
		t.Fatal(err)
	}
	return &testkit.Document{Raw: manifest, MediaType: testkit.OCIManifest, Blobs: map[image.Digest][]byte{image.DigestOf(raw): raw, image.DigestOf(config): config}}
}

// refers lists a Sigstore bundle as referring to an image, as registries do that list nothing themselves.
func refers(t *testing.T, r *testkit.Registry, about image.Digest, bundle []byte) {
	t.Helper()
	const kind = "application/vnd.dev.sigstore.bundle.v0.3+json"
	doc := beside(t, kind, bundle, layer(kind, bundle, nil))
	index, err := json.Marshal(object{"schemaVersion": 2, "mediaType": testkit.OCIIndex,
		"manifests": []object{{"mediaType": testkit.OCIManifest, "artifactType": kind, "digest": image.DigestOf(doc.Raw), "size": len(doc.Raw)}}})
	if err != nil {
		t.Fatal(err)
	}
	r.Push(t, "app", "sha256-"+about.Hex(), &testkit.Document{Raw: index, MediaType: testkit.OCIIndex, Below: []*testkit.Document{doc}})
}

func statement(t *testing.T, about image.Digest, predicateType string, predicate []byte) []byte {
	t.Helper()
	raw, err := json.Marshal(object{"_type": "https://in-toto.io/Statement/v1", "predicateType": predicateType,
		"subject": []object{{"name": "app", "digest": object{"sha256": about.Hex()}}}, "predicate": json.RawMessage(predicate)})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

const keylessBundle = `{"id":"s","name":"S","version":"1_0",
	"mappings":[{"id":"m","name":"all","registry":"*","repository":"*","image":{"type":"tag","value":"*"},"policy_ids":["one"],"whitelist_ids":[]}],
	"policies":[{"id":"one","name":"one","version":"1_0","rules":[
		{"id":"r1","gate":"signatures","trigger":"unsigned","action":"STOP","params":[{"name":"trust","value":"release"}]},
		{"id":"r2","gate":"signatures","trigger":"not_attested","action":"STOP","params":[{"name":"predicate_type","value":"https://slsa.dev/provenance/v1"}]},
		{"id":"r3","gate":"signatures","trigger":"unverified","action":"WARN","params":[]},
		{"id":"r4","gate":"expression","trigger":"matches","action":"WARN","params":[
			{"name":"expression","value":"signatures.filter(s, s.verified).map(s, s.predicate_type + \" of \" + s.identity + \" by \" + s.issuer)"}]}]}],
	"whitelists":[],"whitelisted_images":[],"blacklisted_images":[]}`

// What was signed with a certificate counts for policies like what was signed with a key, and rules see for whom it was.
func TestPolicySeesWhoSignedWithoutAKey(t *testing.T) {
	t.Parallel()
	storetest.Stores(t, func(t *testing.T, s *store.Store) {
		ours, theirs := sigstoretest.New(t), sigstoretest.New(t)
		f := start(t, s, func(_ *fixture, c *engine.Config) { c.Signers = []cosign.Signer{identity(t, ours, "release")} })
		if _, err := f.Policies.Put(t.Context(), admin, []byte(keylessBundle)); err != nil {
			t.Fatal(err)
		}
		d := debianImage("3.0.1-1").Push(t, f.registry, "app", "1")
		push := func(by *sigstoretest.Sigstore) {
			t.Helper()
			payload := []byte(`{"critical":{"image":{"docker-manifest-digest":"` + string(d) + `"},"type":"cosign container image signature"}}`)
			one := by.Sign(t, workflow, payload, "", time.Now())
			f.registry.Push(t, "app", "sha256-"+d.Hex()+".sig", beside(t, "", payload, layer("application/vnd.dev.cosign.simplesigning.v1+json", payload, one.Annotations(t))))
			refers(t, f.registry, d, by.Sign(t, workflow, statement(t, d, "https://slsa.dev/provenance/v1", []byte(`{}`)), sigstoretest.Statement, time.Now()).Bundle(t, "0.3"))
		}
		push(theirs)
		img := f.add(t, "1")
		rows := func() []string {
			t.Helper()
			c, err := f.Checks.Check(t.Context(), admin, engine.CheckRequest{Digest: d, Tag: img.Tags[0].FullTag(), PolicyID: "s", Interactive: true})
			if err != nil {
				t.Fatal(err)
			}
			var doc struct {
				Result map[string]json.RawMessage
			}
			if err := json.Unmarshal(c.Evaluations[0].Document, &doc); err != nil {
				t.Fatal(err)
			}
			var table struct{ Result struct{ Rows [][]any } }
			if err := json.Unmarshal(doc.Result[img.ImageID.Hex()], &table); err != nil {
				t.Fatal(err)
			}
			var texts []string
			for _, row := range table.Result.Rows {
				texts = append(texts, row[5].(string))
			}
			return texts
		}
		got := strings.Join(rows(), "\n")
		for _, want := range []string{"Image has no verified signature by release", "Image has no verified attestation of https://slsa.dev/provenance/v1",
			`its certificate is of another authority than those of the trusted root, "CN=test fulcio"`} {
			if !strings.Contains(got, want) {
				t.Errorf("signed at another installation: %s, want %q", got, want)
			}
		}
		push(ours)
		f.again(t, img)
		who := " of " + workflow.Name + " by " + workflow.Issuer
		if diff := cmp.Diff([]string{who, "https://slsa.dev/provenance/v1" + who}, rows()); diff != "" {
			t.Errorf("signed as it should be (-want +got):\n%s", diff)
		}
	})
}

// A VEX document counts when somebody whom the settings trust signed it, for as long as they do.
func TestSignedVEXCounts(t *testing.T) {
	t.Parallel()
	storetest.Stores(t, func(t *testing.T, s *store.Store) {
		ours, theirs := sigstoretest.New(t), sigstoretest.New(t)
		trusting := func(trust bool, signers ...cosign.Signer) func(*fixture, *engine.Config) {
			return func(_ *fixture, c *engine.Config) {
				c.Signers, c.Attestations = signers, engine.AttestationConfig{Fetch: true, Trust: trust}
			}
		}
		security := identity(t, ours, "security")
		f := start(t, s, trusting(false, security))
		d := debianImage("3.0.1-1").Push(t, f.registry, "app", "1")
		document := statement(t, d, "https://openvex.dev/ns/v0.2.0", openVEX("urn:signed", "pkg:oci/app", "fixed"))
		push := func(by *sigstoretest.Sigstore) {
			t.Helper()
			refers(t, f.registry, d, by.Sign(t, workflow, document, sigstoretest.Statement, time.Now()).Bundle(t, "0.3"))
		}
		const shown, counts = "fixed (unverified); 0 unmatched", "fixed: VEX urn:signed of Our Security Team: fixed; 0 unmatched"
		state := func(what, want string, at time.Time) {
			t.Helper()
			if got := f.vexState(t, d, engine.Moment{At: at}); got != want {
				t.Errorf("%s: %s, want %s", what, got, want)
			}
		}
		push(theirs)
		img := f.add(t, "1")
		state("signed by a stranger", shown, time.Time{})
		strange, evaluated := time.Now(), f.last(t, img)

		push(ours)
		f.again(t, img)
		state("signed", counts, time.Time{})
		state("as of before", shown, strange)
		list, err := f.VEX.List(t.Context(), admin, false)
		if err != nil || len(list) != 1 {
			t.Fatalf("listed: %+v, %v", list, err)
		}
		want := &store.VEXSignature{By: []store.VEXSigner{{Name: "security", ID: security.ID()}}, Identity: workflow.Name, Issuer: workflow.Issuer}
		if diff := cmp.Diff(want, list[0].Signed); diff != "" || !list[0].Counts {
			t.Errorf("who signed (-want +got):\n%s", diff)
		}
		v, err := f.Vulns.Of(t.Context(), admin, d, engine.Moment{})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"security"}, v.Findings[0].VEX.SignedBy); diff != "" {
			t.Errorf("who signed, of the finding (-want +got):\n%s", diff)
		}
		waitFor(t, "evaluation with the document", func() bool { return f.last(t, img).VEXDigest != evaluated.VEXDigest })
		signed, at := f.last(t, img), time.Now()
		f.again(t, img)
		if again, err := f.VEX.List(t.Context(), admin, true); err != nil || len(again) != 2 {
			t.Errorf("another analysis that finds the same makes rows: %+v, %v", again, err)
		}

		// The settings change while the server is down.
		for _, c := range []struct {
			what   string
			change func(*fixture, *engine.Config)
			want   string
		}{
			{"another root under the name", trusting(false, identity(t, theirs, "security")), shown},
			{"nobody is asked", trusting(true), counts},
		} {
			if err := f.Stop(t.Context()); err != nil {
				t.Fatal(err)
			}
			before := f.last(t, img)
			f.restart(t, c.change)
			state(c.what, c.want, time.Time{})
			waitFor(t, "evaluation after the change of settings", func() bool { return f.last(t, img).VEXDigest != before.VEXDigest })
		}
		state("as of then", counts, at)
		got, err := f.Evaluations.Reproduce(t.Context(), admin, signed.ID)
		if err != nil || !got.Equal() {
			t.Errorf("the verdict of then is not the same: %+v, %v", got, err)
		}
	})
}

// A damaged attestation beside a withdrawn one keeps it in force neither as it was signed nor at all.
func TestADamagedAttestationKeepsNoVEX(t *testing.T) {
	t.Parallel()
	storetest.Stores(t, func(t *testing.T, s *store.Store) {
		ours, theirs := sigstoretest.New(t), sigstoretest.New(t)
		security := identity(t, ours, "security")
		f := start(t, s, func(_ *fixture, c *engine.Config) {
			c.Signers, c.Attestations = []cosign.Signer{security}, engine.AttestationConfig{Fetch: true}
		})
		d := debianImage("3.0.1-1").Push(t, f.registry, "app", "1")
		push := func(by *sigstoretest.Sigstore, id string) {
			t.Helper()
			document := statement(t, d, "https://openvex.dev/ns/v0.2.0", openVEX(id, "pkg:oci/app", "fixed"))
			refers(t, f.registry, d, by.Sign(t, workflow, document, sigstoretest.Statement, time.Now()).Bundle(t, "0.3"))
		}
		state := func(what, want string) {
			t.Helper()
			if got := f.vexState(t, d, engine.Moment{}); got != want {
				t.Errorf("%s: %s, want %s", what, got, want)
			}
		}
		push(ours, "urn:signed")
		img := f.add(t, "1")
		state("signed", "fixed: VEX urn:signed of Our Security Team: fixed; 0 unmatched")
		attest(t, f.registry, image.DigestOf(nil), "sha256-"+d.Hex()+".att", openVEX("urn:other", "pkg:oci/app", "fixed"))
		push(theirs, "urn:signed")
		f.again(t, img)
		state("the same by a stranger, beside a damaged one", "fixed (unverified); 0 unmatched")
		push(ours, "urn:signed")
		f.again(t, img)
		state("signed once more", "fixed: VEX urn:signed of Our Security Team: fixed; 0 unmatched")
		refers(t, f.registry, d, []byte("{}"))
		f.again(t, img)
		state("withdrawn, beside a damaged one", "nothing; 0 unmatched")
	})
}
