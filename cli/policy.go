package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"landwaiter.dev/client"
	"landwaiter.dev/internal/terminal"
)

func (a *app) policyCommand() *cobra.Command {
	return group("policy", "Add, look at and activate policies of a server",
		a.policyAdd(), a.policyList(), a.policyGet(), a.policyActivate(), a.policyDelete(), a.policyDescribe(), a.policySimulate())
}

func (a *app) policyAdd() *cobra.Command {
	var activate bool
	c := a.ask("add FILE", "Add a policy bundle, or a new version of one; - reads standard input", cobra.ExactArgs(1), func(c *cobra.Command, s *client.Client, args []string) error {
		bundle, err := a.readFile(args[0])
		if err != nil {
			return err
		}
		if !json.Valid(bundle) {
			return fmt.Errorf("%s is not JSON", args[0])
		}
		p, err := s.AddPolicy(c.Context(), bundle)
		if err != nil {
			return err
		}
		if activate {
			if p, err = s.ActivatePolicy(c.Context(), p.ID); err != nil {
				return err
			}
		}
		return a.showPolicy(&p)
	})
	c.Flags().BoolVar(&activate, "activate", false, "make it the active one")
	return c
}

// readFile reads a file, or standard input for "-".
func (a *app) readFile(name string) ([]byte, error) {
	const most = 16 << 20
	in := a.in
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, most+1))
	if err == nil && len(data) > most {
		err = fmt.Errorf("%s is larger than 16 MiB", name)
	}
	return data, err
}

func (a *app) showPolicy(p *client.Policy) error {
	return a.show(p, func() {
		a.facts("Policy", p.ID, "Name", p.Name, "Active", yesNo(p.Active), "Source", p.Source, "Created", when(p.CreatedAt), "Updated", when(p.UpdatedAt))
	})
}

func (a *app) policyList() *cobra.Command {
	return a.ask("list", "List policies", cobra.NoArgs, func(c *cobra.Command, s *client.Client, _ []string) error {
		list, err := s.Policies(c.Context())
		if err != nil {
			return err
		}
		return a.show(orEmpty(list), func() {
			g := grid{header: []string{"policy", "name", "active", "created", "updated"}, empty: "no policies"}
			slices.SortStableFunc(list, func(x, y client.Policy) int {
				if x.Active != y.Active && x.Active {
					return -1
				} else if x.Active != y.Active {
					return 1
				}
				return strings.Compare(x.ID, y.ID)
			})
			for _, p := range list {
				g.rows = append(g.rows, []string{p.ID, p.Name, yesNo(p.Active), when(p.CreatedAt), when(p.UpdatedAt)})
			}
			a.grid(g)
		})
	})
}

func (a *app) policyGet() *cobra.Command {
	var bundle bool
	c := a.ask("get ID", "Show a policy", cobra.ExactArgs(1), func(c *cobra.Command, s *client.Client, args []string) error {
		p, err := s.Policy(c.Context(), args[0])
		if err != nil {
			return err
		}
		if !bundle {
			return a.showPolicy(&p)
		}
		var out bytes.Buffer
		if err := json.Indent(&out, p.Bundle, "", "  "); err != nil {
			return fmt.Errorf("bundle of %s: %w", p.ID, err)
		}
		fmt.Fprintln(a.out, terminal.EscapeLines(out.String()))
		return nil
	})
	c.Flags().BoolVar(&bundle, "bundle", false, "print the bundle itself")
	c.Flags().BoolVar(&bundle, "detail", false, "same as --bundle")
	_ = c.Flags().MarkHidden("detail")
	return c
}

func (a *app) policyActivate() *cobra.Command {
	return a.ask("activate ID", "Make a policy the active one", cobra.ExactArgs(1), func(c *cobra.Command, s *client.Client, args []string) error {
		p, err := s.ActivatePolicy(c.Context(), args[0])
		if err != nil {
			return err
		}
		return a.show(p, func() { a.say("%s is the active policy", p.ID) })
	})
}

func (a *app) policyDelete() *cobra.Command {
	c := a.ask("del ID", "Delete a policy that is not the active one", cobra.ExactArgs(1), func(c *cobra.Command, s *client.Client, args []string) error {
		if err := s.DeletePolicy(c.Context(), args[0]); err != nil {
			return err
		}
		return a.show(map[string]string{"deleted": args[0]}, func() { a.say("%s is deleted", args[0]) })
	})
	c.Aliases = []string{"delete"}
	return c
}

func (a *app) policyDescribe() *cobra.Command {
	var gate, trigger string
	var all bool
	c := a.ask("describe", "Explain the gates, triggers and parameters that policies may use", cobra.NoArgs, func(c *cobra.Command, s *client.Client, _ []string) error {
		if trigger != "" && gate == "" {
			return usage(c, fmt.Errorf("--trigger needs --gate"))
		}
		gates, err := s.Gates(c.Context())
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
	})
	c.Flags().StringVar(&gate, "gate", "", "its triggers")
	c.Flags().StringVar(&trigger, "trigger", "", "with --gate: its parameters")
	c.Flags().BoolVar(&all, "all", false, "also what is no longer in force")
	return c
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
			g.rows = append(g.rows, []string{p.Name, yesNo(p.Required), cell(p.Example), p.Description})
		}
	}
	a.grid(g)
}
