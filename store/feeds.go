package store

import "context"

const feedGroupColumns = "feed, grp, ecosystem, enabled, created_at, updated_at, last_sync, last_attempt, last_error, records, problems, fingerprint"

func scanFeedGroup(row scanner, g *FeedGroup) error {
	return row.Scan(&g.Feed, &g.Group, &g.Ecosystem, &g.Enabled, moment{&g.CreatedAt}, moment{&g.UpdatedAt}, moment{&g.LastSync},
		moment{&g.LastAttempt}, &g.LastError, &g.Records, document{&g.Problems}, &g.Fingerprint)
}

// FeedGroups lists all groups of all feeds by name.
func (q *Queries) FeedGroups(ctx context.Context) ([]FeedGroup, error) {
	return all(ctx, q, scanFeedGroup, "SELECT "+feedGroupColumns+" FROM feed_groups ORDER BY feed, grp")
}

// PutFeedGroup inserts a group or writes all its fields back; CreatedAt stays, UpdatedAt becomes now.
func (t *Tx) PutFeedGroup(ctx context.Context, g FeedGroup) error {
	if g.Problems == nil {
		g.Problems = []string{}
	}
	problems, err := jsonText(g.Problems)
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, "INSERT INTO feed_groups ("+feedGroupColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (feed, grp) DO UPDATE SET ecosystem = excluded.ecosystem, enabled = excluded.enabled, updated_at = excluded.updated_at,
			last_sync = excluded.last_sync, last_attempt = excluded.last_attempt, last_error = excluded.last_error,
			records = excluded.records, problems = excluded.problems, fingerprint = excluded.fingerprint`,
		g.Feed, g.Group, g.Ecosystem, g.Enabled, micros(t.orNow(g.CreatedAt)), micros(t.now()), micros(g.LastSync), micros(g.LastAttempt),
		g.LastError, g.Records, problems, g.Fingerprint)
	return describe(err, "keeping feed group %q", g.Group)
}

// EnableFeedGroup switches a group on or off, all groups of the feed when group is ""; [ErrNotFound] when there is none.
func (t *Tx) EnableFeedGroup(ctx context.Context, feed, group string, enabled bool) error {
	return describe(mustChange(t.exec(ctx, "UPDATE feed_groups SET enabled = ?, updated_at = ? WHERE feed = ? AND (? = '' OR grp = ?)",
		enabled, micros(t.now()), feed, group, group)), "feed %q, group %q", feed, group)
}

// DeleteFeedGroup forgets a group; its records are ended by [Store.StageRemoved].
func (t *Tx) DeleteFeedGroup(ctx context.Context, feed, group string) error {
	return describe(mustChange(t.exec(ctx, "DELETE FROM feed_groups WHERE feed = ? AND grp = ?", feed, group)), "feed %q, group %q", feed, group)
}
