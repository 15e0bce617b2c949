package secret

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/pyregex"
)

// mixed makes a text of at most n of the pieces.
func mixed(r *rand.Rand, pieces []string, n int) []byte {
	var b []byte
	for range r.IntN(n + 1) {
		b = append(b, pieces[r.IntN(len(pieces))]...)
	}
	return b
}

// TestOriginalPatterns compares the hand-written forms of the five patterns with Python's meaning of their text.
func TestOriginalPatterns(t *testing.T) {
	t.Parallel()
	pieces := []string{
		"aws_access_key_id", "AWS_SECRET_ACCESS_KEY", "api-key", "API_KEY", `"auth":`, `"AUTH": `, "-", "---", "BEGIN", "begin ", "PRIVATE KEY", "private key-",
		"=", " ", "==", "\"", "x", made(upperNum, 20), made(upperNum, 19), made(alnum, 40), made(alnum, 39), "/", "+", ".", "_", "\r", "\t",
		made(alnum, 60),
	}
	for _, rule := range originalRules() {
		re, err := pyregex.Compile(rule.pattern)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(rule.name, func(t *testing.T) {
			t.Parallel()
			likely := slices.Clone(pieces)
			for range 5 {
				likely = append(append(likely, rule.keywords...), "=", "-", "BEGIN", " ", made(upperNum, 20), made(alnum, 40))
			}
			matched := 0
			r := rand.New(rand.NewPCG(1, 2))
			for range 20000 {
				line := mixed(r, likely, 12)
				want, err := re.Match(string(line))
				if err != nil {
					continue // given up, on a busy machine or a long line
				}
				_, got, _ := rule.match(line, line)
				keyed := slices.ContainsFunc(rule.keywords, func(k string) bool { return strings.Contains(fold(string(line)), k) })
				if got != want || got && !keyed {
					t.Fatalf("%q: Python says %t, we %t (a keyword: %t)", line, want, got, keyed)
				}
				if want {
					matched++
				}
			}
			if matched < 20 {
				t.Errorf("only %d lines match: the test says little", matched)
			}
		})
	}
}

// TestUserRules compares patterns, with and without a word that they need, with trying them on each line.
func TestUserRules(t *testing.T) {
	t.Parallel()
	patterns := []string{
		`.*pass(word)?=`, `needle`, `(?i)NEEDLE`, `(?i).*token: \w+`, `^\s*needle$`, `(?!needle)n`, `a{,3}needle`, `.*(one|two)three`, ``, `$`, `(?i)skunk`, `x*`,
	}
	pieces := []string{"needle", "NEEDLE", "pass", "word", "=", " ", "\n", "\n\n", "token: x", "onethree", "a", "aaa", "ſKunk", "\r\n", "x", "n"}
	for _, pattern := range patterns {
		re, err := pyregex.Compile(pattern)
		if err != nil {
			t.Fatal(err)
		}
		s := newScanner(t, Options{Content: []Rule{{"rule", pattern}}, MaxPerRule: 1 << 20})
		s.fileTime = time.Hour
		r := rand.New(rand.NewPCG(1, 2))
		for range 1000 {
			text := mixed(r, pieces, 100)
			var want []image.TextMatch
			lines := strings.Split(string(text), "\n")
			if lines[len(lines)-1] == "" {
				lines = lines[:len(lines)-1]
			}
			for i, line := range lines {
				if ok, _ := re.Match(line); ok {
					want = append(want, image.TextMatch{Rule: "rule", Pattern: pattern, Path: "file", Line: i + 1})
				}
			}
			_, got, gaps := searched(s, text)
			if diff := cmp.Diff(want, got); diff != "" || len(gaps) > 0 {
				t.Fatalf("%q in %q: gaps %v (-want +got):\n%s", pattern, text, gaps, diff)
			}
		}
	}
}

func TestBadPattern(t *testing.T) {
	t.Parallel()
	_, err := New(Options{Secrets: []Rule{{"good", "a"}, {"mine", "(a"}}})
	if err == nil || !strings.Contains(err.Error(), `"mine"`) || !strings.Contains(err.Error(), `(a`) {
		t.Errorf("error %v does not name the pattern", err)
	}
}

// TestRevision changes with what changes finds, and only then.
func TestRevision(t *testing.T) {
	t.Parallel()
	options := []Options{
		{}, {Detectors: true}, {Detectors: true, MaxPerRule: 3}, {Detectors: true, LineBytes: 100}, {Detectors: true, Key: []byte("other")},
		{Secrets: []Rule{{"a", "b"}}}, {Content: []Rule{{"a", "b"}}}, {Secrets: []Rule{{"b", "a"}}},
	}
	seen := map[string]int{}
	for i, o := range options {
		a, b := newScanner(t, o).Revision(), newScanner(t, o).Revision()
		if a != b || a == "" {
			t.Errorf("options %d: revisions %q and %q", i, a, b)
		}
		if j, known := seen[a]; known {
			t.Errorf("options %d and %d have the same revision", i, j)
		}
		seen[a] = i
	}
}
