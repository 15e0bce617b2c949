package cosign

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	_ "crypto/sha512" // for what keys of larger curves sign
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"landwaiter.dev/internal/signkey"
)

// The sizes in bits of RSA keys that are looked at: smaller ones are broken, larger ones cost time.
const minRSA, maxRSA = 2048, 16384

// ParseKey reads a public key in PEM, as "cosign generate-key-pair" and openssl write it: ECDSA, RSA of 2048 bits or more, or
// Ed25519.
func ParseKey(name string, text []byte) (Signer, error) {
	block, _ := pem.Decode(text)
	switch {
	case block == nil:
		return Signer{}, errors.New("it holds no key in PEM")
	case strings.Contains(block.Type, "PRIVATE"):
		return Signer{}, errors.New("it holds a private key; the public one is wanted (cosign.pub)")
	case block.Type == "CERTIFICATE":
		return Signer{}, errors.New("it holds a certificate, not a public key; name the certificate's authority as the root of a document with the identity")
	case block.Type != "PUBLIC KEY":
		return Signer{}, fmt.Errorf("it holds a %.40q, not a public key", block.Type)
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return Signer{}, errors.New("its key is damaged, or of a kind that is not known")
	}
	if err := usable(key); err != nil {
		return Signer{}, err
	}
	return Signer{Name: name, key: key, id: fingerprint("key", string(block.Bytes))}, nil
}

// usable refuses keys that prove nothing, or that cost too much.
func usable(key crypto.PublicKey) error {
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		return nil
	case ed25519.PublicKey:
		return signkey.CheckEd25519(k)
	case *rsa.PublicKey:
		switch bits := k.N.BitLen(); {
		case bits < minRSA:
			return fmt.Errorf("its RSA key has %d bits; %d are needed", bits, minRSA)
		case bits > maxRSA:
			return fmt.Errorf("its RSA key has %d bits, more than the %d that are supported", bits, maxRSA)
		case k.E < 3 || k.E&1 == 0:
			return fmt.Errorf("its RSA key has the exponent %d, which proves nothing", k.E)
		}
		return nil
	}
	return fmt.Errorf("keys of the kind %T are not supported", key)
}

// made says whether a key made a signature over data: ECDSA and RSA (PKCS #1 v1.5) over its SHA-256, ECDSA of larger curves
// also over the hash of their size, Ed25519 over itself.
func made(key crypto.PublicKey, data, sig []byte) bool {
	sum := func(h crypto.Hash) []byte {
		hash := h.New()
		hash.Write(data)
		return hash.Sum(nil)
	}
	switch key := key.(type) {
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(key, sum(crypto.SHA256), sig) ||
			key.Curve == elliptic.P384() && ecdsa.VerifyASN1(key, sum(crypto.SHA384), sig) ||
			key.Curve == elliptic.P521() && ecdsa.VerifyASN1(key, sum(crypto.SHA512), sig)
	case ed25519.PublicKey:
		return ed25519.Verify(key, data, sig)
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum(crypto.SHA256), sig) == nil
	}
	return false
}
