package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"landwaiter.dev/advisory/archive"
	"landwaiter.dev/advisory/feed"
	"landwaiter.dev/store"
)

// ImportFeeds says how an archive of advisory data is taken.
type ImportFeeds struct {
	// Name of the file, for people.
	Name string
	// AllowUnsigned takes a file that nobody signed, or somebody who is not trusted.
	AllowUnsigned bool
	// AcceptShrink lets a part lose more than half of its records, AcceptOlder replaces newer data by older.
	AcceptShrink, AcceptOlder bool
	// Wait answers when the import has ended; else at once.
	Wait bool
}

// ArchiveState says from which file advisory data was imported last.
type ArchiveState struct {
	Name       string    `json:"name"`
	MadeAt     time.Time `json:"made_at"`
	MadeBy     string    `json:"made_by"`
	Revision   int64     `json:"revision"` // there
	ImportedAt time.Time `json:"imported_at"`
	// Signer is the key of a trusted signature; "" when the file was taken without one.
	Signer string `json:"signer,omitempty"`
	// Parts that are still as that file had them.
	Parts []string `json:"parts,omitempty"`
}

const settingArchive = "feeds.archive"

// imported is the reason of a revision that came from a file.
const imported = "import"

// title is how messages and states name an archive.
func title(a *archive.Archive) string {
	return fmt.Sprintf("archive %s of %s", a.Name, a.MadeAt.UTC().Format(time.DateOnly))
}

// importArchive is a sync whose supplier is a file: what changed is staged, compared, matched, and put in force at once.
// Parts that the file does not have stay as they are, and so do those that are switched off.
func (u *syncFeeds) importArchive(ctx context.Context, a *archive.Archive, args syncArgs) ([]SyncResult, error) {
	u.log.Info("feed import start", "archive", a.Name, "made", a.MadeAt, "signed", a.Signed)
	o, err := u.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer o.lock.Release()
	if o.off[wholeFeed] {
		return nil, Errorf(ClassConflict, "feed_off", "the feed is switched off: switch it on before data is imported")
	}
	if err := u.notOlder(a, o.states, args); err != nil {
		return nil, err
	}
	o.reason = imported
	if err := u.stageArchive(ctx, o, a, args); err != nil {
		return nil, u.broken(ctx, o, err)
	}
	return u.result(ctx, o)
}

// stageArchive stages all that the file has and makes it the current revision.
func (u *syncFeeds) stageArchive(ctx context.Context, o *outcome, a *archive.Archive, args syncArgs) error {
	for _, s := range a.Sections {
		var err error
		switch s.Kind {
		case archive.Records:
			err = u.importRecords(ctx, o, a, s, args)
		case archive.Exploited:
			err = u.importExploited(ctx, o, a, s, args)
		case archive.Scores: // after the switch, see below
		default:
			u.log.Warn("the archive has a section of a kind that this version does not know", "archive", a.Name, "kind", s.Kind)
		}
		if err != nil {
			return err
		}
	}
	if err := u.rekey(ctx, o); err != nil {
		return err
	}
	if err := u.finish(ctx, o); err != nil {
		return err
	}
	for _, s := range a.Sections {
		if s.Kind == archive.Scores {
			if err := u.importScores(ctx, o, a, s); err != nil {
				return err
			}
		}
	}
	return u.rememberArchive(ctx, o, a)
}

func (u *syncFeeds) importRecords(ctx context.Context, o *outcome, a *archive.Archive, s archive.Section, args syncArgs) error {
	if u.switchedOff(o, s.Part) {
		return nil
	}
	if err := u.countAgain(ctx, o, s.Part); err != nil {
		return err
	}
	err := u.stagePart(ctx, o, s.Part, a.Records(s), args)
	if _, refused := errors.AsType[*feed.Refused](err); refused {
		u.fail(o, s.Part, err)
		return nil
	}
	if err == nil {
		u.fromArchive(o, s.Part, a, s)
	}
	return err
}

// notOlder refuses an archive whose data is older than what is in force: an old file would quietly take back what is known.
func (u *syncFeeds) notOlder(a *archive.Archive, states map[string]sourceState, args syncArgs) error {
	if args.AcceptOlder {
		return nil
	}
	for _, s := range a.Sections {
		part := s.Part
		switch s.Kind {
		case archive.Exploited:
			part = kevDriver
		case archive.Scores:
			part = epssDriver
		}
		if have, would := states[part].LastSync, u.syncedAt(a, s); have.After(would) {
			return Errorf(ClassConflict, "archive_older", "%s was not taken: its data of %s is of %s, and what is in force here is of %s; give accept_older (--accept-older) to go back",
				title(a), part, would.UTC().Format(time.RFC3339), have.UTC().Format(time.RFC3339))
		}
	}
	return nil
}

