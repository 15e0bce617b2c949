package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"landwaiter.dev/advisory/archive"
	"landwaiter.dev/store"
)

// Import takes an archive of advisory data into a data directory that no server holds.
func (l *Local) Import(ctx context.Context, file string, trust archive.Trust, r ImportFeeds) ([]SyncResult, error) {
	if !l.Store.Embedded() {
		return nil, errors.New("a PostgreSQL database belongs to its servers: import through one of them, landwaiter feeds import FILE --url ADDRESS")
	}
	release, err := l.Store.LockSyncing()
	if errors.Is(err, store.ErrHeld) {
		return nil, fmt.Errorf("%w: import through it, landwaiter feeds import FILE --url ADDRESS", err)
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = release() }()
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err == nil && !st.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a regular file", file)
	}
	if err != nil {
		return nil, err
	}
	a, err := archive.Open(f, st.Size(), fileName(filepath.Base(file)), trust)
	if err != nil {
		return nil, err
	}
	return l.syncer(l.Feeds).importArchive(ctx, a, syncArgs{AcceptShrink: r.AcceptShrink, AcceptOlder: r.AcceptOlder})
}

// syncer makes what syncs here, without jobs.
func (l *Local) syncer(config FeedConfig) *syncFeeds {
	return &syncFeeds{store: l.Store, matcher: &matcher{store: l.Store, now: l.Now}, fetcher: newFetcher(l.TempDir, config, l.Now), config: config, allScores: true, log: l.Log, now: l.Now, progress: l.Progress}
}
