package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"landwaiter.dev/advisory"
	"landwaiter.dev/advisory/feed"
	"landwaiter.dev/store"
)

// sourceState is what is remembered of one part of a source between syncs.
type sourceState struct {
	version
	LastSync    time.Time `json:"last_sync,omitzero"`
	LastAttempt time.Time `json:"last_attempt,omitzero"`
	LastError   string    `json:"last_error,omitempty"`
	// Held says that it lost more than half and waits for somebody who accepts that.
	Held bool `json:"held,omitempty"`
	// Absent says that the source answered and does not have it.
	Absent bool `json:"absent,omitempty"`
	// Records that it has, and Counts of them by ecosystem with release; nil when it was never read.
	Records int64            `json:"records,omitempty"`
	Counts  map[string]int64 `json:"counts,omitempty"`
	// Ungrouped are those of the records that are in none of Counts: they name no package, or none of this source's ecosystem.
	Ungrouped int64 `json:"ungrouped,omitempty"`
	// Problems are entries that were skipped or taken with a doubt: how many, and the first of them.
	Skipped  int      `json:"skipped,omitempty"`
	Problems []string `json:"problems,omitempty"`
	// Archive names the file from which the data was imported; "" when it came from the source itself.
	Archive string `json:"archive,omitempty"`
	// Scope says which vulnerabilities scores were kept for.
	Scope string `json:"scope,omitempty"`
	// Reader is the [feed.Driver.Reader] that read it; 0 where there were no numbers yet, and of what an archive brought.
	Reader int `json:"reader,omitempty"`
}

// known is what the source need not give again: nothing where all is wanted anew, or where the program has learnt to read
// more of the same bytes.
func (s *sourceState) known(d *feed.Driver, args syncArgs) version {
	if args.Flush || s.Reader < d.Reader() {
		return version{}
	}
	return s.version
}

// read notes which content was read, and by which reader.
func (s *sourceState) read(d *feed.Driver, v version) { s.version, s.Reader = v, d.Reader() }

// outgrown says whether a source that is asked was read by an earlier version of the program, which made less of it.
func (u *syncFeeds) outgrown(ctx context.Context) (bool, error) {
	states, err := sources(ctx, u.store)
	if err != nil {
		return false, err
	}
	drivers := map[string]int{}
	for _, d := range feed.Drivers() {
		if u.config.on(d.Name) {
			drivers[d.Name] = d.Reader()
		}
	}
	for part, s := range states {
		// What an archive brought has no version: the source is asked for all of it anyway, when there is one.
		if s.version != (version{}) && s.Reader < drivers[driverOf(part)] {
			return true, nil
		}
	}
	return false, nil
}

// checked is the state after a look that found nothing new.
func (s sourceState) checked(now time.Time) sourceState {
	s.LastSync, s.LastAttempt, s.LastError, s.Held, s.Absent = now, now, "", false, false
	return s
}

// Names of drivers that the engine knows: OSV's parts are called by ecosystem alone, and scans tell of the catalogue.
const (
	osvDriver  = "osv"
	epssDriver = "epss"
	kevDriver  = "kev"
)

// driverOf is the driver that reads a part: the name before the slash, and OSV for a name that no driver has.
func driverOf(part string) string {
	name, _, _ := strings.Cut(part, "/")
	if slices.ContainsFunc(feed.Drivers(), func(d feed.Driver) bool { return d.Name == name }) {
		return name
	}
	return osvDriver
}

const (
	settingSources      = "feeds.sources"
	settingAsked        = "feeds.asked"
	settingLastFullSync = "feeds.last_full_sync"
)

// sources reads what is remembered of each part of each source.
func sources(ctx context.Context, s *store.Store) (map[string]sourceState, error) {
	out := map[string]sourceState{}
	raw, err := s.Setting(ctx, settingSources)
	if err != nil || raw == "" {
		return out, err
	}
	return out, json.Unmarshal([]byte(raw), &out)
}

