package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"landwaiter.dev/client"
	"landwaiter.dev/internal/terminal"
)

func (a *app) evaluationCommand() *cobra.Command {
	return group("evaluation", "Look at stored verdicts, compare them and make them again", a.evaluationList(), a.evaluationGet(), a.evaluationDiff(), a.evaluationReproduce())
}

// evaluationID reads the number of a stored verdict.
func evaluationID(c *cobra.Command, arg string) (int64, error) {
	id, err := strconv.ParseInt(arg, 10, 64)
	if err != nil || id < 1 {
		return 0, usage(c, fmt.Errorf("%q is not the number of an evaluation; landwaiter evaluation list shows them", arg))
	}
	return id, nil
}

func (a *app) evaluationList() *cobra.Command {
	var f client.EvaluationFilter
	var img, since, until string
	c := a.ask("list", "List stored verdicts, newest first", cobra.NoArgs, func(c *cobra.Command, s *client.Client, _ []string) error {
		for _, t := range []struct {
			flag, text string
			into       *time.Time
		}{{"since", since, &f.Since}, {"until", until, &f.Until}} {
			var err error
			if t.text == "" {
				continue
			}
			if *t.into, err = readTime(t.text); err != nil {
				return usage(c, fmt.Errorf("--%s %q: want 2024-05-01 or 2024-05-01T12:00:00Z", t.flag, t.text))
			}
		}
		if img != "" {
			found, err := s.Image(c.Context(), img)
			if err != nil {
				return err
			}
			f.Digest = found.Digest
		}
		list, err := s.Evaluations(c.Context(), f)
		if err != nil {
			return err
		}
		return a.show(list, func() {
			g := grid{header: []string{"id", "evaluated", "verdict", "tag", "digest", "policy", "why", "data"}, empty: "no evaluations", colour: func(row []string) text.Colors { return actionColour(row[2]) }}
			for _, e := range list.Evaluations {
				g.rows = append(g.rows, []string{fmt.Sprint(e.ID), when(e.EvaluatedAt), e.FinalAction, e.FullTag, short(e.Digest), e.PolicyID, e.Reason, fmt.Sprint(e.Revision)})
			}
			a.grid(g)
			if list.Next > 0 {
				fmt.Fprintf(a.err, "there are older ones: --before %d\n", list.Next)
			}
		})
	})
	fl := c.Flags()
	fl.StringVar(&img, "image", "", "of this image")
	fl.StringVar(&f.FullTag, "tag", "", "for this tag, whichever image had it")
	fl.StringVar(&f.PolicyID, "policy", "", "by this policy")
	fl.StringVar(&f.BundleDigest, "bundle-digest", "", "by this version of a policy")
	fl.StringVar(&f.FinalAction, "action", "", "with this final action: go, warn or stop")
	fl.StringVar(&since, "since", "", "made at this time or later")
	fl.StringVar(&until, "until", "", "made at this time or before")
	fl.BoolVar(&f.Latest, "latest", false, "the newest of each image, tag and policy alone")
	fl.IntVar(&f.Limit, "limit", 100, "how many at most, up to 1000")
	fl.Int64Var(&f.Before, "before", 0, "continue behind this one")
	return c
}

// short is the beginning of a digest.
func short(digest string) string {
	if _, hex, ok := strings.Cut(digest, ":"); ok && len(hex) > 12 {
		return hex[:12]
	}
	return digest
}

func actionColour(action string) text.Colors {
	switch action {
	case "stop":
		return text.Colors{text.FgRed}
	case "warn":
		return text.Colors{text.FgYellow}
	}
	return nil
}

func (a *app) evaluationGet() *cobra.Command {
	return a.ask("get ID", "Show a stored verdict with its rows and all that it was made of", cobra.ExactArgs(1), func(c *cobra.Command, s *client.Client, args []string) error {
		id, err := evaluationID(c, args[0])
		if err != nil {
			return err
		}
		e, err := s.Evaluation(c.Context(), id)
		if err != nil {
			return err
		}
		result, err := e.Result()
		if err != nil {
			return err
		}
		return a.show(e, func() {
			a.showEvaluation(&client.Evaluation{Digest: e.Digest, FullTag: e.FullTag, PolicyID: e.PolicyID, Status: e.Status, FinalAction: e.FinalAction, EvaluatedAt: e.EvaluatedAt, Stored: e.ID}, result)
			gone := ""
			if e.RowsGone {
				gone = "removed after the retention time"
			}
			a.facts("Why", e.Reason, "Bundle", e.BundleDigest, "Analysis", e.AnalysisDigest, "Dockerfile", e.DockerfileDigest, "VEX", e.VEXDigest,
				"Data", "revision "+fmt.Sprint(e.Revision), "Result", e.ResultDigest, "Again at", when(e.NextAt), "Waits for", strings.Join(e.WaitsFor, ", "), "Rows", gone)
		})
	})
}

