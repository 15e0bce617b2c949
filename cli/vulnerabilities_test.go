package cli

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"landwaiter.dev/client"
)

// The table of image vuln has the note that docs/advisories.md tells of, and only where there is something to note.
func TestInferredGroupIsNoted(t *testing.T) {
	t.Parallel()
	for answer, noted := range map[string]bool{
		`{"vulnerabilities": [{"vuln": "GHSA-1", "group_inferred": "its classes lie in org/a"}, {"vuln": "GHSA-2"}]}`: true,
		`{"vulnerabilities": [{"vuln": "GHSA-1"}]}`: false,
	} {
		var found client.VulnerabilityAnswer
		if err := json.Unmarshal([]byte(answer), &found); err != nil {
			t.Fatal(err)
		}
		var out, said bytes.Buffer
		(&app{out: &out, err: &said}).showVulnerabilities(&found, "x")
		if got := strings.Count(out.String(), "group inferred"); (got == 1) != noted || strings.Contains(out.String(), "NOTE") != noted {
			t.Errorf("%s", out.String())
		}
	}
}
