// Package attest writes a verdict down so that others can trust it without asking who made it: as an in-toto statement with a
// SLSA verification summary, in a signed envelope (DSSE). The formats are those of https://in-toto.io/Statement/v1 and
// https://slsa.dev/verification_summary/v1; what they have no place for stands in one field of our own.
package attest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/package-url/packageurl-go"
	"github.com/secure-systems-lab/go-securesystemslib/dsse"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/signkey"
)

// The names of the formats.
const (
	PayloadType   = "application/vnd.in-toto+json"
	StatementType = "https://in-toto.io/Statement/v1"
	PredicateType = "https://slsa.dev/verification_summary/v1"
	VerifierID    = "https://landwaiter.dev/"
	slsaVersion   = "1.0"
)

// Verification results.
const (
	Passed = "PASSED"
	Failed = "FAILED"
)

// Limits of an envelope that somebody hands us.
const (
	// MaxEnvelope is the largest envelope in bytes.
	MaxEnvelope   = 1 << 20
	maxSignatures = 64
	maxSubjects   = 1000
)

// Verdict is what is attested.
type Verdict struct {
	// Image is the digest of the manifest, Tag the full tag that was judged.
	Image image.Digest
	Tag   string
	// Passed is the outcome; At its moment.
	Passed bool
	At     time.Time
	Policy image.Digest
	// Version of the program.
	Version string
	Details Details
}

// Details are the inputs and the outcome of a verdict in our own words.
type Details struct {
	Evaluation  int64        `json:"evaluation_id,omitempty"`
	PolicyID    string       `json:"policy_id"`
	FinalAction string       `json:"final_action"`
	FinalReason string       `json:"final_action_reason"`
	Analysis    image.Digest `json:"analysis_digest,omitempty"`
	Dockerfile  image.Digest `json:"dockerfile_digest,omitempty"`
	VEX         image.Digest `json:"vex_digest,omitempty"`
	Result      image.Digest `json:"result_digest"`
	Revision    int64        `json:"feed_revision"`
	// Facts are the inputs that no digest stands for.
	Facts json.RawMessage `json:"facts,omitempty"`
	// Reproducible: no time limit ended it, and the same came out when it was made again before it was attested.
	Reproducible bool `json:"reproducible"`
}

// Statement is an in-toto statement about a verification.
type Statement struct {
	Type          string     `json:"_type"`
	Subject       []Resource `json:"subject"`
	PredicateType string     `json:"predicateType"`
	Predicate     Summary    `json:"predicate"`
}

// Resource is a resource descriptor of in-toto.
type Resource struct {
	Name   string            `json:"name,omitempty"`
	URI    string            `json:"uri,omitempty"`
	Digest map[string]string `json:"digest,omitempty"`
}

// has says whether the resource is the one with the digest.
func (r *Resource) has(d image.Digest) bool {
	return r.Digest["sha256"] != "" && r.Digest["sha256"] == d.Hex()
}

// identified says whether digests say which resource it is.
func (r *Resource) identified() bool {
	for _, digest := range r.Digest {
		if digest == "" {
			return false
		}
	}
	return len(r.Digest) > 0
}

// Summary is a SLSA verification summary.
type Summary struct {
	Verifier struct {
		ID      string            `json:"id"`
		Version map[string]string `json:"version,omitempty"`
	} `json:"verifier"`
	TimeVerified      time.Time  `json:"timeVerified"`
	ResourceURI       string     `json:"resourceUri"`
	Policy            Resource   `json:"policy"`
	InputAttestations []Resource `json:"inputAttestations,omitempty"`
	Result            string     `json:"verificationResult"`
	VerifiedLevels    []string   `json:"verifiedLevels"`
	SLSAVersion       string     `json:"slsaVersion,omitempty"`
	// Landwaiter has what the format has no place for; nil when another verifier wrote the summary.
	Landwaiter *Details `json:"landwaiter_evaluation,omitempty"`
}

