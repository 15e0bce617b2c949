package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"landwaiter.dev/client"
	"landwaiter.dev/internal/terminal"
	"landwaiter.dev/report"
)

func (a *app) checkCommand() *cobra.Command {
	c := a.check("check IMAGE")
	c.GroupID = remote
	return c
}

// evaluateCommand is how the command is called elsewhere.
func (a *app) evaluateCommand() *cobra.Command {
	c := group("evaluate", "Same as check", a.check("check IMAGE"))
	c.Hidden = true
	return c
}

func (a *app) check(use string) *cobra.Command {
	var q client.CheckRequest
	var m momentFlags
	var quiet bool
	c := a.ask(use, "Ask what the policy says about an image; exit 1 when it says stop", cobra.ExactArgs(1), func(c *cobra.Command, s *client.Client, args []string) error {
		var err error
		if q.Moment, err = m.read(c); err != nil {
			return err
		}
		inForm := slices.Contains(report.VerdictForms(), a.output)
		if inForm && q.History && a.output != report.EvaluationJSON {
			return usage(c, fmt.Errorf("--history goes with table, json and %s", report.EvaluationJSON))
		}
		img, err := s.Image(c.Context(), args[0])
		if err != nil {
			return err
		}
		q.Digest, q.Detail = img.Digest, !quiet || inForm
		if q.Tag == "" {
			if q.Tag, err = tagFor(args[0], &img); err != nil {
				return err
			}
		}
		list, err := s.Check(c.Context(), q)
		if err != nil {
			return err
		}
		results := make([]*client.EvaluationResult, len(list))
		for i := range list {
			if results[i], err = list[i].Result(); err != nil {
				return err
			}
		}
		if inForm {
			if err := a.reportEvaluations(c, s, &img, list, results[0], q.Moment); err != nil {
				return err
			}
		} else if err := a.show(list, func() {
			a.showEvaluation(&list[0], results[0])
			if q.History {
				a.showHistory(list)
			}
		}); err != nil {
			return err
		}
		if list[0].Status != "pass" {
			return &Exit{Code: ExitStop}
		}
		return nil
	}, report.VerdictForms()...)
	f := c.Flags()
	f.StringVar(&q.Tag, "tag", "", "tag to evaluate for (default: the one asked with, else the image's newest)")
	f.StringVar(&q.PolicyID, "policy", "", "id of the policy (default: the active one)")
	f.BoolVar(&q.History, "history", false, "also all evaluations that are kept, newest first, by the ids that landwaiter evaluation takes")
	f.BoolVar(&q.Interactive, "no-store", false, "do not keep the evaluation")
	f.BoolVar(&quiet, "quiet", false, "the verdict without its rows")
	m.add(c)
	return c
}

// tagFor is the tag that an image is evaluated for: what the user wrote when that was a tag.
func tagFor(arg string, img *client.Image) (string, error) {
	isDigest := strings.Contains(arg, "sha256:")
	isID := len(arg) == 64 && strings.Trim(arg, "0123456789abcdef") == ""
	if !isDigest && !isID {
		return arg, nil
	}
	if len(img.Tags) == 0 {
		return "", fmt.Errorf("%s has no tag; say which one to evaluate for with --tag", img.Digest)
	}
	return img.Tags[0].FullTag, nil
}

// showHistory lists the evaluations of an image by their ids.
func (a *app) showHistory(list []client.Evaluation) {
	fmt.Fprintln(a.out)
	g := grid{header: []string{"id", "evaluated", "verdict", "policy", "data"}, colour: func(row []string) text.Colors { return actionColour(row[2]) }}
	stored := false
	for i := range list {
		e := &list[i]
		id := "not stored"
		if e.Stored > 0 {
			id, stored = fmt.Sprint(e.Stored), true
		}
		g.rows = append(g.rows, []string{id, when(e.EvaluatedAt), e.FinalAction, e.PolicyID, fmt.Sprint(e.Revision)})
	}
	a.grid(g)
	if stored {
		fmt.Fprintln(a.err, "with its rows: landwaiter evaluation get ID; two compared: evaluation diff ID OTHER; made again: evaluation reproduce ID")
	}
}

func (a *app) showEvaluation(e *client.Evaluation, result *client.EvaluationResult) {
	rows := result.Rows()
	g := grid{header: []string{"action", "gate", "trigger", "what", "allowed by"}, colour: func(row []string) text.Colors {
		switch {
		case row[4] != "":
			return text.Colors{text.Faint}
		case row[0] == "stop":
			return text.Colors{text.FgRed}
		case row[0] == "warn":
			return text.Colors{text.FgYellow}
		}
		return nil
	}}
	// Those that decide come first.
	for _, action := range []string{"stop", "warn", "go", ""} {
		for _, excused := range []bool{false, true} {
			for _, r := range rows {
				if r.Action == action && (r.Allowlisted != "") == excused {
					g.rows = append(g.rows, []string{r.Action, r.Gate, r.Trigger, r.Message, r.Allowlisted})
				}
			}
		}
	}
	a.grid(g)
	if len(g.rows) > 0 {
		fmt.Fprintln(a.out)
	}
	verdict := strings.ToUpper(e.Status)
	if e.FinalAction != "" {
		verdict += " (" + e.FinalAction + ")"
	}
	reason, id := "", ""
	if result != nil {
		reason, id = result.FinalReason, result.ImageID
	}
	stored := ""
	if e.Stored > 0 {
		stored = fmt.Sprint(e.Stored)
	}
	a.facts("Verdict", verdict, "Reason", reason, "Tag", e.FullTag, "Digest", e.Digest, "Image ID", id, "Policy", e.PolicyID,
		"Evaluation", stored, "Evaluated", when(e.EvaluatedAt), "As of", when(e.AsOf))
	if result == nil {
		return
	}
	for _, p := range result.Problems {
		fmt.Fprintf(a.err, "%s: %s\n", terminal.Escape(p.Type), terminal.Escape(p.Details))
	}
}
