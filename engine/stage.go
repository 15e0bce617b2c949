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

// maxProblems bounds the list of records that were refused.
const maxProblems = 100

// staged is what one part brought.
type staged struct {
	seen             map[string]bool
	changed, removed int
	// counts of records, and of changed ones, by ecosystem with release.
	counts   map[string]int64
	perGroup map[string]int
	problems []string
}

// stagePart stages what changed in one part of a source, whatever supplies its records: a new version of each record
// that is another one than before, and the end of those that are gone. A part that is refused is noted as failed, what
// was staged of it is taken back, and nil is given: the others go on. An error ends the sync.
func (u *syncFeeds) stagePart(ctx context.Context, o *outcome, part string, records iter.Seq2[*advisory.Record, error], args syncArgs) (*staged, error) {
	start := u.now()
	s, err := u.stage(ctx, o, part, records, args)
	if refused, ok := errors.AsType[*feed.Refused](err); ok {
		u.fail(o, part, refused)
		return nil, u.store.AbortFolder(ctx, o.rev, part)
	}
	if err != nil {
		return nil, err
	}
	o.states[part] = sourceState{LastSync: u.now(), Counts: s.counts}
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
	u.log.Info("feed loaded", "source", part, "records", len(s.seen), "changed", s.changed, "removed", s.removed, "problems", len(s.problems))
	return s, nil
}

func (u *syncFeeds) stage(ctx context.Context, o *outcome, part string, records iter.Seq2[*advisory.Record, error], args syncArgs) (*staged, error) {
	current, err := u.store.CurrentRecords(ctx, part)
	if err != nil {
		return nil, err
	}
	osv := driverOf(part) == osvDriver
	s := &staged{seen: make(map[string]bool, len(current)), counts: map[string]int64{}, perGroup: map[string]int{}}
	var batch []store.NewRecord
	flush := func() error {
		err := u.store.StageRecords(ctx, o.rev, part, batch)
		batch = batch[:0]
		return err
	}
	for rec, err := range records {
		if p, ok := errors.AsType[*feed.Problem](err); ok {
			if len(s.problems) < maxProblems {
				s.problems = append(s.problems, p.Error())
			}
			// A record that is damaged today was sound before: the old one stays.
			if id := strings.TrimSuffix(path.Base(p.Entry), ".json"); current[id] != "" {
				s.seen[id] = true
			}
			if rec == nil {
				continue
			}
		} else if err != nil {
			return nil, err
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		// A part may hold an id twice; what comes last counts.
		again := s.seen[rec.ID]
		s.seen[rec.ID] = true
		ecosystems := ecosystemsOf(rec)
		if osv { // in OSV's bundles a record counts where it is at home: the others that it speaks of have it too
			ecosystems = slices.DeleteFunc(ecosystems, func(eco string) bool { return advisory.FolderOf(eco) != part })
		}
		for _, eco := range ecosystems {
			if !again {
				s.counts[eco]++
			}
		}
		n, err := store.EncodeRecord(rec, rec.Keys())
		if err != nil {
			return nil, err
		}
		if !args.Flush && current[rec.ID] == n.Digest && !again {
			continue
		}
		s.changed++
		for _, eco := range ecosystems {
			s.perGroup[eco]++
		}
		batch = slices.DeleteFunc(batch, func(b store.NewRecord) bool { return again && b.ID == n.ID })
		if batch = append(batch, n); len(batch) >= stageBatch {
			if s.changed%(10*stageBatch) == 0 {
				u.tell(fmt.Sprintf("%s: %d records", part, len(s.seen)))
			}
			if err := flush(); err != nil {
				return nil, err
			}
		}
	}
	if err := flush(); err != nil {
		return nil, err
	}
	if len(s.seen)*2 < len(current) && !args.AcceptShrink {
		return nil, &feed.Refused{File: part, Reason: fmt.Sprintf(
			"it has %d records where there were %d; more than half would go, so it is held back until a sync with accept_shrink", len(s.seen), len(current))}
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
