package secret

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/argon2"
)

// Cost of a new hash (RFC 9106, argon2id): memory in KiB, passes, lanes. About 30 ms on one core.
const (
	hashMemory = 19 * 1024
	hashPasses = 2
	hashLanes  = 1
	hashSalt   = 16
	hashLength = 32
)

// Bounds of what a stored hash may ask for, so that a damaged row cannot exhaust the process.
const (
	maxHashMemory = 256 * 1024
	maxHashPasses = 16
	maxHashLanes  = 16
)

// ErrHash says that a stored hash is not an argon2id PHC string that we can check.
var ErrHash = errors.New("not an argon2id hash")

// Hash makes an argon2id hash with a salt of its own, as a PHC string ("$argon2id$v=19$m=…,t=…,p=…$salt$hash").
func Hash(password string) (string, error) {
	salt := make([]byte, hashSalt)
	if _, err := rand.Read(salt); err != nil {
		return "", fmt.Errorf("salt of a password hash: %w", err)
	}
	key := argon2.IDKey([]byte(password), salt, hashPasses, hashMemory, hashLanes, hashLength)
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, hashMemory, hashPasses, hashLanes, b64.EncodeToString(salt), b64.EncodeToString(key)), nil
}

// Verify says whether password belongs to hash, in constant time. The error is [ErrHash] for what is no usable hash.
func Verify(hash, password string) (bool, error) {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" {
		return false, ErrHash
	}
	var version int
	var memory, passes uint32
	var lanes uint8
	if n, err := fmt.Sscanf(parts[2], "v=%d", &version); n != 1 || err != nil || version != argon2.Version {
		return false, ErrHash
	}
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &passes, &lanes); n != 3 || err != nil {
		return false, ErrHash
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	want, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	switch {
	case err1 != nil, err2 != nil, len(want) < 16, len(want) > 128, len(salt) < 8, len(salt) > 128,
		memory == 0, memory > maxHashMemory, passes == 0, passes > maxHashPasses, lanes == 0, lanes > maxHashLanes:
		return false, ErrHash
	}
	got := argon2.IDKey([]byte(password), salt, passes, memory, lanes, uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}

// Verifier checks passwords against hashes and remembers for a short while, in memory and under a key of its own, which
// pairs fitted, so that not every request of a client costs a hash. A changed password changes the hash and so is never
// answered from memory. At most a few hashes are computed at once. Safe for concurrent use.
type Verifier struct {
	key   []byte
	slots chan struct{}
	keep  time.Duration
	now   func() time.Time

	mu    sync.Mutex
	known map[[sha256.Size]byte]time.Time
}

const maxKnown = 4096

// NewVerifier makes a verifier that remembers for keep; parallel bounds the hashes computed at once.
func NewVerifier(keep time.Duration, parallel int) *Verifier {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails (crypto/rand)
	return &Verifier{key: key, slots: make(chan struct{}, max(parallel, 1)), keep: keep, now: time.Now, known: map[[sha256.Size]byte]time.Time{}}
}

// Verify is [Verify] with the memory. It waits for its turn and gives up when ctx ends.
func (v *Verifier) Verify(ctx context.Context, hash, password string) (bool, error) {
	mac := hmac.New(sha256.New, v.key)
	fmt.Fprintf(mac, "%d:%s%s", len(hash), hash, password)
	id := [sha256.Size]byte(mac.Sum(nil))
	if v.remembers(id) {
		return true, nil
	}
	select {
	case v.slots <- struct{}{}:
		defer func() { <-v.slots }()
	case <-ctx.Done():
		return false, ctx.Err()
	}
	if v.remembers(id) { // somebody else was first
		return true, nil
	}
	ok, err := Verify(hash, password)
	if ok {
		v.remember(id)
	}
	return ok, err
}

func (v *Verifier) remembers(id [sha256.Size]byte) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	until, ok := v.known[id]
	return ok && v.now().Before(until)
}

func (v *Verifier) remember(id [sha256.Size]byte) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.known) >= maxKnown {
		clear(v.known)
	}
	v.known[id] = v.now().Add(v.keep)
}