func (a *app) evaluationReproduce() *cobra.Command {
	return a.ask("reproduce ID", "Make a stored verdict again from what it was made of; exit 1 when another one comes out", cobra.ExactArgs(1), func(c *cobra.Command, s *client.Client, args []string) error {
		id, err := evaluationID(c, args[0])
		if err != nil {
			return err
		}
		p, err := s.Reproduce(c.Context(), id)
		if err != nil {
			return err
		}
		if err := a.show(p, func() {
			if p.Equal {
				a.say("evaluation %d of %s comes out the same, byte for byte: %s", id, when(p.Evaluation.EvaluatedAt), p.ResultDigest)
				return
			}
			a.say("evaluation %d comes out otherwise:", id)
			a.differences(p.Differences)
		}); err != nil {
			return err
		}
		if !p.Equal {
			return &Exit{Code: ExitStop}
		}
		return nil
	})
}

func (a *app) differences(list []client.Difference) {
	g := grid{header: []string{"what", "before", "after"}}
	for _, d := range list {
		g.rows = append(g.rows, []string{d.What, d.Before, d.After})
	}
	a.grid(g)
}

func (a *app) evaluationDiff() *cobra.Command {
	return a.ask("diff ID OTHER", "Show which rows came, went and changed between two stored verdicts, and which inputs differ", cobra.ExactArgs(2), func(c *cobra.Command, s *client.Client, args []string) error {
		before, err := evaluationID(c, args[0])
		if err != nil {
			return err
		}
		after, err := evaluationID(c, args[1])
		if err != nil {
			return err
		}
		d, err := s.DiffEvaluations(c.Context(), before, after)
		if err != nil {
			return err
		}
		return a.show(d, func() { a.showEvaluationDiff(&d) })
	})
}

func (a *app) showEvaluationDiff(d *client.EvaluationDiff) {
	a.rowDiff(&d.RowDiff)
	for _, p := range d.ProblemsAdded {
		fmt.Fprintf(a.err, "new problem: %s: %s\n", terminal.Escape(p.Type), terminal.Escape(p.Details))
	}
	for _, p := range d.ProblemsRemoved {
		fmt.Fprintf(a.err, "no longer: %s: %s\n", terminal.Escape(p.Type), terminal.Escape(p.Details))
	}
	a.differences(d.Inputs)
	fmt.Fprintln(a.err, terminal.Escape(fmt.Sprintf("%s: %d came, %d went, %d changed, %d as before", arrow(d.Before.FinalAction, d.After.FinalAction),
		len(d.Added), len(d.Removed), len(d.Changed), d.Unchanged)))
}

// rowDiff shows rows that came, went and changed.
func (a *app) rowDiff(d *client.RowDiff) {
	g := grid{header: []string{"", "action", "gate", "trigger", "what"}, colour: func(row []string) text.Colors {
		if row[0] == "-" {
			return text.Colors{text.FgGreen}
		}
		return actionColour(row[1])
	}}
	add := func(sign string, r *client.EvaluationRow, action string) {
		g.rows = append(g.rows, []string{sign, action, r.Gate, r.Trigger, r.Message})
	}
	for i := range d.Added {
		add("+", &d.Added[i], d.Added[i].Action)
	}
	for i := range d.Removed {
		add("-", &d.Removed[i], d.Removed[i].Action)
	}
	for i := range d.Changed {
		add("~", &d.Changed[i].After, arrow(d.Changed[i].Before.Action, d.Changed[i].After.Action))
	}
	a.grid(g)
	if len(g.rows) > 0 {
		fmt.Fprintln(a.out)
	}
}
