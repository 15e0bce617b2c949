package testkit

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"
)

// The ways in which a [Registry] asks who is there.
const (
	NoAuth    = ""
	BasicAuth = "basic" // htpasswd
	TokenAuth = "token" // bearer tokens from a service on another port
)

// User and Password are what a registry with authentication lets in.
const (
	User     = "tester"
	Password = "tester-pass"
)

// RegistryOptions of [StartRegistry].
type RegistryOptions struct {
	Auth string
	TLS  bool
	// AllowURLs lets manifests with foreign layers whose URLs begin with this in.
	AllowURLs string
}

// Registry is a real registry (Debian's docker-registry) on loopback, empty, for one test.
type Registry struct {
	// Host is "127.0.0.1:port".
	Host string
	// CAFile is set with TLS.
	CAFile string

	scheme string
	auth   string
	tokens *TokenServer
	client *http.Client
}

// StartRegistry starts a registry and stops it at the end of the test. A machine without docker-registry fails the test.
func StartRegistry(t testing.TB, o RegistryOptions) *Registry {
	t.Helper()
	program, err := exec.LookPath("docker-registry")
	if err != nil {
		t.Fatal("docker-registry is missing: apt-get install docker-registry, or run scripts/needs.sh")
	}
	dir := t.TempDir()
	r := &Registry{scheme: "http", auth: o.Auth, client: &http.Client{}}
	identity := NewIdentity(t, dir)
	if o.TLS {
		r.scheme, r.CAFile = "https", identity.CertFile
		pool := x509.NewCertPool()
		pool.AddCert(identity.Cert)
		r.client.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	}
	if o.Auth == TokenAuth {
		r.tokens = StartTokenServer(t, identity, o.TLS)
	}
	for try := 0; ; try++ { // another process may take the port in between
		r.Host = freePort(t)
		config := filepath.Join(dir, fmt.Sprintf("config-%d.yml", try))
		if err := os.WriteFile(config, []byte(r.config(t, dir, identity, o)), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := r.run(t, program, config); err == nil {
			return r
		} else if try == 3 {
			t.Fatalf("docker-registry did not start: %v", err)
		}
	}
}

// URL of the registry's root, without a slash at the end.
func (r *Registry) URL() string { return r.scheme + "://" + r.Host }

func (r *Registry) config(t testing.TB, dir string, identity *Identity, o RegistryOptions) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\n")
	fmt.Fprintf(&b, "storage:\n  filesystem: {rootdirectory: %q}\n  delete: {enabled: true}\n", filepath.Join(dir, "data"))
	fmt.Fprintf(&b, "http:\n  addr: %s\n  secret: testkit\n", r.Host)
	if o.TLS {
		fmt.Fprintf(&b, "  tls: {certificate: %q, key: %q}\n", identity.CertFile, identity.KeyFile)
	}
	if o.AllowURLs != "" {
		fmt.Fprintf(&b, "validation: {manifests: {urls: {allow: ['^%s']}}}\n", o.AllowURLs)
	}
	switch o.Auth {
	case BasicAuth:
		hash, err := bcrypt.GenerateFromPassword([]byte(Password), bcrypt.MinCost)
		must(err)
		file := filepath.Join(dir, "htpasswd")
		must(os.WriteFile(file, fmt.Appendf(nil, "%s:%s\n", User, hash), 0o600))
		fmt.Fprintf(&b, "auth: {htpasswd: {realm: testkit, path: %q}}\n", file)
	case TokenAuth:
		fmt.Fprintf(&b, "auth: {token: {realm: %q, service: %s, issuer: %s, rootcertbundle: %q}}\n",
			r.tokens.Realm, tokenService, tokenIssuer, identity.CertFile)
	}
	return b.String()
}

// run starts the program and waits until it answers.
func (r *Registry) run(t testing.TB, program, config string) error {
	t.Helper()
	return startProcess(t, config+".log", func() bool {
		resp, err := r.client.Get(r.URL() + "/v2/")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return true
	}, program, "serve", config)
}

func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
