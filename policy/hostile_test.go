package policy_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"landwaiter.dev/image"
	"landwaiter.dev/policy"
)

// manyFiles are files with long names, sorted.
func manyFiles(n, length int) func() []image.File {
	files := make([]image.File, n)
	for i := range files {
		name := fmt.Sprintf("d/%s%07d", strings.Repeat("a", length), i)
		files[i] = image.File{Path: image.Path(name), Type: image.Regular, Mode: 0o4755}
	}
	return func() []image.File { return files }
}

func TestManyFiles(t *testing.T) {
	t.Parallel()
	suid := rule("STOP", "files", "suid_or_guid_set")
	for name, tc := range map[string]struct {
		files          func() []image.File
		rules, problem string
		rows           int
		reproducible   bool
	}{
		"all match":          {manyFiles(200_000, 10), suid, "", 200_000, true},
		"more rows than fit": {manyFiles(200_000, 10), suid + "," + suid, "the evaluation has more than 250000 rows, which is the most that is kept", 250_000, true},
		"more text than fit": {manyFiles(20_000, 4000), suid, "the messages of the rows have more than 64 MiB together, which is the most that is kept", 16_000, true},
		"catastrophic":       {manyFiles(200_000, 100), rule("STOP", "files", "name_match", `regex=/d/(a*)*\1b`), "the regular expression took too long and was given up", 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			e := evaluated(mustParse(t, bundle(tc.rules)), policy.Input{Tag: "a:b", Files: tc.files, At: now})
			if d := time.Since(start); d > 60*time.Second {
				t.Errorf("took %v", d)
			}
			problems := ""
			for _, p := range e.Problems {
				problems += p.Details
			}
			if e.Passed() || e.Reproducible != tc.reproducible || len(e.Rows) < tc.rows || len(e.Rows) > 250_000 || !strings.HasPrefix(problems, tc.problem) || tc.problem == "" && problems != "" {
				t.Errorf("got %s, reproducible %v, %d rows, %s", e.FinalAction, e.Reproducible, len(e.Rows), problems)
			}
		})
	}
}

// TestImportedImage has no files: nothing is known of them, so that no rule on files fires, not even on missing ones.
func TestImportedImage(t *testing.T) {
	t.Parallel()
	rules := rule("STOP", "files", "attribute_match", "filename=/etc/passwd", "skip_missing=false") + "," + rule("STOP", "files", "name_match", "regex=.*") + "," +
		rule("STOP", "files", "suid_or_guid_set") + "," + rule("WARN", "packages", "verify") + "," + rule("WARN", "analysis", "gaps", "kinds=not_read")
	in := policy.Input{Tag: "a:b", At: now, Files: func() []image.File { return nil }, Gaps: []image.Gap{{Kind: image.GapNotRead, Detail: "its files are not known"}}}
	e := evaluated(mustParse(t, bundle(rules)), in)
	if len(e.Rows) != 1 || e.FinalAction != policy.Warn || e.Rows[0].Message != "Analysis gap not_read: its files are not known" {
		t.Errorf("got %s, %+v", e.FinalAction, e.Rows)
	}
}

// TestRuleIDs are part of the trigger ids of one trigger alone.
func TestRuleIDs(t *testing.T) {
	t.Parallel()
	with := rule("GO", "retrieved_files", "content_regex", "path=/f", "check=match", "regex=x")
	rules := strings.Replace(with, `"id":"r"`, `"id":"one"`, 1) + "," + strings.Replace(with, `"id":"r",`, "", 1) + "," + with
	a := &image.Analysis{Retrieved: []image.RetrievedFile{{Path: "f", Content: []byte("x")}}}
	e := evaluated(mustParse(t, bundleWith(rules, `{"id":"i","gate":"retrieved_files","trigger_id":"one+file://*"}`, "")), policy.Input{Tag: "a:b", At: now, Analysis: a})
	got := ""
	for _, r := range e.Rows {
		got += fmt.Sprintf("%s %v\n", r.TriggerID, r.Allowed != nil)
	}
	if got != "one+file:///f true\nNone+file:///f false\nr+file:///f false\n" {
		t.Errorf("got %s", got)
	}
}
