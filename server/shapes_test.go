package server_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"landwaiter.dev/sbom"
	"landwaiter.dev/server/servertest"
)

const (
	webDigest = "sha256:2e7ba3764e3f55de492e26d816bf788f68f774b81166a46d888f3b03af7ae667"
	webParent = "sha256:7392d98e5531ba0a499fa93b72e2be7ba0f6bdbfc6c76c26a2c74ff1a1e7809f"
	webID     = "905f50516c8a6378d70249bebbe8c05bdf0dc5af52219452bc9059ea85788df9"
)

type object = map[string]any

// parse reads JSON that a test expects.
func parse[T any](t *testing.T, text string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}

// analysed has the image docker.io/team/web:1.4, analysed, in it.
func analysed(t *testing.T) (*servertest.Engine, http.Handler) {
	t.Helper()
	e := servertest.New()
	h := e.Handler()
	get[any](t, h, "POST /v1/images?autosubscribe=True", `{"tag": "team/web:1.4", "annotations": {"owner": "web"}, "dockerfile": "RlJPTSBzY3JhdGNoCg=="}`)
	get[any](t, h, "GET /v1/images/"+webDigest, "")
	return e, h
}

func TestImageShape(t *testing.T) {
	t.Parallel()
	e := servertest.New()
	h := e.Handler()
	fresh := get[[]object](t, h, "POST /v1/images?autosubscribe=True&force=true", `{"tag": "team/web:1.4", "annotations": {"owner": "web"}}`)
	want := parse[[]object](t, `[{
		"imageDigest": "`+webDigest+`", "parentDigest": "`+webParent+`", "userId": "admin", "image_type": "docker",
		"analysis_status": "not_analyzed", "image_status": "active", "annotations": {"owner": "web"},
		"created_at": "2024-05-01T12:00:00Z", "last_updated": "2024-05-01T12:00:00Z", "analyzed_at": null,
		"image_content": {"metadata": {"arch": null, "distro": null, "distro_version": null, "dockerfile_mode": null, "image_size": null, "layer_count": null}},
		"image_detail": [{
			"fulltag": "docker.io/team/web:1.4", "fulldigest": "docker.io/team/web@`+webDigest+`", "registry": "docker.io", "repo": "team/web", "tag": "1.4",
			"digest": "`+webDigest+`", "imageDigest": "`+webDigest+`", "imageId": "`+webID+`", "userId": "admin", "dockerfile": null,
			"created_at": "2024-05-01T12:00:00Z", "last_updated": "2024-05-01T12:00:00Z", "tag_detected_at": "2024-05-01T12:00:00Z"
		}]
	}]`)
	if diff := cmp.Diff(want, fresh); diff != "" {
		t.Errorf("added image (-want +got):\n%s", diff)
	}
	want[0]["analysis_status"], want[0]["analyzed_at"] = "analyzed", "2024-05-01T12:01:00Z"
	want[0]["image_content"] = parse[object](t, `{"metadata": {"arch": "amd64", "distro": "debian", "distro_version": "12", "dockerfile_mode": "Guessed", "image_size": 145920512, "layer_count": 2}}`)
	// Every way of asking finds it, and answers a list.
	for _, route := range []string{
		"GET /v1/images/" + webDigest + "?history=false", "GET /v1/images/sha256%3A" + webDigest[7:], "GET /v1/images/" + webParent, "GET /v1/images/by_id/" + webID + "?history=false",
		"GET /v1/images/by_id/" + webDigest, "GET /v1/images", "GET /v1/images?history=True&fulltag=team%2Fweb%3A1.4", "GET /v1/images?fulltag=docker.io/team/web:1.4&history=false",
		"GET /v1/images?fulltag=" + webID + "&history=false", "GET /v1/images?fulltag=team/web@" + webDigest, "GET /v1/images?image_status=all&analysis_status=analyzed", "GET /images/?x=y",
	} {
		if diff := cmp.Diff(want, get[[]object](t, h, route, "")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", route, diff)
		}
	}
	// Clients that see no description send the tag as the body of a GET.
	get[any](t, h, "POST /v1/images", `{"tag": "other:1"}`)
	if diff := cmp.Diff(want, get[[]object](t, h, "GET /v1/images?history=false", `{"tag": "team/web:1.4"}`)); diff != "" {
		t.Errorf("tag in the body (-want +got):\n%s", diff)
	}
	if got := get[[]object](t, h, "GET /v1/images/"+webDigest+"?detail=False", ""); len(got[0]["image_detail"].([]any)) != 0 {
		t.Errorf("detail=False: %v", got)
	}
	if got := get[[]object](t, h, "GET /v1/images?image_status=deleting", ""); len(got) != 0 {
		t.Errorf("images being deleted: %v", got)
	}
}

