package cli

import (
	"bytes"
	"fmt"
	"strings"

	"landwaiter.dev/analysis"
	rules "landwaiter.dev/analysis/secret"
	"landwaiter.dev/internal/seal"
)

// AnalysisSettings say what the analysis looks for. They belong to the deployment: layers are read once for all accounts.
type AnalysisSettings struct {
	Secrets bool
	// SecretRules and ContentRules are regular expressions of the user's own.
	SecretRules, ContentRules []rules.Rule
	// Retrieve are patterns of files whose content is kept.
	Retrieve []string
	Hints    bool
	// Clamd is the address of a malware scanner; empty asks none.
	Clamd string
	// Attestations looks for VEX documents next to images of registries.
	Attestations bool
}

// newReader makes the reader of images. The key is the installation's: what it keeps of a secret is a digest with it.
func newReader(s Settings, key seal.Key, progress func(analysis.Event)) (*analysis.Reader, error) {
	o := analysis.Options{Limits: s.Limits, TempDir: tempDir(s.Data), Retrieve: s.Analysis.Retrieve, Hints: s.Analysis.Hints, Progress: progress}
	if s.Analysis.Secrets || len(s.Analysis.SecretRules)+len(s.Analysis.ContentRules) > 0 {
		scanner, err := rules.New(rules.Options{
			Detectors: s.Analysis.Secrets, Secrets: s.Analysis.SecretRules, Content: s.Analysis.ContentRules, Key: key.Derive("secrets"),
		})
		if err != nil {
			return nil, fmt.Errorf("settings: %w", err)
		}
		o.Search = scanner
	}
	var err error
	if o.Malware, err = malwareScanner(s.Analysis.Clamd); err != nil {
		return nil, err
	}
	return analysis.NewReader(o), nil
}

// maxRules bounds a file of rules.
const maxRules = 1 << 20

// rulesFrom reads rules, NAME=expression one a line, or the file that @FILE names. Empty lines and those that begin with
// # are left out.
func rulesFrom(v string) ([]rules.Rule, error) {
	if name, ok := strings.CutPrefix(v, "@"); ok {
		data, err := readBounded(name, maxRules)
		if err != nil {
			return nil, fmt.Errorf("rules: %w", err)
		}
		v = string(bytes.TrimPrefix(data, []byte("\uFEFF")))
	}
	var list []rules.Rule
	for line := range strings.Lines(v) {
		line = strings.TrimRight(line, "\r\n")
		if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, pattern, ok := strings.Cut(line, "=")
		if name = strings.TrimSpace(name); !ok || name == "" || pattern == "" {
			return nil, fmt.Errorf("want NAME=regular expression, one a line, or @FILE, not %.60q", line)
		}
		list = append(list, rules.Rule{Name: name, Pattern: pattern})
	}
	return list, nil
}
