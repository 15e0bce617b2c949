package store

import (
	"context"
	"strings"

	"landwaiter.dev/image"
)

// ImageFilter narrows a list of images; zero fields do not.
type ImageFilter struct {
	State  string
	Status AnalysisStatus
	// Registry, Repository and Tag narrow to images that have, or once had, such a tag.
	Registry, Repository, Tag string
	// Digest and ImageID narrow to one image, by its own digest or that of its config.
	Digest, ImageID image.Digest
	// Current narrows Registry, Repository and Tag to tags that are still there.
	Current bool
	// Limit bounds the list; 0 does not. After continues behind the image record of this number.
	Limit int
	After int64
}

// Images lists an account's images, oldest record first, with their tags and without Dockerfiles.
func (q *Queries) Images(ctx context.Context, account string, f ImageFilter) ([]Image, error) {
	where, args := []string{"i.account = ?"}, []any{account}
	add := func(cond string, arg string) {
		if arg != "" {
			where, args = append(where, cond), append(args, arg)
		}
	}
	add("i.state = ?", f.State)
	add("i.status = ?", string(f.Status))
	add("i.digest = ?", string(f.Digest))
	add("i.image_id = ?", string(f.ImageID))
	if f.After > 0 {
		where, args = append(where, "i.id > ?"), append(args, f.After)
	}
	if f.Registry != "" || f.Repository != "" || f.Tag != "" {
		outer := where
		where = []string{"t.account = i.account"}
		add("t.registry = ?", f.Registry)
		add("t.repository = ?", f.Repository)
		add("t.tag = ?", f.Tag)
		if f.Current {
			where = append(where, "t.current")
		}
		where = append(outer, "i.id IN (SELECT t.image_row FROM tags t WHERE "+strings.Join(where, " AND ")+")")
	}
	query := "SELECT " + imageColumns + " FROM images i WHERE " + strings.Join(where, " AND ") + " ORDER BY i.id"
	if f.Limit > 0 {
		query, args = query+" LIMIT ?", append(args, f.Limit)
	}
	images, err := all(ctx, q, scanImage, query, args...)
	if err != nil {
		return nil, describe(err, "listing images")
	}
	return images, q.fillTags(ctx, images)
}

// ImagesInStatus lists the records of all accounts' active images whose analysis stands so, oldest first.
func (q *Queries) ImagesInStatus(ctx context.Context, status AnalysisStatus) ([]int64, error) {
	return all(ctx, q, scalar[int64], "SELECT id FROM images WHERE status = ? AND state = 'active' ORDER BY id", string(status))
}

// ImagesInState lists the records of all accounts' images in this state ("deleting"), oldest first.
func (q *Queries) ImagesInState(ctx context.Context, state string) ([]int64, error) {
	return all(ctx, q, scalar[int64], "SELECT id FROM images WHERE state = ? ORDER BY id", state)
}

// CountImages counts an account's images by the status of their analysis; "" counts all accounts'.
func (q *Queries) CountImages(ctx context.Context, account string) (map[AnalysisStatus]int64, error) {
	counts := map[AnalysisStatus]int64{}
	err := each(ctx, q, func(row scanner) error {
		var s AnalysisStatus
		var n int64
		if err := row.Scan(&s, &n); err != nil {
			return err
		}
		counts[s] = n
		return nil
	}, "SELECT status, count(*) FROM images WHERE account = ? OR ? = '' GROUP BY status", account, account)
	return counts, err
}

// fillTags reads the tags of many images at once.
func (q *Queries) fillTags(ctx context.Context, images []Image) error {
	at := make(map[int64]int, len(images))
	ids := make([]int64, len(images))
	for n := range images {
		at[images[n].ID], ids[n] = n, images[n].ID
	}
	return describe(each(ctx, q, func(row scanner) error {
		var id int64
		var t Tag
		if err := row.Scan(&id, &t.Registry, &t.Repository, &t.Tag, moment{&t.DetectedAt}, &t.Current); err != nil {
			return err
		}
		i := &images[at[id]]
		t.Digest = i.Digest
		i.Tags = append(i.Tags, t)
		return nil
	}, `SELECT image_row, registry, repository, tag, detected_at, current FROM tags WHERE image_row {in ids}
		ORDER BY detected_at DESC, registry, repository, tag`, list(ids)), "reading tags")
}
