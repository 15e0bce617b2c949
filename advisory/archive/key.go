package archive

import (
	"bufio"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// What stands before the base64 text of a key, so that one is not taken for the other.
const (
	privatePrefix = "landwaiter-private:"
	publicPrefix  = "landwaiter-public:"
)

// PrivateKey signs files. It never prints.
type PrivateKey struct{ key ed25519.PrivateKey }

// String hides the key.
func (PrivateKey) String() string { return "(private key)" }

// GoString hides the key.
func (PrivateKey) GoString() string { return "(private key)" }

// PublicKey verifies what its private key signed.
type PublicKey [ed25519.PublicKeySize]byte

// NewKey makes a key.
func NewKey() (PrivateKey, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	return PrivateKey{key}, err
}

// Text is the key as its file holds it, a line.
func (k PrivateKey) Text() string {
	return privatePrefix + base64.StdEncoding.EncodeToString(k.key.Seed()) + "\n"
}

// Public is the key that verifies.
func (k PrivateKey) Public() PublicKey { return PublicKey(k.key.Public().(ed25519.PublicKey)) }

// String is the key as people hand it on: "landwaiter-public:…".
func (k PublicKey) String() string { return publicPrefix + base64.StdEncoding.EncodeToString(k[:]) }

// ParsePrivateKey reads what [PrivateKey.Text] wrote.
func ParsePrivateKey(text string) (PrivateKey, error) {
	rest, ok := strings.CutPrefix(strings.TrimSpace(text), privatePrefix)
	seed, err := base64.StdEncoding.DecodeString(rest)
	switch {
	case strings.HasPrefix(strings.TrimSpace(text), publicPrefix):
		return PrivateKey{}, errors.New("it is a public key; signing needs the private one that landwaiter feeds keygen wrote")
	case !ok || err != nil || len(seed) != ed25519.SeedSize:
		return PrivateKey{}, errors.New("it is not a private key; make one with landwaiter feeds keygen")
	}
	return PrivateKey{ed25519.NewKeyFromSeed(seed)}, nil
}

// ParsePublicKey reads what [PublicKey.String] gives.
func ParsePublicKey(text string) (PublicKey, error) {
	rest, ok := strings.CutPrefix(strings.TrimSpace(text), publicPrefix)
	raw, err := base64.StdEncoding.DecodeString(rest)
	switch {
	case strings.HasPrefix(strings.TrimSpace(text), privatePrefix):
		return PublicKey{}, errors.New("it is a private key, which nobody but the signer may have; give the public one")
	case !ok || err != nil || len(raw) != ed25519.PublicKeySize:
		return PublicKey{}, fmt.Errorf("%.80q is not a public key: want %s…, as landwaiter feeds keygen prints it", text, publicPrefix)
	}
	return PublicKey(raw), nil
}

// ParsePublicKeys reads public keys, one a line; empty lines and what follows # do not count.
func ParsePublicKeys(text string) ([]PublicKey, error) {
	var keys []PublicKey
	lines := bufio.NewScanner(strings.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		line, _, _ := strings.Cut(lines.Text(), "#")
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		key, err := ParsePublicKey(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		keys = append(keys, key)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("it is no list of keys: %w", err)
	}
	if len(keys) == 0 {
		return nil, errors.New("there is no public key in it")
	}
	return keys, nil
}

// Trust says whose files are taken.
type Trust struct {
	Keys []PublicKey
	// Unsigned takes files that nobody signed, or somebody who is not trusted. That they are whole is checked all the same.
	Unsigned bool
}