// asked are the ecosystems, with their releases, that the sources were asked for because images have them.
func asked(ctx context.Context, s *store.Queries) (map[string]bool, error) {
	return wordsOf(ctx, s, settingAsked)
}

// wordsOf reads a setting that is a set of words.
func wordsOf(ctx context.Context, s *store.Queries, setting string) (map[string]bool, error) {
	out := map[string]bool{}
	raw, err := s.Setting(ctx, setting)
	if err != nil || raw == "" {
		return out, err
	}
	return out, json.Unmarshal([]byte(raw), &out)
}

// records stages what changed at a source of records.
func (u *syncFeeds) records(ctx context.Context, o *outcome, d feed.Driver, args syncArgs) error {
	src, err := u.fetcher.mirrors(d.Name, u.config.Places[d.Name])
	if err != nil {
		return err
	}
	defer src.client.CloseIdleConnections()
	parts, err := u.parts(ctx, o, src, d, args)
	if err != nil {
		u.fail(o, d.Name, err)
		return ctx.Err()
	}
	if d.Parts != nil {
		delete(o.states, d.Name) // the parts speak for themselves
	}
	for _, p := range parts {
		if err := u.part(ctx, o, src, d, p, args); err != nil {
			return err
		}
	}
	return nil
}

// parts chooses which parts of a source this sync looks at.
func (u *syncFeeds) parts(ctx context.Context, o *outcome, src *mirrors, d feed.Driver, args syncArgs) ([]feed.Part, error) {
	if d.Parts == nil {
		return []feed.Part{{Name: d.Name}}, nil
	}
	wanted := args.Ecosystems
	switch {
	case len(wanted) > 0 || u.config.all():
	case len(u.config.Ecosystems) > 0:
		wanted = u.config.Ecosystems
	case src.remote():
		inventory, err := u.store.Ecosystems(ctx)
		if err != nil {
			return nil, err
		}
		wanted = append([]string{}, inventory...) // none is not all
	}
	for _, eco := range wanted {
		o.asked[eco] = true
	}
	parts, err := d.Parts(ctx, src, wanted)
	if err == nil && wanted == nil && len(parts) == 0 {
		err = fmt.Errorf("%q holds nothing that the source %s has: is it the right directory?", shown(src.places[0], ""), d.Name)
	}
	return parts, err
}

// part stages what changed in one part of a source. What one mirror serves and cannot be used, the next may have whole.
func (u *syncFeeds) part(ctx context.Context, o *outcome, src *mirrors, d feed.Driver, p feed.Part, args syncArgs) error {
	st := o.states[p.Name]
	// A load of some ecosystems alone does not ask again for the one file that has all.
	if d.Parts == nil && len(args.Ecosystems) > 0 && !args.Again && !st.LastSync.IsZero() || u.switchedOff(o, p.Name) {
		return nil
	}
	known := st.known(&d, args)
	var first error
	for place := 0; ; place++ {
		u.step(ctx, "fetching", p.Name, 0)
		f, err := src.open(ctx, p, known, place)
		switch {
		case errors.Is(err, errUnchanged):
			o.states[p.Name] = st.checked(u.now())
			return nil
		case errors.Is(err, errAbsent) && first == nil && st.LastSync.IsZero():
			o.states[p.Name] = sourceState{LastAttempt: u.now(), LastError: "the source has no advisories of " + p.Name, Absent: true}
			return nil
		case errors.Is(err, errNoSpace):
			return err
		case err != nil:
			if ctx.Err() != nil {
				return err
			}
			u.fail(o, p.Name, orElse(first, err))
			return nil
		}
		err = u.stagePart(ctx, o, p.Name, d.Records(f.file, f.size, p.Name), args)
		f.Close()
		place = f.place
		_, refused := errors.AsType[*feed.Refused](err)
		switch {
		case err == nil:
			st = o.states[p.Name]
			st.read(&d, f.version)
			o.states[p.Name] = st
			return nil
		case !refused:
			return err
		case place+1 < len(src.places):
			u.log.Warn("feed mirror refused", "source", p.Name, "err", err.Error())
			first = orElse(first, err)
		default:
			u.fail(o, p.Name, orElse(first, err))
			return nil
		}
	}
}

