package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"landwaiter.dev/store"
)

func TestRegistries(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		r := store.Registry{Account: "a", Registry: "r.example:5000/team/*", Name: "team", Type: "docker_v2", User: "u", Secret: []byte{0, 1, 255}, Verify: true}
		b.write(func(tx *store.Tx) error {
			if err := tx.InsertRegistry(b.ctx, r); err != nil {
				return err
			}
			if err := tx.InsertRegistry(b.ctx, r); !errors.Is(err, store.ErrExists) {
				t.Errorf("the same registry twice gave %v", err)
			}
			b.clock.Advance(time.Hour)
			r.Secret, r.Verify = nil, false
			return tx.PutRegistry(b.ctx, r)
		})
		r.Secret, r.CreatedAt, r.UpdatedAt = nil, day, day.Add(time.Hour)
		if diff := cmp.Diff([]store.Registry{r}, must(b.Registries(b.ctx, "a"))(t), cmpopts.EquateEmpty()); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(r, must(b.Registry(b.ctx, "a", r.Registry))(t), cmpopts.EquateEmpty()); diff != "" {
			t.Error(diff)
		}
		if _, err := b.Registry(b.ctx, "b", r.Registry); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("another account got the credentials: %v", err)
		}
		b.write(func(tx *store.Tx) error { return tx.DeleteRegistry(b.ctx, "a", r.Registry) })
		err := b.Write(b.ctx, func(tx *store.Tx) error { return tx.DeleteRegistry(b.ctx, "a", r.Registry) })
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("deleting again gave %v", err)
		}
	})
}

func TestSubscriptions(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		watch := store.Subscription{Account: "a", Type: "tag_update", Key: "r/w:1", Active: true}
		vuln := store.Subscription{ID: "0123", Account: "a", Type: "vuln_update", Key: "r/w:1", Value: `{"x":1}`}
		other := store.Subscription{Account: "b", Type: "tag_update", Key: "r/w:1", Active: true}
		b.write(func(tx *store.Tx) error {
			if err := errors.Join(tx.PutSubscription(b.ctx, &watch), tx.PutSubscription(b.ctx, &vuln), tx.PutSubscription(b.ctx, &other)); err != nil {
				return err
			}
			twice := store.Subscription{Account: "a", Type: "tag_update", Key: "r/w:1"}
			if err := tx.PutSubscription(b.ctx, &twice); !errors.Is(err, store.ErrExists) {
				t.Errorf("the same subscription twice gave %v", err)
			}
			return nil
		})
		if len(watch.ID) != 32 || vuln.ID != "0123" {
			t.Errorf("ids %q and %q", watch.ID, vuln.ID)
		}
		if diff := cmp.Diff([]store.Subscription{vuln}, must(b.Subscriptions(b.ctx, "a", "r/w:1", "vuln_update"))(t)); diff != "" {
			t.Error(diff)
		}
		if n := len(must(b.Subscriptions(b.ctx, "a", "", ""))(t)); n != 2 {
			t.Errorf("%d subscriptions of a, want 2", n)
		}
		if n := len(must(b.ActiveSubscriptions(b.ctx, "tag_update"))(t)); n != 2 {
			t.Errorf("%d watched, want 2", n)
		}
		b.write(func(tx *store.Tx) error {
			vuln.Active = true
			return errors.Join(tx.UpdateSubscription(b.ctx, &vuln), tx.PutAccount(b.ctx, store.Account{Name: "b", Type: "user", State: "disabled"}))
		})
		if diff := cmp.Diff([]store.Subscription{watch}, must(b.ActiveSubscriptions(b.ctx, "tag_update"))(t)); diff != "" {
			t.Errorf("a disabled account is watched:\n%s", diff)
		}
		if diff := cmp.Diff(map[string]bool{"tag_update": true, "vuln_update": true}, must(b.ActiveFor(b.ctx, "a", "r/w:1"))(t)); diff != "" {
			t.Error(diff)
		}
		err := b.Write(b.ctx, func(tx *store.Tx) error { return tx.DeleteSubscription(b.ctx, "b", watch.ID) })
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("another account deleted the subscription: %v", err)
		}
		b.write(func(tx *store.Tx) error { return tx.DeleteSubscription(b.ctx, "a", watch.ID) })
		if _, err := b.SubscriptionByID(b.ctx, "a", watch.ID); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("it is still there: %v", err)
		}
	})
}

