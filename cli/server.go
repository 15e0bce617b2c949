package cli

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"landwaiter.dev/client"
	"landwaiter.dev/internal/terminal"
)

// serverFlags say which server to ask, and as whom.
type serverFlags struct {
	url, user, account string
}

// asks gives a command the flags that name a server, and -o with the forms that it has besides table and json.
func (a *app) asks(c *cobra.Command, forms ...string) *cobra.Command {
	return a.asJSON(a.reaches(c), forms...)
}

// reaches is asks without -o.
func (a *app) reaches(c *cobra.Command) *cobra.Command {
	f := c.Flags()
	f.StringVar(&a.server.url, "url", "", "address of the server, with or without /v1 [LANDWAITER_URL] (default "+client.DefaultURL+")")
	f.StringVar(&a.server.user, "user", "", "user name [LANDWAITER_USER]; the password comes from LANDWAITER_PASS or a prompt")
	f.StringVar(&a.server.account, "account", "", "account to work in, for administrators [LANDWAITER_ACCOUNT]")
	return c
}

// client makes the client that the flags and the environment describe; a flag wins.
func (a *app) client() (*client.Client, error) {
	conf := client.FromEnvironment(a.getenv)
	if a.server.url != "" {
		conf.URL = a.server.url
	}
	if a.server.user != "" && a.server.user != conf.User {
		conf.User, conf.Password = a.server.user, ""
	}
	if a.server.account != "" {
		conf.Account = a.server.account
	}
	if conf.User != "" && conf.Password == "" && conf.APIKey == "" && terminal.Is(a.in) {
		password, err := terminal.ReadPassword(a.in, a.err, "Password of "+conf.User+": ")
		if err != nil {
			return nil, fmt.Errorf("password: %w", err)
		}
		conf.Password = password
	}
	conf.UserAgent = "landwaiter/" + a.version
	return client.New(conf)
}

// ask is a command that asks a server: it makes the client and calls run.
func (a *app) ask(use, short string, args cobra.PositionalArgs, run func(*cobra.Command, *client.Client, []string) error, forms ...string) *cobra.Command {
	return a.asks(&cobra.Command{
		Use: use, Short: short, Args: args,
		RunE: func(c *cobra.Command, args []string) error {
			asked, err := a.client()
			if err != nil {
				return err
			}
			return run(c, asked, args)
		},
	}, forms...)
}

// momentFlags are --as-of and --retrospective.
type momentFlags struct {
	asOf          string
	retrospective bool
}

func (m *momentFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&m.asOf, "as-of", "", "what was known at this time: 2024-05-01, or 2024-05-01T12:00:00Z")
	c.Flags().BoolVar(&m.retrospective, "retrospective", false, "with --as-of: also for images that were not known here then")
}

func (m *momentFlags) read(c *cobra.Command) (client.Moment, error) {
	if m.asOf == "" {
		if m.retrospective {
			return client.Moment{}, usage(c, fmt.Errorf("--retrospective needs --as-of"))
		}
		return client.Moment{}, nil
	}
	at, err := readTime(m.asOf)
	if err != nil {
		return client.Moment{}, usage(c, fmt.Errorf("--as-of %q: want 2024-05-01 or 2024-05-01T12:00:00Z", m.asOf))
	}
	return client.Moment{AsOf: at, Retrospective: m.retrospective}, nil
}

// readTime reads a time, or a date for its beginning in UTC. The zero time is refused: it stands for a time that is not given.
func readTime(s string) (time.Time, error) {
	layout := time.RFC3339
	if !strings.Contains(s, "T") {
		layout = time.DateOnly
	}
	at, err := time.Parse(layout, s)
	if err == nil && at.IsZero() {
		err = errors.New("the zero time")
	}
	return at, err
}
