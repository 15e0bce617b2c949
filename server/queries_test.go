package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const webReference = `{"imageDigest": "` + webDigest + `", "imageId": "` + webID + `", "analyzed_at": "2024-05-01T12:01:00Z",
	"tag_history": [{"registry": "docker.io", "repo": "team/web", "tag": "1.4", "fulltag": "docker.io/team/web:1.4", "tag_detected_at": "2024-05-01T12:00:00Z"}]}`

// shape asks and compares the whole answer.
func shape(t *testing.T, h http.Handler, route, want string) {
	t.Helper()
	if diff := cmp.Diff(parse[object](t, want), get[object](t, h, route, "")); diff != "" {
		t.Errorf("%s (-want +got):\n%s", route, diff)
	}
}

func TestQueriesOverImages(t *testing.T) {
	t.Parallel()
	_, h := analysed(t)
	shape(t, h, "GET /v1/query/images/by_vulnerability?vulnerability_id=CVE-2023-0464&vendor_only=True", `{
		"images": [{"image": `+webReference+`, "vulnerable_packages": [{
			"name": "openssl", "version": "3.0.9-1", "type": "dpkg", "namespace": "debian:12", "severity": "High",
			"vulnerability": "CVE-2023-0464", "fixes": ["3.0.11-1"], "fix_state": "fixed", "known_exploited": "2023-06-01"}]}],
		"page": "1", "returned_count": 1, "total_count": 1, "feed_revision": 3}`)
	shape(t, h, "GET /query/images/by_package?name=log4j-core&package_type=java&version=2.14.1", `{
		"images": [{"image": `+webReference+`, "packages": [{"name": "log4j-core", "version": "2.14.1", "type": "java"}]}],
		"page": "1", "returned_count": 1, "total_count": 1, "feed_revision": 3}`)
	// What a rule hides is apart.
	shape(t, h, "GET /v1/query/images/by_vulnerability?vulnerability_id=GHSA-x", `{
		"images": [], "ignored_images": [{"image": `+webReference+`, "vulnerable_packages": [], "ignored_packages": [{
			"name": "requests", "version": "2.28.0", "type": "python", "namespace": "pypi", "severity": "Medium", "vulnerability": "GHSA-x", "fix_state": "not-fixed",
			"ignored": "the distribution says that it is mended in python3-requests"}]}],
		"page": "1", "returned_count": 0, "total_count": 1, "feed_revision": 3}`)
	none := `{"images": [], "page": "1", "returned_count": 0, "total_count": 0, "feed_revision": 3}`
	shape(t, h, "GET /v1/query/images/by_vulnerability?vulnerability_id=CVE-2005-2541", none)
	shape(t, h, "GET /v1/query/images/by_vulnerability?vulnerability_id=CVE-2023-0464&severity=Low", none)
	shape(t, h, "GET /v1/query/images/by_vulnerability?vulnerability_id=CVE-2023-0464&namespace=alpine:3.18,maven", none)
	shape(t, h, "GET /v1/query/images/by_package?name=nothing", none)

	// Pages: numbers are texts, the last one names no next.
	get[any](t, h, "POST /v1/images", `{"tag": "team/api:2"}`)
	get[any](t, h, "GET /v1/images?fulltag=team/api:2", "")
	for page, want := range map[string]object{
		"page=1&limit=1": {"page": "1", "next_page": "2", "returned_count": 1.0, "total_count": 2.0},
		"page=2&limit=1": {"page": "2", "next_page": nil, "returned_count": 1.0, "total_count": 2.0},
		"limit=2":        {"page": "1", "next_page": nil, "returned_count": 2.0, "total_count": 2.0},
		"":               {"page": "1", "next_page": nil, "returned_count": 2.0, "total_count": 2.0},
	} {
		got := get[object](t, h, "GET /v1/query/images/by_package?name=openssl&"+page, "")
		if diff := cmp.Diff(want, object{"page": got["page"], "next_page": got["next_page"], "returned_count": got["returned_count"], "total_count": got["total_count"]}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", page, diff)
		}
	}
	if got := get[object](t, h, "GET /v1/query/images/by_package?name=openssl&as_of=2024-06-01T00:00:00Z", ""); got["as_of"] != "2024-06-01T00:00:00Z" {
		t.Errorf("as_of: %v", got["as_of"])
	}
}

func TestQueriesOverVulnerabilities(t *testing.T) {
	t.Parallel()
	_, h := analysed(t)
	shape(t, h, "GET /v1/query/vulnerabilities?id=CVE-2023-0464,CVE-1999-1&namespace=debian:12&affected_package=openssl&affected_package_version=3.0.9-1", `{
		"vulnerabilities": [{
			"id": "CVE-2023-0464", "namespace": "debian:12", "severity": "High", "link": "https://security-tracker.debian.org/tracker/CVE-2023-0464", "description": null,
			"references": [{"source": "WEB", "url": "https://example.com/a"}],
			"affected_packages": [{"name": "openssl", "version": "< 3.0.11-1", "type": "dpkg", "will_not_fix": false, "fixes": ["3.0.11-1"], "fix_state": "fixed"}],
			"nvd_data": [{"id": "CVE-2023-0464", "cvss_v2": {"base_score": -1, "exploitability_score": -1, "impact_score": -1},
				"cvss_v3": {"base_score": 7.5, "exploitability_score": 3.9, "impact_score": 3.6, "vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"}}],
			"vendor_data": [], "aliases": ["CVE-2023-0464", "DEBIAN-CVE-2023-0464"], "records": ["DEBIAN-CVE-2023-0464"], "severity_source": "DEBIAN-CVE-2023-0464: publisher",
			"cvss": [{"source": "NVD", "version": "3.1", "vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", "base": 7.5, "exploitability": 3.9, "impact": 3.6}],
			"known_exploited": "2023-06-01", "epss": {"score": 0.0042, "percentile": 0.74, "day": "2024-05-01"}, "published": "2024-05-01T12:00:00Z"}],
		"page": "1", "returned_count": 1, "total_count": 1, "feed_revision": 3}`)
	shape(t, h, "GET /v1/query/vulnerabilities?id=CVE-1999-1", `{"vulnerabilities": [], "page": "1", "returned_count": 0, "total_count": 0, "feed_revision": 3}`)
}

