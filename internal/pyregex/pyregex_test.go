package pyregex

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"
)

// TestMeansWhatPythonMeans replays answers of Python's own re.match, over both engines.
func TestMeansWhatPythonMeans(t *testing.T) {
	t.Parallel()
	f, err := os.Open("testdata/python.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := 0
	for in := bufio.NewScanner(f); in.Scan(); lines++ {
		var c struct {
			Pattern string   `json:"p"`
			Error   string   `json:"err"`
			Texts   []string `json:"t"`
			Want    []bool   `json:"m"`
		}
		if err := json.Unmarshal(in.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		re, err := Compile(c.Pattern)
		if (err != nil) != (c.Error != "") {
			t.Errorf("%q: got error %v, Python says %q", c.Pattern, err, c.Error)
		}
		if err != nil {
			continue
		}
		for i, text := range c.Texts {
			if got, err := re.Match(text); err != nil || got != c.Want[i] {
				t.Errorf("%q on %q: got %v, %v, want %v", c.Pattern, text, got, err, c.Want[i])
			}
			re.slowOnce.Do(re.compileSlow)
			if got, err := re.slow.MatchString(text); err != nil || got != c.Want[i] {
				t.Errorf("%q on %q, backtracking: got %v, %v, want %v", c.Pattern, text, got, err, c.Want[i])
			}
		}
	}
	if lines < 300 {
		t.Fatalf("only %d cases were read", lines)
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		pattern, text string
		want          bool
	}{
		{`b`, "abc", false},
		{`ab`, "abc", true},
		{`abc$`, "abc\n", true},
		{`abc$`, "abc\nd", false},
		{`abc\Z`, "abc\n", false},
		{`.*\.pem`, "/etc/ssl/a.pem", true},
		{`.*\.pem$`, "/etc/ssl/a.pem.bak", false},
		{`.*b`, "a\nb", false},
		{`(?s).*b`, "a\nb", true},
		{`(?i)CVE-\d+`, "cve-2020", true},
		{`a|b`, "b", true},
		{`\d`, "٣", true},
		{`\w+$`, "größe", true},
		{`\s`, "\u00a0", true},
		{`(?!CVE-2020).*`, "CVE-2020-1", false},
		{`(?P<q>['"]).*(?P=q)`, `"x"`, true},
		{`(?<![A-Z])x`, "x", true},
		{`x(?# a note )y`, "xy", true},
		{"(?x) a b # note\n c", "abc", true},
		{`a(?i)b`, "AB", true},
		{`[[:alpha:]]`, ":]", true},
		{`\B`, "", false},
		{`a{,2}b`, "aab", true},
		{`a{x}`, "a{x}", true},
	} {
		re, err := Compile(tc.pattern)
		if err != nil {
			t.Errorf("%q: %v", tc.pattern, err)
			continue
		}
		if got, err := re.Match(tc.text); err != nil || got != tc.want {
			t.Errorf("%q on %q: got %v, %v, want %v", tc.pattern, tc.text, got, err, tc.want)
		}
	}
}

func TestHostilePatterns(t *testing.T) {
	t.Parallel()
	for name, pattern := range map[string]string{
		"too long":         strings.Repeat("a", MaxPattern+1),
		"deep":             strings.Repeat("(", 2000) + strings.Repeat(")", 2000),
		"deep conditions":  "()" + strings.Repeat("(?(1)", 700) + strings.Repeat(")", 700),
		"deep scopes":      strings.Repeat("(?i:", 900),
		"not UTF-8":        "a\xff",
		"surrogate":        `\ud800`,
		"group reference":  `(a)\2`,
		"unknown group":    `(?P=x)`,
		"possessive":       `a++`,
		"bytes only":       `(?L)a`,
		"unknown flag":     `(?z)a`,
		"reversed bounds":  `a{3,2}`,
		"end in backslash": `a\`,
	} {
		if re, err := Compile(pattern); err == nil {
			t.Errorf("%s: compiled to %v", name, re)
		}
	}
}

func TestHostileMatchesEndInTime(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("a", 4096)
	for name, tc := range map[string]struct {
		pattern string
		timeout bool
	}{
		"linear":          {`(a+)+$b`, false},
		"back-reference":  {`(a*)*\1b`, true},
		"look-ahead":      {`(?=x|a)(a|aa)+(a|aa)+c`, true},
		"huge counts":     {`((a{1000}){1000}){1000}(?!b)`, false},
		"nested counts":   {`(?:(?:a{1,900}){1,900}){1,900}b`, true},
		"many options":    {`(?=a)` + strings.Repeat("a?", 1200) + strings.Repeat("a", 1200) + "b", true},
		"class of all":    {`(?:[\W\w]*)*(?!a)b`, true},
		"lazy everything": {`(?:.*?)*?(?=b)`, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			re, err := Compile(tc.pattern)
			if err != nil {
				t.Fatal(err)
			}
			if spent := time.Since(start); spent > 10*time.Second {
				t.Errorf("compiling took %v", spent)
			}
			ok, err := re.Match(text)
			if spent := time.Since(start); spent > 80*TimeLimit {
				t.Errorf("took %v", spent)
			}
			if ok || err != nil && !errors.Is(err, ErrTimeout) || !tc.timeout && err != nil {
				t.Errorf("got %v, %v", ok, err)
			}
		})
	}
}

func FuzzCompile(f *testing.F) {
	for _, p := range []string{`.*\.pem$`, `(?i)a|b`, `(?P<n>a)(?P=n)`, `[^\W\d_]{2,3}?`, `(?<=a)b`, `(a)?(?(1)b|c)`, `a{,2}`, `(?x) a # b`, `\u00e9[]a-]`} {
		f.Add(p, "aab.pem")
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		re, err := Compile(pattern)
		if err != nil {
			if re != nil {
				t.Fatal("a value beside the error")
			}
			return
		}
		got, err := re.Match(text)
		if err != nil {
			return
		}
		re.slowOnce.Do(re.compileSlow)
		if re.slowErr != nil {
			t.Fatalf("%q: the other engine refuses %q: %v", pattern, re.slowSource, re.slowErr)
		}
		if slow, err := re.slow.MatchString(text); err == nil && slow != got {
			t.Fatalf("%q on %q: the engines disagree: %v, backtracking %v", pattern, text, got, slow)
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	const path = "/usr/lib/python3/dist-packages/pip/_vendor/certifi/cacert.pem"
	for name, pattern := range map[string]string{
		"suffix": `.*\.key$`, "anchored": `/etc/.*`, "classes": `/usr/[a-z]+/\w+/x`, "backtracking": `/(?!usr).*`,
	} {
		b.Run(name, func(b *testing.B) {
			re, err := Compile(pattern)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				re.Match(path)
			}
		})
	}
}
