package cosign

import (
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"time"

	"github.com/digitorus/pkcs7"
)

// byCertificate is who is found to have made an artefact with a certificate.
type byCertificate struct {
	names            []string
	identity, issuer string
	problem          string
}

// How near to being verified something was: the nearest problem is told.
const (
	otherRoot = iota
	unproven
	otherIdentity
	otherIssuer
)

// byCertificate verifies the certificate of an artefact, once for each root, and compares what it names with the identities.
func (e *evidence) byCertificate(signers []Signer, now time.Time) byCertificate {
	var out byCertificate
	m, problem := e.material()
	if problem != "" {
		return byCertificate{problem: problem}
	}
	leaf, problem := m.leaf()
	if problem != "" {
		return byCertificate{problem: problem}
	}
	if len(e.signatures) == 0 {
		return out
	}
	names, err := claims(leaf)
	if err != nil {
		return byCertificate{problem: "its certificate has a damaged extension"}
	}
	seen := map[string]*failure{}
	nearest := &failure{near: -1}
	for _, s := range signers {
		if s.who == nil {
			continue
		}
		f, known := seen[s.who.root.id]
		if !known {
			f = s.who.root.check(e, m, leaf, now)
			seen[s.who.root.id] = f
		}
		if f == nil {
			name, why := s.who.fits(names)
			if why == nil {
				if len(out.names) == 0 {
					out.identity, out.issuer = name, names.issuer
				}
				out.names = append(out.names, s.Name)
				continue
			}
			f = why
		}
		if f.near > nearest.near {
			nearest = f
		}
	}
	if len(out.names) == 0 {
		out.problem = nearest.problem
	}
	return out
}

// failure says why a root does not vouch for a certificate.
type failure struct {
	near    int
	problem string
}

// leaf is the certificate itself.
func (m *material) leaf() (*x509.Certificate, string) {
	c, err := x509.ParseCertificate(m.certificates[0])
	if err != nil {
		return nil, "its certificate is damaged"
	}
	if err := usable(c.PublicKey); err != nil {
		return nil, "its certificate is refused: " + err.Error()
	}
	return c, ""
}

// check verifies with a root; nil when all is well. What the libraries below cannot cope with is a failure too.
func (r *trustRoot) check(e *evidence, m *material, leaf *x509.Certificate, now time.Time) (f *failure) {
	defer func() {
		if v := recover(); v != nil {
			f = &failure{unproven, fmt.Sprintf("it cannot be verified: the library broke down over it (%.100v)", v)}
		}
	}()
	if err := m.affordable(); err != nil {
		return &failure{unproven, "its timestamp is refused: " + err.Error()}
	}
	return r.verify(e, m, leaf, now)
}

// affordable refuses timestamps with certificates whose keys cost too much: they are used before anybody vouches for them.
func (m *material) affordable() error {
	for _, der := range m.timestamps {
		var response struct {
			Status asn1.RawValue
			Token  asn1.RawValue `asn1:"optional"`
		}
		if _, err := asn1.Unmarshal(der, &response); err != nil {
			continue // it cannot be used at all, and the library says so
		}
		token, err := pkcs7.Parse(response.Token.FullBytes)
		if err != nil {
			continue
		}
		for _, c := range token.Certificates {
			if err := usable(c.PublicKey); err != nil {
				return err
			}
		}
	}
	return nil
}

// outside says that a certificate was not valid at a time.
func outside(leaf *x509.Certificate, at time.Time, when string) *failure {
	word := "had expired"
	if at.Before(leaf.NotBefore) {
		word = "was not yet valid"
	}
	return &failure{unproven, fmt.Sprintf("its certificate %s %s (%s): it is valid from %s to %s", word, when,
		at.UTC().Format(time.RFC3339), leaf.NotBefore.UTC().Format(time.RFC3339), leaf.NotAfter.UTC().Format(time.RFC3339))}
}

func valid(leaf *x509.Certificate, at time.Time) bool {
	return !at.Before(leaf.NotBefore) && !at.After(leaf.NotAfter)
}
