package feed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/package-url/packageurl-go"

	"landwaiter.dev/advisory"
)

const (
	ubuntuPart = "ubuntu/vex"
	// ubuntuID comes before the CVE in the ids of records: those of OSV are called UBUNTU-CVE-….
	ubuntuID = "UBUNTU-VEX-"
)

func ubuntuParts(_ context.Context, _ Lister, ecosystems []string) ([]Part, error) {
	if !wants(ecosystems, "Ubuntu") {
		return nil, nil
	}
	return []Part{{Name: ubuntuPart, Path: "vex-all.tar.xz"}}, nil
}

// ReadUbuntu reads Canonical's archive of OpenVEX documents. What it adds to Ubuntu's records in OSV are states: what is
// not affected, what is looked at still, and what will not be fixed. What is fixed is left to OSV: a version stands beside
// it here too, and may be the one that the archive has today, not the first without the fault. Documents for each CVE are
// read; those for security notices say the same again.
func ReadUbuntu(r io.ReaderAt, size int64, part string) iter.Seq2[*advisory.Record, error] {
	wanted := func(name string) bool {
		return strings.HasSuffix(name, ".json") && (strings.HasPrefix(name, "cve/") || strings.Contains(name, "/cve/"))
	}
	return readVEX(r, size, part, ubuntuID, wanted, ubuntuRecord)
}

// openVEX is what is read of an OpenVEX document as Canonical writes it: the head is in an object of its own, or not.
type openVEX struct {
	Context   string `json:"@context"`
	Timestamp string
	Metadata  struct {
		Context   string `json:"@context"`
		Timestamp string
	}
	Statements []struct {
		Vulnerability struct {
			Name, Description string
		}
		Timestamp string
		Products  []struct {
			ID string `json:"@id"`
		}
		Status      string
		StatusNotes string `json:"status_notes"`
		Impact      string `json:"impact_statement"`
		Action      string `json:"action_statement"`
	}
}

// ubuntuReleases are the releases by the name that package URLs have.
var ubuntuReleases = map[string]string{
	"trusty": "14.04", "xenial": "16.04", "yakkety": "16.10", "zesty": "17.04", "artful": "17.10", "bionic": "18.04",
	"cosmic": "18.10", "disco": "19.04", "eoan": "19.10", "focal": "20.04", "groovy": "20.10", "hirsute": "21.04",
	"impish": "21.10", "jammy": "22.04", "kinetic": "22.10", "lunar": "23.04", "mantic": "23.10", "noble": "24.04",
	"oracular": "24.10", "plucky": "25.04", "questing": "25.10", "resolute": "26.04",
}

var (
	ubuntuPriority = regexp.MustCompile(`classified this CVE as of (?i:(\w{1,20})) priority`)
	// ubuntuWontFix are words of the action that say that nothing will be done.
	ubuntuWontFix = []string{"decided to not fix", "no longer supported"}
)

// ubuntuRecord translates one document; nil without error when it speaks of no release that images are told to be.
func ubuntuRecord(data []byte) (*advisory.Record, error) {
	var d openVEX
	if err := json.Unmarshal(data, &d); err != nil {
		return nil, fmt.Errorf("it is not an OpenVEX document: %w", short(err))
	}
	if !strings.HasPrefix(d.Context+d.Metadata.Context, "https://openvex.dev/ns") {
		return nil, fmt.Errorf("its context %.60q is not OpenVEX's", d.Context+d.Metadata.Context)
	}
	var out *advisory.Record
	states := map[[2]string]advisory.Affected{} // by ecosystem and package
	wrong := map[string]bool{}
	for _, s := range d.Statements {
		cve := s.Vulnerability.Name
		switch {
		case !cvePattern.MatchString(cve):
			return nil, fmt.Errorf("%.40q is no CVE", cve)
		case out == nil:
			out = &advisory.Record{ID: ubuntuID + cve, Upstream: []string{cve}, Details: s.Vulnerability.Description,
				Links: []advisory.Reference{{Type: "ADVISORY", URL: "https://ubuntu.com/security/" + cve}}}
		case out.ID != ubuntuID+cve:
			return nil, fmt.Errorf("it is about %s and %.40q, and one is to be expected", out.Upstream[0], cve)
		}
		if t := ubuntuTime(s.Timestamp); out.Published.IsZero() || !t.IsZero() && t.Before(out.Published) {
			out.Published = t
		}
		if m := ubuntuPriority.FindStringSubmatch(s.StatusNotes + " " + s.Impact + " " + s.Action); m != nil && out.Severity == nil {
			if _, ok := advisory.ParseSeverity(m[1]); ok {
				out.Severity = []advisory.Score{{Type: "Ubuntu", Score: strings.ToLower(m[1])}}
			}
		}
		for _, p := range s.Products {
			if s.Status == "fixed" {
				break
			}
			entry, err := ubuntuSource(p.ID)
			if err != nil {
				wrong[err.Error()] = true
			}
			if entry.Package == "" {
				continue
			}
			if err := ubuntuState(&entry, s.Status, s.Action); err != nil {
				wrong[err.Error()] = true
				continue
			}
			key := [2]string{entry.Ecosystem, entry.Package}
			if before, twice := states[key]; twice && ubuntuRank(before) >= ubuntuRank(entry) {
				continue
			}
			states[key] = entry
		}
	}
	if out == nil {
		return nil, errors.New("it makes no statement")
	}
	out.Modified = ubuntuTime(d.Timestamp + d.Metadata.Timestamp)
	for _, key := range slices.SortedFunc(maps.Keys(states), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
		out.Affected = append(out.Affected, states[key])
	}
	doubts := slices.Sorted(maps.Keys(wrong))
	switch {
	case len(out.Affected) == 0 && len(doubts) == 0:
		return nil, nil
	case len(out.Affected) == 0:
		return nil, errors.New(doubted(doubts))
	case len(doubts) > 0:
		return out, errors.New(doubted(doubts))
	}
	return out, nil
}

