package store

import "context"

const subscriptionColumns = "s.id, s.account, s.type, s.topic, s.value, s.active, s.created_at, s.updated_at"

func scanSubscription(row scanner, s *Subscription) error {
	return row.Scan(&s.ID, &s.Account, &s.Type, &s.Key, &s.Value, &s.Active, moment{&s.CreatedAt}, moment{&s.UpdatedAt})
}

// PutSubscription inserts a subscription; [ErrExists] when the account has one of this type and key, and then the
// transaction goes on unharmed. An empty ID is made and set; zero times are now.
func (t *Tx) PutSubscription(ctx context.Context, s *Subscription) error {
	if s.ID == "" {
		s.ID = newID()
	}
	s.CreatedAt, s.UpdatedAt = t.orNow(s.CreatedAt), t.orNow(s.UpdatedAt)
	n, err := t.exec(ctx, `INSERT INTO subscriptions (id, account, type, topic, value, active, created_at, updated_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		s.ID, s.Account, s.Type, s.Key, s.Value, s.Active, micros(s.CreatedAt), micros(s.UpdatedAt))
	if err == nil && n == 0 {
		err = ErrExists
	}
	return describe(err, "subscription %s to %q", s.Type, s.Key)
}

// UpdateSubscription writes value and active back; UpdatedAt becomes now.
func (t *Tx) UpdateSubscription(ctx context.Context, s *Subscription) error {
	s.UpdatedAt = t.now()
	return describe(mustChange(t.exec(ctx, "UPDATE subscriptions SET value = ?, active = ?, updated_at = ? WHERE account = ? AND id = ?",
		s.Value, s.Active, micros(s.UpdatedAt), s.Account, s.ID)), "subscription %q", s.ID)
}

// DeleteSubscription removes a subscription; [ErrNotFound] when the account has none with this id.
func (t *Tx) DeleteSubscription(ctx context.Context, account, id string) error {
	return describe(mustChange(t.exec(ctx, "DELETE FROM subscriptions WHERE account = ? AND id = ?", account, id)), "subscription %q", id)
}

// Subscriptions lists an account's subscriptions, oldest first; key and type narrow the list unless "".
func (q *Queries) Subscriptions(ctx context.Context, account, key, kind string) ([]Subscription, error) {
	return all(ctx, q, scanSubscription, "SELECT "+subscriptionColumns+` FROM subscriptions s
		WHERE s.account = ? AND (? = '' OR s.topic = ?) AND (? = '' OR s.type = ?) ORDER BY s.created_at, s.id`, account, key, key, kind, kind)
}

// SubscriptionByID returns an account's subscription.
func (q *Queries) SubscriptionByID(ctx context.Context, account, id string) (Subscription, error) {
	s, err := first(ctx, q, scanSubscription, "SELECT "+subscriptionColumns+" FROM subscriptions s WHERE s.account = ? AND s.id = ?", account, id)
	return s, describe(err, "subscription %q", id)
}

// ActiveSubscriptions lists the active subscriptions of a type in all enabled accounts, oldest first.
func (q *Queries) ActiveSubscriptions(ctx context.Context, kind string) ([]Subscription, error) {
	return all(ctx, q, scanSubscription, "SELECT "+subscriptionColumns+` FROM subscriptions s JOIN accounts a ON a.name = s.account
		WHERE s.active AND s.type = ? AND a.state = 'enabled' ORDER BY s.created_at, s.id`, kind)
}

// ActiveFor says which types of subscription an account has active for a key.
func (q *Queries) ActiveFor(ctx context.Context, account, key string) (map[string]bool, error) {
	kinds, err := all(ctx, q, scalar[string], "SELECT type FROM subscriptions WHERE account = ? AND topic = ? AND active", account, key)
	active := make(map[string]bool, len(kinds))
	for _, k := range kinds {
		active[k] = true
	}
	return active, err
}

// WatchedImages narrows images to those with a current tag for which a subscription to changes is active, sorted.
func (q *Queries) WatchedImages(ctx context.Context, ids []int64) ([]int64, error) {
	watched, err := all(ctx, q, scalar[int64], `SELECT DISTINCT t.image_row FROM tags t JOIN subscriptions s
		ON s.account = t.account AND s.topic = t.registry || '/' || t.repository || ':' || t.tag
		WHERE t.image_row {in ids} AND t.current AND s.active AND s.type IN ('tag_update', 'policy_eval', 'vuln_update') ORDER BY 1`, list(ids))
	return watched, describe(err, "looking which images are watched")
}