func TestDockerfileIsShownInSingleReadsAlone(t *testing.T) {
	t.Parallel()
	_, h := analysed(t)
	for route, want := range map[string]any{"GET /v1/images/" + webDigest: "RlJPTSBzY3JhdGNoCg==", "GET /v1/images": nil} {
		detail := get[[]object](t, h, route, "")[0]["image_detail"].([]any)[0].(object)
		if detail["dockerfile"] != want {
			t.Errorf("%s: %v, want %v", route, detail["dockerfile"], want)
		}
	}
	for _, route := range []string{"/content/dockerfile", "/metadata/dockerfile"} {
		got := get[object](t, h, "GET /v1/images/"+webDigest+route, "")
		text, _ := got["content"].(string)
		if text == "" {
			text, _ = got["metadata"].(string)
		}
		if decoded, err := base64.StdEncoding.DecodeString(text); err != nil || string(decoded) != "FROM scratch\n" {
			t.Errorf("%s: %q, %v", route, decoded, err)
		}
	}
}

func TestDeletionShape(t *testing.T) {
	t.Parallel()
	_, h := analysed(t)
	unknown := "sha256:" + strings.Repeat("0", 64)
	want := object{"digest": webDigest, "status": "delete_failed", "detail": "cannot delete image that is the latest of its tags, and has active subscription"}
	if diff := cmp.Diff(want, get[object](t, h, "DELETE /v1/images/"+webDigest, "")); diff != "" {
		t.Errorf("watched (-want +got):\n%s", diff)
	}
	for route, status := range map[string]string{"/v1/images/" + unknown: "not_found", "/v1/images/nonsense": "not_found", "/v1/images/by_id/" + unknown[7:]: "not_found", "/v1/images/by_id/" + webID: "delete_failed"} {
		got := get[object](t, h, "DELETE "+route, "")
		if got["status"] != status || got["detail"] == nil {
			t.Errorf("DELETE %s: %v", route, got)
		}
	}
	list := get[[]object](t, h, "DELETE /v1/images?imageDigests="+unknown+","+webDigest+"&force=True", "")
	if len(list) != 2 || list[0]["status"] != "not_found" || list[1]["status"] != "deleting" || list[1]["detail"] != nil {
		t.Errorf("several: %v", list)
	}
}

