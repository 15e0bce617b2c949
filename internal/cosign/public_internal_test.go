package cosign

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// What the public installation of Sigstore signed years ago is verified with its trusted root. Bundle and root come with the
// sources of the library; the subject is no image, so that only the certificate is looked at here.
func TestThePublicInstallation(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/sigstore/sigstore-go").Output()
	if err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(strings.TrimSpace(string(out)), "pkg", "testing", "data")
	open := func(file string) ([]byte, error) { return os.ReadFile(filepath.Join(data, "trusted-roots", file)) }
	const npm = "https://github.com/sigstore/sigstore-js/.github/workflows/release.yml@refs/heads/main"
	for _, c := range []struct{ bundle, identity, issuer, want string }{
		{"sigstore.js@2.0.0-provenance.sigstore.json", npm, "https://token.actions.githubusercontent.com", ""},
		{"dsse.sigstore.json", "https://github.com/slsa-framework/slsa-github-generator/.github/workflows/.*", "https://token.actions.githubusercontent.com", "its certificate is for another identity"},
		{"dsse-2sigs.sigstore.json", npm, "https://token.actions.githubusercontent.com", "its envelope has 2 signatures"},
	} {
		signer, err := ParseSigner("public", []byte("identity: "+c.identity+"\nissuer: "+c.issuer+"\nroot: public-good.json\n"), open)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := os.ReadFile(filepath.Join(data, "bundles", c.bundle))
		if err != nil {
			t.Fatal(err)
		}
		e, problem := readBundle(raw)
		if problem != "" {
			t.Fatal(problem)
		}
		by := e.byCertificate([]Signer{signer}, time.Now())
		if c.want == "" && (len(by.names) != 1 || by.identity != c.identity || by.issuer != c.issuer) || !strings.HasPrefix(by.problem, c.want) {
			t.Errorf("%s: %+v, want %q", c.bundle, by, c.want)
		}
	}
}