// NewStatement writes a verdict down.
func NewStatement(v Verdict) *Statement {
	s := &Statement{Type: StatementType, PredicateType: PredicateType, Subject: []Resource{{Name: v.Tag, Digest: map[string]string{"sha256": v.Image.Hex()}}}}
	p := &s.Predicate
	p.Verifier.ID = VerifierID
	if v.Version != "" {
		p.Verifier.Version = map[string]string{"landwaiter": v.Version}
	}
	p.TimeVerified, p.ResourceURI, p.SLSAVersion = v.At.UTC(), resourceURI(v.Tag, v.Image), slsaVersion
	p.Policy = Resource{URI: "landwaiter:policy/" + v.Details.PolicyID, Digest: map[string]string{"sha256": v.Policy.Hex()}}
	for _, in := range []struct {
		name   string
		digest image.Digest
	}{{"analysis", v.Details.Analysis}, {"vex", v.Details.VEX}} {
		if in.digest != "" {
			p.InputAttestations = append(p.InputAttestations, Resource{Name: in.name, Digest: map[string]string{"sha256": in.digest.Hex()}})
		}
	}
	// We judge content, not how it was built: no level of SLSA is claimed.
	p.Result, p.VerifiedLevels = Passed, []string{"SLSA_BUILD_LEVEL_UNEVALUATED"}
	if !v.Passed {
		p.Result, p.VerifiedLevels = Failed, []string{"FAILED"}
	}
	details := v.Details
	p.Landwaiter = &details
	return s
}

// resourceURI is the package URL of an image.
func resourceURI(tag string, d image.Digest) string {
	ref, err := image.ParseReference(tag)
	if err != nil {
		return tag
	}
	repository := ref.Registry + "/" + ref.Repository
	name := repository[strings.LastIndexByte(repository, '/')+1:]
	q := packageurl.QualifiersFromMap(map[string]string{"repository_url": repository, "tag": ref.Tag})
	return packageurl.NewPackageURL("oci", "", name, string(d), q, "").ToString()
}

// Sign puts a statement into an envelope.
func Sign(ctx context.Context, s *Statement, key signkey.Private) ([]byte, error) {
	payload, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	signer, err := dsse.NewEnvelopeSigner(key)
	if err != nil {
		return nil, err
	}
	e, err := signer.SignPayload(ctx, PayloadType, payload)
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	out, err := json.Marshal(e)
	return append(out, '\n'), err
}

// Expect is what a verified statement must say; zero fields do not ask.
type Expect struct {
	Image  image.Digest
	Policy image.Digest
	// MaxAge is how old the verdict may be at Now. At no age may it lie in the future of Now.
	MaxAge time.Duration
	Now    time.Time
}

// clockSkew is how far a verdict may lie in the future.
const clockSkew = 5 * time.Minute

// Open verifies an envelope with any of the keys and reads its statement. Nothing of an envelope is believed before its
// signature is.
func Open(ctx context.Context, envelope []byte, keys []signkey.Public) (*Statement, signkey.Public, error) {
	var none signkey.Public
	if len(envelope) > MaxEnvelope {
		return nil, none, fmt.Errorf("it is larger than %d bytes", MaxEnvelope)
	}
	var e dsse.Envelope
	if err := json.Unmarshal(envelope, &e); err != nil {
		return nil, none, errors.New("it is not an envelope in JSON (DSSE)")
	}
	if err := twice(envelope); err != nil {
		return nil, none, fmt.Errorf("the envelope is ambiguous: %w", err)
	}
	switch {
	case e.PayloadType != PayloadType:
		return nil, none, fmt.Errorf("its payload is of type %.80q, not %s", e.PayloadType, PayloadType)
	case len(e.Signatures) == 0:
		return nil, none, errors.New("nobody signed it")
	case len(e.Signatures) > maxSignatures:
		return nil, none, fmt.Errorf("it has more than %d signatures", maxSignatures)
	}
	var named []string
	for i := range e.Signatures {
		named = append(named, strings.TrimPrefix(e.Signatures[i].KeyID, "sha256:"))
		e.Signatures[i].KeyID = "" // a hint, in whatever form the signer has: the key itself decides
	}
	for _, key := range keys {
		verifier, err := dsse.NewEnvelopeVerifier(key)
		if err != nil {
			return nil, none, err
		}
		_, payload, err := verifier.VerifyAndDecode(ctx, &e)
		if err != nil {
			continue
		}
		s, err := readStatement(payload)
		return s, key, err
	}
	for _, key := range keys {
		if slices.Contains(named, key.ID()) {
			return nil, none, fmt.Errorf("it was altered: it names the key sha256:%s, whose signature does not fit what it holds", key.ID())
		}
	}
	return nil, none, errors.New("no signature on it is one of the keys given")
}

