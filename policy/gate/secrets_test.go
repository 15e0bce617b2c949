package gate_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
	"landwaiter.dev/policy/gate"
)

func TestSecrets(t *testing.T) {
	t.Parallel()
	const aws, key, own = `(?i).*aws_access_key_id.*`, `(?i)-+BEGIN(.*)PRIVATE KEY-+`, `.*hunter2`
	c := &gate.Context{Analysis: &image.Analysis{Secrets: []image.TextMatch{
		{Rule: "named-secret", Place: "env DB_PASSWORD", Line: 1, Layer: -1},
		{Rule: "PRIV_KEY", Pattern: key, Place: "env KEY", Line: 1, Layer: -1},
		{Rule: "PRIV_KEY", Pattern: key, Path: "root/gone.key", Line: 1, Removed: true},
		{Rule: "PRIV_KEY", Pattern: key, Path: "root/.ssh/id", Line: 1},
		{Rule: "PRIV_KEY", Pattern: key, Path: "root/.ssh/id", Line: 30, More: 4},
		{Rule: "AWS_ACCESS_KEY", Pattern: aws, Path: "root/.aws", Line: 2},
		{Rule: "OWN", Pattern: own, Path: "root/.ssh/id", Line: 2},
		{Rule: "github-token", Path: "srv/.env", Line: 1},
	}}}
	row := func(path, expression string) string {
		return "|Secret content search analyzer found regexp match in container: file=" + path + " regexp=" + expression
	}
	none := func(file, name string) string {
		return "|Secret content search analyzer did not find regexp match in container: filename_regex=" + file + " content_regex_name=" + name
	}
	rowAWS, rowKey, rowOwn := row("/root/.aws", "AWS_ACCESS_KEY="+aws), row("/root/.ssh/id", "PRIV_KEY="+key), row("/root/.ssh/id", "OWN="+own)
	rowToken := row("/srv/.env", "github-token=builtin:github-token")
	for _, tc := range []struct {
		params []string
		want   []string
	}{
		{nil, []string{rowAWS, rowOwn, rowKey}},
		{[]string{"match_type=notfound"}, nil},
		{[]string{"content_regex_name=PRIV_KEY"}, []string{rowKey}},
		{[]string{"content_regex_name=AWS_ACCESS_KEY,PRIV_KEY"}, []string{rowAWS, rowKey}},
		{[]string{"content_regex_name=PRIV_KEYS"}, []string{rowKey}},
		{[]string{"content_regex_name=PRIV"}, nil},
		{[]string{"content_regex_name=PRIV", "match_type=notfound"}, []string{none("*", "PRIV")}},
		{[]string{"content_regex_name=" + own}, []string{rowOwn}},
		{[]string{"content_regex_name=github-token"}, []string{rowToken}},
		{[]string{"content_regex_name=OWN, github-token"}, []string{rowOwn, rowToken}},
		{[]string{"content_regex_name=my-github-tokens"}, nil}, // a detector is named in full
		{[]string{"content_regex_name=named-secret"}, nil},     // the config is not looked at
		{[]string{"filename_regex=/root/.ssh"}, []string{rowOwn, rowKey}},
		{[]string{"filename_regex=root"}, nil},
		{[]string{"filename_regex=/etc/.*", "match_type=notfound"}, []string{none("/etc/.*", "all")}},
		{[]string{"filename_regex=/root/.ssh", "content_regex_name=AWS_ACCESS_KEY", "match_type=notfound"}, []string{none("/root/.ssh", "AWS_ACCESS_KEY")}},
		{[]string{"filename_regex=/root/.ssh", "content_regex_name=PRIV_KEY", "match_type=notfound"}, nil},
	} {
		if diff := cmp.Diff(tc.want, run(t, c, "secret_scans/content_regex_checks", tc.params...)); diff != "" {
			t.Errorf("%q: %s", tc.params, diff)
		}
	}
	if diff := cmp.Diff([]string{none("*", "all")}, run(t, &gate.Context{}, "secret_scans/content_regex_checks", "match_type=notfound")); diff != "" {
		t.Error(diff)
	}
}
