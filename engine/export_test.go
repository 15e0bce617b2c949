package engine

import (
	"context"
	"errors"
)

// Sync loads these ecosystems, or those that the settings name where there is a choice, for tests of the sync alone.
func (l *Local) Sync(ctx context.Context, ecosystems []string) error {
	args := syncArgs{}
	if l.Feeds.chosen() {
		args.Ecosystems = ecosystems
	}
	results, err := l.syncer(l.Feeds).run(ctx, args)
	for _, r := range results {
		for _, g := range r.Groups {
			if !g.OK {
				err = errors.Join(err, errors.New(g.Error))
			}
		}
	}
	return err
}
