package feed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/advisory"
)

// nvdResult is what reading a file gave.
type nvdResult struct {
	Records  []*advisory.Record
	Problems []string
	Refused  string
}

func readNVD(t testing.TB, data []byte, part string) nvdResult {
	t.Helper()
	var out nvdResult
	for r, err := range ReadNVD(bytes.NewReader(data), int64(len(data)), part) {
		if out.Refused != "" {
			t.Fatal("something comes after the refusal")
		}
		if r != nil {
			out.Records = append(out.Records, r)
		}
		if p, ok := errors.AsType[*Problem](err); ok {
			out.Problems = append(out.Problems, p.Error())
		} else if refused, ok := errors.AsType[*Refused](err); ok {
			out.Refused = refused.Reason
		} else if err != nil {
			t.Fatalf("an error of another kind: %v", err)
		}
	}
	return out
}

func nvdPage(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/nvd/page.json")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestNVDRecords(t *testing.T) {
	t.Parallel()
	got := readNVD(t, zipped(t, string(nvdPage(t))), "nvd/page.json")
	at := func(s string) time.Time {
		d, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	within := func(from, to advisory.Event) advisory.Range {
		return advisory.Range{Type: "ECOSYSTEM", Events: []advisory.Event{from, to}}
	}
	want := nvdResult{
		Problems: []string{`"CVE-2099-0001": 1 of its configurations name no product that can be used; the rest is taken`},
		Records: []*advisory.Record{
			{
				ID: "CVE-2019-5443", Published: at("2019-07-02T19:15:10.79Z"), Modified: at("2026-06-17T02:37:41.883Z"),
				Details:  got.Records[0].Details,
				Severity: []advisory.Score{{Type: "CVSS_V3", Score: "CVSS:3.1/AV:L/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H"}, {Type: "CVSS_V2", Score: "AV:L/AC:M/Au:N/C:P/I:P/A:P"}},
				Affected: []advisory.Affected{
					{Ecosystem: "CPE", Package: "haxx:curl", Platforms: []string{"o:microsoft:windows"}, Ranges: []advisory.Range{within(advisory.Event{Introduced: "0"}, advisory.Event{LastAffected: "7.65.1"})}},
					{Ecosystem: "CPE", Package: "oracle:http_server", Versions: []string{"12.2.1.3.0", "12.2.1.4.0"}},
					{Ecosystem: "CPE", Package: "oracle:mysql_server", Ranges: []advisory.Range{within(advisory.Event{Introduced: "8.0.0"}, advisory.Event{LastAffected: "8.0.17"})}},
				},
				Links: []advisory.Reference{{Type: "ADVISORY", URL: "https://curl.haxx.se/docs/CVE-2019-5443.html"}, {Type: "WEB", URL: "http://www.securityfocus.com/bid/108881"}},
			},
			{
				ID: "CVE-2023-0464", Published: at("2023-03-22T17:15:13.13Z"), Modified: at("2023-11-09T13:15:07.34Z"),
				Details:  got.Records[1].Details,
				Severity: []advisory.Score{{Type: "CVSS_V3", Score: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"}},
				Affected: []advisory.Affected{{Ecosystem: "CPE", Package: "openssl:openssl", Ranges: []advisory.Range{
					within(advisory.Event{Introduced: "1.0.2"}, advisory.Event{Fixed: "1.0.2zh"}), within(advisory.Event{Introduced: "1.1.1"}, advisory.Event{Fixed: "1.1.1u"}),
					within(advisory.Event{Introduced: "3.0.0"}, advisory.Event{Fixed: "3.0.9"}), within(advisory.Event{Introduced: "3.1.0"}, advisory.Event{Fixed: "3.1.1"}),
				}}},
				Links: []advisory.Reference{{Type: "ADVISORY", URL: "https://www.openssl.org/news/secadv/20230322.txt"}},
			},
			{
				ID: "CVE-2099-0001", Published: at("2099-01-02T03:04:05Z"), Modified: at("2099-02-03T04:05:06Z"), Details: "Made for a test.",
				Severity: []advisory.Score{
					{Type: "CVSS_V4", Score: got.Records[2].Severity[0].Score},
					{Type: "CVSS_V3", Score: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N"},
					{Type: "CVSS_V3", Score: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"},
				},
				Affected: []advisory.Affected{
					{Ecosystem: "CPE", Package: "example:server", Versions: []string{"2.0.0-rc1", "1.9"}, Ranges: []advisory.Range{within(advisory.Event{After: "1.2.0"}, advisory.Event{Fixed: "1.4"})}},
					{Ecosystem: "CPE", Package: "example:server", Edition: "lts", Ranges: []advisory.Range{within(advisory.Event{Introduced: "0"}, advisory.Event{LastAffected: "0.9"})}},
					{Ecosystem: "CPE", Package: "erlang:erlang/otp", Ranges: []advisory.Range{within(advisory.Event{Introduced: "0"}, advisory.Event{Fixed: "24.3.4.2"})}},
					{Ecosystem: "CPE", Package: "example:module", Versions: []string{"1.0"}, Platforms: []string{"a:example:server", "o:linux:linux_kernel"}},
				},
				Links: []advisory.Reference{{Type: "EVIDENCE", URL: "https://example.org/exploit"}, {Type: "WEB", URL: "https://example.org/x"}},
			},
			{
				ID: "CVE-2099-0002", Published: at("2099-01-01T00:00:00Z"), Modified: at("2099-01-03T00:00:00Z"), Withdrawn: at("2099-01-03T00:00:00Z"),
				Details: "Rejected reason: made for a test.",
			},
		},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if !strings.HasPrefix(got.Records[0].Details, "A non-privileged user") || !strings.HasPrefix(got.Records[2].Severity[0].Score, "CVSS:4.0/") {
		t.Error("the description is not the English one, or v4 is not there")
	}
	if d := cmp.Diff(got, readNVD(t, nvdPage(t), "nvd/page.json")); d != "" {
		t.Errorf("the plain file reads otherwise: %s", d)
	}
}

// entries is a file with these entries.
func entries(list ...string) []byte {
	return []byte(`{"resultsPerPage":1,"format":"NVD_CVE","version":"2.0","vulnerabilities":[` + strings.Join(list, ",") + `]}`)
}

func TestNVDBrokenEntries(t *testing.T) {
	t.Parallel()
	good := `{"cve":{"id":"CVE-2024-0001","lastModified":"2024-01-02T00:00:00.000"}}`
	for _, c := range []struct {
		name, entry string
		problem     string
	}{
		{"no object", `7`, `"record 2": cannot unmarshal`},
		{"no id", `{"cve":{}}`, `"record 2": its id "" is no CVE; skipped`},
		{"another id", `{"cve":{"id":"../../etc"}}`, `"record 2": its id "../../etc" is no CVE; skipped`},
		{"another type", `{"cve":{"id":"CVE-2024-0002","descriptions":7}}`, `"CVE-2024-0002": the value of "cve.descriptions" is a number; skipped`},
		{"a wrong date", `{"cve":{"id":"CVE-2024-0002","lastModified":"yesterday"}}`, `"CVE-2024-0002": lastModified is no date ("yesterday"); skipped`},
		{"rejected and undated", `{"cve":{"id":"CVE-2024-0002","vulnStatus":"Rejected"}}`, `"CVE-2024-0002": it was rejected and has no date; skipped`},
		{"of another year", `{"cve":{"id":"CVE-2023-0002"}}`, `"CVE-2023-0002": it is none of 2024; skipped`},
		{"twice", good, `"CVE-2024-0001": the file holds it twice; this one was not changed later and is skipped`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := readNVD(t, entries(good, c.entry, strings.ReplaceAll(good, "-0001", "-0003")), "nvd/2024")
			if len(got.Records) != 2 || got.Refused != "" || len(got.Problems) != 1 {
				t.Fatalf("%+v", got)
			}
			if c.name != "no object" && got.Problems[0] != c.problem {
				t.Errorf("got  %s\nwant %s", got.Problems[0], c.problem)
			}
		})
	}
}

func TestNVDRefused(t *testing.T) {
	t.Parallel()
	page := nvdPage(t)
	z := zipped(t, string(page))
	changed := bytes.Clone(z)
	changed[len(changed)-6] ^= 1
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"empty", nil, "it is empty"},
		{"a web page", []byte("<html>"), "it is a web page"},
		{"cut", page[:len(page)/2], "it is cut off"},
		{"cut, compressed", z[:len(z)/2], "it is cut off"},
		{"changed", changed, "it does not match its checksum"},
		{"another format", []byte(`{"format":"X","version":"2.0","vulnerabilities":[{"cve":{"id":"CVE-2024-0001"}}]}`), "not NVD_CVE"},
		{"the old format", []byte(`{"CVE_data_type":"CVE","CVE_data_format":"MITRE","CVE_Items":[]}`), "not NVD_CVE"},
		{"another version", bytes.Replace(entries(`{"cve":{"id":"CVE-2024-0001"}}`), []byte(`"2.0"`), []byte(`"3.0"`), 1), `version "3.0"`},
		{"nothing in it", entries(), "there is no CVE in it"},
		{"an array", []byte(`[1]`), "where"},
		{"no array", []byte(`{"format":"NVD_CVE","version":"2.0","vulnerabilities":{"cve":{}}}`), "where"},
		{"more behind", append(bytes.Clone(page), "{}"...), "behind its end"},
		{"not JSON", []byte(`{"format":"NVD_CVE","version":"2.0","vulnerabilities":[{"cve":x}]}`), "damaged or not JSON"},
		{"an entry without end", []byte(`{"vulnerabilities":[{"cve":{"id":"` + strings.Repeat("x", maxEntry+1<<20)), "larger than 8 MiB"},
		{"a key without end", []byte(`{"` + strings.Repeat("x", maxEntry+1<<20)), "larger than 8 MiB"},
		{"without bottom", []byte(`{"vulnerabilities":` + strings.Repeat("[", 100_000)), "damaged or not JSON"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := readNVD(t, c.data, "nvd/page"); !strings.Contains(got.Refused, c.want) {
				t.Errorf("refused with %q, not %q", got.Refused, c.want)
			}
		})
	}
}

// mirror is a source for the tests of parts.
type mirror struct {
	names []string
	dir   bool
}

func (m mirror) Read(_ context.Context, name string, _ int64) ([]byte, error) {
	for _, n := range m.names {
		if n == name {
			return []byte("sha256:00"), nil
		}
	}
	return nil, fmt.Errorf("%s: %w", name, fs.ErrNotExist)
}

func (m mirror) List(context.Context, string) ([]string, error) {
	if !m.dir {
		return nil, errors.ErrUnsupported
	}
	return m.names, nil
}

func TestNVDParts(t *testing.T) {
	t.Parallel()
	parts, err := nvdParts(t.Context(), mirror{dir: true, names: []string{"nvdcve-2.0-2024.json.gz", "nvdcve-2.0-2023.json.gz", "nvdcve-2.0-2024.json",
		"nvdcve-2.0-2024.meta", "nvdcve-2.0-modified.json.gz", "nvdcve-2.0-recent.json.gz", "page-1.json", ".hidden.json", "README"}}, []string{"PyPI"})
	want := []Part{{Name: "nvd/2023", Path: "nvdcve-2.0-2023.json.gz"}, {Name: "nvd/2024", Path: "nvdcve-2.0-2024.json.gz"}, {Name: "nvd/page-1.json", Path: "page-1.json"}}
	if d := cmp.Diff(want, parts); d != "" || err != nil {
		t.Error(d, err)
	}
	parts, err = nvdParts(t.Context(), mirror{names: []string{"nvdcve-2.0-2027.meta"}}, nil)
	if err != nil || len(parts) != 26 || parts[0].Path != "nvdcve-2.0-2002.json.gz" || parts[25].Name != "nvd/2027" {
		t.Errorf("%v %v", parts, err)
	}
}

func FuzzReadNVD(f *testing.F) {
	one := entries(`{"cve":{"id":"CVE-2024-0001","published":"2024-01-01T00:00:00.1","descriptions":[{"lang":"en","value":"x"}],"metrics":{"cvssMetricV2":[{"type":"Primary","cvssData":{"vectorString":"AV:N/AC:L/Au:N/C:P/I:P/A:P"}}]}}}`)
	f.Add(one)
	f.Add(zipped(f, string(one)))
	f.Add(one[:len(one)/2])
	f.Add(entries(`{"cve":{"id":"CVE-2024-0001","configurations":[{"operator":"AND","nodes":[{"cpeMatch":[{"vulnerable":true,"criteria":"cpe:2.3:a:a:\\::*:*:*:*:*:*:*:*","versionEndExcluding":"1"}]}]}]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		got := readNVD(t, data, "nvd/2024")
		for _, r := range got.Records {
			if !cvePattern.MatchString(r.ID) {
				t.Errorf("the id %q", r.ID)
			}
			for _, a := range r.Affected {
				if a.Ecosystem != advisory.EcosystemCPE || !printable(a.Package, maxName) || len(a.Ranges)+len(a.Versions) == 0 {
					t.Errorf("an entry that says nothing: %+v", a)
				}
			}
		}
	})
}