func TestContentShapes(t *testing.T) {
	t.Parallel()
	_, h := analysed(t)
	for typ, want := range map[string]string{
		"os": `[
			{"package": "openssl", "version": "3.0.9-1", "type": "dpkg", "size": "2300000", "origin": "Debian OpenSSL Team (maintainer)", "license": "Apache-2.0 Artistic", "licenses": ["Apache-2.0", "Artistic"], "sourcepkg": "openssl", "cpes": [], "arch": "amd64", "purl_type": "deb"},
			{"package": "musl", "version": "1.2.4-r2", "type": "APKG", "size": null, "origin": "N/A", "license": "N/A", "licenses": ["N/A"], "sourcepkg": "musl", "cpes": [], "arch": "", "purl_type": "apk"},
			{"package": "bash", "version": "5.1.8-6.el9", "type": "rpm", "size": null, "origin": "N/A", "license": "GPLv3+", "licenses": ["GPLv3+"], "sourcepkg": "bash-5.1.8-6.el9.src.rpm", "cpes": [], "arch": "", "purl_type": "rpm"}]`,
		"python":   `[{"package": "requests", "version": "2.28.0", "type": "PYTHON", "location": "/usr/lib/python3/dist-packages/requests-2.28.0.dist-info/METADATA", "origin": "Unknown", "license": "Unknown", "licenses": ["Unknown"], "cpes": [], "purl_type": "pypi"}]`,
		"npm":      `[{"package": "@scope/left-pad", "version": "1.3.0", "type": "NPM", "location": "/app/node_modules/@scope/left-pad/package.json", "origin": "Unknown", "license": "WTFPL", "licenses": ["WTFPL"], "cpes": [], "purl_type": "npm"}]`,
		"gem":      `[{"package": "rake", "version": "13.0.6", "type": "GEM", "location": "/usr/share/rubygems/specifications/rake-13.0.6.gemspec", "origin": "Unknown", "license": "Unknown", "licenses": ["Unknown"], "cpes": [], "purl_type": "gem"}]`,
		"java":     `[{"package": "log4j-core", "version": "2.14.1", "type": "JAVA-JAR", "location": "/app/app.war:WEB-INF/lib/log4j-core-2.14.1.jar", "origin": "org.apache.logging.log4j", "specification-version": "N/A", "implementation-version": "N/A", "maven-version": "2.14.1", "license": "Unknown", "licenses": ["Unknown"], "cpes": [], "metadata": {"pom.properties": "\ngroupId=org.apache.logging.log4j\nartifactId=log4j-core\nversion=2.14.1\n"}, "purl_type": "maven"}]`,
		"go":       `[{"package": "golang.org/x/net", "version": "v0.7.0", "type": "GO", "location": "/usr/local/bin/tool", "origin": "N/A", "license": "N/A", "licenses": ["N/A"], "cpes": [], "purl_type": "golang"}]`,
		"rust":     `[{"package": "regex", "version": "1.5.4", "type": "RUST", "location": "/usr/local/bin/rg", "origin": "Unknown", "license": "Unknown", "licenses": ["Unknown"], "cpes": [], "purl_type": "cargo"}]`,
		"composer": `[{"package": "guzzlehttp/psr7", "version": "2.4.3", "type": "COMPOSER", "location": "/srv/vendor/composer/installed.json", "origin": "Unknown", "license": "Unknown", "licenses": ["Unknown"], "cpes": [], "purl_type": "composer"}]`,
		"binary":   `[{"package": "redis", "version": "7.2.1", "type": "BINARY", "location": "/usr/local/bin/redis-server", "origin": "N/A", "license": "N/A", "licenses": ["N/A"], "cpes": [], "purl_type": "generic"}]`,
		"malware": `[{"scanner": "clamav", "enabled": true, "version": "ClamAV 1.0.7/27100/Tue Nov 14 09:40:00 2023", "metadata": {"db_version": {"main": "", "daily": "27100", "bytecode": ""}},
			"findings": [{"path": "/opt/x.bin", "signature": "Unix.Test.Sample-1", "layer": 1}], "removed_findings": [{"path": "/tmp/gone", "signature": "Unix.Test.Sample-2", "layer": 0}]}]`,
		"nuget": `[{"package": "Newtonsoft.Json", "version": "12.0.1", "type": "NUGET", "location": "/app/web.deps.json", "origin": "Unknown", "license": "Unknown", "licenses": ["Unknown"], "cpes": [], "purl_type": "nuget"}]`,
		"conda": `[]`,
		"files": `[
			{"filename": "/bin", "type": "slink", "size": 7, "mode": "00777", "linkdest": "usr/bin", "sha256": null, "uid": 0, "gid": 0},
			{"filename": "/etc", "type": "dir", "size": 0, "mode": "00755", "linkdest": null, "sha256": null, "uid": 0, "gid": 0},
			{"filename": "/etc/passwd", "type": "file", "size": 12, "mode": "00644", "linkdest": null, "sha256": "` + strings.Repeat("0", 64) + `", "uid": 0, "gid": 0},
			{"filename": "/usr/bin/su", "type": "file", "size": 70000, "mode": "04755", "linkdest": null, "sha256": "` + strings.Repeat("0", 64) + `", "uid": 0, "gid": 50}]`,
	} {
		got := get[object](t, h, "GET /v1/images/sha256%3A"+webDigest[7:]+"/content/"+typ, "")
		if got["imageDigest"] != webDigest || got["content_type"] != typ {
			t.Errorf("%s: %v", typ, got)
		}
		rows := parse[[]any](t, want)
		for _, row := range rows { // where a package comes from; no base is known of this image
			if p := row.(object); p["purl_type"] != nil {
				p["inherited"], p["layer"] = false, 0.0
				if p["purl_type"] == "maven" {
					p["layer"] = 1.0
				}
			}
		}
		if diff := cmp.Diff(rows, got["content"]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", typ, diff)
		}
		byID := get[object](t, h, "GET /v1/images/by_id/"+webID+"/content/"+typ, "")
		if diff := cmp.Diff(got, byID); diff != "" {
			t.Errorf("%s by id (-digest +id):\n%s", typ, diff)
		}
	}
	want := []string{"os", "files", "npm", "gem", "python", "java", "binary", "go", "malware", "rust", "composer",
		"nuget", "conda", "cran", "hex", "otp", "pub", "hackage", "swift", "cocoapods", "luarocks", "cpan", "julia", "opam", "conan", "nix",
		"pear", "wordpress-plugin"}
	for _, route := range []string{"/v1/images/" + webDigest + "/content", "/v1/images/by_id/" + webID + "/content"} {
		if diff := cmp.Diff(want, get[[]string](t, h, "GET "+route, "")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", route, diff)
		}
	}
}

