package cli

import (
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"landwaiter.dev/policy"
)

// policyDiff is landwaiter policy diff.
func (a *app) policyDiff() *cobra.Command {
	c := &cobra.Command{
		Use: "diff BEFORE AFTER", Short: "Say how one policy bundle differs from another", Args: cobra.ExactArgs(2),
		Long: `Says which rules, allowlist items, mapping rules and listed images came, went and changed from one policy bundle to another.
Names and comments make no difference.

Each is a file (JSON or YAML), - for standard input, builtin:NAME, or a policy of the server: its id, or id@VERSION, where
VERSION is a number (landwaiter policy versions ID), a digest, or a moment at which it was in force.`,
		RunE: func(c *cobra.Command, args []string) error {
			var sources [2][]byte
			for i, name := range args {
				var err error
				if sources[i], err = a.bundleOf(c, name); err != nil {
					return err
				}
			}
			changes, err := policy.Diff(sources[0], sources[1])
			if err != nil {
				return err
			}
			return a.show(changes, func() { a.showChanges(changes) })
		},
	}
	return a.asks(c)
}

func (a *app) showChanges(changes []policy.Change) {
	signs := map[string]string{policy.Added: "+", policy.Removed: "-", policy.Changed: "~", policy.Moved: "↕"}
	g := grid{header: []string{"", "part", "in", "what", "change"}, empty: "no difference", colour: func(row []string) text.Colors {
		return map[string]text.Colors{"+": {text.FgGreen}, "-": {text.FgRed}, "~": {text.FgYellow}, "↕": {text.FgYellow}}[row[0]]
	}}
	counts := map[string]int{}
	for _, c := range changes {
		counts[c.Kind]++
		g.rows = append(g.rows, []string{signs[c.Kind], c.Part, c.In, c.What, strings.Join(c.Details, "; ")})
	}
	a.grid(g)
	if len(changes) == 0 {
		return
	}
	var parts []string
	for _, kind := range []string{policy.Added, policy.Removed, policy.Changed, policy.Moved} {
		if n := counts[kind]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, kind))
		}
	}
	fmt.Fprintln(a.out)
	a.say("%s", strings.Join(parts, ", "))
}