func TestFeedGroups(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		g := store.FeedGroup{Feed: "vulnerabilities", Group: "debian:12", Ecosystem: "Debian:12", Enabled: true, LastSync: day, LastAttempt: day,
			LastError: "cut off", Records: 7, Problems: []string{"x", "ü"}, Fingerprint: "etag"}
		h := store.FeedGroup{Feed: "vulnerabilities", Group: "github:npm"}
		b.write(func(tx *store.Tx) error { return errors.Join(tx.PutFeedGroup(b.ctx, g), tx.PutFeedGroup(b.ctx, h)) })
		b.clock.Advance(time.Hour)
		g.Records = 8
		b.write(func(tx *store.Tx) error {
			return errors.Join(tx.PutFeedGroup(b.ctx, g), tx.EnableFeedGroup(b.ctx, "vulnerabilities", "github:npm", true))
		})
		g.CreatedAt, g.UpdatedAt = day, day.Add(time.Hour)
		h.CreatedAt, h.UpdatedAt, h.Enabled, h.Problems = day, day.Add(time.Hour), true, []string{}
		if diff := cmp.Diff([]store.FeedGroup{g, h}, must(b.FeedGroups(b.ctx))(t)); diff != "" {
			t.Error(diff)
		}
		b.write(func(tx *store.Tx) error { return tx.EnableFeedGroup(b.ctx, "vulnerabilities", "", false) })
		for _, g := range must(b.FeedGroups(b.ctx))(t) {
			if g.Enabled {
				t.Errorf("group %s is still enabled", g.Group)
			}
		}
		err := b.Write(b.ctx, func(tx *store.Tx) error { return tx.EnableFeedGroup(b.ctx, "vulnerabilities", "none", true) })
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("an unknown group gave %v", err)
		}
	})
}

func TestNotices(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		n := store.Notice{ID: "n1", Account: "a", Type: "tag_update", Key: "r/w:1", Payload: []byte(`{"ü": 1}`)}
		b.write(func(tx *store.Tx) error {
			if err := tx.InsertNotice(b.ctx, n); err != nil {
				return err
			}
			if err := tx.InsertNotice(b.ctx, n); !errors.Is(err, store.ErrExists) {
				t.Errorf("the same notice twice gave %v", err)
			}
			return nil
		})
		n.State, n.CreatedAt = "pending", day
		if diff := cmp.Diff([]store.Notice{n}, must(b.Notices(b.ctx, n.Account, "pending", 10))(t)); diff != "" {
			t.Error(diff)
		}
		b.write(func(tx *store.Tx) error { return tx.UpdateNotice(b.ctx, "n1", "failed", 8, "no answer") })
		n.State, n.Attempts, n.LastError = "failed", 8, "no answer"
		if diff := cmp.Diff(n, must(b.Notice(b.ctx, "n1"))(t)); diff != "" {
			t.Error(diff)
		}
		if list := must(b.Notices(b.ctx, n.Account, "pending", 10))(t); len(list) != 0 {
			t.Errorf("still pending: %v", list)
		}
		told := must(b.Blobs().Put(b.ctx, []byte("list")))(t)
		nothing, want := store.VulnState{}, store.VulnState{List: told, Revision: 7, Analysis: 3}
		if s := must(b.VulnState(b.ctx, "a", "r/w:1"))(t); s != nothing {
			t.Errorf("%+v was told before anything was", s)
		}
		b.write(func(tx *store.Tx) error {
			if s, err := tx.LockVulnState(b.ctx, "a", "r/w:1"); err != nil || s != nothing {
				t.Errorf("%+v was told before anything was (%v)", s, err)
			}
			return tx.PutVulnState(b.ctx, "a", "r/w:1", want)
		})
		if s := must(b.VulnState(b.ctx, "a", "r/w:1"))(t); s != want {
			t.Errorf("%+v was told, want %+v", s, want)
		}
	})
}

func TestNodes(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		one := store.Node{HostID: "one", Roles: []string{"api", "analyzer"}, BaseURL: "http://one:8228", Version: "1", StartedAt: day, HeartbeatAt: day}
		two := store.Node{HostID: "two", StartedAt: day}
		b.clock.Advance(time.Minute)
		b.write(func(tx *store.Tx) error { return errors.Join(tx.PutNode(b.ctx, one), tx.PutNode(b.ctx, two)) })
		two.Roles, two.HeartbeatAt = []string{}, day.Add(time.Minute)
		if diff := cmp.Diff([]store.Node{one, two}, must(b.Nodes(b.ctx))(t)); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]store.Node{one}, must(b.DeadNodes(b.ctx, day.Add(time.Second)))(t)); diff != "" {
			t.Error(diff)
		}
		b.write(func(tx *store.Tx) error {
			return errors.Join(tx.DeleteNode(b.ctx, "one"), tx.DeleteNode(b.ctx, "one"))
		})
		if diff := cmp.Diff([]store.Node{two}, must(b.Nodes(b.ctx))(t)); diff != "" {
			t.Error(diff)
		}
	})
}