func TestMetadataShape(t *testing.T) {
	t.Parallel()
	_, h := analysed(t)
	if diff := cmp.Diff([]string{"manifest", "docker_history", "dockerfile"}, get[[]string](t, h, "GET /v1/images/"+webDigest+"/metadata", "")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	got := get[object](t, h, "GET /v1/images/"+webDigest+"/metadata/docker_history", "")
	lines := strings.Split(got["metadata"].(string), "\n")
	for _, line := range lines[:len(lines)-1] {
		if len(line) != 76 {
			t.Errorf("a line of %d characters", len(line))
		}
	}
	text, err := base64.StdEncoding.DecodeString(strings.Join(lines, ""))
	if err != nil || got["metadata_type"] != "docker_history" || got["imageDigest"] != webDigest {
		t.Fatal(got, err)
	}
	want := parse[[]object](t, `[
		{"Created": "", "CreatedBy": "ADD rootfs", "Comment": "", "Id": "sha256:6cd268c7243f7e6a58222d097464fada375866f66bd507e1ff729af971d13e47", "Size": 100, "Tags": []},
		{"Created": "", "CreatedBy": "ENV A=b", "Comment": "", "Id": "<missing>", "Size": 0, "Tags": []},
		{"Created": "", "CreatedBy": "RUN make", "Comment": "", "Id": "x", "Size": 200, "Tags": []}]`)
	history := parse[[]object](t, string(text))
	want[2]["Id"] = history[2]["Id"]
	if diff := cmp.Diff(want, history); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
}

func TestVulnerabilityShape(t *testing.T) {
	t.Parallel()
	_, h := analysed(t)
	got := get[object](t, h, "GET /v1/images/sha256%3A"+webDigest[7:]+"/vuln/os?vendor_only=True&force_refresh=False", "")
	want := parse[object](t, `{
		"imageDigest": "`+webDigest+`", "vulnerability_type": "os", "feed_revision": 3, "ignored_vulnerabilities": [],
		"gaps": [{"kind": "unidentified_package", "path": "app/lib/x.jar", "layer": 1, "detail": "no coordinates"}, {"kind": "no_advisories", "layer": -1, "detail": "no advisory data for Packagist"}],
		"vulnerabilities": [{
			"vuln": "CVE-2023-0464", "severity": "High", "package": "openssl-3.0.9-1", "package_name": "openssl", "package_version": "3.0.9-1", "package_type": "dpkg",
			"package_path": "pkgdb", "package_cpe": "None", "package_cpe23": "None", "url": "https://security-tracker.debian.org/tracker/CVE-2023-0464", "fix": "3.0.11-1",
			"cvss": [{"source": "NVD", "version": "3.1", "vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", "base": 7.5, "exploitability": 3.9, "impact": 3.6}],
			"epss": {"score": 0.0042, "percentile": 0.74, "day": "2024-05-01"}, "file": "/var/lib/dpkg/status", "layer": 0,
			"feed": "vulnerabilities", "feed_group": "debian:12", "will_not_fix": false, "vendor_data": [],
			"nvd_data": [{"id": "CVE-2023-0464", "cvss_v2": {"base_score": -1, "exploitability_score": -1, "impact_score": -1},
				"cvss_v3": {"base_score": 7.5, "exploitability_score": 3.9, "impact_score": 3.6, "vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"}}],
			"aliases": ["CVE-2023-0464"], "severity_source": "Debian", "fix_state": "fixed", "known_exploited": "2023-06-01", "detected_at": "2024-05-01T12:00:00Z",
			"evidence": [{"record": "DEBIAN-CVE-2023-0464", "ecosystem": "Debian:12", "package": "openssl", "compared": "3.0.9-1", "range": ">= 0, < 3.0.11-1", "fixed": "3.0.11-1"}], "inherited": false
		}]
	}`)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	all := get[object](t, h, "GET /v1/images/"+webDigest+"/vuln/all?vendor_only=False", "")
	rows := all["vulnerabilities"].([]any)
	if len(rows) != 3 || rows[1].(object)["will_not_fix"] != true || rows[1].(object)["fix"] != "None" || rows[1].(object)["url"] != "None" {
		t.Errorf("all: %v", rows)
	}
	java := get[object](t, h, "GET /v1/images/by_id/"+webID+"/vuln/non-os", "")
	row := java["vulnerabilities"].([]any)[0].(object)
	wantVendor := parse[[]any](t, `[{"id": "GHSA-jfh8-c2jp-5v3q", "cvss_v2": {"base_score": -1, "exploitability_score": -1, "impact_score": -1}, "cvss_v3": {"base_score": 10, "exploitability_score": 3.9, "impact_score": 6}}]`)
	wantNVD := parse[[]any](t, `[{"id": "CVE-2021-44228", "cvss_v2": {"base_score": -1, "exploitability_score": -1, "impact_score": -1}, "cvss_v3": {"base_score": -1, "exploitability_score": -1, "impact_score": -1}}]`)
	if diff := cmp.Diff([]any{wantNVD, wantVendor}, []any{row["nvd_data"], row["vendor_data"]}); diff != "" {
		t.Errorf("scores (-want +got):\n%s", diff)
	}
	ignored := java["ignored_vulnerabilities"].([]any)
	if len(ignored) != 1 || ignored[0].(object)["ignored"] == "" {
		t.Errorf("ignored: %v", ignored)
	}
	then := get[object](t, h, "GET /v1/images/"+webDigest+"/vuln/all?as_of=2024-06-01T02:00:00%2B02:00", "")
	if then["as_of"] != "2024-06-01T00:00:00Z" || then["feed_revision"] != 2.0 {
		t.Errorf("as of: %v, revision %v", then["as_of"], then["feed_revision"])
	}
	if status, _, body := ask(t, h, "GET /v1/images/"+webDigest+"/vuln/all?as_of=2020-06-01T00:00:00Z", ""); status != http.StatusConflict || !strings.Contains(body, "not_known_then") {
		t.Errorf("before: %d %s", status, body)
	}
	get[any](t, h, "GET /v1/images/"+webDigest+"/vuln/all?as_of=2020-06-01T00:00:00Z&retrospective=True", "")
	if diff := cmp.Diff([]string{"os", "non-os", "all"}, get[[]string](t, h, "GET /v1/images/"+webDigest+"/vuln?vendor_only=True", "")); diff != "" {
		t.Errorf("types (-want +got):\n%s", diff)
	}
}

// Versions of a bundle can be read again, and YAML is taken where its type says so.
func TestPolicyVersions(t *testing.T) {
	t.Parallel()
	h := servertest.New().Handler()
	yaml := header("Content-Type", "application/yaml; charset=utf-8")
	status, _, text := ask(t, h, "POST /v1/policies", "id: b\nversion: 1_0 # ours\nname: one\n", yaml)
	if record := parse[object](t, text); status != http.StatusOK || record["policyId"] != "b" || record["policybundle"].(object)["version"] != "1_0" {
		t.Errorf("%d %s", status, text)
	}
	for _, refused := range []struct {
		route, body string
		change      func(*http.Request)
		status      int
	}{
		{"POST /v1/policies", "id: b\n", header("Content-Type", "application/json"), http.StatusBadRequest},
		{"POST /v1/policies", "a: b: c\n", yaml, http.StatusBadRequest},
		{"PUT /v1/policies/b", "policyId: b\n", yaml, http.StatusUnsupportedMediaType},
		{"POST /v1/images", "tag: a:1\n", yaml, http.StatusUnsupportedMediaType},
	} {
		if status, _, text := ask(t, h, refused.route, refused.body, refused.change); status != refused.status {
			t.Errorf("%s %q: %d %s", refused.route, refused.body, status, text)
		}
	}
	get[any](t, h, "POST /v1/policies", `{"id": "b", "version": "1_0", "name": "two"}`)
	list := get[[]object](t, h, "GET /v1/policies/b/versions", "")
	if len(list) != 2 || list[0]["version"] != 2.0 || list[0]["to"] != nil || list[1]["to"] == nil || list[0]["policybundle"] != nil {
		t.Errorf("versions: %v", list)
	}
	one := get[object](t, h, "GET /v1/policies/b/versions/1", "")
	if one["version"] != 1.0 || one["policybundle"].(object)["name"] != "one" || one["bundle_digest"] != list[1]["bundle_digest"] {
		t.Errorf("version 1: %v", one)
	}
	for _, unknown := range []string{"c/versions", "c/versions/1", "b/versions/3"} {
		if status, _, text := ask(t, h, "GET /v1/policies/"+unknown, ""); status != http.StatusNotFound {
			t.Errorf("%s: %d %s", unknown, status, text)
		}
	}
}

// The shipped bundles are a policy hub for the original client: open, an index, and documents that it can add.
func TestHub(t *testing.T) {
	t.Parallel()
	h := servertest.New().Handler()
	nobody := func(r *http.Request) { r.Header.Del("Authorization") }
	status, _, text := ask(t, h, "GET /v1/hub/index.json", "", nobody)
	index := parse[map[string][]map[string]string](t, text)
	if status != http.StatusOK || len(index["content"]) < 4 || index["content"][1]["type"] != "bundle" {
		t.Fatalf("%d %s", status, text)
	}
	for _, entry := range index["content"] {
		status, _, text := ask(t, h, "GET /v1/hub/"+entry["location"], "", nobody)
		if bundle := parse[object](t, text); status != http.StatusOK || bundle["version"] != "1_0" || entry["description"] == "" {
			t.Errorf("%v: %d %s", entry, status, text)
		}
	}
	if status, _, _ := ask(t, h, "GET /v1/hub/nope.json", "", nobody); status != http.StatusNotFound {
		t.Errorf("an unknown bundle: %d", status)
	}
}

// The way of a bundle as the original client goes it, and the check that other clients read.
func TestPolicySequence(t *testing.T) {
	t.Parallel()
	e, h := analysed(t)
	const bundle = `{"id": "strict", "name": "Strict", "description": "d", "version": "1_0", "odd": [1, {"x": 10000000000000000000001}], "policies": []}`
	added := get[object](t, h, "POST /v1/policies?detail=True", bundle)
	want := parse[object](t, `{"policyId": "strict", "userId": "admin", "active": false, "policy_source": "local", "created_at": "2024-05-01T12:00:00Z", "last_updated": "2024-05-01T12:00:00Z", "name": "Strict", "policybundlemeta": {}, "policybundle": `+bundle+`}`)
	want["bundle_digest"] = added["bundle_digest"]
	if diff := cmp.Diff(want, added); diff != "" {
		t.Errorf("added (-want +got):\n%s", diff)
	}
	// Activation: the whole record as it was read, with active set. Nothing new is stored.
	record := get[[]object](t, h, "GET /v1/policies/strict?detail=True", "")[0]
	_, _, text := ask(t, h, "GET /v1/policies/strict?detail=True", "")
	if !strings.Contains(text, "10000000000000000000001") {
		t.Errorf("the bundle did not stay as it came: %s", text)
	}
	record["active"] = true
	active := strings.Replace(strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(text), "["), "]"), `"active":false`, `"active":true`, 1)
	if put := get[[]object](t, h, "PUT /v1/policies/strict", active); put[0]["active"] != true || e.Puts != 1 {
		t.Errorf("activated: %v, %d versions stored", put, e.Puts)
	}
	// A changed bundle is a new version, and stays active.
	if put := get[[]object](t, h, "PUT /v1/policies/strict", `{"policyId": "strict", "active": true, "policybundle": {"id": "strict", "version": "1_0"}}`); put[0]["active"] != true || e.Puts != 2 {
		t.Errorf("changed: %v, %d versions stored", put, e.Puts)
	}
	list := get[[]object](t, h, "GET /v1/policies?detail=False", "")
	if len(list) != 1 || len(list[0]["policybundle"].(object)) != 0 || len(list[0]["policybundlemeta"].(object)) != 0 {
		t.Errorf("list: %v", list)
	}

	check := get[[]map[string]map[string][]object](t, h, "GET /v1/images/sha256%3A"+webDigest[7:]+"/check?history=false&detail=true&tag=team/web:1.4", "")
	row := check[0][webDigest]["docker.io/team/web:1.4"][0]
	detail := row["detail"].(object)
	result := detail["result"].(object)
	if row["status"] != "fail" || row["policyId"] != "strict" || row["last_evaluation"] != "2024-05-01T12:00:00Z" || result["final_action"] != "stop" {
		t.Errorf("check: %v", row)
	}
	if diff := cmp.Diff(parse[any](t, `{"id": "strict", "version": "1_0"}`), detail["policy"]); diff != "" {
		t.Errorf("bundle of the check (-want +got):\n%s", diff)
	}
	rows := result["result"].(object)[webID].(object)["result"].(object)["rows"].([]any)
	if len(rows) != 2 || rows[0].([]any)[3] != "vulnerabilities" || rows[0].([]any)[7] != false {
		t.Errorf("rows: %v", rows)
	}
	brief := get[[]map[string]map[string][]object](t, h, "GET /v1/images/by_id/"+webID+"/check?detail=False&history=True&tag=alpine", "")
	if list := brief[0][webDigest]["docker.io/alpine:latest"]; len(list) != 2 || len(list[0]["detail"].(object)) != 0 {
		t.Errorf("without detail, with history, for another tag: %v", brief)
	}
	byParent := get[[]map[string]map[string][]object](t, h, "GET /v1/images/"+webParent+"/check?tag=a&interactive=True", "")
	if _, ok := byParent[0][webDigest]; !ok {
		t.Errorf("by parent digest: %v", byParent)
	}
	for _, bad := range []string{"tag=team/web@" + webDigest, "tag=;", "tag=a&policyId=nope"} {
		if status, _, _ := ask(t, h, "GET /v1/images/"+webDigest+"/check?"+bad, ""); status < 400 || status > 404 {
			t.Errorf("check?%s: %d", bad, status)
		}
	}

	get[any](t, h, "POST /v1/policies", `{"id": "other", "version": "1_0"}`)
	get[any](t, h, "PUT /v1/policies/other?active=True", `{"policyId": "other", "policybundle": {"id": "other", "version": "1_0"}}`)
	if gone := get[string](t, h, "DELETE /v1/policies/strict", ""); gone != "deleted" {
		t.Errorf("deleted: %q", gone)
	}
}

