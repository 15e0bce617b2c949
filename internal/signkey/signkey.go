// Package signkey reads and writes the keys that people sign with on their own machine: Ed25519 as Landwaiter writes it, in one
// line, and Ed25519 and ECDSA P-256 as PEM, as openssl and cosign write them.
package signkey

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// What stands before the base64 text of a key in one line, so that one is not taken for the other.
const (
	privatePrefix = "landwaiter-private:"
	publicPrefix  = "landwaiter-public:"
)

// Private signs. It never prints.
type Private struct{ key crypto.Signer }

// String hides the key.
func (Private) String() string { return "(private key)" }

// GoString hides the key.
func (Private) GoString() string { return "(private key)" }

// New makes an Ed25519 key.
func New() (Private, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	return Private{key}, err
}

// FromSeed is the Ed25519 key of a seed of 32 bytes.
func FromSeed(seed []byte) Private { return Private{ed25519.NewKeyFromSeed(seed)} }

// FromEd25519 is a public key of 32 bytes.
func FromEd25519(key []byte) Public { return Public{ed25519.PublicKey(key)} }

// ParsePrivate reads a private key in any of the forms.
func ParsePrivate(text string) (Private, error) {
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "-----BEGIN") {
		return parsePrivatePEM(text)
	}
	rest, ok := strings.CutPrefix(text, privatePrefix)
	seed, err := base64.StdEncoding.DecodeString(rest)
	switch {
	case strings.HasPrefix(text, publicPrefix):
		return Private{}, errors.New("it is a public key; signing needs the private one that landwaiter feeds keygen wrote")
	case !ok || err != nil || len(seed) != ed25519.SeedSize:
		return Private{}, errors.New("it is not a private key; make one with landwaiter feeds keygen, or give one as PEM")
	}
	return Private{ed25519.NewKeyFromSeed(seed)}, nil
}

func parsePrivatePEM(text string) (Private, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return Private{}, errors.New("its PEM is damaged")
	}
	var key any
	var err error
	switch {
	case strings.Contains(block.Type, "ENCRYPTED") || block.Headers["DEK-Info"] != "":
		return Private{}, errors.New("the private key is encrypted; give it without a passphrase (openssl pkey -in FILE)")
	case block.Type == "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case block.Type == "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	case strings.Contains(block.Type, "PUBLIC KEY"):
		return Private{}, errors.New("it is a public key; signing needs the private one")
	default:
		return Private{}, fmt.Errorf("its PEM holds a %.40q, not a private key", block.Type)
	}
	if err != nil {
		return Private{}, errors.New("the private key in its PEM is damaged, or of a kind that is not known")
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return Private{}, errUnsupported
	}
	if _, err := newPublic(signer.Public()); err != nil {
		return Private{}, err
	}
	return Private{signer}, nil
}

var errUnsupported = errors.New("only keys of Ed25519 and ECDSA P-256 are supported")

// Seed is that of an Ed25519 key; false for another one.
func (k Private) Seed() ([]byte, bool) {
	key, ok := k.key.(ed25519.PrivateKey)
	if !ok {
		return nil, false
	}
	return key.Seed(), true
}

// Text is an Ed25519 key as its file holds it, a line; "" for another one.
func (k Private) Text() string {
	seed, ok := k.Seed()
	if !ok {
		return ""
	}
	return privatePrefix + base64.StdEncoding.EncodeToString(seed) + "\n"
}

