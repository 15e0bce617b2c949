package secret

import (
	"bytes"
	"regexp"

	"github.com/google/osv-scalibr/veles"
)

// expression is a detector of our own: the first group of a regular expression is the secret.
type expression struct{ *regexp.Regexp }

// value is what an expression found.
type value struct{ Value string }

// MaxSecretLen is not asked for here: the table says what a detector sees.
func (expression) MaxSecretLen() uint32 { return 0 }

func (e expression) Detect(data []byte) (found []veles.Secret, at []int) {
	for _, m := range e.FindAllSubmatchIndex(data, -1) {
		found, at = append(found, value{string(data[m[2]:m[3]])}), append(at, m[0])
	}
	return found, at
}

func expressionOf(text string) veles.Detector { return expression{regexp.MustCompile(text)} }

// awsSecretKey finds the key where its name says what it is, as environments and config files have it.
func awsSecretKey() veles.Detector {
	return expressionOf(`(?i:secret_?(?:access_?)?key)["']?\s*(?:=>|[=:,])\s*["']?([A-Za-z0-9/+]{40})(?:[^A-Za-z0-9/+=]|$)`)
}

// githubToken takes a token for one by its shape: the library asks for the right checksum too, which tokens of GitHub
// Enterprise of other versions and made-up ones do not have.
func githubToken() veles.Detector {
	return expressionOf(`(gh(?:[pous]_[A-Za-z0-9]{36}|r_[A-Za-z0-9]{76}))`)
}

func slackToken() veles.Detector {
	return expressionOf(`(xox[bpars]-[0-9]{6,}-[0-9A-Za-z-]{12,240})`)
}

// urlPassword finds the password of a URL.
func urlPassword() veles.Detector {
	return expressionOf(`://[^\s:/?#@"'<>` + "`" + `\\]*:([^\s/?#@"'<>` + "`" + `\\]{3,128})@[A-Za-z0-9_\[.-]`)
}

// hasUserinfo says whether what follows "://" goes on like "user:password@".
func hasUserinfo(b []byte, _, end int) bool {
	colon := false
	for i, c := range b[end:min(len(b), end+256)] {
		switch c {
		case '@':
			return colon && i > 0
		case ':':
			colon = true
		case '/', '?', '#', ' ', '\t', '\r', '\n', '"', '\'', '<', '>', '`', '\\':
			return false
		}
	}
	return false
}

// begins says whether the end of a PEM line is that of a first line.
func begins(b []byte, at, _ int) bool { return bytes.Contains(b[max(at-24, 0):at], []byte("-BEGIN ")) }
