package cosign

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"github.com/sigstore/sigstore-go/pkg/root"

	"landwaiter.dev/internal/yamldoc"
)

// trustRoot is whom we believe what a certificate says.
type trustRoot struct {
	id          string
	needsIssuer bool
	verify      func(e *evidence, m *material, leaf *x509.Certificate, now time.Time) *failure
}

// parseRoot reads a Sigstore trusted root (JSON), or an authority's certificates (PEM) with those of an authority of
// timestamps, if there is one.
func parseRoot(text, timestamps []byte) (*trustRoot, error) {
	id := fingerprint("root", string(text), string(timestamps))
	if yamldoc.IsJSON(text) {
		if len(timestamps) > 0 {
			return nil, errors.New("a Sigstore trusted root names its authorities of timestamps itself; leave timestamps out")
		}
		r, err := parseSigstore(text)
		if err != nil {
			return nil, err
		}
		return &trustRoot{id: id, needsIssuer: true, verify: r.verify}, nil
	}
	certificates, err := parseCertificates(text)
	if err != nil {
		return nil, err
	}
	a := &authority{roots: x509.NewCertPool()}
	for _, c := range certificates {
		if !c.IsCA {
			return nil, fmt.Errorf("its certificate for %.100q is not one of an authority", c.Subject.String())
		}
		a.roots.AddCert(c)
	}
	if len(timestamps) > 0 {
		if a.timestamps, err = parseTimestamper(timestamps); err != nil {
			return nil, fmt.Errorf("the authority of timestamps: %w", err)
		}
	}
	return &trustRoot{id: id, verify: a.verify}, nil
}

// parseCertificates reads certificates in PEM.
func parseCertificates(text []byte) ([]*x509.Certificate, error) {
	var list []*x509.Certificate
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("it holds a %.40q, not only certificates", block.Type)
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("its certificate %d is damaged: %w", len(list)+1, err)
		}
		if err := usable(c.PublicKey); err != nil {
			return nil, fmt.Errorf("its certificate for %.100q: %w", c.Subject.String(), err)
		}
		list = append(list, c)
	}
	if len(list) == 0 {
		return nil, errors.New("it holds neither a trusted root of Sigstore (JSON) nor certificates in PEM")
	}
	return list, nil
}

// parseTimestamper reads the chain of an authority of timestamps: its certificate, if it is there, then the authorities above
// it, the topmost last.
func parseTimestamper(text []byte) (*root.SigstoreTimestampingAuthority, error) {
	list, err := parseCertificates(text)
	if err != nil {
		return nil, err
	}
	last := len(list) - 1
	t := &root.SigstoreTimestampingAuthority{Root: list[last]}
	if !list[last].IsCA {
		return nil, errors.New("its last certificate must be the topmost authority's")
	}
	for i, c := range list[:last] {
		switch {
		case c.IsCA:
			t.Intermediates = append(t.Intermediates, c)
		case i == 0:
			t.Leaf = c
		default:
			return nil, errors.New("it holds certificates of several authorities of timestamps; name one")
		}
	}
	return t, nil
}
