package engine_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/advisory"
	"landwaiter.dev/advisory/vex"
	"landwaiter.dev/engine"
	"landwaiter.dev/image"
	"landwaiter.dev/internal/testkit"
	"landwaiter.dev/internal/testkit/storetest"
	"landwaiter.dev/notify"
	"landwaiter.dev/store"
)

// openVEX is a document that says one thing about openssl in a product.
func openVEX(id, product, status string) []byte {
	raw, _ := json.Marshal(object{
		"@context": "https://openvex.dev/ns/v0.2.0", "@id": id, "author": "Our Security Team", "timestamp": "2026-03-01T00:00:00Z", "version": 1,
		"statements": []object{{
			"vulnerability": object{"name": "CVE-2026-1000"}, "status": status, "justification": "vulnerable_code_not_in_execute_path",
			"products": []object{{"@id": product, "subcomponents": []object{{"@id": "pkg:deb/debian/openssl"}}}},
		}},
	})
	return raw
}

// vexState is what an answer says of one finding.
func (f *fixture) vexState(t *testing.T, d image.Digest, m engine.Moment) string {
	t.Helper()
	v, err := f.Vulns.Of(t.Context(), admin, d, m)
	if err != nil {
		t.Fatal(err)
	}
	if len(v.Findings) != 1 {
		t.Fatalf("%d findings, want 1", len(v.Findings))
	}
	one := v.Findings[0]
	said := "nothing"
	if one.VEX != nil {
		said = one.VEX.Status
		if one.VEX.Unverified {
			said += " (unverified)"
		}
	}
	if one.Ignored != "" {
		said += ": " + one.Ignored
	}
	return fmt.Sprintf("%s; %d unmatched", said, len(v.VEXUnmatched))
}

