package store

import "context"

// Size is how many bytes the database takes, with what it keeps free for itself and without blobs in a directory.
func (q *Queries) Size(ctx context.Context) (int64, error) {
	var n int64
	err := q.one(ctx, q.d.size, nil, &n)
	return n, describe(err, "reading the size of the database")
}