// PEM is the key as other programs read it (PKCS #8).
func (k Private) PEM() []byte {
	der, err := x509.MarshalPKCS8PrivateKey(k.key)
	if err != nil { // of two kinds that it knows
		panic(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// Public is the key that verifies.
func (k Private) Public() Public { return Public{k.key.Public()} }

// Sign signs data: with Ed25519 as it is, with ECDSA its SHA-256, the signature in ASN.1.
func (k Private) Sign(_ context.Context, data []byte) ([]byte, error) {
	if _, ok := k.key.(ed25519.PrivateKey); ok {
		return k.key.Sign(rand.Reader, data, crypto.Hash(0))
	}
	sum := sha256.Sum256(data)
	return k.key.Sign(rand.Reader, sum[:], crypto.SHA256)
}

// KeyID is that of the public key.
func (k Private) KeyID() (string, error) { return k.Public().ID(), nil }

// Public verifies what its private key signed.
type Public struct{ key crypto.PublicKey }

func newPublic(key any) (Public, error) {
	switch k := key.(type) {
	case ed25519.PublicKey:
		if err := CheckEd25519(k); err != nil {
			return Public{}, err
		}
		return Public{k}, nil
	case *ecdsa.PublicKey:
		if k.Curve == elliptic.P256() {
			return Public{k}, nil
		}
	}
	return Public{}, errUnsupported
}

// ParsePublic reads a public key in any of the forms.
func ParsePublic(text string) (Public, error) {
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "-----BEGIN") {
		block, _ := pem.Decode([]byte(text))
		switch {
		case block == nil:
			return Public{}, errors.New("its PEM is damaged")
		case strings.Contains(block.Type, "PRIVATE KEY"):
			return Public{}, errors.New("it is a private key, which nobody but the signer may have; give the public one")
		case block.Type != "PUBLIC KEY":
			return Public{}, fmt.Errorf("its PEM holds a %.40q, not a public key", block.Type)
		}
		key, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			return Public{}, errors.New("the public key in its PEM is damaged, or of a kind that is not known")
		}
		return newPublic(key)
	}
	rest, ok := strings.CutPrefix(text, publicPrefix)
	raw, err := base64.StdEncoding.DecodeString(rest)
	switch {
	case strings.HasPrefix(text, privatePrefix):
		return Public{}, errors.New("it is a private key, which nobody but the signer may have; give the public one")
	case !ok || err != nil || len(raw) != ed25519.PublicKeySize:
		return Public{}, fmt.Errorf("%.80q is not a public key: want %s…, as landwaiter feeds keygen prints it, or PEM", text, publicPrefix)
	}
	return newPublic(ed25519.PublicKey(raw))
}

// Ed25519 gives the bytes of such a key; false for another one.
func (k Public) Ed25519() (ed25519.PublicKey, bool) {
	key, ok := k.key.(ed25519.PublicKey)
	return key, ok
}

// String is an Ed25519 key as people hand it on, "landwaiter-public:…", and another one as PEM.
func (k Public) String() string {
	if key, ok := k.Ed25519(); ok {
		return publicPrefix + base64.StdEncoding.EncodeToString(key)
	}
	return string(k.PEM())
}

func (k Public) der() []byte {
	der, err := x509.MarshalPKIXPublicKey(k.key)
	if err != nil { // of two kinds that it knows
		panic(err)
	}
	return der
}

// PEM is the key as other programs read it.
func (k Public) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: k.der()})
}

// ID names the key: the SHA-256 of its DER form in hexadecimal.
func (k Public) ID() string {
	sum := sha256.Sum256(k.der())
	return hex.EncodeToString(sum[:])
}

var errSignature = errors.New("the signature is not one of this key")

// Verify checks a signature that [Private.Sign] made.
func (k Public) Verify(_ context.Context, data, signature []byte) error {
	good := false
	switch key := k.key.(type) {
	case ed25519.PublicKey:
		good = ed25519.Verify(key, data, signature)
	case *ecdsa.PublicKey:
		sum := sha256.Sum256(data)
		good = ecdsa.VerifyASN1(key, sum[:], signature)
	}
	if !good {
		return errSignature
	}
	return nil
}

// KeyID is ID, as signers of envelopes ask for it.
func (k Public) KeyID() (string, error) { return k.ID(), nil }

// Public is the key itself.
func (k Public) Public() crypto.PublicKey { return k.key }
