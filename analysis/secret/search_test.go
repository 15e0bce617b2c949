package secret

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"landwaiter.dev/image"
)

// soup draws a text of pieces that rules care about, at least size bytes long.
func soup(t *rapid.T, pieces []string, size int) []byte {
	var b bytes.Buffer
	for n := rapid.IntRange(0, size).Draw(t, "size"); b.Len() < n; {
		b.WriteString(rapid.SampledFrom(pieces).Draw(t, "piece"))
	}
	return b.Bytes()
}

var filler = []string{
	"\n", "\n\n", " ", "=", ":", "/", "word ", "key_", "https://", "\r\n", "é", "\xff", "\"", "0123456789abcdef", strings.Repeat("long ", 40),
	strings.Repeat("x", 300), "\n" + strings.Repeat("y ", 90<<10/2), strings.Repeat("z\n", 70<<10/2),
}

// TestChunksDoNotMatter writes a text in pieces of any size.
func TestChunksDoNotMatter(t *testing.T) {
	t.Parallel()
	pieces := slices.Clone(filler)
	for _, e := range examples(t) {
		pieces = append(pieces, e.text)
	}
	pieces = append(pieces, "aws_access_key_id = "+made(upperNum, 20), "find me", "findme now", "auth: x", `"auth": "abc"`)
	s := newScanner(t, Options{
		Detectors: true, MaxPerRule: 3, LineBytes: 1000,
		Secrets: []Rule{{"mine", `.*find ?me`}, {"", `auth: x`}},
		Content: []Rule{{"long", `find me`}, {"blank", `^$`}, {"any", `.*z`}},
	})
	s.fileTime = time.Hour
	rapid.Check(t, func(t *rapid.T) {
		text := soup(t, pieces, 250<<10)
		if rapid.Bool().Draw(t, "utf16") {
			text = utf16Text(string(text))
		}
		wantS, wantC, wantG := searched(s, text)
		sizes := rapid.SliceOfN(rapid.SampledFrom([]int{0, 1, 2, 3, 7, 100, 4096, 32768, 100001, 1 << 20}), 1, 5).Draw(t, "chunks")
		q := s.Begin("file")
		for i, rest := 0, text; len(rest) > 0; i++ {
			n := min(max(sizes[i%len(sizes)], i%2), len(rest))
			if n < 100 && i > 300 {
				n = min(50000, len(rest))
			}
			_, _ = q.Write(rest[:n])
			rest = rest[n:]
		}
		gotS, gotC, gotG := q.End()
		if diff := cmp.Diff([]any{wantS, wantC, wantG}, []any{gotS, gotC, gotG}); diff != "" {
			t.Fatalf("(-at once +in pieces):\n%s", diff)
		}
	})
}

func utf16Text(s string) []byte {
	b := []byte{0xFF, 0xFE}
	for _, r := range s {
		if r > 0xFFFF {
			r = '?'
		}
		b = append(b, byte(r), byte(r>>8))
	}
	return b
}

// TestFilterMissesNothing compares the filter with a search for each keyword at each place.
func TestFilterMissesNothing(t *testing.T) {
	t.Parallel()
	s := newScanner(t, Options{Detectors: true, Content: []Rule{{"three", "abc"}, {"four", "abcd"}, {"folded", "(?i)bcde"}}})
	var pieces []string
	for i := range s.filter.words {
		w := s.filter.words[i].text
		pieces = append(pieces, w, strings.ToUpper(w), w[:2], w[1:])
	}
	pieces = append(pieces, "\n", " ", "a", "Ab", "\x00", "\xc1bc")
	rapid.Check(t, func(t *rapid.T) {
		text := soup(t, pieces, 300)
		type hit struct {
			word string
			at   int
		}
		var want, got []hit
		for i := range s.filter.words {
			w := &s.filter.words[i]
			for at := 0; at+len(w.text) <= len(text); at++ {
				piece := string(text[at : at+len(w.text)])
				if piece == w.text || w.fold && fold(piece) == fold(w.text) {
					want = append(want, hit{w.text, at})
				}
			}
		}
		padded := append(bytes.Clone(text), bytes.Repeat([]byte("c"), overrun)...)
		for p := s.filter.next(padded, 0, len(text)); p < len(text); p = s.filter.next(padded, p+2, len(text)) {
			s.filter.at(padded, p, len(text), func(w *keyword, at int) { got = append(got, hit{w.text, at}) })
		}
		order := func(a, b hit) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) }
		slices.SortFunc(want, order)
		slices.SortFunc(got, order)
		if !slices.Equal(want, got) {
			t.Fatalf("in %q: want %v, got %v", text, want, got)
		}
	})
}

