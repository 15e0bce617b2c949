package secret

import "bytes"

// originalRules are the five patterns that policies know by name and by text. Three of them look around and step back,
// which costs quadratic time on a hostile line; so each is read here by hand in linear time, with the same answer as the
// pattern for ASCII lines (a test compares them with Python's meaning).
func originalRules() []lineRule {
	return []lineRule{
		{
			name:     "AWS_ACCESS_KEY",
			pattern:  `(?i).*aws_access_key_id( *=+ *).*(?<![A-Z0-9])[A-Z0-9]{20}(?![A-Z0-9]).*`,
			keywords: []string{"aws_access_key_id"}, fold: true,
			match: assignment("aws_access_key_id", isAlnum, 20, 20),
		},
		{
			name:     "AWS_SECRET_KEY",
			pattern:  `(?i).*aws_secret_access_key( *=+ *).*(?<![A-Za-z0-9/+=])[A-Za-z0-9/+=]{40}(?![A-Za-z0-9/+=]).*`,
			keywords: []string{"aws_secret_access_key"}, fold: true,
			match: assignment("aws_secret_access_key", isBase64, 40, 40),
		},
		{
			name:     "PRIV_KEY",
			pattern:  `(?i)-+BEGIN(.*)PRIVATE KEY-+`,
			keywords: []string{"private key-"}, fold: true, anchored: true,
			match: privateKeyLine,
		},
		{
			name:     "DOCKER_AUTH",
			pattern:  `(?i).*"auth": *".+"`,
			keywords: []string{`"auth":`}, fold: true,
			match: dockerAuth,
		},
		{
			name:     "API_KEY",
			pattern:  `(?i).*api(-|_)key( *=+ *).*(?<![A-Z0-9])[A-Z0-9]{20,60}(?![A-Z0-9]).*`,
			keywords: []string{"api_key", "api-key"}, fold: true,
			match: assignment("api?key", isAlnum, 20, 60),
		},
	}
}

// assignment matches a name, blanks, at least one "=", and anywhere after it a run of bytes of a kind that is between
// least and most long and stands alone. The run is the secret. A "?" in the name stands for "-" or "_".
func assignment(name string, kind func(byte) bool, least, most int) func(line, rest []byte) ([]byte, bool, error) {
	return func(line, _ []byte) ([]byte, bool, error) {
		after := -1 // just after the first "=" of the first such name
		for i := 0; i+len(name) < len(line) && after < 0; i++ {
			if !named(line[i:], name) {
				continue
			}
			if j := skipBlanks(line, i+len(name)); j < len(line) && line[j] == '=' {
				after = j + 1
			}
		}
		if after < 0 {
			return nil, false, nil
		}
		i := after
		for i > 0 && kind(line[i-1]) && i < len(line) && kind(line[i]) {
			i++ // the rest of a run that began before
		}
		for i < len(line) {
			if !kind(line[i]) {
				i++
				continue
			}
			j := i
			for j < len(line) && kind(line[j]) {
				j++
			}
			if least <= j-i && j-i <= most {
				return line[i:j], true, nil
			}
			i = j
		}
		return nil, false, nil
	}
}

func named(b []byte, name string) bool {
	if len(b) < len(name) {
		return false
	}
	for i := range len(name) {
		if c := lower(b[i]); c != name[i] && (name[i] != '?' || c != '-' && c != '_') {
			return false
		}
	}
	return true
}

func skipBlanks(line []byte, i int) int {
	for i < len(line) && line[i] == ' ' {
		i++
	}
	return i
}

func isAlnum(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

func isBase64(c byte) bool { return isAlnum(c) || c == '/' || c == '+' || c == '=' }

// privateKeyLine matches the first line of a private key. The secret is the key's body, as [keyBody] has it.
func privateKeyLine(line, rest []byte) ([]byte, bool, error) {
	i := 0
	for i < len(line) && line[i] == '-' {
		i++
	}
	if i == 0 || !named(line[i:], "begin") {
		return nil, false, nil
	}
	for j := i + len("begin"); j+len("private key-") <= len(line); j++ {
		if named(line[j:], "private key-") {
			return keyBody(rest), true, nil
		}
	}
	return nil, false, nil
}

// keyBody is what stands between the first and the last line of a private key, without blanks and line ends, even where
// these are written as "\n", so that a key is the same however it is kept.
func keyBody(block []byte) []byte {
	if i := bytes.Index(block, []byte("KEY-")); i >= 0 {
		block = bytes.TrimLeft(block[i+len("KEY-"):], "-")
	}
	if i := bytes.Index(block, []byte("-----END")); i >= 0 {
		block = block[:i]
	}
	body := make([]byte, 0, len(block))
	for i := 0; i < len(block); i++ {
		switch c := block[i]; {
		case c == '\\':
			i++ // and what it escapes
		case isBase64(c):
			body = append(body, c)
		}
	}
	return body
}

// dockerAuth matches a name "auth" with a text that is not empty. The secret is that text.
func dockerAuth(line, _ []byte) ([]byte, bool, error) {
	const name = `"auth":`
	closing := bytes.LastIndexByte(line, '"')
	for i := 0; i+len(name) < len(line); i++ {
		if line[i] != '"' || !named(line[i:], name) {
			continue
		}
		j := skipBlanks(line, i+len(name))
		// At least one byte, and then a quotation mark anywhere.
		if j >= len(line) || line[j] != '"' || closing < j+2 {
			continue
		}
		value := line[j+1 : closing]
		if k := bytes.IndexByte(value, '"'); k > 0 {
			value = value[:k]
		}
		return value, true, nil
	}
	return nil, false, nil
}
