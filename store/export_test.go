package store

import "context"

// FileIDs does what the migration does that made the table of ids.
func (s *Store) FileIDs(ctx context.Context) error {
	return s.Write(ctx, func(tx *Tx) error { return fileIDs(ctx, tx.tx, tx.d) })
}
