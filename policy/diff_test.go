package policy_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/policy"
)

func TestDiff(t *testing.T) {
	t.Parallel()
	before := `
id: b
version: 1_0
name: before
policies:
  - id: p
    version: 1_0
    rules:
      - {id: a, gate: always, trigger: always, action: WARN}
      - {id: b, gate: vulnerabilities, trigger: package, action: WARN, params: [{name: package_type, value: all}, {name: severity, value: high}]}
      - {gate: dockerfile, trigger: exposed_ports, action: STOP, params: [{name: ports, value: 22}, {name: type, value: blacklist}]}
      - {gate: files, trigger: suid_or_guid_set, action: GO, comment: old}
  - {id: gone, version: 1_0, rules: []}
whitelists:
  - id: w
    version: 1_0
    items:
      - {id: i1, gate: vulnerabilities, trigger_id: CVE-1+a}
      - {id: i2, gate: vulnerabilities, trigger_id: CVE-2+a, expires_on: 2027-01-01T00:00:00Z}
      - {id: i3, gate: vulnerabilities, trigger_id: CVE-3+a}
mappings:
  - {name: one, registry: r, repository: a, image: {type: tag, value: "*"}, policy_ids: [p], whitelist_ids: [w]}
  - {name: two, registry: r, repository: b, image: {type: tag, value: "*"}, policy_ids: [p]}
  - {name: three, registry: "*", repository: "*", image: {type: tag, value: "*"}, policy_ids: [p, gone]}
blacklisted_images:
  - {name: d, registry: r, repository: evil, image: {type: digest, value: sha256:00}}
`
	after := `
id: b
version: 1_0
name: after
policies:
  - id: p
    version: 1_0
    rules:
      - {gate: Files, trigger: suid_or_guid_set, action: GO, comment: new}
      - {id: b, gate: vulnerabilities, trigger: package, action: STOP, params: [{name: PACKAGE_TYPE, value: all}, {name: fix_available, value: true}]}
      - {gate: dockerfile, trigger: exposed_ports, action: STOP, params: [{name: ports, value: "22,23"}, {name: type, value: blacklist}]}
      - {id: new, gate: packages, trigger: blacklist, action: STOP, params: [{name: name, value: it's}]}
  - {id: came, version: 1_0, rules: [{gate: always, trigger: always, action: GO}]}
whitelists:
  - id: w
    version: 1_0
    items:
      - {id: i2, gate: vulnerabilities, trigger_id: CVE-2+a}
      - {id: i3, gate: vulnerabilities, trigger_id: CVE-3+*}
      - {id: i4, gate: vulnerabilities, trigger_id: CVE-4+a}
mappings:
  - {name: two, registry: r, repository: b, image: {type: tag, value: "*"}, policy_id: p}
  - {name: one, registry: r, repository: a, image: {type: tag, value: "*"}, policy_ids: [p], whitelist_ids: [w]}
  - {name: four, registry: q, repository: "*", image: {type: tag, value: "*"}, policy_ids: [came]}
  - {name: three, registry: "*", repository: "*", image: {type: tag, value: "*"}, policy_ids: [came, p]}
whitelisted_images:
  - {name: g, registry: r, repository: good, image: {type: id, value: "00"}}
`
	got, err := policy.Diff([]byte(before), []byte(after))
	if err != nil {
		t.Fatal(err)
	}
	want := []policy.Change{
		{Kind: "removed", Part: "rule", In: "p", What: "a: WARN always always"},
		{Kind: "changed", Part: "rule", In: "p", What: "b: STOP vulnerabilities package package_type='all' fix_available='true'", Details: []string{"action: WARN → STOP", "fix_available: nothing → 'true'", "severity: 'high' → nothing"}},
		{Kind: "changed", Part: "rule", In: "p", What: "STOP dockerfile exposed_ports ports='22,23' type='blacklist'", Details: []string{"ports: '22' → '22,23'"}},
		{Kind: "added", Part: "rule", In: "p", What: `new: STOP packages blacklist name="it's"`},
		{Kind: "removed", Part: "policy", What: "gone", Details: []string{"0 rules"}},
		{Kind: "added", Part: "policy", What: "came", Details: []string{"1 rule"}},
		{Kind: "removed", Part: "item", In: "w", What: "vulnerabilities CVE-1+a"},
		{Kind: "changed", Part: "item", In: "w", What: "vulnerabilities CVE-2+a", Details: []string{"expires_on: 2027-01-01T00:00:00Z → nothing"}},
		{Kind: "changed", Part: "item", In: "w", What: "vulnerabilities CVE-3+*", Details: []string{"allows: vulnerabilities CVE-3+a → vulnerabilities CVE-3+*"}},
		{Kind: "added", Part: "item", In: "w", What: "vulnerabilities CVE-4+a"},
		{Kind: "moved", Part: "mapping", What: "r/b:*", Details: []string{"place: 2 → 1"}},
		{Kind: "changed", Part: "mapping", What: "*/*:*", Details: []string{"policies: p, gone → came, p"}},
		{Kind: "added", Part: "mapping", What: "q/*:*", Details: []string{"policies: nothing → came"}},
		{Kind: "added", Part: "allowed image", What: "r/good id 00"},
		{Kind: "removed", Part: "denied image", What: "r/evil@sha256:00"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got, err := policy.Diff([]byte(after), []byte(strings.Replace(after, "name: after", "name: again", 1))); err != nil || len(got) > 0 {
		t.Errorf("a bundle differs from itself: %v %v", got, err)
	}
	if _, err := policy.Diff([]byte(after), []byte("[]")); err == nil {
		t.Error("no bundle was compared")
	}
}

// Bundles of two authors call their policies differently; what counts is what the rules do.
func TestDiffOfPoliciesByOtherNames(t *testing.T) {
	t.Parallel()
	const form = `{"id":"b","version":"1_0","policies":[{"id":"%s","version":"1_0","rules":[{"gate":"always","trigger":"always","action":"%s"},{"gate":"dockerfile","trigger":"no_dockerfile_provided","action":"WARN"}]}],"whitelists":[],"mappings":[]}`
	got, err := policy.Diff(fmt.Appendf(nil, form, "ours", "GO"), fmt.Appendf(nil, form, "theirs", "STOP"))
	if err != nil {
		t.Fatal(err)
	}
	want := []policy.Change{
		{Kind: policy.Changed, Part: "policy", What: "theirs", Details: []string{"id: ours → theirs"}},
		{Kind: policy.Changed, Part: "rule", In: "theirs", What: "STOP always always", Details: []string{"action: GO → STOP"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
