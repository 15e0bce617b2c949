// Package cosign verifies what cosign and its kin put beside an image in a registry: signatures and attestations, made with
// a key or with a certificate. It reads the three forms in use: the payload of a signature with the signature as an
// annotation, an attestation as a DSSE envelope, and a Sigstore bundle of either. It needs no network, and says of each why
// it was not verified.
//
// A certificate counts when it comes of an authority that is trusted, and names an identity that is: see [Signer].
package cosign

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"landwaiter.dev/image"
)

// The media types of what is verified.
const (
	simpleSigning = "application/vnd.dev.cosign.simplesigning.v1+json"
	dsseEnvelope  = "application/vnd.dsse.envelope.v1+json"
	bundlePrefix  = "application/vnd.dev.sigstore.bundle"
	// artefactPrefix is what artefacts are called that hold a signature and refer to an image.
	artefactPrefix = "application/vnd.dev.cosign.artifact."
)

// The annotations that cosign puts on the layer of a signature or attestation.
const (
	signatureKey   = "dev.cosignproject.cosign/signature"
	certificateKey = "dev.sigstore.cosign/certificate"
	chainKey       = "dev.sigstore.cosign/chain"
	logKey         = "dev.sigstore.cosign/bundle"
	timestampKey   = "dev.sigstore.cosign/rfc3161timestamp"
)

// What documents say that they are, and must be: a signature over another kind of document of the same signer says nothing of
// an image.
const (
	signatureType   = "cosign container image signature"
	statementType   = "application/vnd.in-toto+json"
	statementPrefix = "https://in-toto.io/Statement/"
)

// signPredicate is the predicate of a bundle that is a plain signature.
const signPredicate = "https://sigstore.dev/cosign/sign/v1"

// What of one artefact is looked at. Honest ones have one or two of each, of a few KiB.
const (
	maxSignatures   = 16
	maxCertificates = 16
	maxCertificate  = 32 << 10 // bytes of DER
	maxEntries      = 16       // of transparency logs
	maxEntry        = 1 << 20
	maxTimestamps   = 4
	maxTimestamp    = 16 << 10
)

// Wanted says whether a layer or artefact of that media type may be a signature.
func Wanted(mediaType, _ string) bool {
	return mediaType == simpleSigning || mediaType == dsseEnvelope || strings.HasPrefix(mediaType, bundlePrefix) || strings.HasPrefix(mediaType, artefactPrefix)
}

// Artefact is a document beside an image, with the annotations of its layer.
type Artefact struct {
	MediaType   string
	Raw         []byte
	Annotations map[string]string
}

// Result is what is known of one artefact.
type Result struct {
	// PredicateType of an attestation; "" for a signature.
	PredicateType string
	// Signers are the names of those who made it, in the order in which they are trusted; none when it was not verified,
	// and Problem says why.
	Signers []string
	// Identity and Issuer are what the certificate of a verified one names; "" when it was made with a key. Certificates of
	// other authorities than Sigstore's name no issuer.
	Identity, Issuer string
	Problem          string
	// Statement is the verified statement of an attestation; nil when it was not verified.
	Statement []byte
}

const (
	keyless = "it was made with a certificate, and the settings name only keys"
	foreign = "no key that is trusted has made it"
)

// Verify compares an artefact with those who are trusted. It must be about one of the subjects: the digests of the image's
// manifest and of the index that it came with. Certificates of which no timestamp tells when they were used must be valid
// now.
func Verify(a Artefact, subjects []image.Digest, signers []Signer, now time.Time) Result {
	e, problem := read(a)
	out := Result{PredicateType: e.predicateType, Problem: problem}
	if problem == "" {
		out.Problem = e.about(subjects)
	}
	if out.Problem != "" {
		return out
	}
	out.Signers = e.byKey(signers)
	switch {
	case e.material == nil:
		out.Problem = foreign
	case !slices.ContainsFunc(signers, func(s Signer) bool { return s.who != nil }):
		out.Problem = keyless
	default:
		by := e.byCertificate(signers, now)
		out.Identity, out.Issuer, out.Problem = by.identity, by.issuer, by.problem
		out.Signers = append(out.Signers, by.names...)
	}
	switch {
	case len(out.Signers) > 0:
		out.Problem, out.Statement = "", e.statement()
	case len(e.signatures) == 0:
		out.Problem = "it has no signature, or a damaged one"
	}
	return out
}

// about says what is wrong when the artefact is about none of the subjects.
func (e *evidence) about(subjects []image.Digest) string {
	if slices.ContainsFunc(e.subjects, func(d image.Digest) bool { return slices.Contains(subjects, d) }) {
		return ""
	}
	if e.payloadType == "" {
		return fmt.Sprintf("it is about another image, %.80q", e.subjects[0])
	}
	return "it is about another image"
}

// byKey names those whose keys made a signature of the artefact.
func (e *evidence) byKey(signers []Signer) []string {
	var names []string
	signed := e.signed()
	for _, s := range signers {
		if s.key != nil && slices.ContainsFunc(e.signatures, func(sig []byte) bool { return made(s.key, signed, sig) }) {
			names = append(names, s.Name)
		}
	}
	return names
}
