package image

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// Digest is a content digest in its canonical text form, "sha256:" and 64 lower-case hexadecimal
// digits (OCI image specification, descriptor.md). The zero value means "none". Values come from
// [ParseDigest] or [DigestOf]; a converted string is only safe when it was written by us.
type Digest string

const digestPrefix = "sha256:"

// ParseDigest accepts exactly the canonical sha256 form. Other algorithms, upper case and any
// character that could be read as a path are refused.
func ParseDigest(s string) (Digest, error) {
	hexa, ok := strings.CutPrefix(s, digestPrefix)
	if !ok || len(hexa) != sha256.Size*2 || strings.Trim(hexa, "0123456789abcdef") != "" {
		return "", fmt.Errorf("%.100q is not a valid digest: want sha256: and 64 lower-case hexadecimal digits", s)
	}
	return Digest(s), nil
}

// DigestOf returns the digest of b.
func DigestOf(b []byte) Digest {
	sum := sha256.Sum256(b)
	return DigestOfSum(sum[:])
}

// DigestOfSum returns the digest whose SHA-256 sum is already known.
func DigestOfSum(sum []byte) Digest { return Digest(digestPrefix + hex.EncodeToString(sum)) }

// Hex is the digest without its algorithm.
func (d Digest) Hex() string { return strings.TrimPrefix(string(d), digestPrefix) }

// Short is the first 12 hexadecimal digits, for people.
func (d Digest) Short() string { return fmt.Sprintf("%.12s", d.Hex()) }