func orElse(first, second error) error {
	if first != nil {
		return first
	}
	return second
}

// remember writes the state of sources and groups.
func (u *syncFeeds) remember(ctx context.Context, o *outcome) error {
	delete(o.states, wholeSync)
	raw, err := json.Marshal(o.states)
	if err != nil {
		return err
	}
	now := u.now()
	return u.store.Write(ctx, func(tx *store.Tx) error {
		if err := tx.PutSetting(ctx, settingSources, string(raw)); err != nil {
			return err
		}
		known, err := asked(ctx, &tx.Queries)
		if err != nil {
			return err
		}
		maps.Copy(known, o.asked)
		if err := tx.PutSetting(ctx, settingAsked, string(encode(known))); err != nil {
			return err
		}
		groups, err := tx.FeedGroups(ctx)
		if err != nil {
			return err
		}
		byEcosystem := map[string]store.FeedGroup{}
		for _, g := range groups {
			byEcosystem[g.Ecosystem] = g
		}
		for _, st := range o.states {
			for eco := range st.Counts {
				if _, known := byEcosystem[eco]; !known {
					byEcosystem[eco] = store.FeedGroup{Feed: FeedName, Group: advisory.FeedGroup(eco), Ecosystem: eco, Enabled: true, CreatedAt: now}
				}
			}
		}
		for eco, g := range byEcosystem {
			if g.Enabled && u.summarise(&g, o.states) {
				g.LastAttempt = now
			}
			if synced := o.groups[eco]; synced != nil {
				g.Problems, g.UpdatedAt = synced.Problems, now
			}
			byEcosystem[eco] = g
		}
		if len(byEcosystem) == 0 {
			byEcosystem[""] = store.FeedGroup{Feed: FeedName, Group: noGroup, Enabled: true, CreatedAt: now, LastSync: now, UpdatedAt: now}
		}
		if _, stub := byEcosystem[""]; stub && len(byEcosystem) > 1 {
			delete(byEcosystem, "")
			if err := tx.DeleteFeedGroup(ctx, FeedName, noGroup); err != nil {
				return err
			}
		}
		for _, g := range byEcosystem {
			if err := tx.PutFeedGroup(ctx, g); err != nil {
				return err
			}
		}
		if len(o.failed) > 0 {
			return nil
		}
		return tx.PutSetting(ctx, settingLastFullSync, now.UTC().Format(time.RFC3339Nano))
	})
}

// summarise makes a group what the parts that speak of it say together: the sum of their records, the age of the oldest,
// and the first error. False when none does.
func (u *syncFeeds) summarise(g *store.FeedGroup, states map[string]sourceState) bool {
	var counted, speaks bool
	var records int64
	var oldest time.Time
	lastError := ""
	for _, part := range sortedWords(states) {
		st, driver := states[part], driverOf(part)
		n, named := st.Counts[g.Ecosystem]
		// A bundle of OSV is about all releases, the ones that it has no record of too.
		if home := driver == osvDriver && advisory.FolderOf(g.Ecosystem) == part; !named && !home || g.Ecosystem == "" {
			continue
		}
		counted, records = counted || st.Counts != nil, records+n
		if !u.config.on(driver) && st.Archive == "" {
			continue // what it brought stays, and it is not asked any more
		}
		speaks = true
		if lastError == "" {
			lastError = st.LastError
		}
		if !st.LastSync.IsZero() && (oldest.IsZero() || st.LastSync.Before(oldest)) {
			oldest = st.LastSync
		}
	}
	if counted {
		g.Records = records
	}
	if speaks {
		g.LastError = lastError
	}
	if !oldest.IsZero() {
		g.LastSync = oldest
	}
	return speaks
}
