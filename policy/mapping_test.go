package policy_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/policy"
)

func TestMapping(t *testing.T) {
	t.Parallel()
	const digest = "sha256:1111111111111111111111111111111111111111111111111111111111111111"
	for _, tc := range []struct {
		registry, repository, kind, value string
		tag                               string
		want                              bool
	}{
		{"*", "*", "tag", "*", "docker.io/library/nginx:latest", true},
		{"docker.io", "nginx", "tag", "latest", "nginx", true},
		{"docker.io", "library/nginx", "tag", "latest", "nginx", false},
		{"docker.io", "team/*", "tag", "1.*", "dockerhub/team/web:1.4", true},
		{"docker.io", "team/web", "tag", "*", "team/web:1.4", true},
		{"localhost", "web", "tag", "latest", "localhost/web", true},
		{"localbuild", "web", "tag", "latest", "localbuild/web", true},
		{"host:5000", "a/b/c", "tag", "x", "host:5000/a/b/c:x", true},
		{"h.example", "*", "tag", "x", "h.example/a:b:x", true},
		{"*.example", "*", "tag", "*", "h.example/a:x", true},
		{"*.example", "*", "tag", "*", "h.example.org/a:x", false},
		{"*", "a*c*", "tag", "*", "h.io/abcd:x", true},
		{"*", "aa*aa", "tag", "*", "h.io/aaa:x", false},
		{"*", "a**c", "tag", "*", "h.io/ac:x", true},
		{"*", "?", "tag", "*", "h.io/a:x", false},
		{"*", "A", "tag", "*", "h.io/a:x", false},
		{"*", "regexp:te(a|o)m", "tag", "*", "h.io/team-x:1", true},
		{"*", "regexp:eam", "tag", "*", "h.io/team:1", false},
		{"*", "*", "tag", "regexp:(?!latest$).*", "h.io/a:latest", false},
		{"*", "*", "tag", "regexp:(?!latest$).*", "h.io/a:1", true},
		{"*", "*", "tag", "*", "h.io/a@" + digest, true},
		{"*", "*", "tag", "latest", "h.io/a@" + digest, false},
		{"*", "*", "tag", "*", "", true},
		{"docker.io", "*/*", "tag", "*", "", true},
		{"quay.io", "*", "tag", "*", "", false},
		{"*", "*", "digest", digest, "h.io/a:1", true},
		{"*", "*", "digest", "sha256:*", "h.io/a:1", false},
		{"q.io", "*", "digest", digest, "h.io/a:1", false},
		{"*", "*", "id", "feed", "h.io/a:1", true},
		{"*", "*", "id", "sha256:feed", "h.io/a:1", false},
		{"*", "*", "id", "*", "h.io/a:1", false},
	} {
		doc := bundle(always)
		for old, with := range map[string]string{
			`"registry":"*"`: `"registry":"` + tc.registry + `"`, `"repository":"*"`: `"repository":"` + tc.repository + `"`,
			`{"type":"tag","value":"*"}`: `{"type":"` + tc.kind + `","value":"` + tc.value + `"}`,
		} {
			doc = strings.Replace(doc, old, with, 1)
		}
		e := evaluated(mustParse(t, doc), policy.Input{Tag: tc.tag, ImageDigest: digest, ImageID: "feed", At: now})
		checkDocument(t, e)
		if got := e.Mapping != nil; got != tc.want || (len(e.Rows) == 1) != tc.want || e.Passed() != !tc.want {
			t.Errorf("%s/%s %s %s on %q: got %v, want %v, %d rows", tc.registry, tc.repository, tc.kind, tc.value, tc.tag, got, tc.want, len(e.Rows))
		}
	}
}

func TestFirstMappingWins(t *testing.T) {
	t.Parallel()
	doc := `{"id":"b","version":"1_0","policies":[
{"id":"stop","version":"1_0","rules":[{"gate":"always","trigger":"always","action":"STOP"}]},
{"id":"warn","version":"1_0","rules":[{"gate":"always","trigger":"always","action":"WARN"}]}],
"mappings":[
{"name":"no","registry":"quay.io","repository":"*","image":{"type":"tag","value":"*"},"policy_id":"stop"},
{"name":"yes", "id" : "m","registry":"*","repository":"*","image":{"type":"tag","value":"*"},"policy_id":"warn"},
{"name":"late","registry":"*","repository":"*","image":{"type":"tag","value":"*"},"policy_ids":["stop"]}]}`
	e := evaluated(mustParse(t, doc), policy.Input{Tag: "a:b", At: now})
	if want := `{"name":"yes", "id" : "m","registry":"*","repository":"*","image":{"type":"tag","value":"*"},"policy_id":"warn"}`; string(e.Mapping) != want {
		t.Errorf("got %s", e.Mapping)
	}
	if e.FinalAction != policy.Warn || e.Status() != "pass" {
		t.Errorf("got %s", e.FinalAction)
	}
}

func TestAllowedAndDeniedImages(t *testing.T) {
	t.Parallel()
	image := func(kind, value string) string {
		return `[{"name":"n","registry":"*","repository":"*","image":{"type":"` + kind + `","value":"` + value + `"}}]`
	}
	for _, tc := range []struct {
		action, allowed, denied  string
		mapped                   bool
		wantAction, want, reason string
	}{
		{"WARN", `[]`, `[]`, true, "warn", "warn", "policy_evaluation"},
		{"STOP", image("tag", "1"), `[]`, true, "stop", "go", "whitelisted"},
		{"STOP", image("digest", "d"), `[]`, true, "stop", "go", "whitelisted"},
		{"STOP", image("tag", "2"), `[]`, true, "stop", "stop", "policy_evaluation"},
		{"GO", `[]`, image("id", "i"), true, "go", "stop", "blacklisted"},
		{"GO", image("tag", "*"), image("tag", "*"), true, "go", "stop", "blacklisted"},
		{"STOP", `[]`, image("tag", "*"), false, "go", "stop", "blacklisted"},
		{"STOP", `[]`, `[]`, false, "go", "go", "policy_evaluation"},
	} {
		doc := bundleWith(`{"gate":"always","trigger":"always","action":"`+tc.action+`"}`, "", `,"whitelisted_images":`+tc.allowed+`,"blacklisted_images":`+tc.denied)
		if !tc.mapped {
			doc = strings.Replace(doc, `"registry":"*"`, `"registry":"other"`, 1)
		}
		e := evaluated(mustParse(t, doc), policy.Input{Tag: "r.io/a:1", ImageDigest: "d", ImageID: "i", At: now})
		checkDocument(t, e)
		if got := []string{e.PolicyAction, e.FinalAction, e.FinalReason}; cmp.Diff([]string{tc.wantAction, tc.want, tc.reason}, got) != "" {
			t.Errorf("%+v: got %q", tc, got)
		}
		if (len(e.Rows) == 1) != tc.mapped {
			t.Errorf("%+v: %d rows", tc, len(e.Rows))
		}
	}
}
