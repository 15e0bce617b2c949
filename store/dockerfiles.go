package store

import (
	"context"
	"errors"
	"time"

	"landwaiter.dev/image"
)

// SetDockerfile puts a Dockerfile in force for an image from at (zero: now) on; "" takes it away. The same text again
// changes nothing.
func (t *Tx) SetDockerfile(ctx context.Context, row int64, text string, at time.Time) error {
	at = t.orNow(at)
	var digest image.Digest
	if text != "" {
		digest = image.DigestOf([]byte(text))
	}
	n, err := t.exec(ctx, "UPDATE images SET dockerfile_digest = ?, updated_at = ? WHERE id = ? AND dockerfile_digest <> ?",
		string(digest), micros(t.now()), row, string(digest))
	if err != nil || n == 0 {
		return describe(err, "keeping a Dockerfile")
	}
	if _, err := t.exec(ctx, "UPDATE dockerfiles SET to_at = ? WHERE image_row = ? AND to_at = 0", micros(at), row); err != nil {
		return describe(err, "ending a Dockerfile")
	}
	if text == "" {
		return nil
	}
	_, err = t.exec(ctx, "INSERT INTO dockerfiles (image_row, digest, document, from_at, to_at) VALUES (?, ?, ?, ?, 0)",
		row, string(digest), text, micros(at))
	return describe(err, "keeping a Dockerfile")
}

// DockerfileAt returns the Dockerfile that was in force for an image at a time, and its digest; both "" when none was.
func (q *Queries) DockerfileAt(ctx context.Context, row int64, at time.Time) (text string, digest image.Digest, err error) {
	err = q.one(ctx, `SELECT document, digest FROM dockerfiles WHERE image_row = ? AND from_at <= ? AND (to_at = 0 OR to_at > ?)
		ORDER BY from_at DESC LIMIT 1`, []any{row, micros(at), micros(at)}, &text, &digest)
	return text, digest, ignoreMissing(err)
}

// DockerfileByDigest returns a Dockerfile that is or was in force for an image.
func (q *Queries) DockerfileByDigest(ctx context.Context, row int64, digest image.Digest) (text string, err error) {
	err = q.one(ctx, "SELECT document FROM dockerfiles WHERE image_row = ? AND digest = ? ORDER BY from_at DESC LIMIT 1", []any{row, string(digest)}, &text)
	return text, describe(err, "Dockerfile %.100q", digest)
}

// ignoreMissing is err, but nil for ErrNotFound.
func ignoreMissing(err error) error {
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}
