package v1

import (
	"context"
	"encoding/json"
	"time"
)

// Notice is one change that was told, or is to be. This list is an addition of ours.
type Notice struct {
	ID        string          `json:"notificationId"`
	Type      string          `json:"notification_type"`
	Key       string          `json:"subscription_key"`
	State     string          `json:"state" enum:"pending,delivered,failed,not_configured"`
	Attempts  int             `json:"attempts"`
	LastError string          `json:"last_error" doc:"Why the last try failed; empty when it did not"`
	CreatedAt time.Time       `json:"created_at"`
	Payload   json.RawMessage `json:"notification_payload"`
}

type listNotices struct {
	State string `query:"state" doc:"pending, delivered, failed or not_configured; failed is what was not delivered"`
}

func (r *routes) notices() {
	add(r, "GET /notices", "Notices", "List the newest notices", r.listNotices)
}

func (r *routes) listNotices(ctx context.Context, in *listNotices) ([]Notice, error) {
	rows, err := r.Notices.List(ctx, account(ctx), in.State)
	list := []Notice{}
	for _, n := range rows {
		list = append(list, Notice{
			ID: n.ID, Type: n.Type, Key: n.Key, State: n.State, Attempts: n.Attempts, LastError: n.LastError,
			CreatedAt: n.CreatedAt.UTC(), Payload: n.Payload,
		})
	}
	return list, err
}
