// Package sigstoretest is an installation of Sigstore for tests: an authority of certificates with its log, a transparency
// log and an authority of timestamps, and what people sign with them. It asks no network.
package sigstoretest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/url"
	"strings"
	"testing"
	"time"
)

// Since is when everything here began, Until when it ends.
var (
	Since = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	Until = time.Date(2045, 1, 1, 0, 0, 0, 0, time.UTC)
)

// Authority certifies others.
type Authority struct {
	Certificate *x509.Certificate
	key         crypto.Signer
}

// NewKey makes a key of the kind that cosign makes.
func NewKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// NewAuthority makes one that nobody else certifies.
func NewAuthority(t testing.TB, name string) *Authority {
	t.Helper()
	a := &Authority{key: NewKey(t)}
	a.Certificate = a.issue(t, template(name), a.key.Public())
	return a
}

// Below makes an authority that this one certifies.
func (a *Authority) Below(t testing.TB, name string) *Authority {
	t.Helper()
	key := NewKey(t)
	return &Authority{a.issue(t, template(name), key.Public()), key}
}

func template(name string) *x509.Certificate {
	return &x509.Certificate{Subject: pkix.Name{CommonName: name}, NotBefore: Since, NotAfter: Until, KeyUsage: x509.KeyUsageCertSign, BasicConstraintsValid: true, IsCA: true}
}

// Issue certifies a key. Names with an @ are e-mail addresses, those with :// are URIs, others are of machines.
func (a *Authority) Issue(t testing.TB, key crypto.PublicKey, from, until time.Time, names ...string) *x509.Certificate {
	t.Helper()
	return a.issue(t, owner(t, from, until, names...), key)
}

// owner is the certificate of somebody who signs.
func owner(t testing.TB, from, until time.Time, names ...string) *x509.Certificate {
	t.Helper()
	c := &x509.Certificate{NotBefore: from, NotAfter: until, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}}
	for _, name := range names {
		switch {
		case strings.Contains(name, "://"):
			u, err := url.Parse(name)
			if err != nil {
				t.Fatal(err)
			}
			c.URIs = append(c.URIs, u)
		case strings.Contains(name, "@"):
			c.EmailAddresses = append(c.EmailAddresses, name)
		default:
			c.DNSNames = append(c.DNSNames, name)
		}
	}
	return c
}

// IssueAs certifies a key as a template says.
func (a *Authority) IssueAs(t testing.TB, template *x509.Certificate, key crypto.PublicKey) *x509.Certificate {
	t.Helper()
	return a.issue(t, template, key)
}

func (a *Authority) issue(t testing.TB, template *x509.Certificate, key crypto.PublicKey) *x509.Certificate {
	t.Helper()
	if template.SerialNumber == nil {
		serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
		if err != nil {
			t.Fatal(err)
		}
		template.SerialNumber = serial
	}
	parent := a.Certificate
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key, a.key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// PEM is certificates as files hold them.
func PEM(certificates ...*x509.Certificate) string {
	var b strings.Builder
	for _, c := range certificates {
		b.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
	}
	return b.String()
}
