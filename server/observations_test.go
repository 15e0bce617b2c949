package server_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/server/servertest"
)

// What is in the merged tree keeps the shape that clients know; what is not stays out of it.
func TestArtifactShapes(t *testing.T) {
	t.Parallel()
	_, h := analysed(t)
	for name, want := range map[string]string{
		"secret_search": `[{"path": "/app/.env", "matches": [
			{"name": "API_KEY", "regex": "(?i).*api_key=.*", "lines": [2, 8], "found": [{"line": 3, "layer": 1, "hmac": "aa01"}, {"line": 9, "layer": 1, "hmac": "aa02"}], "more": 2},
			{"name": "gcp_api_key", "regex": "builtin:gcp_api_key", "lines": [2], "found": [{"line": 3, "layer": 1, "hmac": "aa01"}]}]}]`,
		"file_content_search": `[{"path": "/etc/motd", "matches": [{"name": "", "regex": ".*TODO.*", "lines": [1], "found": [{"line": 2, "layer": 0}]}]}]`,
	} {
		if diff := cmp.Diff(parse[[]any](t, want), get[[]any](t, h, "GET /v1/images/"+webDigest+"/artifacts/"+name, "")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	files := get[[]object](t, h, "GET /v1/images/sha256%3A"+webDigest[7:]+"/artifacts/retrieved_files", "")
	if len(files) != 1 || len(files[0]) != 2 || files[0]["path"] != "/etc/passwd" {
		t.Fatal(files)
	}
	text := files[0]["b64_content"].(string)
	content, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(text, "\n", ""))
	if err != nil || !strings.HasPrefix(string(content), "root:x:0:0:") || strings.IndexByte(text, '\n') != 76 {
		t.Errorf("%q, %v", text, err)
	}
}

func TestArtifactsOfOthers(t *testing.T) {
	t.Parallel()
	_, h := analysed(t)
	get[any](t, h, "POST /v1/images", `{"tag": "team/bare:1"}`)
	bare := string(servertest.DigestOf("docker.io/team/bare:1"))
	for _, name := range []string{"retrieved_files", "secret_search", "file_content_search"} {
		route := "GET /v1/images/" + bare + "/artifacts/" + name
		status, _, body := ask(t, h, route, "")
		refusal := parse[object](t, body)
		if status != http.StatusNotFound || refusal["message"] != "Resource artifacts not found" || refusal["code"] != "not_analyzed" ||
			!strings.Contains(refusal["detail"].(object)["details"].(string), "analysis_status: not_analyzed") {
			t.Errorf("%s before the analysis: %d %s", name, status, body)
		}
		if status, _, body := ask(t, h, "GET /v1/images/sha256:"+strings.Repeat("0", 64)+"/artifacts/"+name, ""); status != http.StatusNotFound || !strings.Contains(body, "image_not_found") {
			t.Errorf("%s of an unknown image: %d %s", name, status, body)
		}
	}
	get[any](t, h, "GET /v1/images/"+bare, "")
	for name, want := range map[string]string{
		"artifacts/retrieved_files": "[]", "artifacts/secret_search": "[]", "artifacts/file_content_search": "[]", "content/malware": `"content":[]`, "secrets": `"matches":[]`,
		"verification": `"compared":0,"uncompared":0,"differences":[]`, "special_files": `"special_files":[]`, "declared": `"packages":[]`,
	} {
		if _, _, body := ask(t, h, "GET /v1/images/"+bare+"/"+name, ""); !strings.Contains(body, want) {
			t.Errorf("%s of an image without any: %s", name, body)
		}
	}

}

func TestObservationShapes(t *testing.T) {
	t.Parallel()
	_, h := analysed(t)
	const gaps = `, "gaps": [{"kind": "unidentified_package", "path": "app/lib/x.jar", "layer": 1, "detail": "no coordinates"}]}`
	const openssl = `{"type": "deb", "name": "openssl", "version": "3.0.9-1", "arch": "amd64"}`
	for name, want := range map[string]string{
		"secrets": `"matches": [
			{"rule": "github_pat", "regex": "builtin:github_pat", "place": "env TOKEN", "line": 1, "layer": -1, "hmac": "cc03"},
			{"rule": "API_KEY", "regex": "(?i).*api_key=.*", "path": "/app/.env", "line": 3, "layer": 1, "hmac": "aa01"},
			{"rule": "API_KEY", "regex": "(?i).*api_key=.*", "path": "/app/.env", "line": 9, "layer": 1, "hmac": "aa02", "more": 2},
			{"rule": "gcp_api_key", "regex": "builtin:gcp_api_key", "path": "/app/.env", "line": 3, "layer": 1, "hmac": "aa01"},
			{"rule": "PRIV_KEY", "regex": "-+BEGIN", "path": "/root/\u001b[2Jid_rsa", "line": 1, "layer": 0, "removed": true, "hmac": "bb01"}]` + gaps,
		"matches": `"matches": [{"rule": "", "regex": ".*TODO.*", "path": "/etc/motd", "line": 2, "layer": 0}]` + gaps,
		"verification": `"compared": 120, "uncompared": 4, "differences": [
			{"path": "/etc/ssl/openssl.cnf", "package": ` + openssl + `, "status": "changed", "config": true, "detail": "md5 aa, not bb"},
			{"path": "/usr/bin/openssl", "package": ` + openssl + `, "status": "changed", "detail": "md5 11, not 22"}]` + gaps,
		"special_files": `"special_files": [
			{"path": "/usr/bin/su", "mode": "4755", "uid": 0, "gid": 50, "layer": 0},
			{"path": "/usr/bin/ping", "mode": "755", "capabilities": true, "uid": 0, "gid": 0, "layer": 1}]` + gaps,
		"declared": `"packages": [{"package": "lodash", "version": "4.17.21", "type": "NPM", "location": "/app/package-lock.json", "origin": "Unknown", "license": "Unknown", "licenses": ["Unknown"], "cpes": [], "purl_type": "npm", "layer": 1, "inherited": false}]` + gaps,
		"gaps":     `"gaps": [{"kind": "unidentified_package", "path": "app/lib/x.jar", "layer": 1, "detail": "no coordinates"}, {"kind": "no_advisories", "layer": -1, "detail": "no advisory data for Packagist"}]}`,
		"layers": `"layers": [
			{"index": 0, "digest": "", "diff_id": "", "media_type": "", "size": 100, "tar_size": 1000, "created_by": "ADD rootfs", "dockerfile_line": "ADD rootfs"},
			{"index": 1, "digest": "", "diff_id": "", "media_type": "", "size": 200, "tar_size": 1000, "created_by": "RUN /bin/sh -c make # buildkit", "dockerfile_line": "RUN /bin/sh -c make"}]}`,
	} {
		got := get[object](t, h, "GET /v1/images/"+webDigest+"/"+name, "")
		wanted := parse[object](t, `{"imageDigest": "`+webDigest+`", `+want)
		if name == "layers" { // digests that nobody can read
			for i, l := range wanted["layers"].([]any) {
				for _, key := range []string{"digest", "diff_id"} {
					have, _ := got["layers"].([]any)[i].(object)[key].(string)
					if len(have) != 71 {
						t.Errorf("%s %q", key, have)
					}
					l.(object)[key] = have
				}
			}
		}
		if diff := cmp.Diff(wanted, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
