package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"landwaiter.dev/image"
)

// Blobs keeps bytes by digest. All methods may be called concurrently and again after a failure. Put of what is there
// already does nothing; Get fails with [ErrNotFound], and with another error when the bytes no longer have their digest;
// Has looks for the bytes without reading them; Delete of what is not there is no error.
type Blobs interface {
	Put(ctx context.Context, b []byte) (image.Digest, error)
	Get(ctx context.Context, d image.Digest) ([]byte, error)
	Has(ctx context.Context, d image.Digest) (bool, error)
	Delete(ctx context.Context, d image.Digest) error
	// DeleteOld is Delete for what nobody has put since a time. It is for what no row names any more: somebody may be about
	// to name it again, and has put it before.
	DeleteOld(ctx context.Context, d image.Digest, before time.Time) error
}

// putAgain is how long a blob that is put again may keep its time.
const putAgain = time.Hour

// tableBlobs keeps blobs, compressed, in the database.
type tableBlobs struct{ q Queries }

var _ Blobs = (*tableBlobs)(nil)

func (t *tableBlobs) Put(ctx context.Context, b []byte) (image.Digest, error) {
	d := image.DigestOf(b)
	now := t.q.now()
	var at time.Time
	err := t.q.one(ctx, "SELECT put_at FROM blobs WHERE digest = ?", []any{string(d)}, moment{&at})
	switch {
	case err == nil && now.Sub(at) < putAgain:
		return d, nil
	case err == nil:
		n, err := t.q.exec(ctx, "UPDATE blobs SET put_at = ? WHERE digest = ?", micros(now), string(d))
		if err != nil || n > 0 {
			return d, describe(err, "keeping a blob")
		}
	case !errors.Is(err, ErrNotFound):
		return d, describe(err, "looking for a blob")
	}
	_, err = t.q.exec(ctx, "INSERT INTO blobs (digest, data, put_at) VALUES (?, ?, ?) ON CONFLICT (digest) DO UPDATE SET put_at = excluded.put_at",
		string(d), t.q.codec.pack(b), micros(now))
	return d, describe(err, "keeping a blob")
}

func (t *tableBlobs) Get(ctx context.Context, d image.Digest) ([]byte, error) {
	var packed []byte
	if err := t.q.one(ctx, "SELECT data FROM blobs WHERE digest = ?", []any{string(d)}, &packed); err != nil {
		return nil, fmt.Errorf("blob %.100q: %w", d, err)
	}
	return verified(t.q.codec, packed, d)
}

func (t *tableBlobs) Has(ctx context.Context, d image.Digest) (bool, error) {
	var n int64
	err := t.q.one(ctx, "SELECT count(*) FROM blobs WHERE digest = ?", []any{string(d)}, &n)
	return n > 0, describe(err, "looking for a blob")
}

func (t *tableBlobs) Delete(ctx context.Context, d image.Digest) error {
	_, err := t.q.exec(ctx, "DELETE FROM blobs WHERE digest = ?", string(d))
	return err
}

func (t *tableBlobs) DeleteOld(ctx context.Context, d image.Digest, before time.Time) error {
	_, err := t.q.exec(ctx, "DELETE FROM blobs WHERE digest = ? AND put_at < ?", string(d), micros(before))
	return describe(err, "removing a blob")
}

// verified unpacks a blob and compares its digest.
func verified(c *codec, packed []byte, want image.Digest) ([]byte, error) {
	b, err := c.unpack(packed)
	if err != nil {
		return nil, fmt.Errorf("blob %s is damaged: %w", want.Short(), err)
	}
	if have := image.DigestOf(b); have != want {
		return nil, fmt.Errorf("blob %s is damaged: its digest is %s", want.Short(), have.Short())
	}
	return b, nil
}
