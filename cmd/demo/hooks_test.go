package main

import (
	"net/http"
	"strings"
	"testing"
)

func TestHooksReadNotices(t *testing.T) {
	t.Parallel()
	h, err := startHooks()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.close)
	post := func(body string) int {
		resp, err := http.Post(h.url, "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		return resp.StatusCode
	}
	for _, payload := range []string{
		`{"subscription_type":"tag_update","subscription_key":"x:1","last_eval":["sha256:1"],"curr_eval":["sha256:2"]}`,
		`{"subscription_type":"policy_eval","last_eval":{"final_action":"warn"},"curr_eval":{"final_action":"stop"}}`,
		`{"subscription_type":"vuln_update","diff_vulnerability_result":{"added":[{"CVE_ID":"CVE-1","Package_Name":"a","Package_Version":"2"}],
		  "updated":[{"CVE_ID":"CVE-2","Package_Name":"b","Known_Exploited":"2026-01-02"}],"removed":[]}}`,
	} {
		if got := post(`{"data":{"notification_payload":` + payload + `}}`); got != http.StatusOK {
			t.Errorf("%s: %d", payload, got)
		}
	}
	for _, bad := range []string{"", "{}", "[]", `{"data":{"notification_payload":7}}`} {
		if got := post(bad); got != http.StatusBadRequest {
			t.Errorf("%q: %d, want 400", bad, got)
		}
	}
	told := map[string]string{}
	if err := h.wait(t.Context(), func(n notice) { told[n.Type] = n.told() }, "policy_eval", "vuln_update"); err != nil {
		t.Fatal(err)
	}
	for kind, want := range map[string]string{
		"tag_update":  "about x:1",
		"policy_eval": "the verdict was warn and is stop now",
		"vuln_update": "1 added, 1 updated, 0 removed; new CVE-1 in a 2; CVE-2 in b is exploited, known since 2026-01-02",
	} {
		if told[kind] != want {
			t.Errorf("%s tells %q, want %q", kind, told[kind], want)
		}
	}
}
