package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"landwaiter.dev/client"
	"landwaiter.dev/internal/terminal"
	"landwaiter.dev/report"
)

func (a *app) policySimulate() *cobra.Command {
	var q client.Simulate
	var m momentFlags
	var limit int
	c := a.placed(&cobra.Command{
		Use: "simulate BUNDLE", Short: "Show which verdicts a bundle would change, over the whole inventory; nothing is stored or told", Args: cobra.ExactArgs(1),
		Long: `Evaluates a bundle for every image and current tag of the inventory, as it is known now or at --as-of, and compares the verdicts
with those of the active policy, or of --against. Images whose verdict changes are shown with the rows that came (+), went (-)
and changed (~). With -o json each line is a document, the summary last.

The inventory is that of the server that --url or LANDWAITER_URL names, or of the data directory or database of this machine,
beside which a server may run.`,
		RunE: func(c *cobra.Command, args []string) error {
			if !slices.Contains([]string{"verdicts", "rows", "all"}, q.Show) {
				return usage(c, fmt.Errorf("--show %q: want verdicts, rows or all", q.Show))
			}
			if q.Rows < 0 || limit < 0 {
				return usage(c, errors.New("--rows and --limit are numbers from 0 on"))
			}
			var err error
			if q.Moment, err = m.read(c); err != nil {
				return err
			}
			if q.Bundle, err = a.readBundle(args[0]); err != nil {
				return err
			}
			if q.Rows == 0 {
				q.Rows = -1
			}
			line := a.progress("simulation")
			defer line.end()
			run, done, err := place{a, c}.simulation(c.Context(), line)
			if err != nil {
				return err
			}
			defer done()
			return a.simulate(c.Context(), run, q, limit, line)
		},
	})
	f := c.Flags()
	f.StringVar(&q.PolicyID, "against", "", "id of the policy to compare with (default: the active one)")
	f.StringVar(&q.Registry, "registry", "", "only tags of this registry")
	f.StringVar(&q.Repository, "repository", "", "only tags of this repository")
	f.StringVar(&q.Tag, "tag", "", "only tags of this name")
	f.StringVar(&q.Show, "show", "verdicts", "verdicts: images whose final action changes; rows: of which any row does; all")
	f.IntVar(&q.Rows, "rows", 5, "how many rows of each kind are shown of an image")
	f.IntVar(&limit, "limit", 0, "how many images are shown; 0 shows all. The summary counts all of them")
	m.add(c)
	return c
}

// simulate shows images as they come.
func (a *app) simulate(ctx context.Context, run simulation, q client.Simulate, limit int, line *progress) error {
	if a.output != "json" {
		line.set("evaluating the inventory")
	}
	seen, failed := 0, 0
	lines := json.NewEncoder(a.out)
	lines.SetEscapeHTML(false)
	sum, err := run(ctx, q, func(one *client.SimulatedImage) error {
		if one.Error != "" {
			failed++
		}
		if seen++; limit > 0 && seen > limit {
			return nil
		}
		line.end()
		if a.output == "json" {
			return lines.Encode(map[string]any{"image": one})
		}
		a.showSimulated(one)
		return nil
	})
	line.end()
	if err != nil {
		return err
	}
	if a.output == "json" {
		if err := lines.Encode(map[string]any{"summary": sum}); err != nil {
			return err
		}
	} else {
		a.showSimulation(&sum)
	}
	if failed > 0 {
		return errors.New("some images could not be evaluated")
	}
	return nil
}

func (a *app) showSimulated(one *client.SimulatedImage) {
	tag := one.FullTag
	if tag == "" {
		tag = one.Digest
	}
	if one.Error != "" {
		fmt.Fprintln(a.out, terminal.Escape(tag+": "+one.Error))
		return
	}
	fmt.Fprintln(a.out, terminal.Escape(fmt.Sprintf("%s: %s (%s, %s as before)", tag, arrow(one.Before.FinalAction, one.After.FinalAction), short(one.Digest), report.Count(one.Unchanged, "row", "rows"))))
	row := func(sign, action string, r *client.EvaluationRow) {
		fmt.Fprintln(a.out, terminal.Escape(fmt.Sprintf("  %s %s  %s %s  %s", sign, action, r.Gate, r.Trigger, r.Message)))
	}
	for i := range one.Added {
		row("+", one.Added[i].Action, &one.Added[i])
	}
	for i := range one.Removed {
		row("-", one.Removed[i].Action, &one.Removed[i])
	}
	for i := range one.RowDiff.Changed {
		c := &one.RowDiff.Changed[i]
		row("~", arrow(c.Before.Action, c.After.Action), &c.After)
	}
	if one.More > 0 {
		fmt.Fprintf(a.out, "  and %s more\n", report.Count(one.More, "row", "rows"))
	}
	if r := one.After.FinalReason; r != one.Before.FinalReason {
		fmt.Fprintln(a.out, terminal.Escape("  reason: "+arrow(one.Before.FinalReason, r)))
	}
	for _, p := range one.Problems {
		fmt.Fprintln(a.out, terminal.Escape("  problem: "+p.Type+": "+p.Details))
	}
}

func (a *app) showSimulation(s *client.SimulationSummary) {
	if s.Changed > 0 || s.RowsChanged > 0 {
		fmt.Fprintln(a.out)
	}
	g := grid{header: []string{"gate", "trigger", "came", "went", "changed"}}
	for _, t := range s.Triggers {
		g.rows = append(g.rows, []string{t.Gate, t.Trigger, fmt.Sprint(t.Added), fmt.Sprint(t.Removed), fmt.Sprint(t.Changed)})
	}
	a.grid(g)
	if len(g.rows) > 0 {
		fmt.Fprintln(a.out)
	}
	var moves []string
	for _, t := range s.Transitions {
		moves = append(moves, fmt.Sprintf("%s: %d", arrow(t.Before, t.After), t.Count))
	}
	failed, unknown := "", ""
	if s.Failed > 0 {
		failed = report.Count(s.Failed, "image", "images") + " could not be evaluated"
	}
	if s.Unknown > 0 {
		unknown = report.Count(s.Unknown, "image was", "images were") + " not analysed here then"
	}
	rate := ""
	if s.Seconds > 0 {
		rate = fmt.Sprintf("%.1f s, %.0f images/s", s.Seconds, float64(s.Images)/s.Seconds)
	}
	if s.Images+s.Unknown == 0 {
		fmt.Fprintln(a.err, "the inventory has no such images: nothing was evaluated")
	}
	a.facts("Images", fmt.Sprintf("%d, %s", s.Images, report.Count(s.Verdicts, "verdict", "verdicts")), "Changed", fmt.Sprintf("%s, %d with other rows", report.Count(s.Changed, "verdict", "verdicts"), s.RowsChanged),
		"Verdicts", strings.Join(moves, ", "), "Failed", failed, "Not known", unknown, "Against", s.PolicyID, "As of", when(s.AsOf), "Took", rate)
}
