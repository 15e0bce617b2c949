package engine_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/analysis"
	"landwaiter.dev/engine"
	"landwaiter.dev/image"
	"landwaiter.dev/internal/testkit"
	"landwaiter.dev/internal/testkit/storetest"
	"landwaiter.dev/store"
)

// TestRulesOnFiles asks for the merged tree, which is made of the layers' reports: what a layer removed is not in it, nor
// are directories that no layer lists.
func TestRulesOnFiles(t *testing.T) {
	t.Parallel()
	const bundle = `{"id":"files","version":"1_0","name":"f","policies":[{"id":"p","version":"1_0","rules":[
		{"id":"1","gate":"files","trigger":"suid_or_guid_set","action":"STOP"},
		{"id":"2","gate":"files","trigger":"name_match","action":"WARN","params":[{"name":"regex","value":"/(opt|srv)"}]},
		{"id":"4","gate":"passwd_file","trigger":"blacklist_userids","action":"STOP","params":[{"name":"user_ids","value":"0"}]}]}],
		"mappings":[{"name":"all","registry":"*","repository":"*","image":{"type":"tag","value":"*"},"policy_id":"p"}]}`
	storetest.Stores(t, func(t *testing.T, s *store.Store) {
		f := start(t, s, func(_ *fixture, c *engine.Config) {
			c.Reader = analysis.NewReader(analysis.Options{TempDir: t.TempDir(), Retrieve: []string{"/etc/passwd"}})
		})
		testkit.Image(
			testkit.Layer(testkit.File("opt/tool", "x"), testkit.Entry{Path: "srv/gone", Data: "x", Mode: 0o4755}, testkit.File("etc/passwd", "root:x:0:0::/root:/bin/sh\n")),
			testkit.Layer(testkit.Entry{Path: "usr/bin/su", Data: "x", Mode: 0o4755}, testkit.File("srv/.wh.gone", "")),
		).Push(t, f.registry, "app", "1")
		img := f.add(t, "1")
		if _, err := f.Policies.Put(t.Context(), admin, []byte(bundle)); err != nil {
			t.Fatal(err)
		}
		c, err := f.Checks.Check(t.Context(), admin, engine.CheckRequest{Digest: img.Digest, Tag: f.registry.Host + "/app:1", PolicyID: "files", Interactive: true})
		if err != nil {
			t.Fatal(err)
		}
		var doc struct {
			Result map[string]json.RawMessage
			Action string `json:"final_action"`
		}
		var table struct {
			Result struct{ Rows [][]any }
		}
		if err := json.Unmarshal(c.Evaluations[0].Document, &doc); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(doc.Result[img.ImageID.Hex()], &table); err != nil {
			t.Fatal(err)
		}
		var got []any
		for _, row := range table.Result.Rows {
			got = append(got, row[5])
		}
		want := []any{
			"SUID or SGID found set on file /usr/bin/su. Mode: 0o104755",
			"Application of regex matched file found in container: file=/opt/tool regexp=/(opt|srv)",
			"Blacklisted uid '0' found in image's /etc/passwd: pentry=root:x:0:0::/root:/bin/sh",
		}
		if diff := cmp.Diff(want, got); diff != "" || doc.Action != "stop" {
			t.Errorf("%s: %s", doc.Action, diff)
		}
		first, err := f.Content.Files(t.Context(), admin, img.Digest)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := f.Content.Files(t.Context(), admin, img.Digest); err != nil || len(first) == 0 || !slices.ContainsFunc(first, func(f image.File) bool { return f.Path == "opt/tool" }) {
			t.Errorf("files of the image: %v, %v", again, err)
		} else if diff := cmp.Diff(first, again); diff != "" {
			t.Error(diff)
		}
	})
}
