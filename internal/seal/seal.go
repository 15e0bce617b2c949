// Package seal encrypts the few secrets that are kept (registry passwords) and derives the installation's other keys from
// the one that the operator holds.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Key is the installation's secret. It never prints.
type Key struct{ secret []byte }

// ErrWrongKey means that something was sealed with another key, or damaged.
var ErrWrongKey = errors.New("cannot be decrypted with this LANDWAITER_SECRET_KEY")

// FromText makes a key of any text of at least 16 characters.
func FromText(text string) (Key, error) {
	if len(strings.TrimSpace(text)) < 16 {
		return Key{}, errors.New("the secret key must have at least 16 characters")
	}
	return Key{[]byte(strings.TrimSpace(text))}, nil
}

// FromFile reads the key file of a data directory, and makes one when there is none.
func FromFile(dir string) (Key, error) {
	name := filepath.Join(dir, "secret.key")
	b, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		raw := make([]byte, 32)
		_, _ = rand.Read(raw)
		b = []byte(base64.StdEncoding.EncodeToString(raw) + "\n")
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return Key{}, fmt.Errorf("the data directory: %w", err)
		}
		f, ferr := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(ferr, os.ErrExist) {
			b, err = os.ReadFile(name)
		} else if err = ferr; err == nil {
			_, err = f.Write(b)
			err = errors.Join(err, f.Sync(), f.Close())
		}
	}
	if err != nil {
		return Key{}, fmt.Errorf("the key file of the data directory: %w", err)
	}
	return FromText(string(b))
}

// Derive makes a 32-byte key for one purpose.
func (k Key) Derive(purpose string) []byte {
	out, err := hkdf.Key(sha256.New, k.secret, nil, "landwaiter "+purpose, 32)
	if err != nil {
		panic(err) // only for impossible lengths
	}
	return out
}

func (k Key) aead() cipher.AEAD {
	block, err := aes.NewCipher(k.Derive("seal"))
	if err != nil {
		panic(err)
	}
	gcm, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err)
	}
	return gcm
}

// Seal encrypts plain for the owner named by context, which must be given again to [Key.Open].
func (k Key) Seal(plain []byte, context string) []byte {
	return k.aead().Seal(nil, nil, plain, []byte(context))
}

// Open decrypts what [Key.Seal] made.
func (k Key) Open(sealed []byte, context string) ([]byte, error) {
	plain, err := k.aead().Open(nil, nil, sealed, []byte(context))
	if err != nil {
		return nil, ErrWrongKey
	}
	return plain, nil
}

func (k Key) String() string { return "[secret]" }

// GoString keeps %#v from printing the key.
func (k Key) GoString() string { return "[secret]" }

// MarshalText keeps encoders from writing the key.
func (k Key) MarshalText() ([]byte, error) { return []byte("[secret]"), nil }
