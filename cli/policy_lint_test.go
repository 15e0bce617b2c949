package cli

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"landwaiter.dev/policy"
)

// The examples that the specification shows of names of rules for secrets are names that there are.
func TestExamplesOfRulesForSecrets(t *testing.T) {
	t.Parallel()
	raw, err := json.Marshal(policy.Spec())
	if err != nil {
		t.Fatal(err)
	}
	var gates []struct {
		Name     string
		Triggers []struct {
			Name       string
			Parameters []struct {
				Name    string
				Example *string
			}
		}
	}
	if err := json.Unmarshal(raw, &gates); err != nil {
		t.Fatal(err)
	}
	names, err := namesOf(pflag.NewFlagSet("lint", pflag.ContinueOnError))
	if err != nil || len(names.SecretRules) < 50 {
		t.Fatalf("got %d rules, %v", len(names.SecretRules), err)
	}
	tried := 0
	for _, g := range gates {
		if g.Name != "secrets" && g.Name != "secret_scans" {
			continue
		}
		for _, trigger := range g.Triggers {
			params := []map[string]string{}
			for _, p := range trigger.Parameters {
				if p.Example != nil {
					params = append(params, map[string]string{"name": p.Name, "value": *p.Example})
				}
			}
			given, _ := json.Marshal(params)
			source := fmt.Sprintf(`{"id":"b","version":"1_0","policies":[{"id":"p","version":"1_0","rules":[{"gate":%q,"trigger":%q,"action":"STOP","params":%s}]}],
				"mappings":[{"name":"m","registry":"*","repository":"*","image":{"type":"tag","value":"*"},"policy_ids":["p"]}]}`, g.Name, trigger.Name, given)
			for _, p := range policy.Lint([]byte(source), time.Now(), names) {
				t.Errorf("%s %s: %s", g.Name, trigger.Name, p.Text())
			}
			tried++
		}
	}
	if tried != 2 {
		t.Errorf("%d triggers were tried", tried)
	}
}