// ubuntuSource reads the package URL of a product. Of binary packages, and of releases with additions of their own (FIPS,
// real time), the entry is empty.
func ubuntuSource(id string) (entry advisory.Affected, err error) {
	if len(id) > maxName {
		return entry, errors.New("a package URL is too long")
	}
	// The second of two question marks is a slip of older documents.
	if head, tail, found := strings.Cut(id, "?"); found {
		id = head + "?" + strings.ReplaceAll(tail, "?", "&")
	}
	purl, err := packageurl.FromString(id)
	if err != nil {
		return entry, fmt.Errorf("the package %.120q cannot be read", id)
	}
	q := purl.Qualifiers.Map()
	if purl.Type != "deb" || purl.Namespace != "ubuntu" || q["arch"] != "source" && q["arch"] != "src" || q["distro"] == "" {
		return entry, nil
	}
	pocket, codename, found := strings.Cut(q["distro"], "/")
	if !found {
		pocket, codename = "ubuntu", pocket
	}
	ecosystem := "Ubuntu:"
	switch {
	case pocket == "ubuntu":
	case strings.HasPrefix(pocket, "esm-infra"), strings.HasPrefix(pocket, "esm-apps"):
		ecosystem = "Ubuntu:Pro:"
	default:
		return entry, nil
	}
	release := ubuntuReleases[codename]
	switch {
	case release == "":
		return entry, fmt.Errorf("the release %.40q is not known here", codename)
	case !printable(purl.Name, maxName):
		return entry, fmt.Errorf("the package %.120q has no usable name", id)
	}
	return advisory.Affected{Ecosystem: ecosystem + release, Package: purl.Name}, nil
}

// ubuntuState says of the entry what a statement says, of all versions: the one in the package URL is what the archive has
// today.
func ubuntuState(entry *advisory.Affected, status, action string) error {
	switch status {
	case "not_affected":
		entry.State = string(advisory.NotAffected)
		return nil
	case "under_investigation":
		entry.State = string(advisory.UnderInvestigation)
	case "affected":
		entry.State = string(advisory.NotFixed)
		if slices.ContainsFunc(ubuntuWontFix, func(words string) bool { return strings.Contains(action, words) }) {
			entry.State = string(advisory.WontFix)
		}
	default:
		return fmt.Errorf("the status %.40q is not known", status)
	}
	entry.Ranges = []advisory.Range{{Type: "ECOSYSTEM", Events: []advisory.Event{{Introduced: "0"}}}}
	return nil
}

// ubuntuRank says which of two statements about one package counts: the one after which more is wrong.
func ubuntuRank(a advisory.Affected) int {
	return slices.Index([]string{string(advisory.NotAffected), string(advisory.UnderInvestigation), string(advisory.WontFix), string(advisory.NotFixed)}, a.State)
}

// ubuntuTime reads the ways in which Canonical has written times; the zero time for others.
func ubuntuTime(s string) time.Time {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05 MST", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}
