package secret

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"testing"
)

// sourceText makes text like that of source files: names, keywords, numbers, now and then a URL or a word that detectors
// look for, and no secrets.
func sourceText(size int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	words := []string{
		"func", "return", "const", "import", "package", "self", "public", "static", "value", "error", "string", "index", "context",
		"request", "response", "handler", "options", "config", "module", "exports", "require", "function", "license", "permission",
		"token", "private", "access", "interface", "0x1f", "1234", "3.14", "true", "false", "nil", "None",
	}
	rare := []string{
		"https://docs.corp.test/a/b", "key_name", "secret_key", "Authorization: Basic access", "azure", "discord", "npm_config", "api_key",
	}
	marks := []string{" ", " ", " ", "(", ") ", ", ", ".", " = ", ": ", ";\n", " {\n\t", "}\n", "\n", "\n\t\t", "\"", "'", " // ", "_"}
	var b bytes.Buffer
	for b.Len() < size {
		if r.IntN(100) == 0 {
			b.WriteString(rare[r.IntN(len(rare))])
		} else {
			b.WriteString(words[r.IntN(len(words))])
		}
		if r.IntN(4) == 0 {
			fmt.Fprintf(&b, "%c%s", 'A'+r.IntN(26), words[r.IntN(len(words))])
		}
		b.WriteString(marks[r.IntN(len(marks))])
	}
	return b.Bytes()[:size]
}

// BenchmarkSearchText has the digest of the same text, which each file needs anyway, as its floor.
func BenchmarkSearchText(b *testing.B) {
	s, err := New(Options{Detectors: true, Key: []byte("key")})
	if err != nil {
		b.Fatal(err)
	}
	for _, size := range []int{4 << 10, 8 << 20} {
		text := sourceText(size)
		b.Run(fmt.Sprintf("%dKiB/floor", size>>10), func(b *testing.B) {
			b.SetBytes(int64(size))
			for b.Loop() {
				sha256.Sum256(text)
			}
		})
		b.Run(fmt.Sprintf("%dKiB/search", size>>10), func(b *testing.B) {
			b.SetBytes(int64(size))
			for b.Loop() {
				q := s.Begin("file")
				_, _ = q.Write(text)
				q.End()
			}
		})
	}
}
