package expr_test

import (
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"landwaiter.dev/policy/expr"
)

// grown is a list with one text of ten to the power of n letters.
func grown(n int) string {
	return `["aaaaaaaaaa"` + strings.Repeat(`.replace("a", "aaaaaaaaaa")`, n-1) + `]`
}

// Nothing that an expression asks for may take memory or time before it is counted.
func TestHostileExpressions(t *testing.T) {
	for text, want := range map[string]string{
		grown(4) + `.map(s, s.replace("a", s)).exists(x, size(x) > 5)`:                                      "makes a text longer than 1 MiB",
		grown(5) + `.map(s, s.replace("a", s)).exists(x, size(x) > 5)`:                                      "makes a text longer than 1 MiB",
		grown(5) + `.map(s, s.replace("a", s, 50)).exists(x, size(x) > 5)`:                                  "makes a text longer than 1 MiB",
		grown(5) + `.map(s, s.replace("", s)).exists(x, size(x) > 5)`:                                       "makes a text longer than 1 MiB",
		grown(4) + strings.Repeat(`.map(a, a+a+a+a+a+a+a+a)`, 8) + `.exists(x, size(x) > 5)`:                "makes a text longer than 1 MiB",
		grown(6) + `.map(s, s + s).exists(x, size(x.split("")) > 5)`:                                        "makes a text longer than 1 MiB",
		grown(6) + `.map(s, (s + "aaaa").split("")).exists(x, size(x) > 5)`:                                 "makes a list of more than 1000000",
		grown(5) + `.map(s, s.split("")).map(l, l+l+l+l+l+l+l+l+l+l+l).exists(x, size(x) > 5)`:              "makes a list of more than 1000000",
		grown(6) + `.exists(s, s.lastIndexOf(s.substring(0, 500000) + "b") > 5)`:                            "costs more than",
		grown(6) + `.exists(s, s.indexOf(s.substring(0, 500000) + "b") > 5)`:                                "costs more than",
		grown(6) + `.exists(s, s.matches("(a?){40}b") || s.matches("(a?){40}c") || s.matches("(a?){40}d"))`: "costs more than",
		grown(6) + `.exists(s, "a".matches(s))`:                                                             "costs more than",
		`["((((a{9}){9}){9}){9}){9}"].exists(s, "a".matches(s))`:                                            "regular expression",
		`[[[1]]]` + strings.Repeat(`.map(x, [x, x])`, 24) + `.exists(x, x != x)`:                            "costs more than",
		grown(5) + `.map(s, s.split("")).exists(l, l.map(a, l.map(b, "x" + a)).exists(x, size(x) == 1))`:    "costs more than",
		grown(5) + `.map(s, s.split("")).exists(l, l.all(a, l.all(b, b in l)))`:                             "costs more than",
	} {
		e, err := expr.Compile(text)
		if err != nil {
			if !strings.Contains(err.Error(), "cost too much") {
				t.Errorf("%.120s: %v", text, err)
			}
			continue
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		began := time.Now()
		_, err = e.Run(t.Context(), document().Bind(), time.Time{})
		runtime.ReadMemStats(&after)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.120s: got %v, want %q", text, err, want)
		}
		if d, m := time.Since(began), after.TotalAlloc-before.TotalAlloc; d > 2*time.Minute || m > 1<<30 {
			t.Errorf("%.120s: took %v and %d MiB", text, d, m>>20)
		}
	}
}

// The deadline ends an expression between functions, also where there is no loop of many rounds.
func TestHostileTimeRunsOut(t *testing.T) {
	t.Parallel()
	e, err := expr.Compile(grown(5) + `.exists(s, s.matches("(a?){40}b") || s.matches("(a?){40}c"))`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Run(t.Context(), document().Bind(), time.Now()); !errors.Is(err, expr.ErrTimeout) {
		t.Errorf("got %v", err)
	}
}

func TestPatterns(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]string{
		`[0-9]{4}`: "", `^CVE-[0-9]{4}-[0-9]{4,}$`: "", `(a?){3}b`: "", `a{2,}?`: "", `(?i)lib(c|ssl)+`: "", `\\pL+`: "", ``: "",
		`(a{0,30}){0,30}`: "too large", `a{1000}`: "too large", `(` + strings.Repeat("a", 2000) + `){1000}`: "too large", `(`: "missing closing",
	} {
		for _, form := range []string{`"abc 2026".matches("PATTERN")`, `matches("abc 2026", "PATTERN")`, `["PATTERN"].exists(p, "abc 2026".matches(p))`} {
			var got string
			e, err := expr.Compile(strings.Replace(form, "PATTERN", pattern, 1))
			if err == nil {
				_, err = e.Run(t.Context(), document().Bind(), time.Time{})
			}
			if err != nil {
				got = err.Error()
			}
			if (want == "") != (got == "") || !strings.Contains(got, want) {
				t.Errorf("%.100s in %s: got %q, want %q", pattern, form, got, want)
			}
		}
	}
}
