package gate

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
	"landwaiter.dev/internal/pyregex"
	"landwaiter.dev/policy/license"
)

// Known says which values of a parameter, or elements of its list, can ever match. Others are accepted all the same, because
// another version or another installation may know them; lint warns of them.
type Known struct {
	// Words that can match, in the spelling that does; nil where there are too many to show, or where it depends.
	Words []string
	// doubt says what is odd about one value.
	doubt func(value string, n *Names) *Doubt
}

// KnownWords are the words that can match; nil where there are too many, or where it depends.
func (p *Param) KnownWords() []string {
	if p.Known == nil {
		return nil
	}
	return p.Known.Words
}

// Names are those that the settings of an installation give.
type Names struct {
	// Settings says that they are at hand: what is not among the names below is then in no setting.
	Settings bool
	// SecretRules are the rules for secrets, those that come with the program included; Trust are the signers.
	SecretRules, Trust []string
}

// Doubt is what is odd about values that are accepted: by them the rule never fires, or always, or they are passed over.
type Doubt struct {
	// Param whose value it is about; "" for the rule as a whole.
	Param string
	Text  string
	// Value is the word at fault, and Like are those of which the nearest is probably meant; Hint is for where none is near.
	Value string
	Like  []string
	Hint  string
}

// Doubts are what is odd about the values of a rule that [Trigger.NewCheck] accepts.
func (t *Trigger) Doubts(given []Pair, n *Names) []Doubt {
	v, errs := t.values(given)
	if len(errs) > 0 {
		return nil
	}
	if n == nil {
		n = &Names{}
	}
	var list []Doubt
	for i := range t.Params {
		p := &t.Params[i]
		if !v.Has(p.Name) || p.Known == nil {
			continue
		}
		values := []string{v[p.Name]}
		if p.Type.Name == List.Name || p.Type.Name == Numbers.Name {
			values = v.List(p.Name)
		}
		for _, value := range values {
			if d := p.Known.ask(value, n); d != nil {
				d.Param = p.Name
				list = append(list, *d)
			}
		}
	}
	if t.Odd != nil {
		list = append(list, t.Odd(v)...)
	}
	return list
}

func (k *Known) ask(value string, n *Names) *Doubt {
	if slices.Contains(k.Words, value) {
		return nil
	}
	d := k.doubt(value, n)
	if d != nil {
		d.Value = cmp.Or(d.Value, value)
		if d.Like == nil {
			d.Like = k.Words
		}
	}
	return d
}

// oneOf is known by its words; text says of a value, which it holds as %, that it is none of them.
func oneOf(words []string, text string) *Known {
	return &Known{Words: words, doubt: func(value string, _ *Names) *Doubt {
		return &Doubt{Text: strings.Replace(text, "%", strconv.Quote(value), 1), Hint: "there are " + strings.Join(words, ", ")}
	}}
}

// judged is known by a test alone.
func judged(doubt func(value string) *Doubt) *Known {
	return &Known{doubt: func(value string, _ *Names) *Doubt { return doubt(value) }}
}

var (
	knownGaps     = oneOf(textsOf(image.GapKinds()), "no gap is of the kind %")
	knownStatuses = oneOf([]string{"not_affected", "affected", "fixed", "under_investigation"}, "no VEX statement says %")
	knownKinds    = oneOf(textsOf(license.Categories()), "there is no category %")
)

// knownSources are the names of sources of advisory data: ecosystems, with their releases where they have them.
var knownSources = judged(func(value string) *Doubt {
	root, release, hasRelease := strings.Cut(value, ":")
	names := append(advisory.Ecosystems(), "kev", "epss", "nvd")
	i := slices.IndexFunc(names, func(n string) bool { return strings.EqualFold(n, root) })
	switch {
	case i < 0:
		d := &Doubt{Text: "no source of data is called " + strconv.Quote(value)}
		for _, n := range names {
			if hasRelease {
				n += ":" + release
			}
			d.Like = append(d.Like, n)
		}
		return d
	case advisory.HasReleases(names[i]) && release == "":
		return &Doubt{Text: "the data of " + names[i] + " is kept by its releases: none is called " + strconv.Quote(value), Hint: "write it with the release, as in " + names[i] + ":RELEASE"}
	case !advisory.HasReleases(names[i]) && hasRelease:
		return &Doubt{Text: names[i] + " has no releases: no source is called " + strconv.Quote(value), Hint: "write " + names[i]}
	}
	return nil
})

// knownRules are rules for secrets. Without the settings at hand, one that is like none of those that come with the program is
// taken for the user's own.
var knownRules = &Known{doubt: func(value string, n *Names) *Doubt {
	if len(n.SecretRules) == 0 || slices.Contains(n.SecretRules, value) {
		return nil
	}
	return &Doubt{Text: "no rule for secrets is called " + strconv.Quote(value), Like: n.SecretRules, Hint: ownNames(n, "the setting analysis.secret_rules has none of that name")}
}}

