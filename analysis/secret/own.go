package secret

import (
	"bytes"
	"encoding/base64"
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
	return expressionOf(`(?i:secret_?(?:access_?)?key)["']?\s*(?:=>|[=:,])\s*["']?` +
		`([A-Za-z0-9/+]{40})(?:[^A-Za-z0-9/+=]|$)`)
}

// githubToken takes a token for one by its shape: the library asks for the right checksum too, which tokens of GitHub
// Enterprise of other versions and made-up ones do not have.
func githubToken() veles.Detector {
	return expressionOf(`(gh(?:[pous]_[A-Za-z0-9]{36}|r_[A-Za-z0-9]{76}))`)
}

func slackToken() veles.Detector {
	return expressionOf(`(xox[bpars]-[0-9]{6,}-[0-9A-Za-z-]{12,240})`)
}

// keyBlock finds private keys whose lines are indented or written as "\n", as documents in YAML and JSON have them.
type keyBlock struct{ *regexp.Regexp }

func indentedKey() veles.Detector {
	return keyBlock{regexp.MustCompile(`-----BEGIN (?:[A-Z0-9]+ )?PRIVATE KEY-----[A-Za-z0-9+/=\s\\"',-]*?-----END `)}
}

// MaxSecretLen is not asked for here.
func (keyBlock) MaxSecretLen() uint32 { return 0 }

func (k keyBlock) Detect(data []byte) (found []veles.Secret, at []int) {
	for _, m := range k.FindAllIndex(data, -1) {
		block := data[m[0]:m[1]]
		raw, err := base64.StdEncoding.DecodeString(string(keyBody(block)))
		if err != nil || len(raw) < 32 || raw[0] != 0x30 && !bytes.HasPrefix(raw, []byte("openssh-key-v1")) {
			continue // neither DER nor OpenSSH's form
		}
		found, at = append(found, value{string(block)}), append(at, m[0])
	}
	return found, at
}

// urlPassword finds the password of a URL, unless its host is one that only documents have.
func urlPassword() veles.Detector {
	const not = `\s:/?#@"'<>` + "`" + `\\`
	text := `://[^` + not + `]*:([^` + not + `]{3,128})@[A-Za-z0-9_\[][A-Za-z0-9_.-]*`
	return urlExpression{expression{regexp.MustCompile(text)}}
}

type urlExpression struct{ expression }

var exampleHost = regexp.MustCompile(`(?i)@(?:[a-z0-9_.-]+\.)?` +
	`(?:example\.(?:com|org|net|edu)|(?:my|your)?-?_?(?:host|hostname|server|domain|hub))(?:$|\.com$)`)

func (e urlExpression) Detect(data []byte) (found []veles.Secret, at []int) {
	for _, m := range e.FindAllSubmatchIndex(data, -1) {
		if !exampleHost.Match(data[m[3]:m[1]]) {
			found, at = append(found, value{string(data[m[2]:m[3]])}), append(at, m[0])
		}
	}
	return found, at
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

// azureKey says whether the keyword is or begins a name like "azure_storage_key".
func azureKey(b []byte, at, end int) bool {
	if b[at+2] == ' ' {
		return true // az storage
	}
	for end < len(b) && (isAlnum(b[end]) || b[end] == '_' || b[end] == '-') {
		end++
	}
	return end-at >= len("azurekey") && named(b[end-3:], "key")
}

// basicCredentials says whether a keyword is followed by what may be the base64 of a name and a password, and not by a
// word.
func basicCredentials(b []byte, _, end int) bool {
	i, upper, lower := end, false, false
	for ; i < len(b) && isBase64(b[i]); i++ {
		upper = upper || 'A' <= b[i] && b[i] <= 'Z'
		lower = lower || 'a' <= b[i] && b[i] <= 'z'
	}
	return upper && lower && (i-end)%4 == 0
}
