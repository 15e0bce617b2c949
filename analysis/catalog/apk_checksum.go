package catalog

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
)

// apkChecksum decodes apk's text forms of a checksum: "Q1" and "Q2" with base64, "X1" and "X2" with hexadecimal digits
// (1 for SHA-1, 2 for SHA-256), and bare hexadecimal MD5 of very old databases. Empty results stand for an unknown form.
func apkChecksum(value []byte) (algorithm, digest string) {
	if len(value) == 32 && isHex(strings.ToLower(string(value)), 32) {
		return "md5", strings.ToLower(string(value))
	}
	if len(value) < 2 {
		return "", ""
	}
	size := 0
	switch value[1] {
	case '1':
		algorithm, size = "sha1", 20
	case '2':
		algorithm, size = "sha256", 32
	}
	var buf [64]byte
	var n int
	var err error
	switch text := value[2:]; {
	case algorithm == "" || len(text) > 64:
		return "", ""
	case value[0] == 'Q':
		n, err = base64.StdEncoding.Decode(buf[:], text)
	case value[0] == 'X':
		n, err = hex.Decode(buf[:], text)
	}
	if err != nil || n != size {
		return "", ""
	}
	return algorithm, hex.EncodeToString(buf[:n])
}
