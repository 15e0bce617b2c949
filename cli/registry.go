package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"landwaiter.dev/client"
	"landwaiter.dev/internal/terminal"
)

func (a *app) registryCommand() *cobra.Command {
	return group("registry", "Keep credentials for registries on a server",
		a.registryPut("add", "Store credentials for a registry"), a.registryPut("update", "Change the credentials for a registry"),
		a.registryList(), a.registryGet(), a.registryDelete())
}

func (a *app) registryPut(word, short string) *cobra.Command {
	var p client.PutRegistry
	var stdin bool
	c := a.ask(word+" REGISTRY USER", short, cobra.ExactArgs(2), func(c *cobra.Command, s *client.Client, args []string) error {
		p.Registry, p.User = args[0], args[1]
		var err error
		if p.Password, err = a.registryPassword(stdin, p.Registry); err != nil {
			return err
		}
		put := s.AddRegistry
		if word == "update" {
			put = s.UpdateRegistry
		}
		r, err := put(c.Context(), p)
		if err != nil {
			return err
		}
		return a.showRegistry(&r)
	})
	c.Long = short + `.

REGISTRY is host[:port], with a path and a final * where credentials are for a part of it: registry.example:5000/team/*.
The password comes from LANDWAITER_REGISTRY_PASSWORD, from standard input with --password-stdin, or from a prompt; never
from the command line, which others can see.`
	f := c.Flags()
	f.BoolVar(&stdin, "password-stdin", false, "read the password from standard input, one line")
	f.StringVar(&p.Name, "name", "", "name to show (default: REGISTRY)")
	f.StringVar(&p.Type, "type", "", "docker_v2 or awsecr (default docker_v2)")
	f.BoolVar(&p.Insecure, "insecure", false, "do not check the TLS certificate")
	f.BoolVar(&p.SkipValidate, "skip-validate", false, "store without logging in first")
	return c
}

func (a *app) registryPassword(stdin bool, registry string) (string, error) {
	if stdin {
		line, err := bufio.NewReader(io.LimitReader(a.in, 64<<10)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("password from standard input: %w", err)
		}
		if line = strings.TrimRight(line, "\r\n"); line == "" {
			return "", errors.New("standard input holds no password")
		}
		return line, nil
	}
	if p := a.getenv("LANDWAITER_REGISTRY_PASSWORD"); p != "" {
		return p, nil
	}
	if terminal.Is(a.in) {
		return terminal.ReadPassword(a.in, a.err, "Password for "+terminal.Escape(registry)+": ")
	}
	return "", errors.New("no password: give --password-stdin or set LANDWAITER_REGISTRY_PASSWORD")
}

func (a *app) showRegistry(r *client.Registry) error {
	return a.show(r, func() {
		a.facts("Registry", r.Registry, "Name", r.Name, "User", r.User, "Type", r.Type, "Check TLS", yesNo(r.Verify), "Created", when(r.CreatedAt), "Updated", when(r.UpdatedAt))
	})
}

func (a *app) registryList() *cobra.Command {
	return a.ask("list", "List stored credentials, without passwords", cobra.NoArgs, func(c *cobra.Command, s *client.Client, _ []string) error {
		list, err := s.Registries(c.Context())
		if err != nil {
			return err
		}
		return a.show(orEmpty(list), func() {
			g := grid{header: []string{"registry", "name", "type", "user"}, empty: "no registries"}
			for _, r := range list {
				g.rows = append(g.rows, []string{r.Registry, r.Name, r.Type, r.User})
			}
			a.grid(g)
		})
	})
}

func (a *app) registryGet() *cobra.Command {
	return a.ask("get REGISTRY", "Show stored credentials, without the password", cobra.ExactArgs(1), func(c *cobra.Command, s *client.Client, args []string) error {
		r, err := s.Registry(c.Context(), args[0])
		if err != nil {
			return err
		}
		return a.showRegistry(&r)
	})
}

func (a *app) registryDelete() *cobra.Command {
	c := a.ask("del REGISTRY", "Delete stored credentials", cobra.ExactArgs(1), func(c *cobra.Command, s *client.Client, args []string) error {
		if _, err := s.Registry(c.Context(), args[0]); err != nil { // deleting what is not there succeeds on the server
			return err
		}
		if err := s.DeleteRegistry(c.Context(), args[0]); err != nil {
			return err
		}
		return a.show(map[string]string{"deleted": args[0]}, func() { a.say("the credentials for %s are deleted", args[0]) })
	})
	c.Aliases = []string{"delete"}
	return c
}
