package seal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSealAndOpen(t *testing.T) {
	t.Parallel()
	k, err := FromText("a key of sixteen characters")
	if err != nil {
		t.Fatal(err)
	}
	sealed := k.Seal([]byte("hush"), "admin/registry.example")
	if bytes.Contains(sealed, []byte("hush")) || bytes.Equal(sealed, k.Seal([]byte("hush"), "admin/registry.example")) {
		t.Error("sealed text shows through or repeats")
	}
	if plain, err := k.Open(sealed, "admin/registry.example"); err != nil || string(plain) != "hush" {
		t.Errorf("Open = %q, %v", plain, err)
	}
	if _, err := k.Open(sealed, "other/registry.example"); !errors.Is(err, ErrWrongKey) {
		t.Errorf("another owner's context: %v", err)
	}
	other, _ := FromText("another key of enough characters")
	if _, err := other.Open(sealed, "admin/registry.example"); !errors.Is(err, ErrWrongKey) {
		t.Errorf("another key: %v", err)
	}
	if _, err := k.Open(nil, ""); !errors.Is(err, ErrWrongKey) {
		t.Errorf("nothing: %v", err)
	}
}

func TestKeyFileIsMadeOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a, err := FromFile(dir)
	if err != nil {
		t.Fatal(err)
	}
	b, err := FromFile(dir)
	if err != nil || !bytes.Equal(a.Derive("x"), b.Derive("x")) {
		t.Errorf("the second read gives another key: %v", err)
	}
	if st, err := os.Stat(filepath.Join(dir, "secret.key")); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("key file: %v %v", st.Mode(), err)
	}
}

func TestKeyDoesNotPrint(t *testing.T) {
	t.Parallel()
	k, _ := FromText("a key of sixteen characters")
	j, _ := json.Marshal(struct{ K Key }{k})
	for _, s := range []string{fmt.Sprint(k), fmt.Sprintf("%+v %#v %s %q", k, k, k, k), string(j)} {
		if strings.Contains(s, "sixteen") {
			t.Errorf("printed: %s", s)
		}
	}
	if _, err := FromText("short"); err == nil {
		t.Error("a short key was taken")
	}
}
