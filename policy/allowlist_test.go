package policy_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/policy"
)

func TestAllowlists(t *testing.T) {
	t.Parallel()
	vulns := rule("STOP", "vulnerabilities", "package", "package_type=all")
	for name, tc := range map[string]struct {
		items string
		want  string // which of the three rows are allowed and by which item
		next  string
	}{
		"none":              {``, "- - -", ""},
		"literal":           {`{"id":"i","gate":"vulnerabilities","trigger_id":"CVE-2020-1+openssl"}`, "i - -", ""},
		"gate in any case":  {`{"id":"i","gate":"Vulnerabilities","trigger_id":"CVE-2020-1+openssl"}`, "i - -", ""},
		"other gate":        {`{"id":"i","gate":"packages","trigger_id":"*"}`, "- - -", ""},
		"id without name":   {`{"id":"i","gate":"vulnerabilities","trigger_id":"CVE-2020-1"}`, "- - -", ""},
		"id has case":       {`{"id":"i","gate":"vulnerabilities","trigger_id":"cve-2020-1+openssl"}`, "- - -", ""},
		"all packages":      {`{"id":"i","gate":"vulnerabilities","trigger_id":"CVE-2020-*"}`, "i - i", ""},
		"all of a package":  {`{"id":"i","gate":"vulnerabilities","trigger_id":"*+openssl"}`, "i i -", ""},
		"expression":        {`{"id":"i","gate":"vulnerabilities","trigger_id":"regexp:CVE-20(20-2|21)"}`, "- i i", ""},
		"first of the list": {`{"id":"a","gate":"vulnerabilities","trigger_id":"*+openssl"},{"id":"b","gate":"vulnerabilities","trigger_id":"CVE-2020-1+openssl"}`, "a a -", ""},
		"literal first":     {`{"id":"b","gate":"vulnerabilities","trigger_id":"CVE-2020-1+openssl"},{"id":"a","gate":"vulnerabilities","trigger_id":"*"}`, "b a a", ""},
		"expired":           {`{"id":"a","gate":"vulnerabilities","trigger_id":"CVE-2020-1+openssl","expires_on":"2026-11-24T12:00:00Z"},{"id":"b","gate":"vulnerabilities","trigger_id":"CVE-2020-1+openssl"}`, "b - -", ""},
		"expires later":     {`{"id":"a","gate":"vulnerabilities","trigger_id":"CVE-2020-1+*","expires_on":"2026-11-24T12:00:01Z"}`, "a - -", "2026-11-24T12:00:01Z"},
		"with a fraction":   {`{"id":"a","gate":"vulnerabilities","trigger_id":"*","expires_on":"2026-11-25T12:00:01.5Z"}`, "a a a", "2026-11-25T12:00:01.5Z"},
		"with a colon":      {`{"id":"a","gate":"vulnerabilities","trigger_id":"*","expires_on":"2026-11-25T12:00:01:500000Z"}`, "a a a", "2026-11-25T12:00:01.5Z"},
		"the earliest":      {`{"id":"a","gate":"vulnerabilities","trigger_id":"*+zlib","expires_on":"2027-01-01T00:00:00Z"},{"id":"b","gate":"vulnerabilities","trigger_id":"*","expires_on":"2026-12-01T00:00:00Z"}`, "b b a", "2026-12-01T00:00:00Z"},
		"empty expiry":      {`{"id":"a","gate":"vulnerabilities","trigger_id":"*","expires_on":""}`, "a a a", ""},
		"no row, no moment": {`{"id":"a","gate":"vulnerabilities","trigger_id":"CVE-1999-*","expires_on":"2026-12-01T00:00:00Z"}`, "- - -", ""},
	} {
		b := mustParse(t, bundleWith(vulns, tc.items, ""))
		e := evaluated(b, policy.Input{Tag: "a:b", Findings: someFindings(), At: now})
		checkDocument(t, e)
		var got []string
		allowed := 0
		for _, r := range e.Rows {
			if r.Allowed == nil {
				got = append(got, "-")
				continue
			}
			allowed++
			got = append(got, *r.Allowed.ItemID)
			if *r.Allowed.ID != "w" || *r.Allowed.Name != "W" {
				t.Errorf("%s: %+v", name, r.Allowed)
			}
		}
		if strings.Join(got, " ") != tc.want || e.Passed() != (allowed == 3) {
			t.Errorf("%s: got %q, want %q, %s", name, got, tc.want, e.FinalAction)
		}
		next := ""
		if !e.NextAt.IsZero() {
			next = e.NextAt.Format(time.RFC3339Nano)
			if later := evaluated(b, policy.Input{Tag: "a:b", Findings: someFindings(), At: e.NextAt}); cmp.Diff(ids(later), ids(e)) == "" {
				t.Errorf("%s: nothing changes at the moment that was announced", name)
			}
		}
		if next != tc.next {
			t.Errorf("%s: next at %q, want %q", name, next, tc.next)
		}
	}
}

func TestExpiryFormats(t *testing.T) {
	t.Parallel()
	for text, valid := range map[string]bool{
		"2026-11-24T12:00:00Z": true, "2026-11-24T12:00:00.123456Z": true, "2026-11-24T12:00:00:123456Z": true, "": true,
		"2026-11-24T12:00:00": false, "2026-11-24": false, "2026-11-24T12:00:00+01:00": false, "2026-11-24T12:00:00.Z": false,
		"2026-11-24T12:00:00,5Z": false, "2026-13-24T12:00:00Z": false, "2026-11-24T12:00:00.1234567Z": false, "never": false, "2026-11-24T12:00:00:Z": false,
	} {
		_, err := policy.Parse([]byte(bundleWith(always, `{"gate":"g","trigger_id":"t","expires_on":"`+text+`"}`, "")))
		if (err == nil) != valid {
			t.Errorf("%q: got %v, want valid %v", text, err, valid)
		}
	}
}