// syncedAt is when a section's data came from its publisher; never in the future.
func (u *syncFeeds) syncedAt(a *archive.Archive, s archive.Section) time.Time {
	at := s.SyncedAt
	if at.IsZero() {
		at = a.MadeAt
	}
	if now := u.now(); at.After(now) || at.IsZero() {
		return now
	}
	return at
}

// fromArchive notes where a part's data is from, and of when it is.
func (u *syncFeeds) fromArchive(o *outcome, part string, a *archive.Archive, s archive.Section) {
	st := o.states[part]
	st.Archive, st.LastSync = title(a), u.syncedAt(a, s)
	o.states[part] = st
}

func (u *syncFeeds) importExploited(ctx context.Context, o *outcome, a *archive.Archive, s archive.Section, args syncArgs) error {
	catalogue, err := a.Exploited()
	if err != nil {
		u.fail(o, kevDriver, err)
		return ctx.Err()
	}
	if err := u.countAgain(ctx, o, kevDriver); err != nil {
		return err
	}
	staged, err := u.stageExploited(ctx, o, kevDriver, catalogue, args)
	if staged {
		u.fromArchive(o, kevDriver, a, s)
	}
	return err
}

// scoreBatch is how many scores are kept at once.
const scoreBatch = 1000

// importScores keeps all scores of the file: images that come later need theirs, and nobody can be asked. They are read
// twice, so that nothing is kept of what is refused in the end.
func (u *syncFeeds) importScores(ctx context.Context, o *outcome, a *archive.Archive, s archive.Section) error {
	st := sourceState{LastAttempt: u.now()}
	for _, err := range a.Scores() {
		if p, ok := errors.AsType[*feed.Problem](err); ok {
			if st.Skipped++; len(st.Problems) < keptProblems {
				st.Problems = append(st.Problems, p.Error())
			}
			continue
		}
		if err != nil {
			u.fail(o, epssDriver, err)
			return nil
		}
		st.Records++
	}
	day, err := time.Parse(time.DateOnly, s.Day)
	if err != nil {
		return err // the reader refused it
	}
	var batch []store.EPSS
	began := u.now()
	for row, err := range a.Scores() {
		if err != nil {
			continue
		}
		if batch = append(batch, store.EPSS{CVE: row.CVE, Score: row.EPSS, Percentile: row.Percentile}); len(batch) == scoreBatch {
			if err := u.store.PutEPSS(ctx, day, began, batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	if err := u.store.PutEPSS(ctx, day, began, batch); err != nil {
		return err
	}
	if err := keepScoresKnown(ctx, u.store, began); err != nil {
		return err
	}
	o.states[epssDriver] = st
	u.fromArchive(o, epssDriver, a, s)
	return nil
}

// rememberArchive writes down which file it was.
func (u *syncFeeds) rememberArchive(ctx context.Context, o *outcome, a *archive.Archive) error {
	if err := u.remember(ctx, o); err != nil {
		return err
	}
	st := ArchiveState{Name: a.Name, MadeAt: a.MadeAt.UTC(), MadeBy: a.MadeBy, Revision: a.Revision, ImportedAt: u.now().UTC()}
	if a.Signed {
		st.Signer = a.Signer.String()
	}
	return u.store.Write(ctx, func(tx *store.Tx) error {
		return tx.PutSetting(ctx, settingArchive, string(encode(st)))
	})
}

// archiveState is what was imported last, and what is still as it came; nil when nothing was.
func archiveState(ctx context.Context, s *store.Store, states map[string]sourceState) (*ArchiveState, error) {
	raw, err := s.Setting(ctx, settingArchive)
	if err != nil || raw == "" {
		return nil, err
	}
	var st ArchiveState
	if err := json.Unmarshal([]byte(raw), &st); err != nil {
		return nil, err
	}
	for _, part := range sortedWords(states) {
		if states[part].Archive != "" {
			st.Parts = append(st.Parts, part)
		}
	}
	return &st, nil
}

// archivesOf names, by group, the files from which parts were imported that speak of it.
func archivesOf(groups []store.FeedGroup, states map[string]sourceState) map[string]string {
	out := map[string]string{}
	for _, g := range groups {
		var names []string
		for _, part := range sortedWords(states) {
			st := states[part]
			if _, has := st.Counts[g.Ecosystem]; has && st.Archive != "" && !slices.Contains(names, st.Archive) {
				names = append(names, st.Archive)
			}
		}
		if len(names) > 0 {
			out[g.Group] = strings.Join(names, ", ")
		}
	}
	return out
}
