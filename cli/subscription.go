package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"landwaiter.dev/client"
)

func (a *app) subscriptionCommand() *cobra.Command {
	return group("subscription", "Say what a server tells about",
		a.subscriptionList(), a.subscriptionGet(), a.subscriptionSet("activate", true), a.subscriptionSet("deactivate", false), a.subscriptionDelete())
}

func (a *app) showSubscriptions(list []client.Subscription) error {
	return a.show(orEmpty(list), func() {
		g := grid{header: []string{"tag", "type", "active", "id"}, empty: "no subscriptions"}
		for _, s := range list {
			g.rows = append(g.rows, []string{s.Key, s.Type, yesNo(s.Active), s.ID})
		}
		a.grid(g)
	})
}

func (a *app) subscriptionList() *cobra.Command {
	var key, typ string
	c := a.ask("list", "List subscriptions", cobra.NoArgs, func(c *cobra.Command, s *client.Client, _ []string) error {
		list, err := s.Subscriptions(c.Context(), key, typ)
		if err != nil {
			return err
		}
		return a.showSubscriptions(list)
	})
	c.Flags().StringVar(&key, "tag", "", "only those of this full tag")
	c.Flags().StringVar(&typ, "type", "", "only those of this type: tag_update, policy_eval, vuln_update, analysis_update, repo_update")
	return c
}

func (a *app) subscriptionGet() *cobra.Command {
	return a.ask("get ID", "Show a subscription", cobra.ExactArgs(1), func(c *cobra.Command, s *client.Client, args []string) error {
		one, err := s.Subscription(c.Context(), args[0])
		if err != nil {
			return err
		}
		return a.show(one, func() {
			a.facts("Tag", one.Key, "Type", one.Type, "Active", yesNo(one.Active), "ID", one.ID, "Value", one.Value)
		})
	})
}

func (a *app) subscriptionSet(word string, active bool) *cobra.Command {
	return a.ask(word+" TYPE TAG", "Switch a subscription "+map[bool]string{true: "on", false: "off"}[active], cobra.ExactArgs(2), func(c *cobra.Command, s *client.Client, args []string) error {
		list, err := s.Subscriptions(c.Context(), args[1], args[0])
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return &Exit{ExitNotFound, fmt.Errorf("there is no subscription %s for %s; landwaiter subscription list shows the full tags", args[0], args[1])}
		}
		one, err := s.SetSubscription(c.Context(), list[0].ID, active)
		if err != nil {
			return err
		}
		return a.show(one, func() { a.say("%s for %s is %sd", one.Type, one.Key, word) })
	})
}

func (a *app) subscriptionDelete() *cobra.Command {
	c := a.ask("del ID", "Delete a subscription", cobra.ExactArgs(1), func(c *cobra.Command, s *client.Client, args []string) error {
		if _, err := s.Subscription(c.Context(), args[0]); err != nil { // deleting what is not there succeeds on the server
			return err
		}
		if err := s.DeleteSubscription(c.Context(), args[0]); err != nil {
			return err
		}
		return a.show(map[string]string{"deleted": args[0]}, func() { a.say("%s is deleted", args[0]) })
	})
	c.Aliases = []string{"delete"}
	return c
}
