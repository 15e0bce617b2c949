package cli

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"landwaiter.dev/client"
	"landwaiter.dev/internal/terminal"
	"landwaiter.dev/internal/yamldoc"
)

func (a *app) policyCommand() *cobra.Command {
	return group("policy", "Write, check and test policies, and keep them on a server",
		a.policyLint(), a.policyTest(), a.policyDescribe(), a.policyDiff(), a.policyConvert(), a.policyBundles(),
		a.policyAdd(), a.policyList(), a.policyGet(), a.policyVersions(), a.policyActivate(), a.policyDelete(), a.policySimulate())
}

func (a *app) policyAdd() *cobra.Command {
	var activate bool
	c := a.ask("add FILE", "Add a policy bundle (JSON or YAML), or a new version of one; - reads standard input", cobra.ExactArgs(1), func(c *cobra.Command, s *client.Client, args []string) error {
		source, err := a.readBundle(args[0])
		if err != nil {
			return err
		}
		add := s.AddPolicyYAML
		if yamldoc.IsJSON(source) {
			if add = s.AddPolicy; !json.Valid(source) {
				return fmt.Errorf("%s is not JSON", args[0])
			}
		}
		p, err := add(c.Context(), source)
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
	c := a.ask("get ID[@VERSION]", "Show a policy, or an old version of it", cobra.ExactArgs(1), func(c *cobra.Command, s *client.Client, args []string) error {
		p, err := s.Policy(c.Context(), args[0])
		if i := strings.LastIndex(args[0], "@"); err != nil && i > 0 {
			v, err := s.PolicyVersion(c.Context(), args[0][:i], args[0][i+1:])
			switch {
			case err != nil:
				return err
			case bundle:
				return a.showBundle(v.ID, v.Bundle)
			}
			return a.show(v, func() {
				a.facts("Policy", v.ID, "Version", strconv.Itoa(v.Version), "Digest", v.Digest, "From", when(v.From), "To", when(v.To))
			})
		}
		switch {
		case err != nil:
			return err
		case bundle:
			return a.showBundle(p.ID, p.Bundle)
		}
		return a.showPolicy(&p)
	})
	c.Flags().BoolVar(&bundle, "bundle", false, "print the bundle itself")
	c.Flags().BoolVar(&bundle, "detail", false, "same as --bundle")
	_ = c.Flags().MarkHidden("detail")
	return c
}

func (a *app) showBundle(id string, bundle []byte) error {
	out, err := indented(bundle)
	if err != nil {
		return fmt.Errorf("bundle of %s: %w", id, err)
	}
	fmt.Fprint(a.out, terminal.EscapeLines(string(out)))
	return nil
}

func (a *app) policyVersions() *cobra.Command {
	return a.ask("versions ID", "List all versions of a policy, the newest first", cobra.ExactArgs(1), func(c *cobra.Command, s *client.Client, args []string) error {
		list, err := s.PolicyVersions(c.Context(), args[0])
		if err != nil {
			return err
		}
		return a.show(list, func() {
			g := grid{header: []string{"version", "from", "to", "digest"}}
			for _, v := range list {
				g.rows = append(g.rows, []string{strconv.Itoa(v.Version), when(v.From), when(v.To), v.Digest})
			}
			a.grid(g)
		})
	})
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