func (f *fixture) last(t *testing.T, img store.Image) store.Evaluation {
	t.Helper()
	e, err := f.store.LastEvaluation(t.Context(), admin, img.Digest, f.registry.Host+"/app:1", "")
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestVEXChangesAVerdictFromThenOn(t *testing.T) {
	t.Parallel()
	storetest.Stores(t, func(t *testing.T, s *store.Store) {
		f := start(t, s)
		f.feeds.kev(t, "CVE-2026-1000") // the default policy stops on it
		f.sync(t, engine.SyncRequest{})
		debianImage("3.0.1-1").Push(t, f.registry, "app", "1")
		img := f.add(t, "1")
		waitFor(t, "first look at the vulnerabilities", func() bool {
			list, err := s.VulnState(t.Context(), admin, f.registry.Host+"/app:1")
			return err == nil && list.List != ""
		})
		f.hooks.take(t, 1)
		f.subscribe(t, "1", notify.VulnUpdate, notify.PolicyEval)
		const hidden = "not_affected: VEX urn:ours of Our Security Team: not affected, vulnerable_code_not_in_execute_path; 0 unmatched"
		before := f.last(t, img)
		if before.VEXDigest != "" {
			t.Errorf("an evaluation without VEX has the digest %s of it", before.VEXDigest)
		}
		added, err := f.VEX.Add(t.Context(), admin, engine.AddVEX{Document: openVEX("urn:ours", "pkg:oci/app", "not_affected"), Repository: f.registry.Host + "/app"})
		if err != nil {
			t.Fatal(err)
		}
		if added.Images != 1 || added.Statements != 1 || added.DocumentID != "urn:ours" || !added.Counts {
			t.Errorf("added %+v", added)
		}
		if diff := cmp.Diff([]string{notify.PolicyEval, notify.VulnUpdate}, types(f.hooks.take(t, 2))); diff != "" {
			t.Errorf("notices of the statement (-want +got):\n%s", diff)
		}
		after := f.last(t, img)
		if after.ID == before.ID || after.VEXDigest == "" || after.Reason != "vex" || after.FinalAction == "stop" || before.FinalAction != "stop" {
			t.Errorf("evaluation before: %+v\nafter: %+v", before, after)
		}
		during := time.Now()
		if got := f.vexState(t, img.Digest, engine.Moment{}); got != hidden {
			t.Errorf("now: %s\nwant %s", got, hidden)
		}
		again, err := f.VEX.Add(t.Context(), admin, engine.AddVEX{Document: openVEX("urn:ours", "pkg:oci/app", "not_affected"), Repository: f.registry.Host + "/app"})
		if err != nil || again.ID != added.ID {
			t.Errorf("the same document again is %s (%v), want %s", again.ID, err, added.ID)
		}
		if err := f.VEX.Delete(t.Context(), admin, added.ID); err != nil {
			t.Fatal(err)
		}
		f.hooks.take(t, 2)
		if err := f.VEX.Delete(t.Context(), admin, added.ID); code(err) != "vex_not_found" {
			t.Errorf("deleted twice: %v", err)
		}

		// What was known at each moment is known still.
		for _, c := range []struct {
			name          string
			at            time.Time
			state, action string
		}{
			{"before the document", added.From.Add(-time.Microsecond), "nothing; 0 unmatched", "stop"},
			{"from its first moment on", added.From, hidden, after.FinalAction},
			{"while it was in force", during, hidden, after.FinalAction},
			{"now", time.Time{}, "nothing; 0 unmatched", "stop"},
		} {
			m := engine.Moment{At: c.at}
			if got := f.vexState(t, img.Digest, m); got != c.state {
				t.Errorf("%s: %s, want %s", c.name, got, c.state)
			}
			if got := f.action(t, img.Digest, m); got != c.action {
				t.Errorf("%s: the verdict is %q, want %q", c.name, got, c.action)
			}
		}
		if problems, err := s.Check(t.Context()); err != nil || len(problems) > 0 {
			t.Errorf("invariants: %v, %v", problems, err)
		}
	})
}

func code(err error) string {
	e, ok := errors.AsType[*engine.Error](err)
	if !ok {
		return fmt.Sprint(err)
	}
	return e.Code
}

func TestVEXIsForWhatItIsAttachedTo(t *testing.T) {
	t.Parallel()
	storetest.Stores(t, func(t *testing.T, s *store.Store) {
		f := start(t, s)
		debianImage("3.0.1-1").Push(t, f.registry, "app", "1")
		img := f.add(t, "1")
		host := f.registry.Host
		const nothing = "nothing; 0 unmatched"
		hidden := func(doc string) string {
			return "not_affected: VEX " + doc + " of Our Security Team: not affected, vulnerable_code_not_in_execute_path; 0 unmatched"
		}
		for _, c := range []struct {
			name, account, product string
			add                    engine.AddVEX
			want                   string
			images                 int
		}{
			{"the image", admin, "pkg:oci/app", engine.AddVEX{Image: img.Digest}, hidden("the image"), 1},
			{"another image", admin, "pkg:oci/app", engine.AddVEX{Image: image.DigestOf(nil)}, nothing, 0},
			{"another repository", admin, "pkg:oci/app", engine.AddVEX{Repository: host + "/app2"}, nothing, 0},
			{"its product", admin, "pkg:oci/app", engine.AddVEX{Product: "pkg:oci/app?repository_url=" + host + "/app"}, hidden("its product"), 1},
			{"another product", admin, "pkg:oci/app", engine.AddVEX{Product: "pkg:oci/web"}, nothing, 0},
			{"all images", admin, "pkg:oci/app", engine.AddVEX{Product: engine.AllProducts}, hidden("all images"), 1},
			{"a statement about another image", admin, "pkg:oci/web", engine.AddVEX{Product: engine.AllProducts}, "nothing; 1 unmatched", 1},
			{"a name of its author's", admin, "https://example.com/shop", engine.AddVEX{Image: img.Digest, Called: "https://example.com/shop"}, hidden("a name of its author's"), 1},
		} {
			c.add.Document = openVEX(c.name, c.product, "not_affected")
			added, err := f.VEX.Add(t.Context(), c.account, c.add)
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			if added.Images != c.images {
				t.Errorf("%s: concerns %d images, want %d", c.name, added.Images, c.images)
			}
			if got := f.vexState(t, img.Digest, engine.Moment{}); got != c.want {
				t.Errorf("%s: %s, want %s", c.name, got, c.want)
			}
			if err := f.VEX.Delete(t.Context(), c.account, added.ID); err != nil {
				t.Fatal(err)
			}
		}

		// Another account's documents are none of this one's.
		other := store.Account{Name: "team-b", Type: "user", State: "enabled"}
		if err := s.Write(t.Context(), func(tx *store.Tx) error { return tx.PutAccount(t.Context(), other) }); err != nil {
			t.Fatal(err)
		}
		theirs, err := f.VEX.Add(t.Context(), other.Name, engine.AddVEX{Document: openVEX("theirs", "pkg:oci/app", "not_affected"), Product: engine.AllProducts})
		if err != nil {
			t.Fatal(err)
		}
		if got := f.vexState(t, img.Digest, engine.Moment{}); got != nothing {
			t.Errorf("with a document of another account: %s", got)
		}
		if _, err := f.VEX.Get(t.Context(), admin, theirs.ID); code(err) != "vex_not_found" {
			t.Errorf("a document of another account can be read: %v", err)
		}
		if err := f.VEX.Delete(t.Context(), admin, theirs.ID); code(err) != "vex_not_found" {
			t.Errorf("a document of another account can be deleted: %v", err)
		}
		if list, err := f.VEX.List(t.Context(), admin, true); err != nil || len(list) != 8 {
			t.Errorf("the history lists %d documents, want 8 (%v)", len(list), err)
		}

		for name, bad := range map[string]engine.AddVEX{
			"no target":         {},
			"two targets":       {Image: img.Digest, Product: "all"},
			"a tag":             {Repository: "team/app:1"},
			"the tag latest":    {Repository: "team/app:latest"},
			"a digest":          {Repository: "team/app@" + string(img.Digest)},
			"no repository":     {Repository: "Team App"},
			"a package":         {Product: "pkg:deb/debian/openssl"},
			"not a package URL": {Product: "everything"},
			"a long name":       {Product: "all", Called: strings.Repeat("x", 2000)},
		} {
			bad.Document = openVEX("x", "pkg:oci/app", "fixed")
			if _, err := f.VEX.Add(t.Context(), admin, bad); code(err) != "invalid_vex_target" && code(err) != "invalid_reference" {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := f.VEX.Add(t.Context(), admin, engine.AddVEX{Product: "all", Document: []byte(`{"spdxVersion": "SPDX-2.3"}`)}); code(err) != "invalid_vex" {
			t.Errorf("no VEX: %v", err)
		}
	})
}

// attest puts a document as an attestation under the tag that tools look for.
func attest(t *testing.T, r *testkit.Registry, about image.Digest, tag string, document []byte) {
	t.Helper()
	statement, _ := json.Marshal(object{
		"_type": "https://in-toto.io/Statement/v0.1", "predicateType": "https://openvex.dev/ns/v0.2.0",
		"subject": []object{{"name": "app", "digest": object{"sha256": about.Hex()}}}, "predicate": json.RawMessage(document),
	})
	envelope, _ := json.Marshal(object{"payloadType": "application/vnd.in-toto+json", "payload": base64.StdEncoding.EncodeToString(statement), "signatures": []object{}})
	layer := object{"mediaType": "application/vnd.dsse.envelope.v1+json", "digest": image.DigestOf(envelope), "size": len(envelope),
		"annotations": object{"predicateType": "https://openvex.dev/ns/v0.2.0"}}
	config := []byte(`{"architecture":"","os":"","config":{},"rootfs":{"type":"layers","diff_ids":[]}}`)
	manifest, _ := json.Marshal(object{
		"schemaVersion": 2, "mediaType": testkit.OCIManifest, "layers": []object{layer},
		"config": object{"mediaType": testkit.OCIConfig, "digest": image.DigestOf(config), "size": len(config)},
	})
	doc := &testkit.Document{Raw: manifest, MediaType: testkit.OCIManifest, Blobs: map[image.Digest][]byte{image.DigestOf(envelope): envelope, image.DigestOf(config): config}}
	r.Push(t, "app", tag, doc)
}

func attestations(fetch, trust bool) func(*fixture, *engine.Config) {
	return func(_ *fixture, c *engine.Config) {
		c.Attestations = engine.AttestationConfig{Fetch: fetch, Trust: trust}
	}
}

func TestVEXNextToAnImage(t *testing.T) {
	t.Parallel()
	storetest.Stores(t, func(t *testing.T, s *store.Store) {
		f := start(t, s, attestations(true, false))
		d := debianImage("3.0.1-1").Push(t, f.registry, "app", "1")
		tag := "sha256-" + d.Hex() + ".att"
		attest(t, f.registry, d, tag, openVEX("urn:attested", "pkg:oci/app@"+string(d), "not_affected"))
		img := f.add(t, "1")
		if got := f.vexState(t, d, engine.Moment{}); got != "not_affected (unverified); 0 unmatched" {
			t.Errorf("found next to the image: %s", got)
		}
		unverified := time.Now()

		// Another analysis finds what is there then, and tells what cannot be read.
		attest(t, f.registry, image.DigestOf(nil), tag, openVEX("urn:other", "pkg:oci/app", "fixed"))
		f.again(t, img)
		v, err := f.Vulns.Of(t.Context(), admin, d, engine.Moment{})
		if err != nil {
			t.Fatal(err)
		}
		want := []image.GapKind{image.GapAttestations}
		if diff := cmp.Diff(want, kindsOf(v.Gaps, image.GapAttestations)); diff != "" {
			t.Errorf("gaps of an attestation about another image (-want +got):\n%s", diff)
		}
		if got := f.vexState(t, d, engine.Moment{}); got != "nothing; 0 unmatched" {
			t.Errorf("what was found before is kept in force by a damaged one: %s", got)
		}
		attest(t, f.registry, d, tag, openVEX("urn:newer", "pkg:oci/app", "affected"))
		f.again(t, img)
		if got := f.vexState(t, d, engine.Moment{}); got != "affected (unverified); 0 unmatched" {
			t.Errorf("after another attestation: %s", got)
		}
		if got := f.vexState(t, d, engine.Moment{At: unverified}); got != "not_affected (unverified); 0 unmatched" {
			t.Errorf("as of before it: %s", got)
		}
		list, err := f.VEX.List(t.Context(), admin, false)
		if err != nil || len(list) != 1 || list[0].Source != store.VEXAttestation || list[0].Origin != tag || list[0].Counts {
			t.Errorf("listed: %+v, %v", list, err)
		}
		of, err := f.VEX.Of(t.Context(), admin, d, engine.Moment{})
		if err != nil || len(of.Documents) != 1 || len(of.Findings) != 1 || len(of.Gaps) != 0 {
			t.Errorf("of the image: %+v, %v", of, err)
		}
	})
}

func TestTheSettingsDecideWhetherAttestedVEXCounts(t *testing.T) {
	t.Parallel()
	storetest.Stores(t, func(t *testing.T, s *store.Store) {
		f := start(t, s, attestations(true, false))
		d := debianImage("3.0.1-1").Push(t, f.registry, "app", "1")
		attest(t, f.registry, d, "sha256-"+d.Hex()+".att", openVEX("urn:attested", "pkg:oci/app", "fixed"))
		img := f.add(t, "1")
		for _, c := range []struct {
			fetch, trust bool
			want         string
		}{
			{true, true, "fixed: VEX urn:attested of Our Security Team: fixed; 0 unmatched"},
			{true, false, "fixed (unverified); 0 unmatched"},
			{false, true, "nothing; 0 unmatched"},
		} {
			if err := f.Stop(t.Context()); err != nil {
				t.Fatal(err)
			}
			before := f.last(t, img)
			f.restart(t, attestations(c.fetch, c.trust))
			if got := f.vexState(t, d, engine.Moment{}); got != c.want {
				t.Errorf("fetch %v, trust %v: %s, want %s", c.fetch, c.trust, got, c.want)
			}
			waitFor(t, "evaluation after the change of settings", func() bool { return f.last(t, img).VEXDigest != before.VEXDigest })
		}
	})
}

func kindsOf(gaps []image.Gap, kind image.GapKind) []image.GapKind {
	var out []image.GapKind
	for _, g := range gaps {
		if g.Kind == kind {
			out = append(out, g.Kind)
		}
	}
	return out
}

// again has an image analysed once more.
func (f *fixture) again(t *testing.T, img store.Image) {
	t.Helper()
	ref, err := image.ParseReference(f.registry.Host + "/app:1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Images.Add(t.Context(), admin, engine.AddImage{Reference: ref, Force: true}); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "another analysis", func() bool {
		now, err := f.Images.Get(t.Context(), admin, img.Digest)
		return err == nil && now.Status == store.Analyzed && now.AnalyzedAt.After(img.AnalyzedAt)
	})
}

func TestLocalVEX(t *testing.T) {
	t.Parallel()
	doc := func(status string) *vex.Document {
		d, err := vex.Parse(openVEX("urn:ours", "shop/app:1", status))
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	ref, err := image.ParseReference("shop/app:1")
	if err != nil {
		t.Fatal(err)
	}
	a := &image.Analysis{Distro: image.Distro{ID: "debian", VersionID: "12"}, Packages: []image.Package{{Type: image.Deb, Name: "openssl", Version: "3.0.1-1"}}}
	j := &engine.Judgement{Findings: []advisory.ImageFinding{{Finding: advisory.Finding{ID: "CVE-2026-1000"}, Package: a.Packages[0]}}}
	left := j.LayVEX(a, []image.Digest{a.Digest}, []image.Reference{ref}, []engine.LocalVEX{{Name: "ours.json", Document: doc("fixed"), Counts: true}})
	if len(left) != 0 || j.Findings[0].Ignored != "VEX urn:ours of Our Security Team: fixed" {
		t.Errorf("ignored %q, unmatched %v", j.Findings[0].Ignored, left)
	}
}
