package archive

import (
	"bufio"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"landwaiter.dev/internal/signkey"
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

var errNotEd25519 = errors.New("files are signed with Ed25519 keys alone; make one with landwaiter feeds keygen")

// Text is the key as its file holds it, a line.
func (k PrivateKey) Text() string { return signkey.FromSeed(k.key.Seed()).Text() }

// Public is the key that verifies.
func (k PrivateKey) Public() PublicKey { return PublicKey(k.key.Public().(ed25519.PublicKey)) }

// String is the key as people hand it on: "landwaiter-public:…".
func (k PublicKey) String() string { return signkey.FromEd25519(k[:]).String() }

// ParsePrivateKey reads what [PrivateKey.Text] wrote, or PEM.
func ParsePrivateKey(text string) (PrivateKey, error) {
	key, err := signkey.ParsePrivate(text)
	if err != nil {
		return PrivateKey{}, err
	}
	seed, ok := key.Seed()
	if !ok {
		return PrivateKey{}, errNotEd25519
	}
	return PrivateKey{ed25519.NewKeyFromSeed(seed)}, nil
}

// ParsePublicKey reads what [PublicKey.String] gives, or PEM.
func ParsePublicKey(text string) (PublicKey, error) {
	key, err := signkey.ParsePublic(text)
	if err != nil {
		return PublicKey{}, err
	}
	raw, ok := key.Ed25519()
	if !ok {
		return PublicKey{}, errNotEd25519
	}
	return PublicKey(raw), nil
}

// ParsePublicKeys reads public keys, each a line or a block of PEM; empty lines and what follows # do not count.
func ParsePublicKeys(text string) ([]PublicKey, error) {
	var keys []PublicKey
	lines := bufio.NewScanner(strings.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		line, _, _ := strings.Cut(lines.Text(), "#")
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		first := n
		if strings.HasPrefix(line, "-----BEGIN") {
			for block := line; !strings.HasPrefix(block, "-----END") && lines.Scan(); n++ {
				block = strings.TrimSpace(lines.Text())
				line += "\n" + block
			}
		}
		key, err := ParsePublicKey(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", first, err)
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
