package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"landwaiter.dev/client"
	"landwaiter.dev/report"
)

// theFeed is the one feed that a server has.
const theFeed = "vulnerabilities"

func (a *app) feedCommand() *cobra.Command {
	c := group("feed", "Look at, sync, export and import advisory data", a.feedList(), a.feedSources(), a.feedSync("sync"), a.feedSwitch(true), a.feedSwitch(false), a.feedDelete(),
		a.feedExport(), a.feedImport(), a.feedKeygen())
	c.Aliases = []string{"feeds"}
	return c
}

// systemFeeds has the words of existing scripts.
func (a *app) systemFeeds() *cobra.Command {
	c := group("feeds", "Look at and sync the advisory data: feed list, sync, enable, disable and delete in other words",
		a.feedList(), a.feedSync("sync"), a.feedsConfig(), a.feedsDelete())
	c.GroupID = ""
	return c
}

func (a *app) feedList() *cobra.Command {
	return a.ask("list", "List feeds and their groups", cobra.NoArgs, func(c *cobra.Command, s *client.Client, _ []string) error {
		feeds, err := s.Feeds(c.Context())
		if err != nil {
			return err
		}
		return a.show(orEmpty(feeds), func() {
			g := grid{header: []string{"feed", "group", "last sync", "records", "from", "problem"}, empty: "no feeds"}
			for _, f := range feeds {
				for _, one := range f.Groups {
					one.Enabled = one.Enabled && f.Enabled
					g.rows = append(g.rows, []string{f.Name, one.Name, lastSync(one), fmt.Sprint(one.Records), one.Archive, brief(trouble(one.LastError, 0, one.Problems))})
				}
				for _, bad := range f.Failing { // what no group tells
					if !slices.ContainsFunc(f.Groups, func(one client.FeedGroup) bool { return one.LastError == bad.Error }) {
						g.rows = append(g.rows, []string{f.Name, bad.Name, orText(when(bad.LastSync), "never"), "", "", brief(withFlag(bad.Error))})
					}
				}
			}
			slices.SortFunc(g.rows, slices.Compare)
			g.dropEmpty(4)
			a.grid(g)
		})
	})
}

// feedSources shows what the groups are made of.
func (a *app) feedSources() *cobra.Command {
	return a.ask("sources", "List the parts of all sources of advisory data, with their age and what was wrong", cobra.NoArgs, func(c *cobra.Command, s *client.Client, _ []string) error {
		feeds, err := s.Feeds(c.Context())
		if err != nil {
			return err
		}
		sources := []client.FeedSource{}
		for _, f := range feeds {
			sources = append(sources, f.Sources...)
		}
		return a.show(sources, func() {
			g := grid{header: []string{"source", "driver", "last sync", "records", "skipped", "from", "problem"}, empty: "nothing was asked yet"}
			for _, one := range sources {
				problem := trouble(one.LastError, one.Skipped, one.Problems)
				if problem == "" && one.Ungrouped > 0 {
					problem = fmt.Sprintf("records that name no package of it, and are in no group: %d", one.Ungrouped)
				}
				if one.Held {
					problem = "held: " + problem
				}
				if one.Off {
					problem = "off: the settings set its source to none"
				}
				g.rows = append(g.rows, []string{one.Name, one.Driver, orText(when(one.LastSync), "never"), fmt.Sprint(one.Records), fmt.Sprint(one.Skipped), one.Archive, problem})
			}
			g.dropEmpty(5)
			a.grid(g)
		})
	})
}

