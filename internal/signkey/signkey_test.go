package signkey_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"

	"landwaiter.dev/internal/signkey"
)

func block(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func TestKeysThatAreRefused(t *testing.T) {
	t.Parallel()
	must := func(der []byte, err error) []byte {
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	own, err := signkey.New()
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ text, want string }{
		"nothing":       {"", "it is not a private key"},
		"public":        {own.Public().String(), "it is a public key"},
		"public PEM":    {string(own.Public().PEM()), "it is a public key"},
		"short":         {"landwaiter-private:AAAA", "it is not a private key"},
		"P-384":         {block("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(p384))), "only keys of Ed25519 and ECDSA P-256"},
		"RSA":           {block("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(rsaKey))), "only keys of Ed25519 and ECDSA P-256"},
		"encrypted":     {block("ENCRYPTED SIGSTORE PRIVATE KEY", []byte("{}")), "the private key is encrypted"},
		"damaged":       {block("PRIVATE KEY", []byte("x")), "is damaged"},
		"cut":           {strings.TrimSuffix(string(own.PEM()), "-----END PRIVATE KEY-----\n"), "its PEM is damaged"},
		"a certificate": {block("CERTIFICATE", []byte("x")), `its PEM holds a "CERTIFICATE"`},
	} {
		if _, err := signkey.ParsePrivate(c.text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("private key, %s: %v, want %q", name, err, c.want)
		}
	}
	for name, c := range map[string]struct{ text, want string }{
		"private":     {own.Text(), "it is a private key"},
		"private PEM": {string(own.PEM()), "it is a private key"},
		"P-384":       {block("PUBLIC KEY", must(x509.MarshalPKIXPublicKey(p384.Public()))), "only keys of Ed25519 and ECDSA P-256"},
		"RSA":         {block("PUBLIC KEY", must(x509.MarshalPKIXPublicKey(rsaKey.Public()))), "only keys of Ed25519 and ECDSA P-256"},
		"short":       {"landwaiter-public:AAAA", "is not a public key"},
		"cut":         {"-----BEGIN PUBLIC KEY-----", "its PEM is damaged"},
	} {
		if _, err := signkey.ParsePublic(c.text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("public key, %s: %v, want %q", name, err, c.want)
		}
	}
	if text := fmt.Sprintf("%v %+v %#v %s", own, own, own, own); strings.Contains(text, own.Text()[len("landwaiter-private:"):][:12]) {
		t.Errorf("a private key is printed: %s", text)
	}
}

func FuzzParse(f *testing.F) {
	key := signkey.FromSeed(make([]byte, 32))
	for _, seed := range []string{key.Text(), string(key.PEM()), key.Public().String(), string(key.Public().PEM()), "-----BEGIN"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if k, err := signkey.ParsePrivate(text); err == nil {
			sig, err := k.Sign(t.Context(), []byte("x"))
			if err != nil || k.Public().Verify(t.Context(), []byte("x"), sig) != nil {
				t.Errorf("a key does not sign: %v", err)
			}
		}
		if k, err := signkey.ParsePublic(text); err == nil {
			if again, err := signkey.ParsePublic(string(k.PEM())); err != nil || again.ID() != k.ID() {
				t.Errorf("a key is another one when it is read again: %v", err)
			}
		}
	})
}
