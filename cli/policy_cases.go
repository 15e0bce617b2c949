package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/junit"
	"landwaiter.dev/internal/terminal"
	"landwaiter.dev/internal/yamldoc"
	"landwaiter.dev/policy"
	"landwaiter.dev/policy/cases"
	"landwaiter.dev/report"
)

// maxFixture bounds a result that a case names.
const maxFixture = 256 << 20

// caseNames end the names of files that are cases.
var caseNames = []string{".case.yaml", ".case.yml", ".case.json"}

// tested is what became of one case.
type tested struct {
	File   string `json:"file"`
	Name   string `json:"name"`
	Passed bool   `json:"passed"`
	// Error says why the case could not be judged.
	Error string `json:"error,omitempty"`
	*cases.Outcome
	spent time.Duration
}

// policyTest is landwaiter policy test.
func (a *app) policyTest() *cobra.Command {
	t := &caseRunner{app: a, fixtures: map[string]*cases.Fixture{}, options: &localOptions{output: "table", quiet: true}}
	var update bool
	var junitFile string
	c := &cobra.Command{
		Use: "test DIR…", Short: "Test policies: evaluate cases and compare the verdicts with what they expect; no server is asked", Args: cobra.MinimumNArgs(1),
		Long: `Runs every case below DIR: the files whose names end in ` + strings.Join(caseNames, ", ") + `. A file may be named, too.
A case says which image is judged by which bundle, at which moment, and what the verdict must be:

  image: web.json                # landwaiter scan -o json IMAGE > web.json; or an image, as analyze takes it, for its files
  bundle: ../policy.yaml         # or builtin:NAME
  at: 2026-01-31T12:00:00Z
  expect:
    action: stop
    only: true                   # these rows and no others
    rows:
      - {gate: vulnerabilities, trigger_id: CVE-2026-1000+openssl, action: stop}

An image is analysed and not matched: where rules look at vulnerabilities, findings: web.json goes with it.
docs/policies.md says what else a case may hold.

Exit codes: 0 all passed, 1 one failed, 2 could not do it.`,
		RunE: func(c *cobra.Command, args []string) error {
			t.command = c
			files, err := findCases(args)
			if err != nil {
				return err
			}
			defer t.done()
			list := make([]tested, 0, len(files))
			updated := 0
			for _, f := range files {
				one := t.run(f)
				if update && one.Error == "" && !one.Passed {
					written, err := t.update(&one)
					if err != nil {
						return err
					}
					if written {
						updated++
					}
				}
				list = append(list, one)
			}
			if junitFile != "" {
				if err := writeJUnit(junitFile, list); err != nil {
					return err
				}
			}
			if err := a.show(list, func() { a.showTested(list, updated) }); err != nil {
				return err
			}
			if slices.ContainsFunc(list, func(o tested) bool { return !o.Passed }) {
				return &Exit{Code: ExitStop}
			}
			return nil
		},
	}
	f := c.Flags()
	f.BoolVar(&update, "update", false, "write what the verdicts are into the cases that fail")
	f.StringVar(&junitFile, "junit", "", "also write the results to this file, as JUnit's XML")
	f.StringVar(&t.bundle, "bundle", "", "bundle to judge by, in place of those that the cases name")
	AddFlags(f, true)
	return a.asJSON(c)
}

// findCases lists the cases below directories, and files that are named themselves.
func findCases(args []string) ([]string, error) {
	var files []string
	for _, arg := range args {
		info, err := os.Stat(arg)
		if err != nil {
			return nil, unreadable(arg, err)
		}
		if !info.IsDir() {
			files = append(files, arg)
			continue
		}
		before := len(files)
		err = filepath.WalkDir(arg, func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && slices.ContainsFunc(caseNames, func(end string) bool { return strings.HasSuffix(path, end) }) {
				files = append(files, path)
			}
			return err
		})
		if err != nil {
			return nil, unreadable(arg, err)
		}
		if len(files) == before {
			return nil, fmt.Errorf("there is no case in %s: their names end in %s", arg, strings.Join(caseNames, ", "))
		}
	}
	return files, nil
}

