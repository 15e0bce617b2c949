package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"landwaiter.dev/internal/terminal"
	"landwaiter.dev/sbom"
)

// writeGitHub writes workflow commands of GitHub Actions, which become annotations of the run: an error for each row that
// stops, a warning for each that warns, for each problem and each gap, a notice for what an allowlist lets pass. The first
// line is the verdict. GitHub shows ten of a kind in a step; what goes beyond is counted in the last line.
func writeGitHub(w io.Writer, r *Result, _ Style) error {
	var b bytes.Buffer
	write := func(kind, title, message string) {
		fmt.Fprintf(&b, "::%s title=%s::%s\n", kind, githubProperty.Replace(terminal.Escape(title)), githubText.Replace(terminal.EscapeLines(message)))
	}
	shown, more := map[string]int{}, map[string]int{}
	command := func(kind, title, message string) {
		if shown[kind] == maxAnnotations[kind] {
			more[kind]++
			return
		}
		shown[kind]++
		write(kind, title, message)
	}
	kinds := map[string]string{"stop": "error", "warn": "warning"}
	kindOf := func(action string) string {
		if kind := kinds[action]; kind != "" {
			return kind
		}
		return "notice"
	}
	if v := r.Verdict; v != nil {
		write(kindOf(v.Action), "Landwaiter: "+v.Action, r.summary())
		for _, p := range v.Problems {
			command("error", "not evaluated", p)
		}
	}
	for _, row := range ranked(r.Verdict) {
		title, message := row.Gate+"/"+row.Trigger, row.Message
		if row.Allowed != "" {
			message += " — allowed by " + row.allowance()
		}
		command(kindOf(row.Action), title, message)
	}
	for _, g := range r.Gaps {
		command("warning", "not seen: "+string(g.Kind), sbom.GapText(g))
	}
	var rest []string
	for _, kind := range []string{"error", "warning", "notice"} {
		if n := more[kind]; n > 0 {
			rest = append(rest, Count(n, kind, kind+"s"))
		}
	}
	if len(rest) > 0 {
		write("notice", "Landwaiter", "and "+strings.Join(rest, ", ")+" more; other forms of the result have all of them")
	}
	_, err := w.Write(b.Bytes())
	return err
}

// maxAnnotations is how many of a kind are written after the verdict. One place for a notice is kept for the last line.
var maxAnnotations = map[string]int{"error": 10, "warning": 10, "notice": 9}

var (
	githubText     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	githubProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)
