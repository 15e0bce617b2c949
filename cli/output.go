package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"landwaiter.dev/internal/terminal"
)

// asJSON adds -o to a command: table or json, and more forms where it has some.
func (a *app) asJSON(c *cobra.Command, more ...string) *cobra.Command {
	forms, help := append([]string{"table", "json"}, more...), "table, or json for programs"
	if len(more) > 0 {
		help += "; or " + strings.Join(more, ", ")
	}
	c.Flags().StringVarP(&a.output, "output", "o", "table", help)
	_ = c.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(forms, cobra.ShellCompDirectiveNoFileComp))
	run := c.RunE
	c.RunE = func(c *cobra.Command, args []string) error {
		if !slices.Contains(forms, a.output) {
			bad := a.output
			a.output = "table"
			return usage(c, fmt.Errorf("there is no output %q; use %s or %s", bad, strings.Join(forms[:len(forms)-1], ", "), forms[len(forms)-1]))
		}
		return run(c, args)
	}
	return c
}

// show prints v as JSON when that was asked for, else what people print.
func (a *app) show(v any, people func()) error {
	if a.output != "json" {
		people()
		return nil
	}
	enc := json.NewEncoder(a.out)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// say prints one line for people; nothing when JSON was asked for.
func (a *app) say(format string, args ...any) {
	if a.output != "json" {
		fmt.Fprintln(a.out, terminal.Escape(fmt.Sprintf(format, args...)))
	}
}

// grid prints rows in columns, without borders, no wider than the terminal. Every cell is foreign text.
type grid struct {
	header []string
	rows   [][]string
	// colour gives the colour of a row by its cells; nil leaves them plain.
	colour func(row []string) text.Colors
	empty  string // said when there are no rows
}

func (a *app) grid(g grid) {
	if len(g.rows) == 0 {
		if g.empty != "" {
			fmt.Fprintln(a.err, g.empty)
		}
		return
	}
	w := table.NewWriter()
	style := table.StyleDefault
	style.Options = table.OptionsNoBordersAndSeparators
	style.Box.PaddingLeft, style.Box.PaddingRight = "", "  "
	style.Format.Header = text.FormatUpper
	w.SetStyle(style)
	w.SuppressTrailingSpaces()
	w.AppendHeader(cells(g.header))
	for _, row := range g.rows {
		escaped := make([]string, len(row))
		for i, cell := range row {
			escaped[i] = terminal.Escape(cell)
		}
		if g.colour != nil && a.colours() {
			if c := g.colour(row); len(c) > 0 {
				for i := range escaped {
					escaped[i] = c.Sprint(escaped[i])
				}
			}
		}
		w.AppendRow(cells(escaped))
	}
	if width := terminal.Width(a.out); width > 0 {
		w.SetColumnConfigs(fit(g, width))
	}
	fmt.Fprintln(a.out, w.Render())
}

// fit narrows the widest columns until the table fits; narrowed cells go on on the next line.
func fit(g grid, width int) []table.ColumnConfig {
	widths := make([]int, len(g.header))
	for _, row := range append([][]string{g.header}, g.rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], len([]rune(terminal.Escape(cell))))
		}
	}
	const gap, least = 2, 8
	for total(widths)+gap*len(widths) > width {
		widest := 0
		for i := range widths {
			if widths[i] > widths[widest] {
				widest = i
			}
		}
		if widths[widest] <= least {
			break
		}
		widths[widest]--
	}
	configs := make([]table.ColumnConfig, len(widths))
	for i, w := range widths {
		configs[i] = table.ColumnConfig{Number: i + 1, WidthMax: w, WidthMaxEnforcer: text.WrapText}
	}
	return configs
}

func total(list []int) (n int) {
	for _, v := range list {
		n += v
	}
	return n
}

func cells(list []string) table.Row {
	row := make(table.Row, len(list))
	for i, s := range list {
		row[i] = s
	}
	return row
}

// colours says whether standard output shows them.
func (a *app) colours() bool {
	return terminal.Is(a.out) && a.getenv("NO_COLOR") == "" && a.getenv("TERM") != "dumb" && os.Getenv("CI") == ""
}

// facts prints names and values in two columns; empty values are left out.
func (a *app) facts(pairs ...string) {
	width := 0
	for i := 0; i < len(pairs); i += 2 {
		width = max(width, len(pairs[i]))
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			fmt.Fprintf(a.out, "%-*s  %s\n", width+1, pairs[i]+":", terminal.Escape(pairs[i+1]))
		}
	}
}

func when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// dropEmpty removes a column that no row has a text in.
func (g *grid) dropEmpty(column int) {
	if slices.ContainsFunc(g.rows, func(row []string) bool { return row[column] != "" }) {
		return
	}
	g.header = slices.Delete(g.header, column, column+1)
	for i := range g.rows {
		g.rows[i] = slices.Delete(g.rows[i], column, column+1)
	}
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
