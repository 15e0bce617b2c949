package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
)

// ErrSyncing says that another node stages advisory data.
var ErrSyncing = errors.New("advisory data is being loaded by another node")

// SyncLock is held by the one who stages a revision.
type SyncLock struct {
	conn   *sql.Conn
	unlock string
	mutex  *sync.Mutex
}

// LockSync takes the right to stage a revision until it is released or the session with the database ends;
// [ErrSyncing] when somebody has it. It does not wait.
func (s *Store) LockSync(ctx context.Context) (*SyncLock, error) {
	if s.d.syncLock == "" { // one process has the data directory
		if !s.syncing.TryLock() {
			return nil, ErrSyncing
		}
		return &SyncLock{mutex: &s.syncing}, nil
	}
	conn, err := s.pool.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("locking the advisory data: %w", err)
	}
	var got bool
	if err := conn.QueryRowContext(ctx, s.d.syncLock).Scan(&got); err != nil {
		return nil, fmt.Errorf("locking the advisory data: %w", errors.Join(err, conn.Close()))
	}
	if !got {
		return nil, errors.Join(ErrSyncing, conn.Close())
	}
	return &SyncLock{conn: conn, unlock: s.d.syncUnlock}, nil
}

// Held says whether the lock is still there: a database that was restarted, or a network that was away, has given it
// up, and then another node may have it.
func (l *SyncLock) Held(ctx context.Context) error {
	if l.conn == nil {
		return nil
	}
	if err := l.conn.PingContext(ctx); err != nil {
		return fmt.Errorf("the lock of the sync is lost with the connection to the database: %w", err)
	}
	return nil
}

// Release lets others stage.
func (l *SyncLock) Release() {
	if l.conn == nil {
		l.mutex.Unlock()
		return
	}
	_, _ = l.conn.ExecContext(context.Background(), l.unlock) // closing the session unlocks as well
	_ = l.conn.Close()
}
