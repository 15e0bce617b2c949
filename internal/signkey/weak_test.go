package signkey_test

import (
	"crypto/ed25519"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"landwaiter.dev/internal/signkey"
)

// Each key that is refused as weak is one for which a signature of nobody verifies.
func TestWeakKeysAreRefused(t *testing.T) {
	t.Parallel()
	forged := make([]byte, ed25519.SignatureSize) // R is the neutral element, S is 0
	forged[0] = 1
	for _, text := range []string{
		"0100000000000000000000000000000000000000000000000000000000000000",
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0000000000000000000000000000000000000000000000000000000000000080",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
		// The same in other forms.
		"0100000000000000000000000000000000000000000000000000000000000080",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	} {
		key, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := signkey.CheckEd25519(key); !errors.Is(err, signkey.ErrWeak) {
			t.Errorf("%s: %v", text, err)
		}
		if _, err := signkey.ParsePublic(string(signkey.FromEd25519(key).PEM())); !errors.Is(err, signkey.ErrWeak) {
			t.Errorf("%s as PEM: %v", text, err)
		}
		if _, err := signkey.ParsePublic(signkey.FromEd25519(key).String()); !errors.Is(err, signkey.ErrWeak) {
			t.Errorf("%s in one line: %v", text, err)
		}
		verifies := false
		for i := range uint64(1000) {
			verifies = verifies || ed25519.Verify(key, binary.BigEndian.AppendUint64(nil, i), forged)
		}
		if !verifies {
			t.Errorf("%s verifies nothing that is forged: why refuse it?", text)
		}
	}
}

func TestKeysThatAreNoPointAreRefused(t *testing.T) {
	t.Parallel()
	no, yes := 0, 0
	for i := range uint64(200) {
		key := make([]byte, ed25519.PublicKeySize)
		binary.BigEndian.PutUint64(key, i+1<<32)
		switch err := signkey.CheckEd25519(key); {
		case err == nil:
			yes++
		case strings.Contains(err.Error(), "no Ed25519 public key"):
			no++
		default:
			t.Errorf("%x: %v", key, err)
		}
	}
	if no < 60 || yes < 60 { // half of all numbers are y coordinates
		t.Errorf("%d are points, %d are none", yes, no)
	}
	if err := signkey.CheckEd25519(make([]byte, 31)); err == nil {
		t.Error("31 bytes are a key")
	}
	for range 200 {
		key, _, err := ed25519.GenerateKey(nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := signkey.CheckEd25519(key); err != nil {
			t.Fatalf("%x: %v", key, err)
		}
	}
}
