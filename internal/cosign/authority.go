package cosign

import (
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sigstore/sigstore-go/pkg/root"
)

// authority certifies people or machines for years, as that of a company does. No log is asked for what it certified.
type authority struct {
	roots      *x509.CertPool
	timestamps *root.SigstoreTimestampingAuthority // nil: none is trusted
}

// verify checks signature and chain. The certificate must have been valid at the time of a trusted timestamp over the
// signature; without one it must be valid now, since nothing else tells how old the signature is.
func (a *authority) verify(e *evidence, m *material, leaf *x509.Certificate, now time.Time) *failure {
	between := x509.NewCertPool()
	for _, der := range m.certificates[1:] {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return &failure{unproven, "a certificate of its chain is damaged"}
		}
		if err := usable(c.PublicKey); err != nil {
			return &failure{unproven, "a certificate of its chain is refused: " + err.Error()}
		}
		between.AddCert(c)
	}
	signed := e.signed()
	good := slices.IndexFunc(e.signatures, func(sig []byte) bool { return made(leaf.PublicKey, signed, sig) })
	at, when := now, "when it was verified, and no trusted timestamp says that it was signed before"
	if good >= 0 && a.timestamps != nil {
		for _, stamp := range m.timestamps {
			if t, err := a.timestamps.Verify(stamp, e.signatures[good]); err == nil {
				at, when = t.Time, "at the time of its timestamp"
				break
			}
		}
	}
	_, err := leaf.Verify(x509.VerifyOptions{Roots: a.roots, Intermediates: between, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}})
	var unknown x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &unknown):
		return &failure{otherRoot, fmt.Sprintf("its certificate is of another authority, %.200q", leaf.Issuer.String())}
	case err != nil && !valid(leaf, at):
		return outside(leaf, at, when)
	case errors.As(err, &invalid) && invalid.Reason == x509.IncompatibleUsage:
		return &failure{unproven, "its certificate is not for signing code"}
	case err != nil:
		return &failure{unproven, fmt.Sprintf("its certificate cannot be verified: %v", err)}
	case leaf.KeyUsage != 0 && leaf.KeyUsage&(x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment) == 0:
		return &failure{unproven, "its certificate is not for signing"}
	case good < 0:
		return &failure{unproven, notItsKey}
	}
	return nil
}

const notItsKey = "the key of its certificate did not make the signature"
