package engine

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"path"
	"slices"
	"strings"

	"landwaiter.dev/advisory"
	"landwaiter.dev/advisory/feed"
	"landwaiter.dev/store"
)

// stageBatch is how many changed records are staged at once.
const stageBatch = 500

// Bounds of the list of records that were refused: of a group, and of what is kept of a source.
const (
	maxProblems  = 100
	keptProblems = 20
)

// staged is what one part brought.
type staged struct {
	seen             map[string]bool
	changed, removed int
	// counts of records, and of changed ones, by ecosystem with release.
	counts   map[string]int64
	perGroup map[string]int
	// ungrouped are records that count in no ecosystem.
	ungrouped int64
	skipped   int
	problems  []string
}

// stagePart stages what changed in one part of a source, whatever supplies its records: a new version of each record
// that is another one than before, and the end of those that are gone. When it is refused (*[feed.Refused], among them
// one that lost more than half) what was staged of it is taken back; the caller decides whether the sync goes on
// ([syncFeeds.fail]). Any other error ends the sync.
func (u *syncFeeds) stagePart(ctx context.Context, o *outcome, part string, records iter.Seq2[*advisory.Record, error], args syncArgs) error {
	start := u.now()
	s, err := u.stage(ctx, o, part, records, args)
	if _, refused := errors.AsType[*feed.Refused](err); refused {
		return orElse(u.store.AbortFolder(ctx, o.rev, part), err)
	}
	if err != nil {
		return err
	}
	o.states[part] = sourceState{
		LastSync: u.now(), LastAttempt: u.now(), Records: int64(len(s.seen)), Counts: s.counts, Ungrouped: s.ungrouped,
		Skipped: s.skipped, Problems: s.problems[:min(len(s.problems), keptProblems)],
	}
	o.changed = o.changed || s.changed+s.removed > 0
	seconds := u.now().Sub(start).Seconds()
	for eco := range s.counts {
		g := o.groups[eco]
		if g == nil {
			g = &SyncedGroup{Group: advisory.FeedGroup(eco), OK: true}
			o.groups[eco] = g
		}
		g.Seconds, g.Records = g.Seconds+seconds, g.Records+s.perGroup[eco]
		g.Problems = append(g.Problems, s.problems[:min(len(s.problems), maxProblems-len(g.Problems))]...)
	}
	u.log.Info("feed loaded", "source", part, "records", len(s.seen), "changed", s.changed, "removed", s.removed, "problems", s.skipped)
	return nil
}

func (u *syncFeeds) stage(ctx context.Context, o *outcome, part string, records iter.Seq2[*advisory.Record, error], args syncArgs) (*staged, error) {
	current, err := u.store.CurrentRecords(ctx, part)
	if err != nil {
		return nil, err
	}
	osv := driverOf(part) == osvDriver
	s := &staged{seen: make(map[string]bool, len(current)), counts: map[string]int64{}, perGroup: map[string]int{}}
	stager := u.store.NewStager(o.rev, part)
	defer stager.Stop()
	var batch []store.NewRecord
	flush := func() error {
		err := stager.Stage(ctx, batch)
		batch = batch[:0]
		return err
	}
	for rec, err := range ahead(records) {
		if p, ok := errors.AsType[*feed.Problem](err); ok {
			s.skipped++
			if len(s.problems) < maxProblems {
				s.problems = append(s.problems, p.Error())
			}
			if rec == nil {
				// A record that is damaged today was sound before: the old one stays.
				if id := strings.TrimSuffix(path.Base(p.Entry), ".json"); current[id] != "" {
					s.seen[id] = true
				}
				continue
			}
		} else if err != nil {
			return nil, err
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if onlyAbout(rec, o.deleted) {
			continue
		}
		// A part may hold an id twice; what comes last counts.
		again := s.seen[rec.ID]
		s.seen[rec.ID] = true
		if len(s.seen)%stageBatch == 0 {
			u.step(ctx, "loading", part, len(s.seen))
		}
		ecosystems := ecosystemsOf(rec)
		if osv { // in OSV's bundles a record counts where it is at home: the others that it speaks of have it too
			ecosystems = slices.DeleteFunc(ecosystems, func(eco string) bool { return advisory.FolderOf(eco) != part })
		}
		if !again {
			for _, eco := range ecosystems {
				s.counts[eco]++
			}
			if len(ecosystems) == 0 {
				s.ungrouped++
			}
		}
		n, err := store.EncodeRecord(rec, rec.Keys())
		if err != nil {
			return nil, err
		}
		if !args.Flush && current[rec.ID] == n.Digest && !again {
			continue
		}
		n.New = current[rec.ID] == "" && !again
		s.changed++
		for _, eco := range ecosystems {
			s.perGroup[eco]++
		}
		batch = slices.DeleteFunc(batch, func(b store.NewRecord) bool { return again && b.ID == n.ID })
		if batch = append(batch, n); len(batch) >= stageBatch {
			if err := flush(); err != nil {
				return nil, err
			}
		}
	}
	if err := flush(); err != nil {
		return nil, err
	}
	if err := stager.Close(ctx); err != nil {
		return nil, err
	}
	if len(s.seen)*2 < len(current) && !args.AcceptShrink {
		return nil, shrunk(part, "records", len(s.seen), len(current))
	}
	var gone []string
	for id := range current {
		if !s.seen[id] {
			gone = append(gone, id)
		}
	}
	slices.Sort(gone)
	s.removed = len(gone)
	return s, u.store.StageRemoved(ctx, o.rev, part, gone)
}

// held says that a source lost more than half: a mirror that lost its data would look like good news.
type held struct{ error }

func (h *held) Unwrap() error { return h.error }

func shrunk(part, what string, now, before int) error {
	return &held{&feed.Refused{File: part, Reason: fmt.Sprintf(
		"it has %d %s where there were %d; more than half would go, so it is held back until a sync with accept_shrink", now, what, before)}}
}

// onlyAbout says whether a record speaks of these ecosystems and of no other.
func onlyAbout(r *advisory.Record, ecosystems map[string]bool) bool {
	return len(ecosystems) > 0 && len(r.Affected) > 0 &&
		!slices.ContainsFunc(r.Affected, func(a advisory.Affected) bool { return !ecosystems[a.Ecosystem] })
}

// ecosystemsOf lists the ecosystems that a record speaks of, each once.
func ecosystemsOf(r *advisory.Record) []string {
	var out []string
	for _, k := range r.Keys() {
		if !slices.Contains(out, k.Ecosystem) {
			out = append(out, k.Ecosystem)
		}
	}
	return out
}
