package secret

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
)

func newScanner(t testing.TB, o Options) *Scanner {
	t.Helper()
	if o.Key == nil {
		o.Key = []byte("a key of the tests")
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func searched(s *Scanner, text []byte) (secrets, content []image.TextMatch, gaps []image.Gap) {
	q := s.Begin("file")
	_, _ = q.Write(text)
	return q.End()
}

// TestEveryDetectorFinds gives each rule of the table its own token in the midst of other text.
func TestEveryDetectorFinds(t *testing.T) {
	t.Parallel()
	s := newScanner(t, Options{Detectors: true})
	noise := sourceText(150 << 10)
	noise = append(noise[:bytes.LastIndexByte(noise, '\n')], '\n')
	if found, _, gaps := searched(s, noise); len(found)+len(gaps) != 0 {
		t.Fatalf("the noise itself has finds %v and gaps %v", found, gaps)
	}
	seen := map[string]bool{}
	for _, e := range examples(t) {
		seen[e.rule] = true
		text := append(append(bytes.Clone(noise), e.text...), noise...)
		found, _, gaps := searched(s, text)
		if len(gaps) != 0 {
			t.Errorf("%s: gaps %v", e.rule, gaps)
		}
		first := bytes.Count(noise, newline) + 1
		want := image.TextMatch{Rule: e.rule, Path: "file", Line: first}
		if at := strings.Index(e.text, e.secret); at >= 0 {
			want.Line += strings.Count(e.text[:at], "\n")
		} else if e.rule == "vapid-key" {
			want.Line++
		}
		if e.secret != "" {
			want.HMAC = s.hmac([]byte(e.secret))
		}
		if e.rule == "salesforce-oauth2-private-key" {
			want.Line = first + 2
		}
		var got *image.TextMatch
		for i := range found {
			if found[i].Rule == e.rule && (got == nil || found[i].HMAC == want.HMAC) {
				got = &found[i]
			}
		}
		if got == nil {
			t.Errorf("%s: not found; found %v", e.rule, found)
			continue
		}
		if e.secret == "" {
			want.HMAC, want.Line = got.HMAC, got.Line
			if len(got.HMAC) != 64 || got.Line < first {
				t.Errorf("%s: find %v", e.rule, *got)
			}
		}
		if diff := cmp.Diff(want, *got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", e.rule, diff)
		}
	}
	for i := range s.detectors {
		if !seen[s.detectors[i].rule] {
			t.Errorf("no example for rule %s", s.detectors[i].rule)
		}
	}
}
