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
	return group("system", "Look at a server", a.systemStatus(), a.systemWait())
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

func (a *app) feedCommand() *cobra.Command {
	c := group("feed", "Look at, sync, export and import advisory data", a.feedList(), a.feedSync(), a.feedExport(), a.feedImport(), a.feedKeygen())
	c.Aliases = []string{"feeds"}
	return c
}

func (a *app) feedList() *cobra.Command {
	return a.ask("list", "List feeds and their groups", cobra.NoArgs, func(c *cobra.Command, s *client.Client, _ []string) error {
		feeds, err := s.Feeds(c.Context())
		if err != nil {
			return err
		}
		return a.show(orEmpty(feeds), func() {
			g := grid{header: []string{"feed", "group", "last sync", "records", "problem"}, empty: "no feeds"}
			for _, f := range feeds {
				for _, one := range f.Groups {
					last := orText(when(one.LastSync), "pending")
					if !one.Enabled {
						last = "switched off"
					}
					g.rows = append(g.rows, []string{f.Name, one.Name, last, fmt.Sprint(one.Records), trouble(one.LastError, one.Problems)})
				}
				for _, bad := range f.Failing { // what no group tells
					if !slices.ContainsFunc(f.Groups, func(one client.FeedGroup) bool { return one.LastError == bad.Error }) {
						g.rows = append(g.rows, []string{f.Name, bad.Name, orText(when(bad.LastSync), "never"), "", bad.Error})
					}
				}
			}
			slices.SortFunc(g.rows, slices.Compare)
			a.grid(g)
		})
	})
}

func (a *app) feedSync() *cobra.Command {
	var r client.SyncRequest
	c := a.ask("sync", "Sync the feeds now and wait for the end of it", cobra.NoArgs, func(c *cobra.Command, s *client.Client, _ []string) error {
		line := a.progress("feed sync")
		if !r.NoWait {
			line.set("running; the server goes on with it when you leave")
		}
		done, err := s.Sync(c.Context(), r)
		line.end()
		if err != nil {
			return err
		}
		return a.synced(done, r.NoWait)
	})
	c.Flags().BoolVar(&r.Flush, "flush", false, "load everything anew; the present data stays in force until that has ended")
	c.Flags().BoolVar(&r.AcceptShrink, "accept-shrink", false, "accept a feed that lost more than half of its records")
	c.Flags().BoolVar(&r.NoWait, "no-wait", false, "do not wait for the end")
	return c
}

// synced shows what a sync or an import did; where a part of it failed, that is an error.
func (a *app) synced(done []client.SyncResult, started bool) error {
	if err := a.show(orEmpty(done), func() { a.showSync(done, started) }); err != nil {
		return err
	}
	for _, f := range done {
		if f.Status != "success" {
			return &Exit{ExitFailed, fmt.Errorf("feed %s did not sync completely; its former data stays in force", f.Feed)}
		}
	}
	return nil
}

// trouble is what is wrong with a group: why it failed, or what was skipped of its records, the first of them in words.
func trouble(failure string, list []string) string {
	switch {
	case failure != "" || len(list) == 0:
		return failure
	case len(list) == 1:
		return list[0]
	default:
		return fmt.Sprintf("%d records with problems, first: %s", len(list), list[0])
	}
}

func (a *app) showSync(done []client.SyncResult, started bool) {
	if started {
		a.say("the sync has begun; landwaiter feed list shows how far it is")
		return
	}
	g := grid{header: []string{"feed", "group", "status", "changed", "images", "took", "problem"}, empty: "nothing to sync"}
	for _, f := range done {
		for _, one := range f.Groups {
			g.rows = append(g.rows, []string{f.Feed, one.Group, one.Status, fmt.Sprint(one.Records), fmt.Sprint(one.Images), fmt.Sprintf("%.1f s", one.Seconds), trouble(one.Error, one.Problems)})
		}
	}
	a.grid(g)
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
