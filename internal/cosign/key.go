package cosign

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// Key is a public key that is trusted under a name.
type Key struct {
	Name string
	key  crypto.PublicKey
}

// ParseKey reads a public key in PEM, as "cosign generate-key-pair" and openssl write it: ECDSA, RSA of 2048 bits or more, or
// Ed25519.
func ParseKey(name string, text []byte) (Key, error) {
	block, _ := pem.Decode(text)
	switch {
	case block == nil:
		return Key{}, errors.New("it holds no key in PEM")
	case strings.Contains(block.Type, "PRIVATE"):
		return Key{}, errors.New("it holds a private key; the public one is wanted (cosign.pub)")
	case block.Type != "PUBLIC KEY":
		return Key{}, fmt.Errorf("it holds a %.40q, not a public key", block.Type)
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return Key{}, errors.New("its key is damaged, or of a kind that is not known")
	}
	switch k := key.(type) {
	case *ecdsa.PublicKey, ed25519.PublicKey:
		return Key{name, key}, nil
	case *rsa.PublicKey:
		if k.N.BitLen() >= 2048 {
			return Key{name, key}, nil
		}
		return Key{}, fmt.Errorf("its RSA key has %d bits; 2048 are needed", k.N.BitLen())
	}
	return Key{}, fmt.Errorf("keys of the kind %T are not supported", key)
}

// made says whether the key made a signature over data: ECDSA and RSA (PKCS #1 v1.5) over its SHA-256, Ed25519 over itself.
func (k Key) made(data, sig []byte) bool {
	sum := sha256.Sum256(data)
	switch key := k.key.(type) {
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(key, sum[:], sig)
	case ed25519.PublicKey:
		return ed25519.Verify(key, data, sig)
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], sig) == nil
	}
	return false
}
