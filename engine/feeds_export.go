package engine

import (
	"context"
	"io"
	"time"

	"landwaiter.dev/advisory/archive"
	"landwaiter.dev/advisory/feed"
	"landwaiter.dev/store"
)

// Export writes all advisory data in force to w as one file, see package archive; nobody has signed it yet.
func (u *Feeds) Export(ctx context.Context, w io.Writer) error {
	_, err := exportFeeds(ctx, u.store, w, archive.Contents{MadeAt: u.now(), MadeBy: u.version}, nil)
	return err
}

// Export writes all advisory data in force to w as one file, signed when there is a key. It only reads, and needs no lock.
func (l *Local) Export(ctx context.Context, w io.Writer, version string, key *archive.PrivateKey) (archive.Contents, error) {
	return exportFeeds(ctx, l.Store, w, archive.Contents{MadeAt: l.Now().UTC(), MadeBy: version}, key)
}

// errNothingToExport says that no data was ever loaded.
var errNothingToExport = Errorf(ClassConflict, "no_advisory_data", "there is no advisory data here yet: wait for the first sync, or load some with a scan")

// exportFeeds writes what one revision has. A revision does not change, so a sync may go on beside it.
func exportFeeds(ctx context.Context, s *store.Store, w io.Writer, c archive.Contents, key *archive.PrivateKey) (archive.Contents, error) {
	rev, err := s.CurrentRevision(ctx)
	if err != nil {
		return c, err
	}
	states, err := sources(ctx, s)
	if err != nil {
		return c, err
	}
	folders, err := s.Folders(ctx, rev.ID)
	if err != nil {
		return c, err
	}
	if rev.ID == 0 || len(folders) == 0 {
		return c, errNothingToExport
	}
	c.Revision, c.SwitchedAt = rev.ID, rev.SwitchedAt
	groups, err := s.FeedGroups(ctx)
	if err != nil {
		return c, err
	}
	for _, g := range groups {
		if g.Ecosystem != "" && !g.LastSync.IsZero() {
			c.Groups = append(c.Groups, archive.Group{Group: g.Group, Ecosystem: g.Ecosystem, Records: g.Records, LastSync: g.LastSync})
		}
	}
	out, err := archive.NewWriter(w, c)
	if err != nil {
		return c, err
	}
	for _, folder := range folders {
		if err := out.Records(archive.Section{Part: folder, SyncedAt: states[folder].LastSync}, s.FolderDocuments(ctx, folder, rev.ID)); err != nil {
			return c, err
		}
	}
	if err := exportExploited(ctx, s, out, rev.ID, states[kevDriver].LastSync); err != nil {
		return c, err
	}
	if err := exportScores(ctx, s, out, states[epssDriver].LastSync); err != nil {
		return c, err
	}
	return out.Close(key)
}

func exportExploited(ctx context.Context, s *store.Store, out *archive.Writer, rev int64, synced time.Time) error {
	added, err := s.KEVAt(ctx, rev)
	if err != nil || len(added) == 0 {
		return err
	}
	known, err := s.KEVDetailsAt(ctx, rev, sortedWords(added))
	if err != nil {
		return err
	}
	details := make(map[string]feed.ExploitDetail, len(known))
	for cve, d := range known {
		details[cve] = feed.ExploitDetail(d)
	}
	return out.Exploited(archive.Section{SyncedAt: synced}, func(yield func(string, string) bool) {
		for _, cve := range sortedWords(added) {
			if !yield(cve, added[cve]) {
				return
			}
		}
	}, details)
}

func exportScores(ctx context.Context, s *store.Store, out *archive.Writer, synced time.Time) error {
	day, err := s.NewestEPSSDay(ctx)
	if err != nil || day == "" {
		return err
	}
	return out.Scores(archive.Section{SyncedAt: synced, Day: day}, func(yield func(feed.Score, error) bool) {
		for e, err := range s.EPSSOf(ctx, day) {
			if !yield(feed.Score{CVE: e.CVE, EPSS: e.Score, Percentile: e.Percentile, Day: day}, err) {
				return
			}
		}
	})
}
