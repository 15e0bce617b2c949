package gate_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
	"landwaiter.dev/policy/gate"
)

func TestRetrievedFiles(t *testing.T) {
	t.Parallel()
	c := func() *gate.Context {
		return &gate.Context{RuleID: "rule-7", Analysis: &image.Analysis{Retrieved: []image.RetrievedFile{
			{Path: "etc/empty", Content: []byte{}},
			{Path: "etc/ssh/sshd_config", Content: []byte("# PermitRootLogin no\nPermitRootLogin yes\n\xffPort\x1c22\u2028end")},
		}}}
	}
	row := func(regex, check, path string) string {
		return "rule-7+file://" + path + "|Content regex '" + regex + "' check '" + check + "' found in retrieved file '" + path + "'"
	}
	for _, tc := range []struct{ trigger, params, want string }{
		{"content_not_available", "path=/etc/ssh/sshd_config", ""},
		{"content_not_available", "path=/etc/empty", ""},
		{"content_not_available", "path=/etc/none", "|Cannot locate file in the image analysis"},
		{"content_not_available", "path=etc/empty", "|Cannot locate file in the image analysis"},
		{"content_regex", "path=/etc/ssh/sshd_config check=match regex=Permit", row("Permit", "match", "/etc/ssh/sshd_config")},
		{"content_regex", "path=/etc/ssh/sshd_config check=no_match regex=Permit", ""},
		{"content_regex", "path=/etc/ssh/sshd_config check=match regex=Root", ""}, // from the start of a word
		{"content_regex", "path=/etc/ssh/sshd_config check=match regex=PermitRootLogin\\syes", ""},
		{"content_regex", "path=/etc/ssh/sshd_config check=no_match regex=PermitRootLogin\\syes", row(`PermitRootLogin\syes`, "no_match", "/etc/ssh/sshd_config")},
		{"content_regex", "path=/etc/ssh/sshd_config check=match regex=22$", row("22$", "match", "/etc/ssh/sshd_config")},
		{"content_regex", "path=/etc/ssh/sshd_config check=match regex=end", row("end", "match", "/etc/ssh/sshd_config")},
		{"content_regex", "path=/etc/empty check=match regex=.*", ""},
		{"content_regex", "path=/etc/empty check=no_match regex=.*", row(".*", "no_match", "/etc/empty")},
		{"content_regex", "path=/etc/none check=no_match regex=x", ""},
	} {
		var want []string
		if tc.want != "" {
			want = []string{tc.want}
		}
		if diff := cmp.Diff(want, run(t, c(), "retrieved_files/"+tc.trigger, strings.Fields(tc.params)...)); diff != "" {
			t.Errorf("%s %s: %s", tc.trigger, tc.params, diff)
		}
	}
}
