package store

import (
	"context"
	"errors"
	"fmt"

	"landwaiter.dev/image"
)

const imageColumns = `i.id, i.account, i.digest, i.parent_digest, i.image_id, i.status, i.state, i.error, i.error_code,
	i.created_at, i.updated_at, i.analyzed_at, i.analysis_id, i.annotations, i.dockerfile_digest, i.manifest_blob, i.parent_blob,
	i.distro, i.distro_version, i.architecture, i.size, i.layer_count`

// fields are where imageColumns go.
func (i *Image) fields() []any {
	return []any{&i.ID, &i.Account, &i.Digest, &i.ParentDigest, &i.ImageID, &i.Status, &i.State, &i.Error, &i.ErrorCode,
		moment{&i.CreatedAt}, moment{&i.UpdatedAt}, moment{&i.AnalyzedAt}, &i.AnalysisID, document{&i.Annotations},
		&i.DockerfileDigest, &i.ManifestBlob, &i.ParentBlob, &i.Distro, &i.DistroVersion, &i.Architecture, &i.Size, &i.LayerCount}
}

func scanImage(row scanner, i *Image) error { return row.Scan(i.fields()...) }

// InsertImage inserts an image without tags and sets its ID; [ErrExists] when the account has one of this digest, and then
// the transaction goes on unharmed. Empty status and state are not_analyzed and active, an empty parent is the image
// itself, zero times are now. A Dockerfile is in force from CreatedAt on.
func (t *Tx) InsertImage(ctx context.Context, i *Image) error {
	if i.ParentDigest == "" {
		i.ParentDigest = i.Digest
	}
	if i.Status == "" {
		i.Status = NotAnalyzed
	}
	if i.State == "" {
		i.State = "active"
	}
	i.CreatedAt, i.UpdatedAt = t.orNow(i.CreatedAt), t.orNow(i.UpdatedAt)
	annotations, err := jsonText(nonNil(i.Annotations))
	if err != nil {
		return err
	}
	err = t.one(ctx, `INSERT INTO images (account, digest, parent_digest, image_id, status, state, error, error_code,
			created_at, updated_at, analyzed_at, analysis_id, annotations, dockerfile_digest, manifest_blob, parent_blob,
			distro, distro_version, architecture, size, layer_count)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (account, digest) DO NOTHING RETURNING id`,
		[]any{i.Account, string(i.Digest), string(i.ParentDigest), string(i.ImageID), string(i.Status), i.State, i.Error, i.ErrorCode,
			micros(i.CreatedAt), micros(i.UpdatedAt), micros(i.AnalyzedAt), i.AnalysisID, annotations, "", string(i.ManifestBlob),
			string(i.ParentBlob), i.Distro, i.DistroVersion, i.Architecture, i.Size, i.LayerCount}, &i.ID)
	if errors.Is(err, ErrNotFound) {
		return fmt.Errorf("image %s: %w", i.Digest, ErrExists)
	}
	if err != nil {
		return describe(err, "keeping image %s", i.Digest)
	}
	i.DockerfileDigest = ""
	if i.Dockerfile != "" {
		i.DockerfileDigest = image.DigestOf([]byte(i.Dockerfile))
		return t.SetDockerfile(ctx, i.ID, i.Dockerfile, i.CreatedAt)
	}
	return nil
}

// UpdateImage writes all fields of an image back but for account, digest, CreatedAt, Dockerfile ([Tx.SetDockerfile]) and
// tags ([Tx.PutTag]). UpdatedAt becomes now.
func (t *Tx) UpdateImage(ctx context.Context, i *Image) error {
	annotations, err := jsonText(nonNil(i.Annotations))
	if err != nil {
		return err
	}
	i.UpdatedAt = t.now()
	return describe(mustChange(t.exec(ctx, `UPDATE images SET parent_digest = ?, image_id = ?, status = ?, state = ?, error = ?, error_code = ?,
			updated_at = ?, analyzed_at = ?, analysis_id = ?, annotations = ?, manifest_blob = ?, parent_blob = ?,
			distro = ?, distro_version = ?, architecture = ?, size = ?, layer_count = ? WHERE id = ?`,
		string(i.ParentDigest), string(i.ImageID), string(i.Status), i.State, i.Error, i.ErrorCode, micros(i.UpdatedAt),
		micros(i.AnalyzedAt), i.AnalysisID, annotations, string(i.ManifestBlob), string(i.ParentBlob),
		i.Distro, i.DistroVersion, i.Architecture, i.Size, i.LayerCount, i.ID)), "changing image %s", i.Digest)
}

// DeleteImage removes an image with its tags, Dockerfiles and history. Its analysis stays while others have it
// ([Store.Collect]), its evaluations stay.
func (t *Tx) DeleteImage(ctx context.Context, id int64) error {
	return describe(mustChange(t.exec(ctx, "DELETE FROM images WHERE id = ?", id)), "deleting image %d", id)
}

// Image returns an account's image by its own digest, else the newest by the digest of its index. Tags and Dockerfile are
// filled.
func (q *Queries) Image(ctx context.Context, account string, digest image.Digest) (Image, error) {
	i, err := first(ctx, q, scanImage, "SELECT "+imageColumns+` FROM images i WHERE i.account = ? AND (i.digest = ? OR i.parent_digest = ?)
		ORDER BY CASE WHEN i.digest = ? THEN 0 ELSE 1 END, i.created_at DESC, i.id DESC LIMIT 1`, account, string(digest), string(digest), string(digest))
	return q.complete(ctx, i, describe(err, "image %.100q", digest))
}

// ImageByID returns the newest image of an account with this config digest. Tags and Dockerfile are filled.
func (q *Queries) ImageByID(ctx context.Context, account string, id image.Digest) (Image, error) {
	i, err := first(ctx, q, scanImage, "SELECT "+imageColumns+` FROM images i WHERE i.account = ? AND i.image_id = ?
		ORDER BY i.created_at DESC, i.id DESC LIMIT 1`, account, string(id))
	return q.complete(ctx, i, describe(err, "image with id %.100q", id))
}

// ImageByRowID returns an image by the number of its record. Tags and Dockerfile are filled.
func (q *Queries) ImageByRowID(ctx context.Context, row int64) (Image, error) {
	i, err := first(ctx, q, scanImage, "SELECT "+imageColumns+" FROM images i WHERE i.id = ?", row)
	return q.complete(ctx, i, describe(err, "image record %d", row))
}

// LockImage is [Queries.ImageByRowID] for a transaction that will change the image: others wait for it.
func (t *Tx) LockImage(ctx context.Context, row int64) (Image, error) {
	i, err := first(ctx, &t.Queries, scanImage, "SELECT "+imageColumns+" FROM images i WHERE i.id = ?{lock}", row)
	return t.complete(ctx, i, describe(err, "image record %d", row))
}

// complete fills what single reads of an image have.
func (q *Queries) complete(ctx context.Context, i Image, err error) (Image, error) {
	if err != nil {
		return Image{}, err
	}
	list := []Image{i}
	if err := q.fillTags(ctx, list); err != nil {
		return Image{}, err
	}
	if i.DockerfileDigest != "" {
		err = q.one(ctx, "SELECT document FROM dockerfiles WHERE image_row = ? AND to_at = 0", []any{i.ID}, &list[0].Dockerfile)
	}
	return list[0], describe(err, "the Dockerfile of image %s", i.Digest)
}

func nonNil(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}
