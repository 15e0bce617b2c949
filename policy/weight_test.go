package policy_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"landwaiter.dev/policy"
)

// A bundle takes no more memory than its weight says, whatever is in it. It does not run beside others, whose memory would count.
func TestWeight(t *testing.T) {
	const pieces = 400
	rules := func(gate, trigger string, params ...string) func(int) string {
		return func(i int) string {
			var given []string
			for _, p := range params {
				given = append(given, strings.ReplaceAll(p, "NUMBER", fmt.Sprint(i)))
			}
			return rule("STOP", gate, trigger, given...)
		}
	}
	for name, f := range map[string]func(int) string{
		"plain":               rules("packages", "blacklist", "name=pNUMBER"),
		"an expression":       rules("expression", "matches", `expression=findings.exists(f, f.severity == 'critical' && f.id != 'xNUMBER')`),
		"a long expression":   rules("expression", "matches", "expression="+strings.Repeat("true && ", 200)+`findings.exists(f, f.id != 'xNUMBER')`),
		"many patterns in it": rules("expression", "matches", "expression="+strings.Repeat("image.tag.matches('(ab?c[a-z0-9]){20}x') && ", 20)+`findings.exists(f, f.id != 'xNUMBER')`),
		"a pattern":           rules("files", "name_match", `regex=/usr/.*/NUMBER[a-z]+\\.pem`),
		"a large pattern":     rules("files", "name_match", `regex=/usr/.*/NUMBER([a-z]+b){90}([a-z]+\\.pem){90}`),
		"one repetition":      rules("files", "name_match", `regex=/NUMBER.{990}`),
		"a backtracking one":  rules("files", "name_match", `regex=(?!usr)NUMBER([a-z]+b){90}([a-z]+\\.pem){90}`),
		"an item":             nil,
		"an item's pattern":   nil,
	} {
		var parts []string
		for i := range pieces {
			switch name {
			case "an item":
				parts = append(parts, fmt.Sprintf(`{"id":"i%d","gate":"vulnerabilities","trigger_id":"CVE-2026-%d+x"}`, i, i))
			case "an item's pattern":
				parts = append(parts, fmt.Sprintf(`{"id":"i%d","gate":"vulnerabilities","trigger_id":"regexp:CVE-2026-%d.*x[a-z]"}`, i, i))
			default:
				parts = append(parts, f(i))
			}
		}
		document := bundle(strings.Join(parts, ","))
		if f == nil {
			document = bundleWith(rule("STOP", "always", "always"), strings.Join(parts, ","), "")
		}
		mustParse(t, document) // what is made once for all bundles
		before := heap()
		b := mustParse(t, document)
		took := heap() - before
		if b.Weight() < took {
			t.Errorf("%s: weighs %d bytes and takes %d", name, b.Weight()/pieces, took/pieces)
		}
		runtime.KeepAlive(b)
	}
	if w := mustParse(t, string(policy.Default())).Weight(); w > 1<<20 {
		t.Errorf("the default bundle weighs %d bytes", w)
	}
}

func heap() int {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}
