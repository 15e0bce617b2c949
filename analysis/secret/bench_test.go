package secret

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

// sourceText makes text like that of source files: names, keywords, numbers, URLs, a few of the words that detectors
// look for, and no secrets.
func sourceText(size int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	words := []string{
		"func", "return", "const", "import", "package", "self", "public", "static", "value", "error", "string", "index", "context",
		"request", "response", "handler", "options", "config", "module", "exports", "require", "function", "license", "permission",
		"https://example.org/docs", "key_name", "token", "secret", "authorization", "basic", "private", "access", "interface",
		"0x1f", "1234", "3.14", "true", "false", "nil", "None",
	}
	marks := []string{" ", " ", " ", "(", ") ", ", ", ".", " = ", ": ", ";\n", " {\n\t", "}\n", "\n", "\n\t\t", "\"", "'", " // ", "_"}
	var b bytes.Buffer
	for b.Len() < size {
		b.WriteString(words[r.IntN(len(words))])
		if r.IntN(4) == 0 {
			fmt.Fprintf(&b, "%c%s", 'A'+r.IntN(26), words[r.IntN(len(words))])
		}
		b.WriteString(marks[r.IntN(len(marks))])
	}
	return b.Bytes()[:size]
}

func BenchmarkSearchText(b *testing.B) {
	s, err := New(Options{Detectors: true, Key: []byte("key")})
	if err != nil {
		b.Fatal(err)
	}
	for _, size := range []int{4 << 10, 8 << 20} {
		text := sourceText(size)
		b.Run(fmt.Sprintf("%dKiB", size>>10), func(b *testing.B) {
			b.SetBytes(int64(size))
			for b.Loop() {
				q := s.Begin("file")
				_, _ = q.Write(text)
				q.End()
			}
		})
	}
}
