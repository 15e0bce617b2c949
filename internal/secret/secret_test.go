package secret

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestTextNeverShows(t *testing.T) {
	t.Parallel()
	const value = "hunter2"
	s := struct {
		Password Text
		Pointer  *Text
	}{Password: value}
	p := Text(value)
	s.Pointer = &p
	var shown []string
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%10.3s"} {
		shown = append(shown, fmt.Sprintf(verb, s.Password), fmt.Sprintf(verb, s), fmt.Sprintf(verb, &s), fmt.Sprintf(verb, []Text{value}))
	}
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "a", s.Password, "b", s)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "a", s.Password, "b", s)
	shown = append(shown, string(text), log.String(), fmt.Errorf("bad %w", errors.New(s.Password.String())).Error())
	for _, got := range shown {
		if strings.Contains(got, value) || strings.Contains(got, fmt.Sprintf("%x", value)) {
			t.Errorf("shown: %s", got)
		}
	}
	if s.Password.Reveal() != value || s.Password.IsZero() || Text("").String() != "" {
		t.Error("the value is lost")
	}
}

func TestHash(t *testing.T) {
	t.Parallel()
	hash, err := Hash("foobar")
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := Hash("foobar"); again == hash {
		t.Error("two hashes of one password are equal: no salt")
	}
	for password, want := range map[string]bool{"foobar": true, "foobaz": false, "": false} {
		if ok, err := Verify(hash, password); ok != want || err != nil {
			t.Errorf("Verify(%q) = %v, %v", password, ok, err)
		}
	}
	for _, broken := range []string{
		"", "foobar", "$2y$10$abcdefghijklmnopqrstuv", "$argon2id$v=19$m=1,t=1,p=1$$", strings.Replace(hash, "m=19456", "m=4194304", 1),
		strings.Replace(hash, "t=2", "t=0", 1), strings.Replace(hash, "p=1", "p=0", 1), strings.Replace(hash, "v=19", "v=16", 1), hash[:len(hash)-30], hash + "$x",
	} {
		if ok, err := Verify(broken, "foobar"); ok || !errors.Is(err, ErrHash) {
			t.Errorf("Verify of the hash %q = %v, %v", broken, ok, err)
		}
	}
}

func TestVerifierRemembers(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	hash, err := Hash("foobar")
	if err != nil {
		t.Fatal(err)
	}
	v := NewVerifier(time.Minute, 1)
	now := time.Unix(0, 0)
	v.now = func() time.Time { return now }
	if ok, _ := v.Verify(ctx, hash, "nope"); ok || len(v.known) != 0 {
		t.Error("a wrong password was accepted or remembered")
	}
	if ok, err := v.Verify(ctx, hash, "foobar"); !ok || err != nil {
		t.Fatal(ok, err)
	}
	// Remembered: answered although no slot is free.
	v.slots <- struct{}{}
	if ok, err := v.Verify(ctx, hash, "foobar"); !ok || err != nil {
		t.Error("not remembered", err)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	for what, in := range map[string][2]string{"wrong password": {hash, "nope"}, "another hash": {hash + "x", "foobar"}} {
		if ok, err := v.Verify(ended, in[0], in[1]); ok || !errors.Is(err, context.Canceled) {
			t.Errorf("%s was answered from memory: %v, %v", what, ok, err)
		}
	}
	now = now.Add(2 * time.Minute)
	if ok, err := v.Verify(ended, hash, "foobar"); ok || !errors.Is(err, context.Canceled) {
		t.Errorf("remembered for too long: %v, %v", ok, err)
	}
}

func FuzzVerify(f *testing.F) {
	f.Add("$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA", "x")
	f.Fuzz(func(t *testing.T, hash, password string) {
		if strings.Contains(hash, "m=") && !strings.Contains(hash, "m=8,t=1,p=1") {
			t.Skip("costly")
		}
		_, _ = Verify(hash, password)
	})
}
