package store

import (
	"context"
	"database/sql"
	"fmt"
)

// Tx is a transaction that writes. It asks what a [Queries] asks and sees its own changes.
type Tx struct {
	Queries
	tx *sql.Tx
}

// SQL is the transaction itself, for the job engine, which inserts jobs in it.
func (t *Tx) SQL() *sql.Tx { return t.tx }

// Write runs f in one transaction that is committed when f returns nil and undone otherwise. f runs a second time when
// the database gave up the first for another transaction's sake, so what it does outside of the transaction must bear
// that. f must not call Write, nor any method of [Store] that writes: the embedded database has one writer.
func (s *Store) Write(ctx context.Context, f func(*Tx) error) error {
	err := s.writeOnce(ctx, f)
	if err != nil && again(err) && ctx.Err() == nil {
		err = s.writeOnce(ctx, f)
	}
	return err
}

func (s *Store) writeOnce(ctx context.Context, f func(*Tx) error) error {
	sqlTx, err := s.pool.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("beginning a transaction: %w", meaning(err))
	}
	defer func() { _ = sqlTx.Rollback() }() // after a commit this does nothing
	tx := &Tx{Queries: s.Queries, tx: sqlTx}
	tx.run, tx.caches = sqlTx, caches{} // what it reads may be undone
	if err := f(tx); err != nil {
		return err
	}
	if err := sqlTx.Commit(); err != nil {
		return fmt.Errorf("committing a transaction: %w", meaning(err))
	}
	return nil
}
