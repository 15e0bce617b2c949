package store

import (
	"context"
	"errors"
	"time"

	"landwaiter.dev/image"
)

// PutSignatures keeps what is known of the signatures beside an image from now on, as a JSON object; "" ends it, for nobody
// looked. What is the last word already changes nothing, and changed is false.
func (t *Tx) PutSignatures(ctx context.Context, account string, target image.Digest, document string) (changed bool, err error) {
	last, err := t.SignaturesAt(ctx, account, target, time.Time{})
	if err != nil || last == document {
		return false, err
	}
	now := micros(t.now())
	if _, err := t.exec(ctx, "DELETE FROM signatures WHERE account = ? AND target = ? AND from_at = ?", account, string(target), now); err != nil {
		return false, describe(err, "keeping signatures")
	}
	if _, err := t.exec(ctx, "UPDATE signatures SET to_at = ? WHERE account = ? AND target = ? AND to_at = 0", now, account, string(target)); err != nil {
		return false, describe(err, "keeping signatures")
	}
	if document != "" {
		_, err = t.exec(ctx, "INSERT INTO signatures (account, target, document, from_at, to_at) VALUES (?, ?, ?, ?, 0)", account, string(target), document, now)
	}
	return true, describe(err, "keeping signatures")
}

// SignaturesAt is what was known of the signatures beside an image at a time (zero: now); "" when nobody had looked.
func (q *Queries) SignaturesAt(ctx context.Context, account string, target image.Digest, at time.Time) (string, error) {
	when, args := "to_at = 0", []any{account, string(target)}
	if !at.IsZero() {
		when, args = "from_at <= ? AND (to_at = 0 OR to_at > ?)", append(args, micros(at), micros(at))
	}
	document, err := first(ctx, q, scalar[string], "SELECT document FROM signatures WHERE account = ? AND target = ? AND "+when+" ORDER BY from_at DESC LIMIT 1", args...)
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	return document, describe(err, "reading signatures")
}

// KeptSignatures is what is known now of the signatures beside an image.
type KeptSignatures struct {
	Account  string
	Target   image.Digest
	Document string
}

// SignaturesInForce lists what is known now of the signatures beside images of all accounts, by account and target: up to
// limit of them, those after the place that another list ended at.
func (q *Queries) SignaturesInForce(ctx context.Context, after KeptSignatures, limit int) ([]KeptSignatures, error) {
	scan := func(row scanner, k *KeptSignatures) error { return row.Scan(&k.Account, &k.Target, &k.Document) }
	rows, err := all(ctx, q, scan, "SELECT account, target, document FROM signatures WHERE to_at = 0 AND (account > ? OR account = ? AND target > ?) ORDER BY account, target LIMIT ?",
		after.Account, after.Account, string(after.Target), limit)
	return rows, describe(err, "listing signatures")
}
