package policy_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
	"landwaiter.dev/policy"
)

// evaluated is the verdict of an evaluation that nobody cancels.
func evaluated(b *policy.Bundle, in policy.Input) *policy.Evaluation {
	e, err := b.Evaluate(context.Background(), in)
	if err != nil {
		panic(err)
	}
	return e
}

// TestCancelled runs what would take seconds, and ends it soon after its beginning.
func TestCancelled(t *testing.T) {
	a := &image.Analysis{}
	var findings []advisory.ImageFinding
	for i := range 20_000 {
		p := image.Package{Type: image.NPM, Name: fmt.Sprintf("package-%d", i), Version: "1"}
		a.Packages = append(a.Packages, p)
		findings = append(findings, advisory.ImageFinding{Package: p, Finding: advisory.Finding{ID: fmt.Sprintf("CVE-2026-%d", i)}})
	}
	million := `["aaaaaaaaaa"` + strings.Repeat(`.replace("a", "aaaaaaaaaa")`, 5) + `]`
	long := &image.Analysis{Retrieved: []image.RetrievedFile{{Path: "f", Content: []byte(strings.Repeat("a", 1<<20))}}}
	var items []string
	for i := range 2000 {
		items = append(items, fmt.Sprintf(`{"id":"i%d","gate":"files","trigger_id":"regexp:(a|b)*\\1c%d"}`, i, i))
	}
	for name, tc := range map[string]struct {
		doc string
		in  policy.Input
	}{
		"an expression": {bundle(rule("STOP", "expression", "matches", `expression=findings.exists(f, packages.exists(p, p.name == f.id + 'x'))`)),
			policy.Input{Analysis: a, Findings: findings}},
		"a pattern of an expression": {bundle(rule("STOP", "expression", "matches", `expression=`+million+`.exists(s, s.matches('(a?){40}b'))`)), policy.Input{}},
		"a search of an expression": {bundle(rule("STOP", "expression", "matches", `expression=`+million+`.exists(s, s.indexOf(s.substring(0, 500) + 'b') > 5)`)),
			policy.Input{}},
		"a long text":           {bundle(rule("STOP", "retrieved_files", "content_regex", "path=/f", "check=match", `regex=.*(a?){300}b`)), policy.Input{Analysis: long}},
		"many files":            {bundle(rule("STOP", "files", "name_match", `regex=/d/(a*)*\1b`)), policy.Input{Files: manyFiles(200_000, 100)}},
		"many rows":             {bundle(strings.Repeat(rule("STOP", "files", "suid_or_guid_set")+",", 20) + rule("STOP", "always", "always")), policy.Input{Files: manyFiles(12_000, 10)}},
		"an allowlist":          {bundleWith(rule("STOP", "files", "suid_or_guid_set"), strings.Join(items, ","), ""), policy.Input{Files: manyFiles(10_000, 100)}},
		"cancelled before":      {bundle(rule("STOP", "always", "always")), policy.Input{}},
		"a time limit of a job": {bundle(rule("STOP", "files", "name_match", `regex=/d/(a*)*\1b`)), policy.Input{Files: manyFiles(200_000, 100)}},
	} {
		b := mustParse(t, tc.doc)
		tc.in.Tag, tc.in.At = "a:b", now
		ctx, cancel := context.WithCancel(t.Context())
		want := context.Canceled
		switch name {
		case "cancelled before":
			cancel()
		case "a time limit of a job":
			ctx, cancel = context.WithTimeout(t.Context(), 20*time.Millisecond)
			want = context.DeadlineExceeded
		default:
			time.AfterFunc(20*time.Millisecond, cancel)
		}
		began := time.Now()
		e, err := b.Evaluate(ctx, tc.in)
		took := time.Since(began)
		cancel()
		if e != nil || !errors.Is(err, want) {
			t.Errorf("%s: got %v, %v", name, e != nil, err)
		}
		if took > 1500*time.Millisecond { // some 45 where nothing else runs
			t.Errorf("%s: took %v", name, took)
		}
	}
}

// TestPanics come out of an evaluation that could be cancelled as they would out of one that could not.
func TestPanics(t *testing.T) {
	t.Parallel()
	defer func() {
		if p := recover(); p != "broken" {
			t.Errorf("got %v", p)
		}
	}()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	in := policy.Input{Tag: "a:b", At: now, Compare: func(string, string, string) (int, error) { panic("broken") }}
	_, _ = mustParse(t, bundle(rule("STOP", "always", "always"))).Evaluate(ctx, in)
	panic("broken")
}

// TestEnded says when nothing of an evaluation runs any more, also when it was given up before.
func TestEnded(t *testing.T) {
	t.Parallel()
	b := mustParse(t, bundle(rule("STOP", "files", "suid_or_guid_set")))
	ctx, cancel := context.WithCancel(t.Context())
	ended, goOn := make(chan struct{}), make(chan struct{})
	in := policy.Input{Tag: "a:b", At: now, Ended: func() { close(ended) }, Files: func() []image.File {
		cancel()
		<-goOn
		return nil
	}}
	if _, err := b.Evaluate(ctx, in); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	select {
	case <-ended:
		t.Fatal("it ended while files are being read")
	default:
	}
	close(goOn)
	<-ended
	for name, ctx := range map[string]context.Context{"cancelled before": ctx, "never cancelled": context.Background(), "not cancelled": t.Context()} {
		n := 0
		_, _ = b.Evaluate(ctx, policy.Input{Tag: "a:b", At: now, Ended: func() { n++ }})
		if n != 1 {
			t.Errorf("%s: it ended %d times", name, n)
		}
	}
}
