package cli

import (
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"landwaiter.dev/client"
)

func (a *app) noticeCommand() *cobra.Command {
	return group("notice", "Show what a server told", a.noticeList())
}

func (a *app) noticeList() *cobra.Command {
	var state string
	c := a.ask("list", "List the newest notices, with how their telling went", cobra.NoArgs, func(c *cobra.Command, s *client.Client, _ []string) error {
		list, err := s.Notices(c.Context(), state)
		if err != nil {
			return err
		}
		return a.show(orEmpty(list), func() {
			g := grid{header: []string{"created", "type", "tag", "state", "attempts", "last error"}, empty: "no notices"}
			for _, n := range list {
				g.rows = append(g.rows, []string{n.CreatedAt.UTC().Format(time.RFC3339), n.Type, n.Key, n.State, strconv.Itoa(n.Attempts), n.LastError})
			}
			a.grid(g)
		})
	})
	c.Flags().StringVar(&state, "state", "", "only those in this state: pending, delivered, failed, not_configured")
	return c
}