// TestSameWithoutFilter asks each detector about a whole text, as the library itself does, and compares.
func TestSameWithoutFilter(t *testing.T) {
	t.Parallel()
	s := newScanner(t, Options{Detectors: true, MaxPerRule: 1 << 20})
	all := examples(t)
	pieces := []string{"\n", " word ", "a = b\n", "key_", "sk_live_x", "ghp_", "://", "some.thing/else\n", "Bearer of news "}
	for _, e := range all {
		pieces = append(pieces, "\n"+e.text)
	}
	rapid.Check(t, func(t *rapid.T) {
		text := append(soup(t, pieces, 3000), '\n')
		got := map[string]int{}
		found, _, _ := searched(s, text)
		for _, m := range found {
			got[m.HMAC]++
		}
		for i := range s.detectors {
			d := &s.detectors[i]
			if d.near || d.confirm != nil || d.with != "" {
				continue // these ask for more than the library does
			}
			secrets, _ := d.Detect(text)
			for _, secret := range secrets {
				v := valueOf(secret)
				at := bytes.Index(text, []byte(v))
				if v == "" || isPlaceholder(v) || d.accept != nil && !d.accept(v) || at >= 0 && d.alone && !isAlone(text, at, len(v)) {
					continue
				}
				if d.rule == "hashicorp-vault-token" && !strings.HasPrefix(v, "hv") {
					continue
				}
				if got[s.hmac(digestible(v))] == 0 {
					t.Fatalf("%s: %q is missed in %q", d.rule, v, text)
				}
			}
		}
	})
}

// TestCap lists a few finds of a rule and counts the rest.
func TestCap(t *testing.T) {
	t.Parallel()
	s := newScanner(t, Options{Detectors: true, MaxPerRule: 2, Content: []Rule{{"x", "x"}}})
	var text strings.Builder
	for i := range 100 {
		fmt.Fprintf(&text, "x\nnpm_%s%04d\n", made(alnum, 32), i)
	}
	secrets, content, gaps := searched(s, []byte(text.String()))
	for name, found := range map[string][]image.TextMatch{"secrets": secrets, "content": content} {
		if len(found) != 2 || found[0].More != 0 || found[1].More != 98 || len(gaps) != 0 {
			t.Errorf("%s: %v, gaps %v", name, found, gaps)
		}
	}
}

// TestDigests are equal for equal secrets in different files and forms, and depend on the key.
func TestDigests(t *testing.T) {
	t.Parallel()
	s, other := newScanner(t, Options{Detectors: true}), newScanner(t, Options{Detectors: true, Key: []byte("other")})
	secret, ec := "np"+"m_"+made(alnum, 36), ecKey(t)
	digest := func(s *Scanner, text string) string {
		t.Helper()
		found, _, _ := searched(s, []byte(text))
		if len(found) != 1 {
			t.Fatalf("%q: found %v", text, found)
		}
		if strings.Contains(fmt.Sprint(found), secret) {
			t.Errorf("the secret itself is in %v", found)
		}
		return found[0].HMAC
	}
	a, b := digest(s, "x="+secret), digest(s, "\n\n// "+secret+"\n")
	if a != b {
		t.Error("the same token has two digests")
	}
	if a == digest(s, secret[:39]+"Z") || a == digest(other, secret) {
		t.Error("other tokens or keys give the same digest")
	}
	if digest(s, ec) != digest(s, "  "+strings.ReplaceAll(ec, "\n", "\n  ")) || digest(s, ec) != digest(s, `"`+strings.ReplaceAll(ec, "\n", `\n`)+`"`) {
		t.Error("the same private key has two digests")
	}
}

// TestEqualSecretsOnALine leaves out what detectors find again, and nothing that an expression finds.
func TestEqualSecretsOnALine(t *testing.T) {
	t.Parallel()
	s := newScanner(t, Options{Detectors: true})
	key := made(upperNum, 20)
	found, _, _ := searched(s, []byte("aws_access_key_id=; api_key="+key+"\n-----BEGIN PRIVATE KEY-----"+strings.TrimPrefix(ecKey(t), "-----BEGIN PRIVATE KEY-----")))
	var got []string
	for _, m := range found {
		got = append(got, fmt.Sprint(m.Line, " ", m.Rule))
	}
	if diff := cmp.Diff([]string{"1 API_KEY", "1 AWS_ACCESS_KEY", "2 PRIV_KEY"}, got); diff != "" {
		t.Error(diff)
	}
	if found[0].HMAC != found[1].HMAC {
		t.Error("the same secret has two digests")
	}
}

