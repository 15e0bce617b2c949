package testkit

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const (
	tokenIssuer  = "testkit-issuer"
	tokenService = "testkit-registry"
)

// PublicPrefix is where anybody may pull from a registry with tokens.
const PublicPrefix = "public/"

// Identity is a self-signed certificate for loopback with its key, also as files.
type Identity struct {
	Cert              *x509.Certificate
	Key               *ecdsa.PrivateKey
	CertFile, KeyFile string
}

// NewIdentity makes one in the directory.
func NewIdentity(t testing.TB, dir string) *Identity {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "testkit"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:    []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(err)
	cert, err := x509.ParseCertificate(der)
	must(err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	must(err)
	i := &Identity{Cert: cert, Key: key, CertFile: filepath.Join(dir, "cert.pem"), KeyFile: filepath.Join(dir, "key.pem")}
	must(os.WriteFile(i.CertFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	must(os.WriteFile(i.KeyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), 0o600))
	return i
}

// TokenServer hands out the tokens that a registry asks for. [User] may do everything, anybody may pull below
// [PublicPrefix].
type TokenServer struct {
	Realm string
	// Issued counts the tokens.
	Issued   atomic.Int64
	identity *Identity
}

// StartTokenServer starts a token service and stops it at the end of the test.
func StartTokenServer(t testing.TB, identity *Identity, useTLS bool) *TokenServer {
	t.Helper()
	s := &TokenServer{identity: identity}
	server := httptest.NewUnstartedServer(s)
	if useTLS {
		server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{identity.Cert.Raw}, PrivateKey: identity.Key}}}
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	s.Realm = server.URL + "/token"
	return s
}

func (s *TokenServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	user, password, has := r.BasicAuth()
	if has && (user != User || password != Password) {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write([]byte(`{"errors":[{"code":"UNAUTHORIZED","message":"wrong user or password"}]}`))
		return
	}
	var access []any
	for _, scope := range strings.Fields(strings.Join(r.URL.Query()["scope"], " ")) {
		parts := strings.Split(scope, ":")
		if len(parts) != 3 {
			continue
		}
		actions := strings.Split(parts[2], ",")
		if !has {
			actions = slices.DeleteFunc(actions, func(a string) bool { return a != "pull" || !strings.HasPrefix(parts[1], PublicPrefix) })
		}
		if len(actions) > 0 {
			access = append(access, Object{"type": parts[0], "name": parts[1], "actions": actions})
		}
	}
	s.Issued.Add(1)
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(Object{"token": s.Sign(user, access), "expires_in": 60})
}

// Sign makes a token (RFC 7519, ES256, certificate in x5c) for the access list.
func (s *TokenServer) Sign(user string, access []any) string {
	now := time.Now().Unix()
	head := Object{"typ": "JWT", "alg": "ES256", "x5c": []string{base64.StdEncoding.EncodeToString(s.identity.Cert.Raw)}}
	claims := Object{
		"iss": tokenIssuer, "aud": tokenService, "sub": user, "iat": now, "nbf": now - 10, "exp": now + 60,
		"jti": rand.Text(), "access": access,
	}
	b64 := base64.RawURLEncoding
	signed := b64.EncodeToString(encode(head)) + "." + b64.EncodeToString(encode(claims))
	sum := sha256.Sum256([]byte(signed))
	r, v, err := ecdsa.Sign(rand.Reader, s.identity.Key, sum[:])
	must(err)
	var sig [64]byte
	r.FillBytes(sig[:32])
	v.FillBytes(sig[32:])
	return signed + "." + b64.EncodeToString(sig[:])
}
