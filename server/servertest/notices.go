package servertest

import (
	"context"
	"encoding/json"
	"time"

	"landwaiter.dev/store"
)

type notices struct{ e *Engine }

// List knows one notice that was not delivered.
func (n notices) List(_ context.Context, account, state string) ([]store.Notice, error) {
	if state != "" && state != "failed" {
		return nil, nil
	}
	return []store.Notice{{
		ID: "n-1", Account: account, Type: "policy_eval", Key: "docker.io/app:1", State: "failed", Attempts: 8, LastError: "general: answered 500",
		Payload: json.RawMessage(`{"notificationId":"n-1"}`), CreatedAt: time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC),
	}}, nil
}
