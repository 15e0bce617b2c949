package policy

import "time"

// Limits of a bundle and of one evaluation. A bundle is untrusted input: whatever it holds, reading and evaluating it ends
// soon and stays small.
const (
	// MaxDocument is the largest bundle in bytes.
	MaxDocument = 8 << 20
	// maxRules of all policies together, maxRuns of all policies that one mapping rule names.
	maxRules = 20_000
	maxRuns  = 50_000
	// maxMappings of the mapping rules, and of each list of allowed or denied images.
	maxMappings = 10_000
	// maxItems of all allowlists together; of these, maxPatterns with a wildcard and maxRegexps with an expression.
	maxItems    = 100_000
	maxPatterns = 10_000
	maxRegexps  = 2_000
	// maxText of a pattern or identifier in bytes.
	maxText = 4096
	// maxProblems are told; what comes after them is counted.
	maxProblems = 200
	// maxRows of one evaluation, and maxRowText of their messages in bytes.
	maxRows    = 250_000
	maxRowText = 64 << 20
	// timeLimit of one evaluation on the wall clock. One that reaches it ends with stop and is not reproducible.
	timeLimit = 30 * time.Second
)
