package cli

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/internal/testkit/sigstoretest"
)

func TestSigners(t *testing.T) {
	t.Parallel()
	der, err := x509.MarshalPKIXPublicKey(ed25519.NewKeyFromSeed(make([]byte, 32)).Public())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "cosign.pub")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	ca := filepath.Join(filepath.Dir(file), "ca.pem")
	if err := os.WriteFile(ca, []byte(sigstoretest.PEM(sigstoretest.NewAuthority(t, "CA").Certificate)), 0o600); err != nil {
		t.Fatal(err)
	}
	document := func(root string) string {
		name := filepath.Join(t.TempDir(), "who.yaml")
		if err := os.WriteFile(name, []byte("identity: a@b.example\nroot: "+root+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	beside := filepath.Join(filepath.Dir(file), "who.yaml")
	if err := os.WriteFile(beside, []byte(`{"identity_regexp": ".*@b.example", "root": "ca.pem"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for value, want := range map[string]string{
		"who=" + beside + ",other=" + document(ca): "who other",
		"who=" + document("ca.pem"):                "ca.pem: no such file",
		"who=" + document("/dev/zero"):             "not a regular file",
		"release=" + file + ",ci-2=" + file:        "release ci-2",
		"":                                         "",
		file:                                       "want name=file",
		"release=":                                 "want name=file",
		"release=" + file + ",release=" + file:     "given twice",
		"release=" + file + ".gone":                "no such file",
		"/release=" + file:                         "is no name",
		"release=" + mustWrite(t, "not a key\n"):   "neither a public key in PEM nor a document",
	} {
		var s Settings
		got := ""
		if err := signers(&s, value); err != nil {
			got = err.Error()
		} else {
			var names []string
			for _, k := range s.Signers {
				names = append(names, k.Name)
			}
			got = strings.Join(names, " ")
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%q: %s", value, diff)
			}
			continue
		}
		if !strings.Contains(got, want) {
			t.Errorf("%q: got %q, want %q", value, got, want)
		}
	}
}

func mustWrite(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