// knownSigners are whom the settings trust.
var knownSigners = &Known{doubt: func(value string, n *Names) *Doubt {
	if !n.Settings || slices.Contains(n.Trust, value) {
		return nil
	}
	d := &Doubt{Text: "the settings trust nobody by the name " + strconv.Quote(value), Like: n.Trust, Hint: "name the key in the setting signatures.trust"}
	return d
}}

// ownNames is the hint for a name that may be the user's own; a doubt of which the hint is [OnlyNear] counts only where a word is
// near.
func ownNames(n *Names, hint string) string {
	if n.Settings {
		return hint
	}
	return OnlyNear
}

// OnlyNear in place of a hint says that a doubt counts only where one of Like is near.
const OnlyNear = "-"

var absolutePath = judged(func(value string) *Doubt {
	if strings.HasPrefix(value, "/") {
		return nil
	}
	return &Doubt{Text: strconv.Quote(value) + " is no absolute path: no file has it", Hint: "begin it with /"}
})

// pathPattern is a regular expression that is matched from the start of absolute paths.
var pathPattern = judged(func(value string) *Doubt {
	if pyregex.MayBegin(value, '/') {
		return nil
	}
	return &Doubt{Text: "no path matches: they begin with /, and the expression is matched from the start", Hint: "begin it with / or .*"}
})

// numbersUpTo are numbers of a range.
func numbersUpTo(least, most uint64, text string) *Known {
	return judged(func(value string) *Doubt {
		n, err := strconv.ParseUint(value, 10, 64)
		if err == nil && n >= least && n <= most {
			return nil
		}
		return &Doubt{Text: value + text, Hint: "write a number from " + strconv.FormatUint(least, 10) + " to " + strconv.FormatUint(most, 10)}
	})
}

var (
	knownPorts = numbersUpTo(1, 65535, " is no port")
	knownIDs   = numbersUpTo(0, 1<<32-1, " is no number of a user or group")
)

var cvePattern = regexp.MustCompile(`^CVE-\d{4}-\d{4,}$`)

// knownVulnerabilities are ids as lists of vulnerabilities show them.
var knownVulnerabilities = judged(func(value string) *Doubt {
	upper := strings.ToUpper(value)
	switch {
	case strings.HasPrefix(upper, "CVE") && !cvePattern.MatchString(value):
		d := &Doubt{Text: strconv.Quote(value) + " is no CVE: none is spelled so", Hint: "write it like CVE-2026-1234"}
		if cvePattern.MatchString(upper) {
			d.Hint = "write " + upper
		}
		return d
	case strings.HasPrefix(upper, "GHSA-") && !strings.HasPrefix(value, "GHSA-"):
		return &Doubt{Text: strconv.Quote(value) + " is spelled as no vulnerability is", Hint: "write GHSA-" + strings.ToLower(value[5:])}
	}
	return nil
})

// knownLicenses are identifiers of the SPDX list, and names of one's own.
var knownLicenses = judged(func(value string) *Doubt {
	if license.Listed(value) || strings.HasPrefix(strings.ToLower(value), "licenseref-") {
		return nil
	}
	return &Doubt{Text: "no license of the SPDX list is called " + strconv.Quote(value), Like: license.IDs(), Hint: "write the identifier of the SPDX list, or LicenseRef- and a name"}
})

var knownPredicates = judged(func(value string) *Doubt {
	if strings.Contains(value, ":") {
		return nil
	}
	return &Doubt{Text: strconv.Quote(value) + " is no type of a predicate: those are addresses", Hint: "write it in full, like https://slsa.dev/provenance/v1"}
})

var checksumPattern = regexp.MustCompile(`^[0-9a-f]{64}$`)

var knownChecksums = judged(func(value string) *Doubt {
	if value == "" || value == noContent || checksumPattern.MatchString(value) {
		return nil
	}
	return &Doubt{Text: "the checksum is none of SHA-256: no file has it", Hint: "write 64 hexadecimal digits in lower case"}
})

var knownModes = judged(func(value string) *Doubt {
	digits := strings.TrimPrefix(strings.TrimPrefix(strings.TrimSpace(value), "0o"), "0O")
	if n, err := strconv.ParseUint(digits, 8, 32); err != nil || n <= 0o7777 {
		return nil
	}
	return &Doubt{Text: "the mode " + value + " is more than permissions: no file has it", Hint: "write the last four digits alone, like 0644"}
})

// never is for triggers that do nothing.
func never(Values) []Doubt {
	return []Doubt{{Text: "the trigger never fires: the data that it asked is published no more", Hint: "remove the rule"}}
}
