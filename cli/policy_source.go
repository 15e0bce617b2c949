package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"landwaiter.dev/client"
	"landwaiter.dev/internal/yamldoc"
	"landwaiter.dev/policy"
)

// builtin begins the names of bundles that come with the program.
const builtin = "builtin:"

// readBundle reads the source of a bundle, JSON or YAML: a file, standard input for "-", or a bundle that comes with the
// program for builtin:NAME.
func (a *app) readBundle(name string) ([]byte, error) {
	if short, ok := strings.CutPrefix(name, builtin); ok {
		b, found := policy.ShippedByName(short)
		if !found {
			return nil, &Exit{ExitNotFound, fmt.Errorf("there is no bundle %s; there are %s%s", name, builtin, strings.Join(policy.ShippedNames(), ", "+builtin))}
		}
		return b.Source, nil
	}
	return a.readFile(name)
}

// readFile reads a file, or standard input for "-". A named pipe, at which one may wait for ever, is refused; those that a
// shell makes for <(command) are not.
func (a *app) readFile(name string) ([]byte, error) {
	if name != "-" {
		if info, err := os.Stat(name); err == nil && info.Mode()&fs.ModeNamedPipe != 0 && !ofShell(name) {
			return nil, fmt.Errorf("cannot read %s: it is a named pipe; give - and redirect standard input", name)
		}
		return readBounded(name, maxPolicy)
	}
	data, err := io.ReadAll(io.LimitReader(a.in, maxPolicy+1))
	if err == nil && len(data) > maxPolicy {
		err = fmt.Errorf("standard input is larger than %d MiB", maxPolicy>>20)
	}
	return data, err
}

// ofShell says whether a name is of an open file: /dev/stdin, /dev/fd/63, /proc/self/fd/11.
func ofShell(name string) bool {
	name = filepath.ToSlash(filepath.Clean(name))
	return strings.HasPrefix(name, "/dev/") || strings.HasPrefix(name, "/proc/")
}

// bundleOf reads the source of a bundle that is a file, one that comes with the program, or one of a server, by its id or
// id@version.
func (a *app) bundleOf(c *cobra.Command, name string) ([]byte, error) {
	if name == "-" || strings.HasPrefix(name, builtin) {
		return a.readBundle(name)
	}
	_, err := os.Stat(name)
	if err == nil || !errors.Is(err, fs.ErrNotExist) || slices.Contains([]string{".json", ".yaml", ".yml"}, filepath.Ext(name)) {
		return a.readBundle(name)
	}
	s, err := a.client()
	if err != nil {
		return nil, err
	}
	v, err := versionOf(c, s, name)
	var refusal *client.Error
	if errors.As(err, &refusal) && refusal.Status == 404 {
		return nil, &Exit{ExitNotFound, fmt.Errorf("%s is neither a file nor a policy of the server: %w", name, err)}
	}
	return v.Bundle, err
}

// versionOf asks a server for a policy by id, or for an old version of it by id@version. Ids may hold an @ themselves.
func versionOf(c *cobra.Command, s *client.Client, name string) (client.PolicyVersion, error) {
	p, err := s.Policy(c.Context(), name)
	if err == nil {
		return client.PolicyVersion{ID: p.ID, Bundle: p.Bundle}, nil
	}
	if i := strings.LastIndex(name, "@"); i > 0 {
		return s.PolicyVersion(c.Context(), name[:i], name[i+1:])
	}
	return client.PolicyVersion{}, err
}

// convert is landwaiter policy convert.
func (a *app) policyConvert() *cobra.Command {
	var form string
	c := &cobra.Command{
		Use: "convert FILE", Short: "Write a policy bundle as YAML or JSON; no server is asked", Args: cobra.ExactArgs(1),
		Long: `Writes a policy bundle as YAML or JSON to standard output. FILE is JSON or YAML, - for standard input, or builtin:NAME.
Comments of a YAML file are not part of the bundle and are lost.`,
		RunE: func(c *cobra.Command, args []string) error {
			source, err := a.readBundle(args[0])
			if err != nil {
				return err
			}
			document, err := policy.JSONOf(source)
			if err != nil {
				return err
			}
			var out []byte
			switch form {
			case "yaml":
				out, err = yamldoc.YAML(document)
			case "json":
				out, err = indented(document)
			default:
				return usage(c, fmt.Errorf("there is no form %q; use yaml or json", form))
			}
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			_, err = a.out.Write(out)
			return err
		},
	}
	c.Flags().StringVarP(&form, "output", "o", "yaml", "yaml or json")
	return c
}

// policyBundles is landwaiter policy bundles.
func (a *app) policyBundles() *cobra.Command {
	c := &cobra.Command{
		Use: "bundles [NAME]", Short: "List the bundles that come with the program, or print one; no server is asked", Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				source, err := a.readBundle(builtin + strings.TrimPrefix(args[0], builtin))
				if err == nil {
					_, err = a.out.Write(source)
				}
				return err
			}
			list := policy.Shipped()
			return a.show(list, func() {
				g := grid{header: []string{"name", "id", "description"}}
				for _, b := range list {
					g.rows = append(g.rows, []string{builtin + b.Name, b.ID, b.Description})
				}
				a.grid(g)
			})
		},
	}
	return a.asJSON(c)
}

// indented is a JSON document, two blanks a level, with a line end.
func indented(document []byte) ([]byte, error) {
	var out bytes.Buffer
	if err := json.Indent(&out, bytes.TrimSpace(document), "", "  "); err != nil {
		return nil, fmt.Errorf("it is not valid JSON: %w", err)
	}
	return append(out.Bytes(), '\n'), nil
}