// caseRunner runs cases; an image that several name is read once.
type caseRunner struct {
	app      *app
	command  *cobra.Command
	options  *localOptions
	bundle   string
	fixtures map[string]*cases.Fixture
	local    *localRun
}

func (t *caseRunner) done() {
	if t.local != nil {
		t.local.done()
	}
}

func (t *caseRunner) run(file string) tested {
	begin := time.Now()
	one := tested{File: file, Name: strings.TrimSuffix(strings.TrimSuffix(filepath.Base(file), filepath.Ext(file)), ".case")}
	outcome, name, err := t.judge(file)
	one.Outcome, one.Name, one.spent = outcome, orWord(name, one.Name), time.Since(begin)
	if err != nil {
		one.Error = err.Error()
		return one
	}
	one.Passed = outcome.Passed()
	return one
}

func (t *caseRunner) judge(file string) (*cases.Outcome, string, error) {
	source, err := readRegular(file, cases.MaxCase)
	if err != nil {
		return nil, "", err
	}
	c, err := cases.Parse(source)
	if err != nil {
		return nil, "", err
	}
	beside := func(name string) string {
		if filepath.IsAbs(name) {
			return name
		}
		return filepath.Join(filepath.Dir(file), name)
	}
	in := cases.Inputs{}
	if in.Bundle, err = t.readPolicy(c, beside); err != nil {
		return nil, c.Name, err
	}
	if in.Fixture, err = t.fixture(c.Image, beside); err != nil {
		return nil, c.Name, fmt.Errorf("image %s: %w", c.Image, err)
	}
	if c.Dockerfile != "" {
		text, err := readRegular(beside(c.Dockerfile), cases.MaxCase)
		if err != nil {
			return nil, c.Name, err
		}
		in.Dockerfile = string(text)
	}
	if name, named := c.FindingsFile(); named {
		if in.Findings, err = readRegular(beside(name), maxFixture); err != nil {
			return nil, c.Name, err
		}
	}
	o, err := c.Run(t.command.Context(), in)
	return o, c.Name, err
}

func (t *caseRunner) readPolicy(c *cases.Case, beside func(string) string) (*policy.Bundle, error) {
	name, read := t.bundle, t.app.readBundle
	switch {
	case name != "":
	case c.Bundle == "":
		return nil, errors.New("it names no bundle; write bundle: FILE, or give --bundle")
	case strings.HasPrefix(c.Bundle, builtin):
		name = c.Bundle
	default:
		name, read = beside(c.Bundle), func(name string) ([]byte, error) { return readRegular(name, maxPolicy) }
	}
	source, err := read(name)
	if err != nil {
		return nil, err
	}
	b, err := policy.Parse(source)
	if err != nil {
		return nil, fmt.Errorf("bundle %s: %w", name, err)
	}
	return b, nil
}

// fixture reads a result of analyze or scan, or else the image itself.
func (t *caseRunner) fixture(name string, beside func(string) string) (*cases.Fixture, error) {
	path := beside(name)
	if f := t.fixtures[path]; f != nil {
		return f, nil
	}
	info, err := os.Stat(path)
	switch {
	case err == nil && info.Mode().IsRegular():
		document, err := readBounded(path, maxFixture)
		if err != nil {
			return nil, err
		}
		if yamldoc.IsJSON(document) {
			f, err := cases.ParseFixture(document)
			if err == nil {
				t.fixtures[path] = f
			}
			return f, err
		}
		name = path
	case err == nil && !info.IsDir():
		return nil, errors.New("it is neither a regular file nor a directory")
	case err == nil:
		name = path
	case strings.HasSuffix(name, ".json"):
		return nil, unreadable(path, err)
	default:
		name = besideIn(name, beside)
	}
	f, err := t.read(name)
	if err == nil {
		t.fixtures[path] = f
	}
	return f, err
}

// besideIn resolves the path in a name like oci-dir:PATH[:TAG]; what has none stays as it is.
func besideIn(name string, beside func(string) string) string {
	kind, rest, _ := strings.Cut(name, ":")
	path, tag := rest, ""
	if i := strings.LastIndex(rest, ":"); i > 0 {
		path, tag = rest[:i], rest[i:]
	}
	for _, try := range [][2]string{{rest, ""}, {path, tag}} {
		if _, err := os.Stat(beside(try[0])); try[0] != "" && err == nil {
			return kind + ":" + beside(try[0]) + try[1]
		}
	}
	return name
}

