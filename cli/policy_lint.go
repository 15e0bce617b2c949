package cli

import (
	"fmt"
	"os"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"landwaiter.dev/analysis/secret"
	"landwaiter.dev/internal/terminal"
	"landwaiter.dev/policy"
	"landwaiter.dev/policy/gate"
	"landwaiter.dev/report"
)

// linted is what lint says of one file.
type linted struct {
	File     string           `json:"file"`
	Valid    bool             `json:"valid"`
	Problems []policy.Problem `json:"problems"`
}

// policyLint is landwaiter policy lint.
func (a *app) policyLint() *cobra.Command {
	var strict bool
	c := &cobra.Command{
		Use: "lint FILE…", Short: "Say what is wrong with policy bundles; no server is asked", Args: cobra.MinimumNArgs(1),
		Long: `Says what is wrong with policy bundles: errors, for which a server would refuse them, and warnings about what is allowed and
yet does nothing, or not what it seems to. FILE is JSON or YAML, - for standard input, or builtin:NAME.

Exit codes: 0 all are valid, 1 one is not (with --strict, also when there are warnings), 2 could not do it.`,
		RunE: func(c *cobra.Command, args []string) error {
			names, err := namesOf(c.Flags())
			if err != nil {
				return err
			}
			var list []linted
			failed := false
			for _, name := range args {
				source, err := a.readBundle(name)
				if err != nil {
					return err
				}
				l := linted{File: name, Valid: true, Problems: policy.Lint(source, time.Now(), names)}
				for _, p := range l.Problems {
					l.Valid = l.Valid && p.Severity != "error"
				}
				failed = failed || !l.Valid || strict && len(l.Problems) > 0
				if l.Problems == nil {
					l.Problems = []policy.Problem{}
				}
				list = append(list, l)
			}
			if err := a.show(list, func() { a.showLint(list) }); err != nil {
				return err
			}
			if failed {
				return &Exit{Code: ExitStop}
			}
			return nil
		},
	}
	c.Flags().BoolVar(&strict, "strict", false, "warnings fail, too")
	c.Flags().String("config", "", "settings file of the installation whose rules for secrets and signers rules may name")
	return a.asJSON(c)
}

// namesOf are the names that rules may use: those that come with the program and, where a settings file is given, those in it.
func namesOf(flags *pflag.FlagSet) (*gate.Names, error) {
	n := &gate.Names{SecretRules: secret.Names()}
	if f := flags.Lookup("config"); f == nil || f.Value.String() == "" {
		return n, nil
	}
	settings, err := Load(flags, os.Environ())
	if err != nil {
		return nil, err
	}
	n.Settings = true
	for _, r := range settings.Analysis.SecretRules {
		n.SecretRules = append(n.SecretRules, r.Name)
	}
	for _, k := range settings.Signers {
		n.Trust = append(n.Trust, k.Name)
	}
	return n, nil
}

// showLint writes a line for each problem as compilers do, so that editors find the place, and its hint below.
func (a *app) showLint(list []linted) {
	for _, l := range list {
		for i := range l.Problems {
			p := &l.Problems[i]
			where := l.File
			if p.Line > 0 {
				where = fmt.Sprintf("%s:%d:%d", l.File, p.Line, p.Column)
			}
			what := p.Brief()
			if p.Path != "" {
				what = p.Path + ": " + what
			}
			colour, word := text.Colors{text.FgRed}, "error"
			if p.Severity != "error" {
				colour, word = text.Colors{text.FgYellow}, "warning"
			}
			if a.colours() {
				word = colour.Sprint(word)
			}
			fmt.Fprintf(a.out, "%s: %s: %s\n", terminal.Escape(where), word, terminal.Escape(what))
			if p.Hint != "" {
				fmt.Fprintf(a.out, "    %s\n", terminal.Escape(p.Hint))
			}
		}
	}
	for _, l := range list {
		errors, warnings := 0, 0
		for _, p := range l.Problems {
			if p.Severity == "error" {
				errors++
			} else {
				warnings++
			}
		}
		word := "valid"
		if !l.Valid {
			word = "not valid"
		}
		if errors+warnings > 0 {
			word += ": " + report.Count(errors, "error", "errors") + ", " + report.Count(warnings, "warning", "warnings")
		}
		a.say("%s is %s", l.File, word)
	}
}