func TestSubscriptionSequence(t *testing.T) {
	t.Parallel()
	_, h := analysed(t)
	list := get[[]object](t, h, "GET /v1/subscriptions?subscription_key=docker.io%2Fteam%2Fweb%3A1.4&subscription_type=vuln_update", "")
	id := "0bd986577f124747c24503fc083a19d4"
	want := parse[[]object](t, `[{"subscription_id": "`+id+`", "subscription_key": "docker.io/team/web:1.4", "subscription_type": "vuln_update", "subscription_value": null, "active": false, "userId": "admin", "created_at": 1714564800, "last_updated": 1714564800}]`)
	if diff := cmp.Diff(want, list); diff != "" {
		t.Errorf("filtered (-want +got):\n%s", diff)
	}
	want[0]["active"] = true
	put := get[[]object](t, h, "PUT /v1/subscriptions/"+id, `{"active": true, "subscription_key": "docker.io/team/web:1.4", "subscription_type": "vuln_update", "x": 1}`)
	if diff := cmp.Diff(want, put); diff != "" {
		t.Errorf("activated (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, get[[]object](t, h, "GET /v1/subscriptions/"+id, "")); diff != "" {
		t.Errorf("read (-want +got):\n%s", diff)
	}
	if all := get[[]object](t, h, "GET /v1/subscriptions", ""); len(all) != 4 {
		t.Errorf("all: %v", all)
	}
	made := get[[]object](t, h, "POST /v1/subscriptions", `{"subscription_key": "docker.io/team/x:1", "subscription_type": "tag_update", "subscription_value": "{\"a\":1}"}`)
	if made[0]["active"] != false || made[0]["subscription_value"] != `{"a":1}` {
		t.Errorf("made: %v", made)
	}
	if none := get[[]object](t, h, "GET /v1/subscriptions/0000", ""); len(none) != 0 {
		t.Errorf("unknown: %v", none)
	}
	for _, id := range []string{id, "0000"} {
		if !get[bool](t, h, "DELETE /v1/subscriptions/"+id, "") {
			t.Errorf("DELETE %s is not true", id)
		}
	}
}

// What "system wait" of the original client looks at.
func TestSystemSequence(t *testing.T) {
	t.Parallel()
	e := servertest.New()
	h := e.Handler()
	system := get[struct {
		States []object `json:"service_states"`
	}](t, h, "GET /v1/system", "")
	up := map[string]bool{}
	for _, s := range system.States {
		detail := s["service_detail"].(object)
		up[s["servicename"].(string)] = up[s["servicename"].(string)] || detail["up"].(bool)
		for _, key := range []string{"hostid", "base_url", "version", "status", "status_message"} {
			if s[key] == nil {
				t.Errorf("no %s in %v", key, s)
			}
		}
		for _, key := range []string{"available", "busy", "detail", "version", "db_version", "message"} {
			if detail[key] == nil {
				t.Errorf("no service_detail.%s in %v", key, s)
			}
		}
	}
	if diff := cmp.Diff(map[string]bool{"apiext": true, "catalog": true, "policy_engine": true, "analyzer": true, "simplequeue": true}, up); diff != "" {
		t.Errorf("services (-want +got):\n%s", diff)
	}
	e.Unloaded = 1
	for i, want := range []any{nil, "2024-05-01T12:00:00Z"} {
		feeds := get[[]object](t, h, "GET /v1/system/feeds", "")
		group := feeds[0]["groups"].([]any)[0].(object)
		if feeds[0]["name"] != "vulnerabilities" || feeds[0]["enabled"] != true || feeds[0]["last_full_sync"] != want || group["enabled"] != true || group["record_count"] != 31250.0 || group["name"] != "debian:12" || group["last_sync"] == nil {
			t.Errorf("look %d: %v", i, feeds)
		}
	}
	synced := get[[]object](t, h, "POST /v1/system/feeds?flush=False", "")
	want := parse[[]object](t, `[{"feed": "vulnerabilities", "status": "success", "total_time_seconds": 41.7, "groups": [{"group": "debian:12", "status": "success", "total_time_seconds": 3.25, "updated_record_count": 100, "updated_image_count": 2}]}]`)
	if diff := cmp.Diff(want, synced); diff != "" {
		t.Errorf("sync (-want +got):\n%s", diff)
	}
	if none := get[[]object](t, h, "POST /v1/system/feeds?wait=false", ""); len(none) != 0 {
		t.Errorf("at once: %v", none)
	}
	if got := get[[]object](t, h, "GET /v1/system/services/analyzer", ""); len(got) != 2 {
		t.Errorf("analyzers: %v", got)
	}
	if got := get[[]object](t, h, "GET /v1/system/services/analyzer/node-2", ""); len(got) != 1 {
		t.Errorf("one: %v", got)
	}
	if got := get[[]object](t, h, "GET /v1/system/services/nothing", ""); len(got) != 0 {
		t.Errorf("none: %v", got)
	}
	if !get[bool](t, h, "DELETE /v1/system/services/analyzer/node-2", "") {
		t.Error("not deleted")
	}
	if status := get[object](t, h, "GET /v1/status", ""); status["up"] != true || status["version"] != "1.2.3" || status["db_version"] != "7" {
		t.Errorf("status: %v", status)
	}
	if codes := get[[]object](t, h, "GET /v1/system/error_codes", ""); len(codes) != 8 || codes[0]["name"] == "" || codes[0]["description"] == "" {
		t.Errorf("error codes: %v", codes)
	}
	if gates := get[[]object](t, h, "GET /v1/system/policy_spec", ""); gates[0]["name"] != "vulnerabilities" {
		t.Errorf("spec: %v", gates)
	}
}

func TestSBOMs(t *testing.T) {
	t.Parallel()
	_, h := analysed(t)
	base := "GET /v1/images/" + webDigest + "/sboms"
	forms := get[[]string](t, h, base, "")
	if len(forms) < 2 || forms[0] != "native" {
		t.Fatalf("forms: %v", forms)
	}
	for _, form := range forms {
		status, header, text := ask(t, h, base+"/"+form, "")
		if status != 200 || header.Get("Content-Type") == "" || !strings.HasPrefix(header.Get("Content-Disposition"), `attachment; filename="`+webDigest+"_"+form+".") {
			t.Errorf("%s: %d %v %.200s", form, status, header, text)
		}
		if form == "github-json" {
			continue // can be written alone
		}
		d, err := sbom.Decode(strings.NewReader(text), "")
		if err != nil {
			t.Errorf("%s: %v", form, err)
			continue
		}
		var names []string
		for _, p := range d.Analysis.Packages {
			names = append(names, p.Name)
		}
		want := []string{"openssl", "musl", "bash", "requests", "@scope/left-pad", "rake", "log4j-core", "golang.org/x/net", "regex", "guzzlehttp/psr7", "Newtonsoft.Json", "redis"}
		if diff := cmp.Diff(want, names, cmpopts.SortSlices(func(a, b string) bool { return a < b })); diff != "" {
			t.Errorf("%s (-want +got):\n%s", form, diff)
		}
	}
	native := get[object](t, h, base+"/native", "")
	if native["schema"].(object)["version"] == "" || native["artifacts"] == nil {
		t.Errorf("native: %v", native)
	}
	for route, want := range map[string]int{
		base + "/pdf": 404, "GET /v1/images/sha256:" + strings.Repeat("0", 64) + "/sboms/native": 404, "GET /v1/images/x/sboms/native": 404,
	} {
		if status, _, text := ask(t, h, route, ""); status != want {
			t.Errorf("%s: %d %s", route, status, text)
		}
	}
}
