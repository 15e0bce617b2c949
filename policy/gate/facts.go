package gate

import (
	"time"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
)

// Facts are what is known of an image that is neither in the image nor in its findings: the scores and catalogue entries of
// vulnerabilities, the image that it was built on, the age of each source of data, the signatures beside it. They are as of
// the moment of the verdict. What no rule needs may be left out, see [Need].
type Facts struct {
	// Threats by CVE.
	Threats map[string]Threat `json:"threats"`
	// Lineage is nil when nobody asked for it.
	Lineage *Lineage `json:"lineage"`
	// Sources of advisory data that the image depends on, sorted by name.
	Sources []SourceAge `json:"sources"`
	// Signatures is nil when nobody asked for them.
	Signatures *Signatures `json:"signatures"`
}

// Need names kinds of facts that a check looks at.
type Need uint8

// The kinds of facts.
const (
	NeedThreats Need = 1 << iota
	NeedLineage
	NeedSources
	NeedSignatures
	NeedNewer // which tags of the base have moved on: a part of the lineage
)

// Has says whether n has all of the kinds.
func (n Need) Has(kinds Need) bool { return n&kinds == kinds }

// always is the [Trigger.Needs] of a trigger that looks at these facts whatever its parameters.
func always(n Need) func(Values) Need { return func(Values) Need { return n } }

// NeedsOf says which facts a rule with these parameters looks at.
func (t *Trigger) NeedsOf(given []Pair) Need {
	if t.Needs == nil {
		return 0
	}
	v, _ := t.values(given)
	return t.Needs(v)
}

// HasCVE says whether a finding has an id by which threats are known.
func HasCVE(f *advisory.Finding) bool { return len(cves(f)) > 0 }

// Threat is what is known of how a vulnerability is used.
type Threat struct {
	// Score is the EPSS probability of exploitation in the next 30 days, Percentile its rank, both from 0 to 1, of the day
	// ("2006-01-02") Scored; "" when there is no score.
	Score      float64 `json:"score,omitempty"`
	Percentile float64 `json:"percentile,omitempty"`
	Scored     string  `json:"day,omitempty"`
	// Due is the day by which CISA's catalogue asks for the vulnerability to be mended, "" when it says none; Ransomware
	// says that the catalogue knows of its use in ransomware campaigns.
	Due        string `json:"due,omitempty"`
	Ransomware bool   `json:"ransomware,omitempty"`
}

// Lineage is what is known of the image below another one.
type Lineage struct {
	// Base is the image of the same account whose layers are the lowest ones; nil when there is none.
	Base *image.KnownBase `json:"base,omitempty"`
	// Declared is what the image itself says, which nobody checked; nil when it says nothing.
	Declared *image.BaseImage `json:"declared,omitempty"`
	// Newer are tags of the base, or the one declared, that point at another digest now.
	Newer []NewerBase `json:"newer,omitempty"`
}

// NewerBase is a tag of a base image that has moved on.
type NewerBase struct {
	// Tag in full, Digest what it points at, Was what the image was built on, Since when the tag was seen to have moved.
	Tag    string       `json:"tag"`
	Digest image.Digest `json:"digest"`
	Was    image.Digest `json:"was"`
	Since  time.Time    `json:"since"`
}

// SourceAge is how old the data of one source is.
type SourceAge struct {
	// Name is an ecosystem ("Debian:12", "PyPI"), or "kev", "epss" or "nvd".
	Name string `json:"name"`
	// LastSync is zero when there is no data.
	LastSync time.Time `json:"last_sync,omitzero"`
}
