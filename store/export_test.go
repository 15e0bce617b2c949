package store

import "context"

// FileNames does what the migration does that put names beside records.
func (s *Store) FileNames(ctx context.Context) error {
	return s.Write(ctx, func(tx *Tx) error { return fileNames(ctx, tx.tx, tx.d) })
}

// FileIDs does what the migration does that made the table of ids.
func (s *Store) FileIDs(ctx context.Context) error {
	return s.Write(ctx, func(tx *Tx) error { return fileIDs(ctx, tx.tx, tx.d) })
}

// FileArtifacts is what a migration does to the records of Maven that are stored.
func (s *Store) FileArtifacts(ctx context.Context) error {
	return s.Write(ctx, func(t *Tx) error { return fileArtifacts(ctx, t.tx, s.d) })
}
