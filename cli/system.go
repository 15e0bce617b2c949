package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"landwaiter.dev/client"
)

func (a *app) systemCommand() *cobra.Command {
	return group("system", "Look at a server", a.systemStatus(), a.systemWait(), a.systemFeeds())
}

func (a *app) systemStatus() *cobra.Command {
	return a.ask("status", "Show the services of a server", cobra.NoArgs, func(c *cobra.Command, s *client.Client, _ []string) error {
		list, err := s.Services(c.Context())
		if err != nil {
			return err
		}
		return a.show(orEmpty(list), func() {
			g := grid{header: []string{"service", "host", "address", "state", "version"}, empty: "no services", colour: func(row []string) text.Colors {
				if row[3] != "up" {
					return text.Colors{text.FgRed}
				}
				return nil
			}}
			for _, one := range list {
				state := "up"
				if !one.Up {
					state = "down (" + one.Message + ")"
				}
				g.rows = append(g.rows, []string{one.Name, one.HostID, one.BaseURL, state, one.Detail.Version})
			}
			slices.SortFunc(g.rows, slices.Compare)
			a.grid(g)
		})
	})
}

// serviceNames must each be up once before a server is ready.
var serviceNames = []string{"apiext", "catalog", "policy_engine", "simplequeue", "analyzer"}

func (a *app) systemWait() *cobra.Command {
	var patience, interval time.Duration
	var noFeeds bool
	c := a.ask("wait", "Wait until a server answers, its services are up and its advisory data has loaded", cobra.NoArgs, func(c *cobra.Command, s *client.Client, _ []string) error {
		ctx := c.Context()
		if patience > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, patience)
			defer cancel()
		}
		line := a.progress(s.URL())
		defer line.end()
		for {
			missing, err := notReady(ctx, s, noFeeds)
			if err == nil && missing == "" {
				line.set("ready")
				return nil
			}
			var refusal *client.Error
			if errors.As(err, &refusal) && (refusal.Status == http.StatusUnauthorized || refusal.Status == http.StatusForbidden) {
				return err
			}
			if err != nil {
				missing = "the server: " + err.Error()
			}
			if !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled) {
				line.set("waiting for " + missing)
			}
			select {
			case <-time.After(max(interval, 10*time.Millisecond)):
				continue
			case <-ctx.Done():
			}
			if patience > 0 && errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return fmt.Errorf("still not ready after %s: %s", patience, line.last())
			}
			return ctx.Err()
		}
	})
	c.Flags().DurationVar(&patience, "timeout", 0, "how long at most (default: as long as it takes)")
	c.Flags().DurationVar(&interval, "interval", time.Second, "time between two looks")
	c.Flags().BoolVar(&noFeeds, "no-feeds", false, "do not wait for advisory data")
	return c
}

// notReady says what is missing; "" when nothing is.
func notReady(ctx context.Context, s *client.Client, noFeeds bool) (string, error) {
	list, err := s.Services(ctx)
	if err != nil {
		return "", err
	}
	var down []string
	for _, name := range serviceNames {
		if !slices.ContainsFunc(list, func(one client.Service) bool { return one.Name == name && one.Up }) {
			down = append(down, name)
		}
	}
	if len(down) > 0 {
		return "services " + strings.Join(down, ", "), nil
	}
	if noFeeds {
		return "", nil
	}
	feeds, err := s.Feeds(ctx)
	if err != nil {
		return "", err
	}
	for i := range feeds {
		if feeds[i].Enabled && !feeds[i].Ready() {
			return "the advisory data of feed " + feeds[i].Name, nil
		}
	}
	if len(feeds) == 0 {
		return "a feed of advisory data", nil
	}
	return "", nil
}

// last is the state that was set last.
func (p *progress) last() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state
}

func (a *app) versionCommand() *cobra.Command {
	var ask bool
	c := a.asks(&cobra.Command{
		Use: "version", Short: "Print the version of this program", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			versions := map[string]string{"landwaiter": a.version}
			if ask {
				s, err := a.client()
				if err != nil {
					return err
				}
				v, err := s.Version(c.Context())
				if err != nil {
					return err
				}
				versions["server"], versions["api"], versions["schema"] = v.Service.Version, v.API.Version, v.DB.Schema
			}
			return a.show(versions, func() {
				a.facts("landwaiter", a.version, "server", versions["server"], "API", versions["api"], "schema", versions["schema"])
			})
		},
	})
	c.Flags().BoolVar(&ask, "server", false, "ask a server for its versions too")
	return c
}
