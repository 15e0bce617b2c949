package engine

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/riverqueue/river"

	"landwaiter.dev/notify"
	"landwaiter.dev/store"
)

// Notices shows what was told, and what could not be.
type Notices struct{ store *store.Store }

// maxNotices is how many notices a list shows.
const maxNotices = 1000

// States of a notice.
var noticeStates = []string{"pending", "delivered", "failed", "not_configured"}

// List gives the newest notices of an account, those of one state or with "" all; "failed" is what was not delivered.
func (u *Notices) List(ctx context.Context, account, state string) ([]store.Notice, error) {
	if state != "" && !slices.Contains(noticeStates, state) {
		return nil, Errorf(ClassInvalid, "invalid_state", "%q is no state of a notice: there are %s", state, strings.Join(noticeStates, ", "))
	}
	return u.store.Notices(ctx, account, state, maxNotices)
}

// notices writes what is to be told, in the transaction that changed it, and carries it to the endpoints.
type notices struct {
	store    *store.Store
	jobs     *Jobs
	webhooks *notify.Webhooks
	now      func() time.Time
}

// tell writes one notice for a subscription key when somebody subscribed to it; what nobody asked for is not written.
func (n *notices) tell(ctx context.Context, tx *store.Tx, account, kind, key string, p notify.Payload) error {
	if n == nil {
		return nil
	}
	active, err := tx.ActiveFor(ctx, account, key)
	if err != nil || !active[kind] {
		return err
	}
	id := make([]byte, 16)
	_, _ = rand.Read(id)
	p.UserID, p.NotificationID, p.SubscriptionKey, p.SubscriptionType = account, hex.EncodeToString(id), key, kind
	row := store.Notice{ID: p.NotificationID, Account: account, Type: kind, Key: key, Payload: encode(p), CreatedAt: n.now(), State: "pending"}
	endpoints := n.webhooks.Endpoints(kind)
	if len(endpoints) == 0 {
		row.State = "not_configured"
	}
	if err := tx.InsertNotice(ctx, row); err != nil {
		return err
	}
	for _, e := range endpoints {
		if _, err := n.jobs.insert(ctx, tx, tellArgs{Notice: row.ID, Endpoint: e}, nil); err != nil {
			return err
		}
	}
	return nil
}

// analysis tells that an analysis ended, for each tag.
func (n *notices) analysis(ctx context.Context, tx *store.Tx, img store.Image, tags []string, last, current store.AnalysisStatus) error {
	state := func(s store.AnalysisStatus) notify.AnalysisState {
		return notify.AnalysisState{ImageDigest: string(img.Digest), AnalysisStatus: string(s), Annotations: annotationsOf(img)}
	}
	now := state(current)
	now.Error = img.Error
	for _, t := range tags {
		if err := n.tell(ctx, tx, img.Account, notify.AnalysisUpdate, t, notify.Payload{Last: state(last), Current: now, Annotations: annotationsOf(img)}); err != nil {
			return err
		}
	}
	return nil
}

// deliver is one try of one notice at one endpoint.
func (n *notices) deliver(ctx context.Context, job *river.Job[tellArgs]) error {
	row, err := n.store.Notice(ctx, job.Args.Notice)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	account, err := n.store.Account(ctx, row.Account)
	if err != nil {
		return err
	}
	sendErr := n.webhooks.Send(ctx, job.Args.Endpoint, notify.Message{
		ID: row.ID, Account: row.Account, Email: account.Email, Type: row.Type, Key: row.Key, Payload: row.Payload,
		CreatedAt: row.CreatedAt, Attempt: job.Attempt, MaxAttempts: job.MaxAttempts,
	})
	// The job's state decides about further tries; the row is for people.
	row.Attempts++
	switch {
	case sendErr == nil && row.State != "failed":
		row.State, row.LastError = "delivered", ""
	case sendErr != nil:
		row.LastError = fmt.Sprintf("%s: %v", job.Args.Endpoint, sendErr)
		if job.Attempt >= job.MaxAttempts || errors.Is(sendErr, notify.ErrPrivateAddress) {
			row.State = "failed"
		}
	}
	if err := n.store.Write(context.WithoutCancel(ctx), func(tx *store.Tx) error { return tx.UpdateNotice(ctx, row.ID, row.State, row.Attempts, row.LastError) }); err != nil {
		return err
	}
	if errors.Is(sendErr, notify.ErrPrivateAddress) {
		return river.JobCancel(sendErr)
	}
	return sendErr
}
