package cli

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"landwaiter.dev/client"
	"landwaiter.dev/policy"
)

func (a *app) policyDescribe() *cobra.Command {
	var gate, trigger string
	var all, server bool
	c := a.asks(&cobra.Command{Use: "describe", Short: "Explain the gates, triggers and parameters that policies may use", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		if trigger != "" && gate == "" {
			return usage(c, fmt.Errorf("--trigger needs --gate"))
		}
		gates, err := a.gates(c, server)
		if err != nil {
			return err
		}
		if gate == "" {
			return a.show(gates, func() { a.showGates(gates, all) })
		}
		i := slices.IndexFunc(gates, func(g client.Gate) bool { return strings.EqualFold(g.Name, gate) })
		if i < 0 {
			return &Exit{ExitNotFound, fmt.Errorf("there is no gate %q; landwaiter policy describe lists them", gate)}
		}
		if trigger == "" {
			return a.show(gates[i], func() { a.showTriggers(gates[i].Triggers, all) })
		}
		j := slices.IndexFunc(gates[i].Triggers, func(t client.Trigger) bool { return strings.EqualFold(t.Name, trigger) })
		if j < 0 {
			return &Exit{ExitNotFound, fmt.Errorf("gate %q has no trigger %q; landwaiter policy describe --gate %s lists them", gate, trigger, gate)}
		}
		return a.show(gates[i].Triggers[j], func() { a.showParameters(gates[i].Triggers[j].Parameters, all) })
	}})
	c.Flags().StringVar(&gate, "gate", "", "its triggers")
	c.Flags().StringVar(&trigger, "trigger", "", "with --gate: its parameters")
	c.Flags().BoolVar(&all, "all", false, "also what is no longer in force")
	c.Flags().BoolVar(&server, "server", false, "what the server knows, which may be of another version than this program")
	return c
}

// gates are those of this program, or of a server.
func (a *app) gates(c *cobra.Command, server bool) ([]client.Gate, error) {
	if server {
		s, err := a.client()
		if err != nil {
			return nil, err
		}
		return s.Gates(c.Context())
	}
	raw, err := json.Marshal(policy.Spec())
	if err != nil {
		return nil, err
	}
	var list []client.Gate
	return list, json.Unmarshal(raw, &list)
}

func inForce(state string) bool { return state == "" || state == "active" }

func (a *app) showGates(gates []client.Gate, all bool) {
	g := grid{header: []string{"gate", "description", "state", "instead"}}
	for _, one := range gates {
		if all || inForce(one.State) {
			g.rows = append(g.rows, []string{one.Name, one.Description, one.State, one.Superseded})
		}
	}
	a.grid(g)
}

func (a *app) showTriggers(triggers []client.Trigger, all bool) {
	g := grid{header: []string{"trigger", "description", "parameters"}, empty: "no triggers"}
	for _, t := range triggers {
		if !all && !inForce(t.State) {
			continue
		}
		var names []string
		for _, p := range t.Parameters {
			names = append(names, p.Name)
		}
		g.rows = append(g.rows, []string{t.Name, t.Description, strings.Join(names, ", ")})
	}
	a.grid(g)
}

func (a *app) showParameters(parameters []client.Parameter, all bool) {
	g := grid{header: []string{"parameter", "required", "example", "description"}, empty: "no parameters"}
	for _, p := range parameters {
		if all || inForce(p.State) {
			description := p.Description
			if len(p.KnownValues) > 0 {
				description += " Known: " + strings.Join(p.KnownValues, ", ") + "."
			}
			g.rows = append(g.rows, []string{p.Name, yesNo(p.Required), cell(p.Example), description})
		}
	}
	a.grid(g)
}
