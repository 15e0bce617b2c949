package store

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// What the lock file says of who holds it; a server says nothing.
const scanSyncs = "scan"

// LockData takes the data directory for a server until release is called or the process ends; [ErrHeld] when another
// process has it. Who only reads, or writes a short transaction, needs no lock.
func (s *Store) LockData() (release func() error, err error) { return s.lockData("") }

// LockSyncing is [Store.LockData] for who holds the directory only while it loads advisory data. Whoever fails to get it
// meanwhile learns so: the error is [ErrScanSyncs].
func (s *Store) LockSyncing() (release func() error, err error) { return s.lockData(scanSyncs) }

func (s *Store) lockData(who string) (release func() error, err error) {
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
		holder, _ := io.ReadAll(io.LimitReader(f, 16))
		_ = f.Close()
		switch {
		case errors.Is(err, syscall.EWOULDBLOCK) && string(holder) == scanSyncs:
			return nil, fmt.Errorf("%w (%s)", ErrScanSyncs, s.dataDir)
		case errors.Is(err, syscall.EWOULDBLOCK):
			return nil, fmt.Errorf("%w (%s)", ErrHeld, s.dataDir)
		}
		return nil, fmt.Errorf("locking the data directory: %w", err)
	}
	err = f.Truncate(0)
	if err == nil {
		_, err = f.WriteString(who)
	}
	if err != nil {
		_ = f.Close()
		return nil, noDataDir(s.dataDir, err)
	}
	return f.Close, nil
}
