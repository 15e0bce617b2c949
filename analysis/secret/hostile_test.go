package secret

import (
	"strings"
	"testing"
	"time"

	"landwaiter.dev/image"
)

// TestHostile keeps time and memory in bounds, and says what was given up.
func TestHostile(t *testing.T) {
	t.Parallel()
	s := newScanner(t, Options{Detectors: true})
	var words strings.Builder
	for _, e := range examples(t) {
		words.WriteString(strings.ReplaceAll(e.text, "\n", " ") + " ")
	}
	pairs := "AK" + "IA" + made(upperNum, 16) + " " + made(alnum+"+", 40) + " "
	triples := "3M" + "VG" + made(alnum, 20) + " client_secret=" + made(alnum, 30) + " a.my.salesforce.com "
	for name, piece := range map[string]string{
		"every keyword on one line": words.String(),
		"pairs":                     pairs,
		"triples":                   triples,
		"names without a value":     "aws_access_key_id=aws_secret_access_key=api_key=\"auth\": \"",
		"beginnings of keys":        "-----BEGIN RSA PRIVATE KEY-----",
		"URLs":                      "a://b:c@",
		"tokens without an end":     "sk-ant-eyJ.eyJ",
	} {
		t.Run(name, func(t *testing.T) {
			size := 3 << 20
			if name == "every keyword on one line" {
				size = 10 << 20
			}
			text := []byte(strings.Repeat(piece, size/len(piece)))
			begun := time.Now()
			found, _, gaps := searched(s, text)
			if took := time.Since(begun); took > 60*time.Second {
				t.Errorf("took %v", took)
			}
			t.Logf("%v, %d finds, %d gaps", time.Since(begun), len(found), len(gaps))
			for _, g := range gaps {
				if g.Kind != image.GapLimit || g.Path != "file" || g.Detail == "" {
					t.Errorf("gap %v", g)
				}
			}
		})
	}
}

// TestExplodingPattern is given up with a gap, and does not keep others from finding.
func TestExplodingPattern(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{`(?=x|a)(a|aa)+(a|aa)+c`, `needle(?=x|a)(a|aa)+(a|aa)+c`} {
		s := newScanner(t, Options{Secrets: []Rule{{"bomb", pattern}}, Content: []Rule{{"fine", "needle"}}})
		text := strings.Repeat("needle"+strings.Repeat("a", 400)+"!\n"+strings.Repeat("a", 400)+"!\n", 1000)
		s.fileTime = time.Second
		begun := time.Now()
		_, content, gaps := searched(s, []byte(text))
		if len(content) != 20 || content[19].More != 980 {
			t.Errorf("%q: the other pattern found %v", pattern, content)
		}
		if len(gaps) != 1 || gaps[0].Kind != image.GapLimit || !strings.Contains(gaps[0].Detail, "bomb") {
			t.Errorf("%q: gaps %v", pattern, gaps)
		}
		if took := time.Since(begun); took > 20*time.Second {
			t.Errorf("%q: took %v", pattern, took)
		}
	}
}
