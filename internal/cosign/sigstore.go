package cosign

import (
	"bytes"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"
)

// sigstore is an installation of Sigstore: authorities that certify for minutes, the logs that tell of it, and authorities of
// timestamps. What it accepts, Sigstore's own library accepted.
type sigstore struct {
	root     *root.TrustedRoot
	verifier *verify.Verifier
}

// parseSigstore reads a trusted root. What it names is demanded: an entry in a transparency log where it names logs, proof of
// certificate transparency where it names those, and always something that says when the certificate was used.
func parseSigstore(text []byte) (*sigstore, error) {
	if !json.Valid(text) {
		return nil, errors.New("it is not one JSON document; of a list (trusted_root.jsonl) take the line of one installation")
	}
	r, err := root.NewTrustedRootFromJSON(text)
	if err != nil {
		return nil, err
	}
	options := []verify.VerifierOption{verify.WithObserverTimestamps(1), verify.WithoutStatementPredicate()}
	switch {
	case len(r.FulcioCertificateAuthorities()) == 0:
		return nil, errors.New("it names no authority of certificates")
	case len(r.RekorLogs()) == 0 && len(r.TimestampingAuthorities()) == 0:
		return nil, errors.New("it names neither a transparency log nor an authority of timestamps, so that nothing says when a certificate was used; for long-lived certificates give those of their authority in PEM")
	}
	if len(r.RekorLogs()) > 0 {
		options = append(options, verify.WithTransparencyLog(1))
	}
	if len(r.CTLogs()) > 0 {
		options = append(options, verify.WithSignedCertificateTimestamps(1))
	}
	v, err := verify.NewVerifier(r, options...)
	if err != nil {
		return nil, err
	}
	return &sigstore{r, v}, nil
}

// strict keeps the library from trying older kinds of signatures, of which it tells on standard error.
type strict struct{ *bundle.Bundle }

func (strict) Version() (string, error) { return "", nil }

func (s *sigstore) verify(e *evidence, m *material, leaf *x509.Certificate, _ time.Time) *failure {
	if !s.issued(leaf, leaf.NotBefore) {
		return &failure{otherRoot, fmt.Sprintf("its certificate is of another authority than those of the trusted root, %.200q", leaf.Issuer.String())}
	}
	if e.payloadType != "" && len(e.signatures) != 1 {
		return &failure{unproven, fmt.Sprintf("its envelope has %d signatures; one that goes with a certificate has one", len(e.signatures))}
	}
	if len(m.entries) == 0 && len(s.root.RekorLogs()) > 0 {
		return &failure{unproven, "it has no entry of a transparency log, which the trusted root demands"}
	}
	// Ed25519 is left to the library, which knows two ways of it.
	signed := e.signed()
	if leaf.PublicKeyAlgorithm != x509.Ed25519 && !slices.ContainsFunc(e.signatures, func(sig []byte) bool { return made(leaf.PublicKey, signed, sig) }) {
		return &failure{unproven, notItsKey}
	}
	b, err := bundle.NewBundle(m.bundle(e))
	if err != nil {
		return &failure{unproven, fmt.Sprintf("it cannot be verified: %v", err)}
	}
	artifact := verify.WithoutArtifactUnsafe() // what the envelope is about was looked at
	if e.payloadType == "" {
		artifact = verify.WithArtifact(bytes.NewReader(e.payload))
	}
	// Identities are compared by us, which takes the certificate verified once for all of them.
	if _, err := s.verifier.Verify(strict{b}, verify.NewPolicy(artifact, verify.WithoutIdentitiesUnsafe())); err != nil {
		return s.why(strict{b}, m, leaf, err)
	}
	return nil
}

// issued says whether an authority of the root issued a certificate, as of a time.
func (s *sigstore) issued(leaf *x509.Certificate, at time.Time) bool {
	_, err := verify.VerifyLeafCertificate(at, forgiving(leaf), s.root)
	return err == nil
}

// forgiving is a certificate whose alternative names may be of the kind that only Fulcio knows.
func forgiving(leaf *x509.Certificate) *x509.Certificate {
	c := *leaf
	c.UnhandledCriticalExtensions = nil
	return &c
}

// why puts the failure of the library in words, step by step as the library went.
func (s *sigstore) why(b verify.SignedEntity, m *material, leaf *x509.Certificate, cause error) *failure {
	logged, err := s.verifier.VerifyTransparencyLogInclusion(b)
	if err != nil {
		return s.notLogged(m, leaf, err)
	}
	times, err := s.verifier.VerifyObserverTimestamps(b, logged)
	if err != nil {
		if len(m.timestamps) == 0 {
			return &failure{unproven, "nothing says when it was signed: it has no signed timestamp"}
		}
		return &failure{unproven, fmt.Sprintf("nothing says when it was signed: %v", err)}
	}
	for _, t := range times {
		switch {
		case !valid(leaf, t.Timestamp):
			return outside(leaf, t.Timestamp, "when it was signed")
		case !s.issued(leaf, t.Timestamp):
			return &failure{unproven, fmt.Sprintf("the authority of its certificate was not valid when it was signed (%s)", t.Timestamp.UTC().Format(time.RFC3339))}
		}
	}
	switch text := cause.Error(); {
	case strings.HasPrefix(text, "failed to verify signed certificate timestamp"):
		return &failure{unproven, "its certificate is in no log of certificates that the trusted root names"}
	case strings.HasPrefix(text, "failed to verify signature"):
		return &failure{unproven, notItsKey}
	}
	return &failure{unproven, fmt.Sprintf("it cannot be verified: %v", cause)}
}

// notLogged says what is wrong with the entries of transparency logs.
func (s *sigstore) notLogged(m *material, leaf *x509.Certificate, cause error) *failure {
	known := false
	for _, e := range m.entries {
		known = known || s.root.RekorLogs()[hex.EncodeToString(e.GetLogId().GetKeyId())] != nil
		if at := time.Unix(e.GetIntegratedTime(), 0); strings.Contains(cause.Error(), "outside certificate validity") && !valid(leaf, at) {
			return outside(leaf, at, "when the transparency log took it in")
		}
	}
	if !known {
		return &failure{unproven, "its entry is of another transparency log than those of the trusted root"}
	}
	return &failure{unproven, fmt.Sprintf("its entry of a transparency log is not good: %v", cause)}
}