func TestDifferencesOfVulnerabilities(t *testing.T) {
	t.Parallel()
	_, h := analysed(t)
	got := get[struct {
		Before, After struct {
			Digest   string `json:"imageDigest"`
			AsOf     string `json:"as_of"`
			Revision int    `json:"feed_revision"`
		}
		Added, Removed, Changed []struct {
			Vulnerability object
			Before        object
			Changes       []object
			Reasons       []object
		}
		Unchanged int `json:"unchanged_count"`
	}](t, h, "GET /v1/images/"+webDigest+"/vuln-diff?since=2024-05-02T00:00:00Z&until=2024-06-01T00:00:00Z", "")
	if got.Before.AsOf != "2024-05-02T00:00:00Z" || got.After.AsOf != "2024-06-01T00:00:00Z" || got.Before.Digest != webDigest || got.Unchanged != 1 {
		t.Errorf("sides: %+v", got)
	}
	if len(got.Added) != 1 || got.Added[0].Vulnerability["vuln"] != "GHSA-jfh8-c2jp-5v3q" || got.Added[0].Before != nil {
		t.Errorf("added: %+v", got.Added)
	}
	if len(got.Removed) != 1 || got.Removed[0].Vulnerability["vuln"] != "CVE-2005-2541" || got.Removed[0].Reasons[0]["kind"] != "advisory_withdrawn" {
		t.Errorf("removed: %+v", got.Removed)
	}
	if len(got.Changed) != 1 || got.Changed[0].Before["severity"] != "Low" || got.Changed[0].Vulnerability["severity"] != "High" || len(got.Changed[0].Changes) != 2 {
		t.Errorf("changed: %+v", got.Changed)
	}
	get[any](t, h, "GET /v1/images/"+webDigest+"/vuln-diff?other="+webDigest+"&as_of=2024-06-01T00:00:00Z", "")
}

func TestWhatQueriesRefuse(t *testing.T) {
	t.Parallel()
	_, h := analysed(t)
	for route, want := range map[string]struct {
		status int
		text   string
	}{
		"GET /v1/query/vulnerabilities":                                                       {400, "id"},
		"GET /v1/query/vulnerabilities?id=CVE-1&affected_package_version=1":                   {400, "needs affected_package"},
		"GET /v1/query/vulnerabilities?id=" + strings.Repeat("CVE-1,", 300):                   {400, ""},
		"GET /v1/query/vulnerabilities?id=CVE-1&as_of=yesterday":                              {400, "RFC 3339"},
		"GET /v1/query/images/by_package?name=a&as_of=0001-01-01T00:00:00Z":                   {400, "as_of"},
		"GET /v1/images/" + webDigest + "/vuln-diff?since=0001-01-01T00:00:00Z":               {400, "since"},
		"GET /v1/query/images/by_vulnerability":                                               {400, "vulnerability_id"},
		"GET /v1/query/images/by_vulnerability?vulnerability_id=C&severity=bad":               {400, ""},
		"GET /v1/query/images/by_vulnerability?vulnerability_id=C&page=0":                     {400, ""},
		"GET /v1/query/images/by_vulnerability?vulnerability_id=C&limit=-1":                   {400, ""},
		"GET /v1/query/images/by_vulnerability?vulnerability_id=C&limit=x":                    {400, ""},
		"GET /v1/query/images/by_vulnerability?vulnerability_id=C&as_of=2020-01-01T00:00:00Z": {409, "not_known_then"},
		"GET /v1/query/images/by_package":                                                     {400, "name"},
		"GET /v1/images/" + webDigest + "/vuln-diff":                                          {400, "since"},
		"GET /v1/images/" + webDigest + "/vuln-diff?since=x":                                  {400, "since"},
		"GET /v1/images/" + webDigest + "/vuln-diff?other=x":                                  {404, "not a digest"},
		"GET /v1/images/" + webDigest + "/vuln-diff?since=2020-01-01T00:00:00Z":               {409, "not_known_then"},
		"GET /v1/images/" + webParent[:60] + "/vuln-diff?since=2020-01-01T00:00:00Z":          {404, ""},
	} {
		if status, _, body := ask(t, h, route, ""); status != want.status || !strings.Contains(body, want.text) {
			t.Errorf("%.120s: %d %s, want %d %q", route, status, body, want.status, want.text)
		}
	}
}
