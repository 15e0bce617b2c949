package cosign

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"landwaiter.dev/internal/yamldoc"
)

// Signer is somebody whose signatures count, under a name: who has the private key of a public one, or whom an authority
// certifies.
type Signer struct {
	Name string
	id   string
	key  crypto.PublicKey // nil for an identity
	who  *identity
}

// ID is that of the key, or of identity and root: it changes when others are trusted under the name.
func (s *Signer) ID() string { return s.id }

// ParseSigner reads whom a file trusts: a public key as [ParseKey] reads it, or a document with an identity, in YAML or JSON.
// A document names the file of its root, and perhaps that of an authority of timestamps; open reads them.
func ParseSigner(name string, text []byte, open func(file string) ([]byte, error)) (Signer, error) {
	if block, _ := pem.Decode(text); block != nil {
		return ParseKey(name, text)
	}
	var d document
	raw, err := yamldoc.JSON(text, yamldoc.Options{})
	if err != nil || !bytes.HasPrefix(raw, []byte("{")) {
		return Signer{}, errors.New("it holds neither a public key in PEM nor a document with identity, issuer and root")
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&d); err != nil {
		return Signer{}, fmt.Errorf("its document cannot be used: %w; want identity or identity_regexp, issuer or issuer_regexp, root, and perhaps timestamps", err)
	}
	who, err := d.identity(open)
	if err != nil {
		return Signer{}, err
	}
	return Signer{Name: name, who: who, id: fingerprint("identity by kind of name", d.Identity, d.IdentityRegexp, d.Issuer, d.IssuerRegexp, who.root.id)}, nil
}

// document is an identity as people write it.
type document struct {
	Identity       string `json:"identity"`
	IdentityRegexp string `json:"identity_regexp"`
	Issuer         string `json:"issuer"`
	IssuerRegexp   string `json:"issuer_regexp"`
	Root           string `json:"root"`
	Timestamps     string `json:"timestamps"`
}

func (d *document) identity(open func(string) ([]byte, error)) (*identity, error) {
	i := &identity{}
	named, err := matching("identity", d.Identity, d.IdentityRegexp)
	if err != nil {
		return nil, err
	}
	if named != nil {
		kinds := kindsOf(d.Identity, d.IdentityRegexp)
		i.name = func(n name) bool { return slices.Contains(kinds, n.kind) && named(n.text) }
	}
	if i.issuer, err = matching("issuer", d.Issuer, d.IssuerRegexp); err != nil {
		return nil, err
	}
	switch {
	case i.name == nil:
		return nil, errors.New("its document names no identity: the e-mail address or URI in the certificates that count, or identity_regexp")
	case d.Root == "":
		return nil, errors.New("its document names no root: the file of a Sigstore trusted root (trusted_root.json), or of an authority's certificates in PEM")
	}
	text, err := open(d.Root)
	if err != nil {
		return nil, err
	}
	var stamps []byte
	if d.Timestamps != "" {
		if stamps, err = open(d.Timestamps); err != nil {
			return nil, err
		}
	}
	if i.root, err = parseRoot(text, stamps); err != nil {
		return nil, fmt.Errorf("the root %s cannot be used: %w", d.Root, err)
	}
	if i.issuer == nil && i.root.needsIssuer {
		return nil, errors.New("its document names no issuer: a Sigstore root certifies identities of many issuers; name the one that counts (https://token.actions.githubusercontent.com), or issuer_regexp")
	}
	return i, nil
}

// identity is what a certificate must name, and whose certificate it must be.
type identity struct {
	name   func(name) bool
	issuer func(string) bool // nil when any will do
	root   *trustRoot
}

// matching is a comparison with a text, or with an expression that fits the whole; nil when neither is given.
func matching(what, exact, expression string) (func(string) bool, error) {
	switch {
	case exact != "" && expression != "":
		return nil, fmt.Errorf("its document has both %s and %s_regexp; give one of them", what, what)
	case exact != "":
		return func(s string) bool { return s == exact }, nil
	case expression == "":
		return nil, nil
	}
	if _, err := regexp.Compile(expression); err != nil { // alone, so that no bracket of it closes ours
		return nil, fmt.Errorf("%s_regexp is no regular expression: %w", what, err)
	}
	re, err := regexp.Compile(`\A(?:` + expression + `)\z`)
	if err != nil {
		return nil, fmt.Errorf("%s_regexp is no regular expression: %w", what, err)
	}
	return re.MatchString, nil
}

// fits says which name of a certificate is the identity, or why there is none.
func (i *identity) fits(c certified) (found string, why *failure) {
	at := slices.IndexFunc(c.names, i.name)
	switch {
	case len(c.names) == 0:
		return "", &failure{otherIdentity, "its certificate names nobody"}
	case at < 0:
		return "", &failure{otherIdentity, fmt.Sprintf("its certificate is for another identity, %.200q", c.names[0].text)}
	case i.issuer != nil && !i.issuer(c.issuer):
		return "", &failure{otherIssuer, fmt.Sprintf("its certificate for %.200q is of another issuer, %.200q", c.names[at].text, c.issuer)}
	}
	return c.names[at].text, nil
}

// fingerprint is one text for several.
func fingerprint(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d %s ", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil))
}
