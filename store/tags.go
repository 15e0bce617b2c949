package store

import "context"

// PutTag says that a tag points at an image from DetectedAt (zero: now) on. The image that had it no longer has it; a
// tag that comes back to an image is current there again, detected anew. A tag that is where it was changes nothing, and
// one that was detected before the present one is history.
func (t *Tx) PutTag(ctx context.Context, row int64, tag Tag) error {
	at := t.orNow(tag.DetectedAt)
	var account string
	if err := t.one(ctx, "SELECT account FROM images WHERE id = ?", []any{row}, &account); err != nil {
		return describe(err, "image record %d", row)
	}
	var holder, since int64
	err := t.one(ctx, `SELECT image_row, detected_at FROM tags WHERE account = ? AND registry = ? AND repository = ? AND tag = ? AND current`,
		[]any{account, tag.Registry, tag.Repository, tag.Tag}, &holder, &since)
	current := true
	switch {
	case err == nil && holder == row:
		return nil
	case err == nil && since > micros(at):
		current = false
	case err == nil:
		_, err = t.exec(ctx, "UPDATE tags SET current = FALSE WHERE image_row = ? AND registry = ? AND repository = ? AND tag = ?",
			holder, tag.Registry, tag.Repository, tag.Tag)
	default:
		err = ignoreMissing(err)
	}
	if err != nil {
		return describe(err, "keeping tag %q", tag.FullTag())
	}
	_, err = t.exec(ctx, `INSERT INTO tags (image_row, account, registry, repository, tag, detected_at, current) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (image_row, registry, repository, tag) DO UPDATE SET detected_at = excluded.detected_at, current = excluded.current`,
		row, account, tag.Registry, tag.Repository, tag.Tag, micros(at), current)
	return describe(err, "keeping tag %q", tag.FullTag())
}

const tagHistory = `SELECT t.registry, t.repository, t.tag, i.digest, t.detected_at, t.current FROM tags t JOIN images i ON i.id = t.image_row
	WHERE t.account = ? AND t.registry = ? AND t.repository = ? AND t.tag = ? ORDER BY t.detected_at DESC, t.image_row DESC`

func scanTag(row scanner, t *Tag) error {
	return row.Scan(&t.Registry, &t.Repository, &t.Tag, &t.Digest, moment{&t.DetectedAt}, &t.Current)
}

// TagHistory lists where a tag of an account has pointed, newest first.
func (q *Queries) TagHistory(ctx context.Context, account, registry, repository, tag string) ([]Tag, error) {
	return all(ctx, q, scanTag, tagHistory, account, registry, repository, tag)
}

// CurrentTag returns the image that a tag of an account points at, with all its tags; [ErrNotFound] when it was never
// seen, or the image it pointed at is gone.
func (q *Queries) CurrentTag(ctx context.Context, account, registry, repository, tag string) (Image, Tag, error) {
	var row int64
	t := Tag{Registry: registry, Repository: repository, Tag: tag, Current: true}
	err := q.one(ctx, `SELECT image_row, detected_at FROM tags WHERE account = ? AND registry = ? AND repository = ? AND tag = ? AND current`,
		[]any{account, registry, repository, tag}, &row, moment{&t.DetectedAt})
	if err != nil {
		return Image{}, Tag{}, describe(err, "tag %q", t.FullTag())
	}
	i, err := q.ImageByRowID(ctx, row)
	t.Digest = i.Digest
	return i, t, err
}
