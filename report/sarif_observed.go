package report

import (
	"fmt"
	"strings"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"landwaiter.dev/image"
)

// sarifObserved adds a result for each secret, each piece of malware and each packaged file that differs. What a later
// layer removed is in the image all the same.
func sarifObserved(run *sarif.Run, r *Result) {
	a := r.Analysis
	for i := range a.Secrets {
		m := &a.Secrets[i]
		id := "secret/" + ruleOf(m)
		sarifRule(run, id, "Secret found by the rule "+ruleOf(m), "secret")
		message := fmt.Sprintf("Secret in %s, found by the rule %s", placeOf(m), ruleOf(m))
		if note := noteOf(m); note != "" {
			message += " (" + note + ")"
		}
		if m.Place != "" {
			addResult(run, id, "warning", message, r.Name, "/")
			continue
		}
		addResultAt(run, id, "warning", message, r.Name, m.Path.Abs(), m.Line)
	}
	if a.Malware != nil {
		for _, f := range a.Malware.Findings {
			id := "malware/" + f.Signature
			sarifRule(run, id, "Malware found by "+a.Malware.Scanner+": "+f.Signature, "malware")
			message := fmt.Sprintf("%s finds %s in %s", a.Malware.Scanner, f.Signature, f.Path.Abs())
			if f.Removed {
				message += " (removed by a later layer)"
			}
			addResult(run, id, "error", message, r.Name, f.Path.Abs())
		}
	}
	for i := range a.Verification.Differences {
		d := &a.Verification.Differences[i]
		id := "packaged-file/" + string(d.Status)
		sarifRule(run, id, "File that is not as its package brought it: "+strings.ReplaceAll(string(d.Status), "_", " "), "integrity")
		level := "warning"
		if d.Config || d.Status == image.FileMissing {
			level = "note" // users change the one and builders leave out the other
		}
		message := fmt.Sprintf("%s of %s %s: %s", d.Path.Abs(), d.Package.Name, d.Package.Version, statusOf(d))
		if d.Detail != "" {
			message += "; " + d.Detail
		}
		addResult(run, id, level, message, r.Name, d.Path.Abs())
	}
}

func sarifRule(run *sarif.Run, id, description, tag string) {
	p := sarif.NewPropertyBag()
	p.WithTags([]string{"security", tag})
	run.AddRule(id).WithName(id).WithShortDescription(plain(description)).WithProperties(p)
}