func (a *app) feedSync(use string) *cobra.Command {
	var r client.SyncRequest
	c := a.ask(use, "Sync the feeds now and wait for the end of it", cobra.NoArgs, func(c *cobra.Command, s *client.Client, _ []string) error {
		line := a.progress("feed sync")
		if !r.NoWait {
			line.set("running; the server goes on with it when you leave")
		}
		stop := func() {}
		if !r.NoWait {
			stop = followSync(c.Context(), s, line)
		}
		done, err := s.Sync(c.Context(), r)
		stop()
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

// followSync shows how far the sync is until the function that it gives is called.
func followSync(parent context.Context, s *client.Client, line *progress) func() {
	ctx, cancel := context.WithCancel(parent)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			feeds, err := s.Feeds(ctx)
			if err != nil || len(feeds) == 0 || !feeds[0].Sync.Running { // it is only for show
				continue
			}
			line.set(stepOf(feeds[0].Sync))
		}
	}()
	return func() { cancel(); <-ended }
}

func stepOf(s client.SyncState) string {
	switch s.Step {
	case "":
		return "waiting"
	case "matching":
		return "matching packages"
	case "filing":
		return "filing stored packages under new names"
	case "loading":
		return fmt.Sprintf("loading %s, %s", s.Part, report.Count(s.Records, "record", "records"))
	}
	return s.Step + " " + s.Part
}

func (a *app) feedSwitch(on bool) *cobra.Command {
	use, short := "disable [GROUP]", "Switch a group, or the whole feed, off: nothing of it is matched, and nobody is told"
	if on {
		use, short = "enable [GROUP]", "Switch a group, or the whole feed, on again, and sync"
	}
	return a.ask(use, short, cobra.MaximumNArgs(1), func(c *cobra.Command, s *client.Client, args []string) error {
		return a.switchFeed(c.Context(), s, theFeed, first(args), on)
	})
}

func (a *app) feedDelete() *cobra.Command {
	return a.ask("delete [GROUP]", "Delete the data of a group, or of the whole feed, that is switched off", cobra.MaximumNArgs(1), func(c *cobra.Command, s *client.Client, args []string) error {
		return a.deleteFeed(c.Context(), s, theFeed, first(args))
	})
}

func (a *app) feedsConfig() *cobra.Command {
	var name string
	var on, off bool
	c := a.ask("config FEED", "Switch a feed, or a group of it, on or off", cobra.ExactArgs(1), func(c *cobra.Command, s *client.Client, args []string) error {
		return a.switchFeed(c.Context(), s, args[0], name, on)
	})
	c.Flags().StringVar(&name, "group", "", "the group; without it all of the feed")
	c.Flags().BoolVar(&on, "enable", false, "switch on")
	c.Flags().BoolVar(&off, "disable", false, "switch off")
	c.MarkFlagsMutuallyExclusive("enable", "disable")
	c.MarkFlagsOneRequired("enable", "disable")
	return c
}

func (a *app) feedsDelete() *cobra.Command {
	var name string
	c := a.ask("delete FEED", "Delete the data of a feed, or of a group of it, that is switched off", cobra.ExactArgs(1), func(c *cobra.Command, s *client.Client, args []string) error {
		return a.deleteFeed(c.Context(), s, args[0], name)
	})
	c.Flags().StringVar(&name, "group", "", "the group; without it all of the feed")
	return c
}

func first(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}

func (a *app) switchFeed(ctx context.Context, s *client.Client, feed, group string, on bool) error {
	if group != "" {
		g, err := s.SwitchFeedGroup(ctx, feed, group, on)
		return a.shownGroups(err, g, feed, g)
	}
	f, err := s.SwitchFeed(ctx, feed, on)
	return a.shownFeed(err, f)
}

func (a *app) deleteFeed(ctx context.Context, s *client.Client, feed, group string) error {
	if group != "" {
		g, err := s.DeleteFeedGroup(ctx, feed, group)
		return a.shownGroups(err, g, feed, g)
	}
	f, err := s.DeleteFeed(ctx, feed)
	return a.shownFeed(err, f)
}

func (a *app) shownFeed(err error, f client.Feed) error {
	if err != nil {
		return err
	}
	for i := range f.Groups {
		f.Groups[i].Enabled = f.Groups[i].Enabled && f.Enabled
	}
	return a.shownGroups(nil, f, f.Name, f.Groups...)
}

func (a *app) shownGroups(err error, document any, feed string, groups ...client.FeedGroup) error {
	if err != nil {
		return err
	}
	return a.show(document, func() {
		g := grid{header: []string{"feed", "group", "last sync", "records"}, empty: "feed " + feed + " has no groups"}
		for _, one := range groups {
			g.rows = append(g.rows, []string{feed, one.Name, lastSync(one), fmt.Sprint(one.Records)})
		}
		a.grid(g)
	})
}

// lastSync is when a group last synced, or why it has not.
func lastSync(g client.FeedGroup) string {
	if !g.Enabled {
		return "switched off"
	}
	return orText(when(g.LastSync), "pending")
}

// brief is what a row of a list has room for; feed sources and -o json have the whole. What names
// the flag to give is not cut.
func brief(problem string) string {
	const most = 80
	runes := []rune(problem)
	if len(runes) <= most || strings.Contains(problem, "--") {
		return problem
	}
	return strings.TrimRight(string(runes[:most-1]), " ,:;") + "…"
}

// trouble is what is wrong with a group: why it failed, or what was skipped of its records, the first of them in words. Only
// the first are listed: total is how many there are, 0 where that is not told.
func trouble(failure string, total int, list []string) string {
	switch {
	case failure != "" || len(list) == 0:
		return withFlag(failure)
	case max(total, len(list)) == 1:
		return list[0]
	case total == 0:
		return "records with problems, first: " + list[0]
	default:
		return fmt.Sprintf("%d skipped or doubtful, first: %s", total, list[0])
	}
}

// withFlag adds to a sentence that names a parameter of the API the flag that sets it here.
func withFlag(sentence string) string {
	const parameter = "a sync with accept_shrink"
	return strings.Replace(sentence, parameter, parameter+" (landwaiter feed sync --accept-shrink)", 1)
}

func (a *app) showSync(done []client.SyncResult, started bool) {
	if started {
		a.say("the sync has begun; landwaiter feed list shows how far it is")
		return
	}
	g := grid{header: []string{"feed", "group", "status", "changed", "took", "problem"}, empty: "nothing to sync"}
	images := 0 // each group tells the number of all
	for _, f := range done {
		for _, one := range f.Groups {
			images = max(images, one.Images)
			g.rows = append(g.rows, []string{f.Feed, one.Group, one.Status, fmt.Sprint(one.Records), fmt.Sprintf("%.1f s", one.Seconds), trouble(one.Error, 0, one.Problems)})
		}
	}
	a.grid(g)
	if images > 0 {
		fmt.Fprintln(a.err, "it concerns "+report.Count(images, "image", "images"))
	}
}