func TestPlaceholdersAreNoSecrets(t *testing.T) {
	t.Parallel()
	s := newScanner(t, Options{Detectors: true})
	for _, text := range []string{
		"AK" + "IAIOSFODNN7" + "EXAMPLE wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
		"npm_" + strings.Repeat("x", 36), "ghp_" + strings.Repeat("0", 36),
		"https://user:password@host/", "https://me:hunter22@www.example.com/", "https://me:${PASSWORD}@db/", "https://me:%s@db/",
		"git@github.com:a/b.git", "https://a.b/c@d", "https://a.b:80/@x", "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Authorization: Bearer your_access_token_goes_here1",
		"AKIA is a prefix. -----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
		`"integrity": "sha512-` + made(alnum, 30) + "EA" + "AA" + made(alnum, 52) + `"`,
	} {
		if found, _, _ := searched(s, []byte(text)); len(found) > 0 {
			t.Errorf("%q: found %v", text, found)
		}
	}
}

// TestLongLines finds in lines of any length, once for a rule and line, and patterns for the start of a line only there.
func TestLongLines(t *testing.T) {
	t.Parallel()
	s := newScanner(t, Options{Detectors: true, LineBytes: 1000, Content: []Rule{{"anywhere", ".*needle"}, {"start", "needle"}, {"word", "(?=n)needle"}}})
	long := strings.Repeat("a; ", 100<<10)
	text := "first\n" + long + "needle" + long + "aws_access_key_id = " + made(upperNum, 20) + " " + long + "needle\nneedle" + long + "\n"
	secrets, content, gaps := searched(s, []byte(text))
	got := map[string][]int{}
	for _, m := range slices.Concat(secrets, content) {
		got[m.Rule] = append(got[m.Rule], m.Line)
	}
	want := map[string][]int{"anywhere": {2, 3}, "start": {3}, "word": {3}, "AWS_ACCESS_KEY": {2}}
	if diff := cmp.Diff(want, got); diff != "" || len(gaps) > 0 {
		t.Errorf("gaps %v (-want +got):\n%s", gaps, diff)
	}
}

// TestNothingToDo costs nothing and finds nothing.
func TestNothingToDo(t *testing.T) {
	t.Parallel()
	s := newScanner(t, Options{})
	for _, text := range []string{"", "ghp_" + made(alnum, 36)} {
		if a, b, c := searched(s, []byte(text)); len(a)+len(b)+len(c) > 0 {
			t.Errorf("found %v %v %v", a, b, c)
		}
	}
	if found, _ := s.Config(image.ContainerConfig{Env: []string{"PASSWORD=x"}}, nil); len(found) > 0 {
		t.Errorf("found %v", found)
	}
}

func FuzzSearch(f *testing.F) {
	for _, e := range examples(f) {
		f.Add([]byte(e.text), uint16(7))
	}
	f.Add(utf16Text("aws_access_key_id = "+made(upperNum, 20)), uint16(1))
	f.Add([]byte("-----BEGIN PRIVATE KEY-----\\n\\"), uint16(3))
	s := newScanner(f, Options{
		Detectors: true, LineBytes: 64,
		Secrets: []Rule{{"a", ".*needle"}}, Content: []Rule{{"b", "x*y"}, {"c", "needle"}},
	})
	f.Fuzz(func(t *testing.T, text []byte, size uint16) {
		wantS, wantC, wantG := searched(s, text)
		q := s.Begin("file")
		for rest := text; len(rest) > 0; {
			n := min(int(size)+1, len(rest))
			_, _ = q.Write(rest[:n])
			rest = rest[n:]
		}
		gotS, gotC, gotG := q.End()
		if diff := cmp.Diff([]any{wantS, wantC, wantG}, []any{gotS, gotC, gotG}); diff != "" {
			t.Fatalf("(-at once +in pieces):\n%s", diff)
		}
		lines := max(bytes.Count(text, newline), 1) + 1
		for _, m := range slices.Concat(wantS, wantC) {
			if m.Line < 1 || m.Line > lines+len(text) {
				t.Errorf("line %d", m.Line)
			}
		}
		IsText(text)
	})
}