// readStatement reads what was signed.
func readStatement(payload []byte) (*Statement, error) {
	var s Statement
	if err := json.Unmarshal(payload, &s); err != nil {
		return nil, errors.New("what was signed is not an in-toto statement about a verification")
	}
	if err := twice(payload); err != nil {
		return nil, fmt.Errorf("what was signed is ambiguous: %w", err)
	}
	switch {
	case s.Type != StatementType:
		return nil, fmt.Errorf("what was signed is of type %.80q, not %s", s.Type, StatementType)
	case s.PredicateType != PredicateType:
		return nil, fmt.Errorf("it states a %.80q, not a %s", s.PredicateType, PredicateType)
	case len(s.Subject) == 0 || len(s.Subject) > maxSubjects:
		return nil, errors.New("it says of nothing that it was verified")
	case s.Predicate.Result != Passed && s.Predicate.Result != Failed:
		return nil, fmt.Errorf("its result is %.40q, neither %s nor %s", s.Predicate.Result, Passed, Failed)
	case s.Predicate.TimeVerified.IsZero():
		return nil, errors.New("it does not say when it was verified")
	}
	for i := range s.Subject {
		if !s.Subject[i].identified() {
			return nil, fmt.Errorf("its subject %.80q has no digest", s.Subject[i].Name)
		}
	}
	return &s, s.Predicate.consistent()
}

// consistent says where a summary contradicts its own result.
func (p *Summary) consistent() error {
	if p.Result == Passed && slices.Contains(p.VerifiedLevels, Failed) {
		return fmt.Errorf("it contradicts itself: the result is %s, and the verified levels are %s", Passed, Failed)
	}
	if p.Landwaiter == nil {
		return nil
	}
	if stops := strings.EqualFold(p.Landwaiter.FinalAction, "stop"); stops != (p.Result == Failed) {
		return fmt.Errorf("it contradicts itself: the result is %s, and the final action %.40q", p.Result, p.Landwaiter.FinalAction)
	}
	return nil
}

// About is the subject with the digest, nil if there is none; without a digest it is the first one.
func (s *Statement) About(d image.Digest) *Resource {
	for i := range s.Subject {
		if d == "" || s.Subject[i].has(d) {
			return &s.Subject[i]
		}
	}
	return nil
}

// Check says whether a statement is the one that is expected. It does not look at the result.
func (s *Statement) Check(e Expect) error {
	p := &s.Predicate
	if e.Image != "" && s.About(e.Image) == nil {
		return fmt.Errorf("it is about another image than %s", e.Image)
	}
	if e.Policy != "" && !p.Policy.has(e.Policy) {
		return fmt.Errorf("it was judged by another policy than %s", e.Policy)
	}
	if e.Now.IsZero() {
		return nil
	}
	switch age := e.Now.Sub(p.TimeVerified); {
	case e.MaxAge > 0 && age > e.MaxAge:
		return fmt.Errorf("the verdict is of %s, older than %s", p.TimeVerified.UTC().Format(time.RFC3339), e.MaxAge)
	case age < -clockSkew:
		return fmt.Errorf("the verdict is of %s, which lies in the future", p.TimeVerified.UTC().Format(time.RFC3339))
	}
	return nil
}
