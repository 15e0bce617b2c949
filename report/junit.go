package report

import (
	"fmt"
	"io"
	"strings"

	"landwaiter.dev/advisory"
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
	rows := ranked(r.Verdict)
	names := caseNames(rows, r.Findings)
	for i, row := range rows {
		c := junit.Case{Class: row.Gate, Name: names[i]}
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

// caseNames names the cases of rows: by trigger and trigger id. Rows of one gate that would share a name get the path of the
// package that their message speaks of, and then a number, since services for builds tell cases by their names.
func caseNames(rows []Row, findings []advisory.ImageFinding) []string {
	plain := map[[2]string]int{}
	for i := range rows {
		plain[[2]string{rows[i].Gate, rows[i].name()}]++
	}
	paths := map[string][]string{} // by vulnerability
	for i := range findings {
		if p := &findings[i].Package; !p.Type.OS() {
			paths[findings[i].ID] = append(paths[findings[i].ID], p.V1Path())
		}
	}
	names, used := make([]string, len(rows)), map[[2]string]bool{}
	for i := range rows {
		name := rows[i].name()
		if plain[[2]string{rows[i].Gate, name}] > 1 {
			best, id := "", strings.SplitN(rows[i].TriggerID, "+", 2)[0]
			for _, path := range paths[id] {
				if len(path) > len(best) && strings.Contains(rows[i].Message, " "+path+" ") {
					best = path
				}
			}
			if best != "" {
				name += " in " + best
			}
		}
		names[i] = name
		for n := 2; used[[2]string{rows[i].Gate, names[i]}]; n++ {
			names[i] = fmt.Sprintf("%s (%d)", name, n)
		}
		used[[2]string{rows[i].Gate, names[i]}] = true
	}
	return names
}

func (row *Row) name() string { return row.Trigger + ": " + row.TriggerID }
