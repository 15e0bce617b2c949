package feed

import (
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"
)

// Catalog is CISA's catalogue of known exploited vulnerabilities, reduced to what is used.
type Catalog struct {
	// Version as the catalogue names itself ("2025.08.25"), Released as it dates itself; zero when it does not.
	Version  string
	Released time.Time
	// Added is the day ("2006-01-02") on which each CVE was taken up.
	Added map[string]string
	// Details of the CVEs of which there are any.
	Details map[string]ExploitDetail
	// Problems are entries that were skipped.
	Problems []error
}

// ExploitDetail is what the catalogue says of an exploited vulnerability beside the day.
type ExploitDetail struct {
	// Due is the day ("2006-01-02") by which it should be mended; "" where none is named.
	Due string
	// Ransomware says that it is known to be used in ransomware campaigns.
	Ransomware bool
}

// Detail notes what is said of a CVE beside the day; a due date that is no day is left out.
func (c *Catalog) Detail(cve, due string, ransomware bool) {
	if _, err := time.Parse(time.DateOnly, due); err != nil {
		due = ""
	}
	if d := (ExploitDetail{due, ransomware}); d != (ExploitDetail{}) {
		if c.Details == nil {
			c.Details = map[string]ExploitDetail{}
		}
		c.Details[cve] = d
	}
}

var cvePattern = regexp.MustCompile(`^CVE-\d{4}-\d{4,19}$`)

// ReadKEV reads the catalogue. It is refused, with a [*Refused], when it is cut, is no catalogue, or lists nothing.
func ReadKEV(r io.Reader) (*Catalog, error) {
	refuse := func(format string, args ...any) (*Catalog, error) {
		return nil, &Refused{"the KEV catalogue", fmt.Sprintf(format, args...)}
	}
	data, err := io.ReadAll(io.LimitReader(r, maxCatalog+1))
	switch {
	case err != nil:
		return refuse("it could not be read: %v", err)
	case len(data) > maxCatalog:
		return refuse("it is larger than %d MiB", maxCatalog>>20)
	case len(trimSpace(data)) == 0:
		return refuse("it is empty")
	case trimSpace(data)[0] == '<':
		return refuse("it is a web page, not JSON; the source, or a proxy before it, answered with an error page")
	}
	var in struct {
		CatalogVersion  string
		DateReleased    string
		Vulnerabilities []struct{ CveID, DateAdded, DueDate, KnownRansomwareCampaignUse string }
	}
	if err := json.Unmarshal(data, &in); err != nil {
		return refuse("it is cut off or not JSON: %v", short(err))
	}
	c := &Catalog{Version: in.CatalogVersion, Added: make(map[string]string, len(in.Vulnerabilities))}
	c.Released, _ = date(in.DateReleased)
	for i, v := range in.Vulnerabilities {
		if !cvePattern.MatchString(v.CveID) {
			c.Problems = append(c.Problems, &Problem{fmt.Sprintf("entry %d", i+1), fmt.Sprintf("%.40q is no CVE; skipped", v.CveID)})
			continue
		}
		if _, err := time.Parse(time.DateOnly, v.DateAdded); err != nil {
			c.Problems = append(c.Problems, &Problem{v.CveID, fmt.Sprintf("%.40q is no date; skipped", v.DateAdded)})
			continue
		}
		if before, twice := c.Added[v.CveID]; !twice || v.DateAdded < before {
			c.Added[v.CveID] = v.DateAdded
			c.Detail(v.CveID, v.DueDate, strings.EqualFold(v.KnownRansomwareCampaignUse, "Known"))
		}
	}
	if len(c.Added) == 0 {
		return refuse("it lists no vulnerability")
	}
	return c, nil
}
