package policy_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"landwaiter.dev/policy"
)

const yamlHead = `id: b
version: 1_0
mappings:
  - {name: m, registry: '*', repository: '*', image: {type: tag, value: '*'}, policy_ids: [p], whitelist_ids: [w]}
policies:
  - {id: p, version: 1_0, rules: [{gate: always, trigger: always, action: GO}]}
whitelists:
  - id: w
    version: 1_0
    items:
    - {gate: always, trigger_id: always}
`

// A value of YAML costs much more than the letters of it: what is large is read within bounds of time and memory, or refused at
// once with a way forward.
func TestHostileYAML(t *testing.T) {
	const refused = "commas, colons, dashes, brackets and line ends; 600000 are allowed: write it as JSON"
	grown := func(size int, f func(i int) string) string {
		var b strings.Builder
		b.WriteString(yamlHead)
		for i := 0; b.Len() < size-200; i++ {
			b.WriteString(f(i))
		}
		return b.String()
	}
	one := func(s string) func(int) string { return func(int) string { return s } }
	wide := func(size int, s, end string) string {
		return yamlHead + "x: [" + strings.Repeat(s, (size-600)/len(s)) + end + "]\n"
	}
	for name, tc := range map[string]struct{ source, want string }{
		"a large allowlist": {grown(policy.MaxYAML, func(i int) string {
			return fmt.Sprintf("    - {id: i%d, gate: vulnerabilities, trigger_id: CVE-2026-%d+package, comment: 'why it is so'}\n", i, i)
		}), ""},
		"one in lines": {grown(policy.MaxYAML, func(i int) string {
			return fmt.Sprintf("    - id: item-%d\n      gate: vulnerabilities\n      trigger_id: CVE-2026-%d+package\n      comment: why it is so\n", i, i)
		}), ""},
		"texts":             {wide(1<<20, "a,", ""), ""},
		"numbers":           {wide(1<<20, "1,", ""), ""},
		"mappings":          {grown(1<<20, func(i int) string { return fmt.Sprintf("k%d: {a: {b: {c: {d: {}}}}}\n", i) }), ""},
		"keys":              {grown(1<<20, func(i int) string { return fmt.Sprintf("k%d:\n", i) }), ""},
		"a merge of many":   {yamlHead + "x: &x {" + strings.Repeat("a: 1, ", 1) + "b: 2}\n" + "y: [" + strings.Repeat("{<<: *x},", 50_000) + "]\n", ""},
		"deep":              {yamlHead + "x: " + strings.Repeat("[", 90) + strings.Repeat("a,", 250_000) + strings.Repeat("]", 90) + "\n", "grows to more than"},
		"more texts":        {wide(policy.MaxYAML, "a,", ""), refused},
		"brackets":          {wide(policy.MaxYAML, "[],", ""), refused},
		"mappings in lines": {grown(policy.MaxYAML, one("- - - - a\n")), refused},
		"aliases":           {strings.Replace(wide(policy.MaxYAML, "*x,", ""), "id: b", "id: &x b", 1), refused},
		"anchors":           {grown(policy.MaxYAML, func(i int) string { return fmt.Sprintf("k%d: &a%d a\n", i, i) }), "have more than 200000 keys"},
		"line ends":         {grown(policy.MaxYAML, one("#\n")), refused},
		"one long text":     {yamlHead + "x: \"" + strings.Repeat(`\t`, 2_000_000) + "\"\n", ""},
		"one long word":     {yamlHead + "x: " + strings.Repeat("a", 4_000_000) + "\n", ""},
	} {
		if len(tc.source) > policy.MaxYAML {
			t.Errorf("%s has %d bytes", name, len(tc.source))
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		began := time.Now()
		_, err := policy.Parse([]byte(tc.source))
		took := time.Since(began)
		runtime.ReadMemStats(&after)
		if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v", name, err)
		}
		made := (after.TotalAlloc - before.TotalAlloc) >> 20
		if took > 30*time.Second || made > 400 { // of which a third is there at a time
			t.Errorf("%s: took %v and %d MiB", name, took, made)
		}
	}
}
