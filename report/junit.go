package report

import (
	"io"
	"strings"

	"landwaiter.dev/internal/junit"
	"landwaiter.dev/sbom"
)

// writeJUnit writes the verdict as results of tests: the first case is the verdict itself, then there is one for each row,
// under its gate, failed when its action is stop and skipped when an allowlist lets it pass. Warnings pass and say so in
// their output. What could not be evaluated is an error; gaps are the output of the first case.
func writeJUnit(w io.Writer, r *Result, _ Style) error {
	suite := junit.Suite{Name: r.Name, At: r.At}
	verdict := junit.Case{Class: "verdict", Name: "policy"}
	if v := r.Verdict; v != nil {
		verdict.Name = "policy " + v.Policy
		if v.Action == "stop" {
			verdict.Failure = &junit.Message{Kind: v.Action, Text: r.summary()}
		}
		for _, p := range v.Problems {
			suite.Cases = append(suite.Cases, junit.Case{Class: "problem", Name: p, Error: &junit.Message{Kind: "problem", Text: p}})
		}
	} else {
		verdict.Skipped = &junit.Message{Text: "no policy was evaluated"}
	}
	var gaps strings.Builder
	for _, g := range r.Gaps {
		gaps.WriteString(string(g.Kind) + ": " + sbom.GapText(g) + "\n")
	}
	verdict.Output = gaps.String()
	suite.Cases = append([]junit.Case{verdict}, suite.Cases...)
	for _, row := range ranked(r.Verdict) {
		c := junit.Case{Class: row.Gate, Name: row.Trigger + ": " + row.TriggerID}
		switch {
		case row.Allowed != "":
			c.Skipped = &junit.Message{Text: "allowed by " + row.allowance()}
			c.Output = row.Message
		case row.Action == "stop":
			c.Failure = &junit.Message{Kind: row.Action, Text: row.Message}
		default:
			c.Output = row.Action + ": " + row.Message
		}
		suite.Cases = append(suite.Cases, c)
	}
	return junit.Write(w, "landwaiter", suite)
}
