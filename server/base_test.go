package server_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/server/servertest"
)

// An image that is asked for alone says what it was built on, and rows say what comes from there; lists say neither.
func TestBaseShape(t *testing.T) {
	t.Parallel()
	h := servertest.New().Handler()
	for _, tag := range []string{"team/base:1", "team/derived:1"} {
		get[any](t, h, "POST /v1/images", `{"tag": "`+tag+`"}`)
	}
	digest := string(servertest.DigestOf("docker.io/team/derived:1"))
	base := object{"digest": string(servertest.DigestOf("docker.io/team/base:1")), "tags": []any{"docker.io/team/base:1"}, "layer_count": 1.0}
	get[any](t, h, "GET /v1/images/"+digest, "")
	for _, route := range []string{"/v1/images/" + digest, "/v1/images?fulltag=team/derived:1"} {
		img := get[[]object](t, h, "GET "+route, "")[0]
		if diff := cmp.Diff(any(base), img["base_image"]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", route, diff)
		}
		declared := object{"name": "docker.io/team/base:1", "digest": base["digest"]}
		if diff := cmp.Diff(any(declared), img["declared_base"]); diff != "" {
			t.Errorf("%s, what the image says (-want +got):\n%s", route, diff)
		}
	}
	for _, img := range get[[]object](t, h, "GET /v1/images", "") {
		if img["base_image"] != nil {
			t.Errorf("the list shows a base: %v", img)
		}
	}
	content := get[object](t, h, "GET /v1/images/"+digest+"/content/os", "")
	java := get[object](t, h, "GET /v1/images/"+digest+"/content/java", "")
	if diff := cmp.Diff(any(base), content["base_image"]); diff != "" {
		t.Errorf("content (-want +got):\n%s", diff)
	}
	if row := content["content"].([]any)[0].(object); row["inherited"] != true {
		t.Errorf("a package of the base: %v", row)
	}
	if row := java["content"].([]any)[0].(object); row["inherited"] != false {
		t.Errorf("a package above the base: %v", row)
	}
	vulns := get[object](t, h, "GET /v1/images/"+digest+"/vuln/all", "")
	if diff := cmp.Diff(any(base), vulns["base_image"]); diff != "" {
		t.Errorf("vulnerabilities (-want +got):\n%s", diff)
	}
	for _, v := range vulns["vulnerabilities"].([]any) {
		row := v.(object)
		if row["inherited"] != (row["package_name"] == "openssl") {
			t.Errorf("inherited: %v", row)
		}
	}
}
