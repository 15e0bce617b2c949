// Package cli is the program's commands: those that do the work here (scan, analyze, serve) and those that ask a server.
// Results go to standard output, everything else to standard error; exit codes are in one table, [ExitCodes].
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// app is one run of the program.
type app struct {
	in       io.Reader
	out, err io.Writer
	environ  []string
	version  string
	// output is the value of -o.
	output string
	server serverFlags
}

// Main runs the program and gives its exit code. args are without the program's name, environ is as os.Environ has it.
func Main(args []string, in io.Reader, out, err io.Writer, environ []string, version string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	a := &app{in: in, out: out, err: err, environ: environ, version: version}
	root := a.root()
	root.SetArgs(args)
	return a.exit(root.ExecuteContext(ctx))
}

func (a *app) getenv(name string) string { return lookup(a.environ, name) }

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "landwaiter",
		Short: "Inspect container images without running them",
		Long: `Landwaiter says what is in a container image, what is known to be wrong with it, and what your policy says.

Without a server:   landwaiter scan IMAGE
With a server:      landwaiter serve, then landwaiter image add IMAGE --wait, landwaiter check IMAGE

The commands below "Ask a server" reach it by --url, or LANDWAITER_URL (default http://localhost:8228), with the user and
password of LANDWAITER_USER and LANDWAITER_PASS; ANCHORE_CLI_URL, _USER and _PASS are honoured too.
` + exitHelp(),
		SilenceErrors: true, SilenceUsage: true,
		Args: cobra.ArbitraryArgs,
		RunE: helpOrUnknown,
	}
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return usage(c, err) })
	root.AddGroup(&cobra.Group{ID: here, Title: "Do it here:"}, &cobra.Group{ID: remote, Title: "Ask a server:"})
	root.CompletionOptions.HiddenDefaultCmd = false
	root.AddCommand(a.commands()...)
	wrapArgs(root)
	return root
}

// The groups of commands in the help.
const (
	here   = "here"
	remote = "remote"
)

// commands is the list of all commands; a new one is added here.
func (a *app) commands() []*cobra.Command {
	return []*cobra.Command{
		a.scanCommand(),
		a.analyzeCommand(),
		a.serveCommand(),
		a.imageCommand(),
		a.vulnCommand(),
		a.queryCommand(),
		a.checkCommand(),
		a.evaluateCommand(),
		a.evaluationCommand(),
		a.attestCommand(),
		a.verifyCommand(),
		a.policyCommand(),
		a.subscriptionCommand(),
		a.noticeCommand(),
		a.registryCommand(),
		a.vexCommand(),
		a.feedCommand(),
		a.systemCommand(),
		a.versionCommand(),
	}
}

// wrapArgs makes wrong arguments usage errors, and a group without a subcommand one too.
func wrapArgs(c *cobra.Command) {
	for _, sub := range c.Commands() {
		wrapArgs(sub)
		if check := sub.Args; check != nil {
			sub.Args = func(c *cobra.Command, args []string) error {
				if err := check(c, args); err != nil {
					return usage(c, err)
				}
				return nil
			}
		}
		if sub.HasSubCommands() && sub.RunE == nil && sub.Run == nil {
			sub.Args = cobra.ArbitraryArgs
			sub.RunE = helpOrUnknown
		}
	}
}

// helpOrUnknown is what a command does that only holds others.
func helpOrUnknown(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return c.Help()
	}
	unknown := fmt.Sprintf("there is no command %q", args[0])
	if c.SuggestionsMinimumDistance <= 0 {
		c.SuggestionsMinimumDistance = 2
	}
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		unknown += "; did you mean " + strings.Join(near, " or ") + "?"
	}
	return usage(c, errors.New(unknown))
}

// group is a command that only holds others.
func group(use, short string, subs ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, GroupID: remote}
	c.AddCommand(subs...)
	return c
}
