package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// LockData takes the data directory for a server until release is called or the process ends; [ErrHeld] when another
// process has it. Who only reads, or writes a short transaction, needs no lock.
func (s *Store) LockData() (release func() error, err error) {
	if s.dataDir == "" {
		return func() error { return nil }, nil
	}
	if err := os.MkdirAll(s.dataDir, 0o700); err != nil {
		return nil, noDataDir(s.dataDir, err)
	}
	f, err := os.OpenFile(filepath.Join(s.dataDir, lockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, noDataDir(s.dataDir, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("%w (%s)", ErrHeld, s.dataDir)
		}
		return nil, fmt.Errorf("locking the data directory: %w", err)
	}
	return f.Close, nil
}
