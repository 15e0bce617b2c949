package store

import (
	"context"
	"time"
)

const nodeColumns = "host_id, roles, base_url, version, started_at, heartbeat_at"

func scanNode(row scanner, n *Node) error {
	return row.Scan(&n.HostID, document{&n.Roles}, &n.BaseURL, &n.Version, moment{&n.StartedAt}, moment{&n.HeartbeatAt})
}

// PutNode keeps that a node lives; a zero HeartbeatAt is now.
func (t *Tx) PutNode(ctx context.Context, n Node) error {
	if n.Roles == nil {
		n.Roles = []string{}
	}
	roles, err := jsonText(n.Roles)
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, "INSERT INTO nodes ("+nodeColumns+`) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (host_id) DO UPDATE SET roles = excluded.roles,
		base_url = excluded.base_url, version = excluded.version, started_at = excluded.started_at, heartbeat_at = excluded.heartbeat_at`,
		n.HostID, roles, n.BaseURL, n.Version, micros(n.StartedAt), micros(t.orNow(n.HeartbeatAt)))
	return describe(err, "keeping node %q", n.HostID)
}

// Nodes lists all nodes by name, dead ones too.
func (q *Queries) Nodes(ctx context.Context) ([]Node, error) {
	return all(ctx, q, scanNode, "SELECT "+nodeColumns+" FROM nodes ORDER BY host_id")
}

// DeadNodes lists the nodes that were last heard of before a time.
func (q *Queries) DeadNodes(ctx context.Context, before time.Time) ([]Node, error) {
	return all(ctx, q, scanNode, "SELECT "+nodeColumns+" FROM nodes WHERE heartbeat_at < ? ORDER BY host_id", micros(before))
}

// DeleteNode forgets a node; one that is not there is no error.
func (t *Tx) DeleteNode(ctx context.Context, hostID string) error {
	_, err := t.exec(ctx, "DELETE FROM nodes WHERE host_id = ?", hostID)
	return describe(err, "forgetting node %q", hostID)
}
