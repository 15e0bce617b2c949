package secret

import (
	"net/url"
	"reflect"
	"strings"

	"github.com/google/osv-scalibr/veles"
)

// secretFields are the fields of the library's types that hold the secret, the most telling first: an identifier that
// comes with a secret is none.
var secretFields = []string{
	"Block", "PrivateB64", "PrivateKey", "ClientSecret", "SecretID", "Secret", "Refresh", "Password", "Pat", "Token",
	"Key", "Value", "FullURL", "Signature",
}

// valueOf is the secret itself, in the form in which equal secrets are equal; "" for a find without one.
func valueOf(s veles.Secret) string {
	v := reflect.Indirect(reflect.ValueOf(s))
	if v.Kind() != reflect.Struct {
		return ""
	}
	for _, name := range secretFields {
		field := v.FieldByName(name)
		text := ""
		switch {
		case !field.IsValid():
			continue
		case field.Kind() == reflect.String:
			text = field.String()
		case field.Kind() == reflect.Slice && field.Type().Elem().Kind() == reflect.Uint8:
			text = string(field.Bytes())
		}
		if text != "" {
			return text
		}
	}
	return ""
}

// digestible is the form of a secret that its digest is made of: the password of a URL, the body of a private key, else
// the secret as it is.
func digestible(secret string) []byte {
	switch {
	case strings.HasPrefix(secret, "-----BEGIN "):
		return keyBody([]byte(secret))
	case strings.HasPrefix(secret, "https://"):
		if u, err := url.Parse(secret); err == nil {
			if password, ok := u.User.Password(); ok {
				return []byte(password)
			}
		}
	}
	return []byte(secret)
}

// placeholders mark values that documents show instead of a secret. Compared in lower case.
var placeholders = []string{
	"example", "placeholder", "xxxxxxxx", "your_", "your-", "yourkey", "yourtoken", "insert_", "changeme", "redacted",
}

// samples are secrets of well-known documents.
var samples = []string{
	"SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c", // jwt.io
	"QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "open sesame", // RFC 7617
	"dXNlcm5hbWU6cGFzc3dvcmQ=", "dXNlcjpwYXNzd29yZA==",
	"mF_9.B5f-4.1JqM", "mF_9.B5f", // RFC 6750
}

// isPlaceholder says whether a value only shows where a secret would stand.
func isPlaceholder(value string) bool {
	if strings.HasPrefix(value, "-----BEGIN ") {
		return false
	}
	low := strings.ToLower(value)
	for _, p := range placeholders {
		if strings.Contains(low, p) {
			return true
		}
	}
	for _, s := range samples {
		if strings.HasSuffix(value, s) {
			return true
		}
	}
	return len(value) >= 16 && kinds(value) < 8
}

// kinds counts the different bytes of a text.
func kinds(text string) (n int) {
	var seen [256]bool
	for i := range len(text) {
		if !seen[text[i]] {
			seen[text[i]] = true
			n++
		}
	}
	return n
}

// isMixed says whether a value has letters and digits, as random texts do and words do not.
func isMixed(value string) bool {
	return strings.ContainsAny(value, "0123456789") && strings.ContainsFunc(value, func(r rune) bool {
		return 'a' <= r|0x20 && r|0x20 <= 'z'
	})
}

func awsLike(value string) bool { return isMixed(value) && kinds(value) > 12 && !isHex(value) }

// bearerLike takes what may be a random token.
func bearerLike(value string) bool { return len(value) >= 20 && isMixed(value) && kinds(value) > 9 }

func urlSecret(value string) bool { return passwordLike(string(digestible(value))) }

// passwordLike refuses what documents and templates show instead of a password.
func passwordLike(value string) bool {
	if value == "" || strings.ContainsAny(value, "${}<>*%|()[]") || strings.HasPrefix(value, ":") {
		return false
	}
	switch strings.ToLower(strings.Trim(value, "_-.:")) {
	case "", "pass", "password", "passwd", "pwd", "passwrd", "passw0rd", "pass1", "mypass", "mypassword", "secret", "token",
		"user", "username", "xxx", "xxxx", "foo", "bar", "baz", "test", "port", "auth", "hash", "123", "1234":
		return false
	}
	return true
}

func isHex(value string) bool {
	return strings.Trim(value, "0123456789abcdefABCDEF") == ""
}
