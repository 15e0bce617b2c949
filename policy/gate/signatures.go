package gate

import (
	"slices"
	"strings"
)

// Signatures are what lies beside an image in its registry and was compared with what this installation trusts. Gates see
// the outcome; who verified it was somebody else.
type Signatures struct {
	// Found in a fixed order.
	Found []Signature `json:"found,omitempty"`
	// Failures are what could not be read, one sentence each.
	Failures []string `json:"failures,omitempty"`
}

// Signature is one signature of an image, or one attestation about it.
type Signature struct {
	// PredicateType of an attestation, a URI; "" for a plain signature.
	PredicateType string `json:"predicate_type,omitempty"`
	// Trust is the name under which the installation trusts the signer; "" when nobody it trusts has signed.
	Trust string `json:"trust,omitempty"`
	// Identity and Issuer are what the certificate of a verified one names; "" when it was made with a key. Problem says why
	// it was not verified; "" when it was.
	Identity string `json:"identity,omitempty"`
	Issuer   string `json:"issuer,omitempty"`
	Problem  string `json:"problem,omitempty"`
	// Origin is where it was found.
	Origin string `json:"origin"`
}

// Verified says whether somebody trusted made it.
func (s *Signature) Verified() bool { return s.Problem == "" && s.Trust != "" }

var signaturesGate = Gate{
	Name: "signatures",
	Description: "Checks of the signatures and attestations beside the image in its registry, made by those whom the setting signatures.trust names: with their keys, or with certificates for their identities (keyless). An addition of " +
		"Landwaiter.",
	Triggers: []Trigger{
		{
			Name:        "unsigned",
			Description: "Fires when the image has no verified signature that satisfies all the conditions given, also when nobody looked for any.",
			Params:      signerParams(1),
			Compile:     func(v Values) (Check, error) { return compileSigned(v, "") },
			Needs:       always(NeedSignatures),
		},
		{
			Name: "not_attested",
			Description: "Fires when the image has no verified attestation of a kind that satisfies all the conditions given, also when nobody looked for any. The trigger id is the type of the " +
				"predicate.",
			Params: append([]Param{{Name: "predicate_type", Order: 1, Required: true, Type: Text, Known: knownPredicates, Example: "https://slsa.dev/provenance/v1",
				Description: "Type of the predicate, in full; a * at its end stands for anything."}}, signerParams(2)...),
			Compile: func(v Values) (Check, error) {
				if v["predicate_type"] == "" {
					return nil, BadValue("predicate_type", "the type of the predicate must not be empty")
				}
				return compileSigned(v, v["predicate_type"])
			},
			Needs: always(NeedSignatures),
		},
		{
			Name: "unverified",
			Description: "Fires for each signature and attestation that is there and was not verified: by a stranger, damaged, expired, or of another image; and for what could not be read. The trigger " +
				"id is where it was found.",
			Compile: compileUnverified,
			Needs:   always(NeedSignatures),
		},
	},
}

func signerParams(order int) []Param {
	params := []Param{
		{Name: "trust", Type: List, Known: knownSigners, Example: "release-key", Description: "Names in the settings of whom may have signed; anybody whom the settings name when absent."},
		{Name: "all", Type: Bool, Example: "true", Description: "Each of those that trust names must have signed, not only one of them; false when absent."},
	}
	for i := range params {
		params[i].Order = order + i
	}
	return params
}

// signerRule says which signatures count.
type signerRule struct {
	predicate string
	trust     []string
	all       bool
}

func compileSigned(v Values, predicate string) (Check, error) {
	r := signerRule{predicate: predicate, trust: v.List("trust"), all: v.Bool("all", false)}
	if r.all && r.trust == nil {
		return nil, BadValue("all", "it needs the names of signers in the parameter trust")
	}
	return func(c *Context, fire Fire) error {
		missing := r.missing(c)
		if missing == "" {
			return nil
		}
		id, what := "unsigned", "signature"
		if predicate != "" {
			id, what = predicate, "attestation of "+predicate
		}
		fire(id, "Image has no verified "+what+missing)
		return nil
	}, nil
}

// missing says what is missing, to stand after "no verified signature"; "" when nothing is.
func (r *signerRule) missing(c *Context) string {
	s := c.Facts.Signatures
	if s == nil {
		return ": nobody looked for any"
	}
	signed := map[string]bool{}
	for i := range s.Found {
		if found := &s.Found[i]; r.counts(found) {
			signed[found.Trust] = true
		}
	}
	by := ""
	switch {
	case r.all:
		if lacking := slices.DeleteFunc(slices.Clone(r.trust), func(name string) bool { return signed[name] }); len(lacking) > 0 {
			by = " by " + strings.Join(lacking, ", ")
		} else {
			return ""
		}
	case len(signed) > 0:
		return ""
	case r.trust != nil:
		by = " by " + strings.Join(r.trust, " or ")
	}
	if len(s.Failures) > 0 {
		by += "; not all could be read: " + s.Failures[0]
	}
	if by == "" {
		by = " that satisfies the rule"
	}
	return by
}

func (r *signerRule) counts(s *Signature) bool {
	return s.Verified() && r.fits(s.PredicateType) && (r.trust == nil || slices.Contains(r.trust, s.Trust))
}

func (r *signerRule) fits(predicate string) bool {
	if start, open := strings.CutSuffix(r.predicate, "*"); open {
		return predicate != "" && strings.HasPrefix(predicate, start)
	}
	return predicate == r.predicate
}

func compileUnverified(Values) (Check, error) {
	return func(c *Context, fire Fire) error {
		s := c.Facts.Signatures
		if s == nil {
			return nil
		}
		for i := range s.Found {
			found := &s.Found[i]
			if found.Verified() {
				continue
			}
			what := "Signature"
			if found.PredicateType != "" {
				what = "Attestation of " + found.PredicateType
			}
			fire(found.Origin, what+" in "+found.Origin+" was not verified: "+found.Problem)
		}
		for _, f := range s.Failures {
			fire("unreadable", "Signatures beside the image could not be read: "+f)
		}
		return nil
	}, nil
}