// read analyses an image as landwaiter analyze does. No advisory data is asked: findings are what a case says.
func (t *caseRunner) read(name string) (*cases.Fixture, error) {
	if t.local == nil {
		run, err := t.app.startLocal(t.command, t.options)
		if err != nil {
			return nil, err
		}
		t.local = run
	}
	result, err := t.local.analyze(t.command, name)
	if err != nil {
		return nil, err
	}
	if err := t.local.verified(); err != nil {
		return nil, err
	}
	ctx, local, analysis := t.command.Context(), t.local.local, result.Analysis
	return &cases.Fixture{
		Analysis: analysis, Reference: result.Reference, Gaps: result.Gaps, Base: result.Base,
		Files: func() ([]image.File, error) { return local.Files(ctx, analysis) },
	}, nil
}

// update writes what the verdict is into the file, and runs the case again. A case that is refused says why, and stays failed.
func (t *caseRunner) update(one *tested) (written bool, err error) {
	source, err := readBounded(one.File, cases.MaxCase)
	if err != nil {
		return false, err
	}
	text, err := cases.Update(source, one.Outcome)
	if err != nil {
		one.Differences = append(one.Differences, cases.Difference{Sign: "!", Text: err.Error()})
		return false, nil
	}
	if bytes.Equal(text, source) {
		return false, nil
	}
	if err := os.WriteFile(one.File, text, 0o644); err != nil {
		return false, err
	}
	*one = t.run(one.File)
	return true, nil
}

func (a *app) showTested(list []tested, updated int) {
	colour := func(c text.Color, s string) string {
		if a.colours() {
			return c.Sprint(s)
		}
		return s
	}
	failed := 0
	for _, one := range list {
		word, said := colour(text.FgGreen, "pass"), ""
		if one.Outcome != nil {
			said = "  " + one.Action
		}
		if !one.Passed {
			failed++
			word = colour(text.FgRed, "FAIL")
		}
		fmt.Fprintf(a.out, "%s  %s%s\n", word, terminal.Escape(one.Name), said)
		if one.Passed {
			continue
		}
		fmt.Fprintf(a.out, "      %s\n", terminal.Escape(one.File))
		if one.Error != "" {
			fmt.Fprintf(a.out, "    ! %s\n", terminal.Escape(one.Error))
			continue
		}
		for _, d := range one.Differences {
			c := map[string]text.Color{"+": text.FgGreen, "-": text.FgRed}[d.Sign]
			if c == 0 {
				c = text.FgYellow
			}
			fmt.Fprintf(a.out, "    %s\n", colour(c, d.Sign+" "+terminal.Escape(d.Text)))
		}
	}
	fmt.Fprintln(a.out)
	said := fmt.Sprintf("%s, %d failed", report.Count(len(list), "case", "cases"), failed)
	if updated > 0 {
		said += fmt.Sprintf(", %d updated", updated)
	}
	a.say("%s", said)
}

// writeJUnit writes one suite for each directory.
func writeJUnit(name string, list []tested) error {
	var suites []junit.Suite
	for _, one := range list {
		dir := filepath.ToSlash(filepath.Dir(one.File))
		if len(suites) == 0 || suites[len(suites)-1].Name != dir {
			suites = append(suites, junit.Suite{Name: dir})
		}
		c := junit.Case{Class: dir, Name: one.Name, File: filepath.ToSlash(one.File), Seconds: one.spent.Seconds()}
		switch {
		case one.Error != "":
			c.Error = &junit.Message{Kind: "error", Text: one.Error}
		case !one.Passed:
			var lines strings.Builder
			for _, d := range one.Differences {
				lines.WriteString(d.Sign + " " + d.Text + "\n")
			}
			c.Failure = &junit.Message{Kind: "verdict", Text: report.Count(len(one.Differences), "difference", "differences"), Detail: lines.String()}
		}
		suites[len(suites)-1].Cases = append(suites[len(suites)-1].Cases, c)
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(junit.Write(f, "landwaiter policy test", suites...), f.Close())
}
