package cosign

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"slices"
	"strings"

	"github.com/sigstore/sigstore-go/pkg/fulcio/certificate"
)

// certified is what a certificate says of its owner.
type certified struct {
	names  []name // URIs first, then e-mail addresses
	issuer string
}

// name is one name of a certificate's owner, as it stands there. Authorities check each kind in another way, so that a name of
// one kind proves nothing of another.
type name struct {
	kind nameKind
	text string
}

type nameKind int

const (
	uriName nameKind = iota
	mailName
	machineName // a DNS name
	otherName   // of the kind that only Fulcio knows
)

// kindsOf says which kinds of names are compared with an identity, or with an expression for it.
func kindsOf(exact, expression string) []nameKind {
	if exact != "" {
		switch {
		case strings.Contains(exact, "://"):
			return []nameKind{uriName}
		case strings.Contains(exact, "@"):
			return []nameKind{mailName}
		case strings.Contains(exact, ":"): // urn:…, which no machine is called
			return []nameKind{uriName, otherName}
		}
		return []nameKind{machineName, otherName}
	}
	plain := strings.ReplaceAll(expression, "\\", "")
	switch {
	case strings.Contains(plain, "://"):
		return []nameKind{uriName}
	case strings.Contains(plain, "@"):
		return []nameKind{mailName}
	}
	return []nameKind{uriName, mailName}
}

// alternative is the extension for alternative names of a certificate's owner, and the tags of the kinds that are read
// (RFC 5280, section 4.2.1.6).
var (
	alternative = asn1.ObjectIdentifier{2, 5, 29, 17}
	nameTags    = map[int]nameKind{6: uriName, 1: mailName, 2: machineName}
)

// claims reads names and issuer of a certificate; the issuer of an identity is an extension that Fulcio writes.
func claims(c *x509.Certificate) (certified, error) {
	var out certified
	for _, e := range c.Extensions {
		if !e.Id.Equal(alternative) {
			continue
		}
		var list []asn1.RawValue
		if _, err := asn1.Unmarshal(e.Value, &list); err != nil {
			return out, err
		}
		for _, one := range list {
			if kind, known := nameTags[one.Tag]; known && one.Class == asn1.ClassContextSpecific && !bytes.ContainsRune(one.Bytes, 0) {
				out.names = append(out.names, name{kind, string(one.Bytes)})
			}
		}
	}
	slices.SortStableFunc(out.names, func(a, b name) int { return int(a.kind) - int(b.kind) })
	if len(c.URIs)+len(c.EmailAddresses) == 0 {
		if s, err := certificate.SummarizeCertificate(c); err == nil {
			out.names = append(out.names, name{otherName, s.SubjectAlternativeName})
		}
	}
	ext, err := certificate.ParseExtensions(c.Extensions)
	out.issuer = ext.Issuer
	return out, err
}
