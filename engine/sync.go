package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path"
	"slices"
	"strings"
	"time"

	"landwaiter.dev/advisory"
	"landwaiter.dev/advisory/feed"
	"landwaiter.dev/store"
)

// syncFeeds stages what is new at the sources under the next revision, matches again what that concerns, and moves the
// pointer. Before the pointer moves nothing of it can be seen.
type syncFeeds struct {
	store   *store.Store
	jobs    *Jobs
	matcher *matcher
	fetcher *fetcher
	config  FeedConfig
	log     *slog.Logger
	now     func() time.Time
	// progress is told what happens, for people who wait; may be nil.
	progress func(string)
}

// folderState is what is remembered of one source between syncs.
type folderState struct {
	Fingerprint string    `json:"fingerprint,omitempty"`
	LastSync    time.Time `json:"last_sync,omitzero"`
	LastError   string    `json:"last_error,omitempty"`
	// Absent says that the source answered and does not have it.
	Absent bool `json:"absent,omitempty"`
}

// Names of the sources that are no folder of records.
const (
	kevSource  = "kev"
	allFolders = "osv" // where the list of folders could not be had
	epssSource = "epss"
)

const (
	settingSources      = "feeds.sources"
	settingLastFullSync = "feeds.last_full_sync"
)

// sources reads what is remembered of each source.
func sources(ctx context.Context, s *store.Store) (map[string]folderState, error) {
	out := map[string]folderState{}
	raw, err := s.Setting(ctx, settingSources)
	if err != nil || raw == "" {
		return out, err
	}
	return out, json.Unmarshal([]byte(raw), &out)
}

// outcome is what a sync gathers on its way.
type outcome struct {
	rev     int64
	states  map[string]folderState
	groups  map[string]*SyncedGroup // by ecosystem
	counts  map[string]map[string]int64
	changed bool
	failed  []string
}

// run is one sync. It fails only when nothing could be done; a source that failed is told in its groups.
func (u *syncFeeds) run(ctx context.Context, args syncArgs) ([]SyncResult, error) {
	start := u.now()
	u.log.Info("feed sync start", "flush", args.Flush)
	current, err := u.store.CurrentRevision(ctx)
	if err != nil {
		return nil, err
	}
	o := &outcome{rev: current.ID + 1, groups: map[string]*SyncedGroup{}, counts: map[string]map[string]int64{}}
	if err := u.store.AbortStaged(ctx, o.rev); err != nil {
		return nil, err
	}
	if o.states, err = sources(ctx, u.store); err != nil {
		return nil, err
	}
	folders, err := u.folders(ctx, args)
	if err != nil {
		u.fail(o, allFolders, err)
	}
	if err == nil {
		delete(o.states, allFolders)
	}
	for _, f := range folders {
		if err := u.folder(ctx, o, f, args); err != nil {
			return nil, err
		}
	}
	if err := u.kev(ctx, o, args); err != nil {
		return nil, err
	}
	images := 0
	if o.changed || current.ID == 0 {
		if images, err = u.rematchAndSwitch(ctx, o); err != nil {
			return nil, err
		}
	}
	if err := u.remember(ctx, o); err != nil {
		return nil, err
	}
	if err := u.epss(ctx, o); err != nil {
		return nil, err
	}
	if err := u.unchanged(ctx, o); err != nil {
		return nil, err
	}
	result := SyncResult{Feed: FeedName, OK: len(o.failed) == 0, Seconds: u.now().Sub(start).Seconds()}
	for _, eco := range sortedWords(o.groups) {
		g := *o.groups[eco]
		g.Images = images
		result.Groups = append(result.Groups, g)
	}
	rev, err := u.store.CurrentRevision(ctx)
	if err != nil {
		return nil, err
	}
	u.log.Info("feed sync done", "revision", rev.ID, "changed", o.changed, "images", images, "failed", o.failed, "seconds", result.Seconds)
	return []SyncResult{result}, nil
}

// unchanged adds the groups of which nothing is new, so that people see that they were looked at.
func (u *syncFeeds) unchanged(ctx context.Context, o *outcome) error {
	groups, err := u.store.FeedGroups(ctx)
	if err != nil {
		return err
	}
	for _, g := range groups {
		if o.groups[g.Ecosystem] == nil && g.LastError == "" && !g.LastSync.IsZero() {
			o.groups[g.Ecosystem] = &SyncedGroup{Group: g.Group, OK: true}
		}
	}
	return nil
}

// fail notes that a source could not be used; the old data stays in place.
func (u *syncFeeds) fail(o *outcome, source string, err error) {
	u.log.Warn("feed failed", "source", source, "err", err.Error())
	st := o.states[source]
	st.LastError, st.Absent = err.Error(), false
	o.states[source] = st
	o.failed = append(o.failed, source)
	name := groupName(source)
	o.groups[name] = &SyncedGroup{Group: name, Error: err.Error()}
}

func groupName(source string) string { return strings.ToLower(source) }

// folders chooses which ecosystems this sync looks at.
func (u *syncFeeds) folders(ctx context.Context, args syncArgs) ([]string, error) {
	switch {
	case isOff(u.config.OSV):
		return nil, nil
	case len(args.Ecosystems) > 0:
		return args.Ecosystems, nil
	case len(u.config.Ecosystems) > 0:
		return u.config.Ecosystems, nil
	case !isURL(u.config.OSV):
		list, err := u.fetcher.folders(u.config.OSV)
		if err != nil {
			return nil, err
		}
		if len(list) == 0 {
			return nil, fmt.Errorf("%q holds no <Ecosystem>/all.zip: is it the right directory?", u.config.OSV)
		}
		return list, nil
	}
	inventory, err := u.store.Ecosystems(ctx)
	if err != nil {
		return nil, err
	}
	var list []string
	for _, eco := range inventory {
		list = append(list, advisory.FolderOf(eco))
	}
	slices.Sort(list)
	return slices.Compact(list), nil
}

// stageBatch is how many changed records are staged at once.
const stageBatch = 500

// folder stages what changed in the bundle of one ecosystem.
func (u *syncFeeds) folder(ctx context.Context, o *outcome, folder string, args syncArgs) error {
	start := u.now()
	st := o.states[folder]
	known := st.Fingerprint
	if args.Flush {
		known = ""
	}
	u.tell("fetching advisories of " + folder)
	f, err := u.fetcher.osv(ctx, u.config.OSV, folder, known)
	switch {
	case errors.Is(err, errUnchanged):
		o.states[folder] = folderState{Fingerprint: st.Fingerprint, LastSync: u.now()}
		return nil
	case errors.Is(err, errAbsent) && st.LastSync.IsZero():
		o.states[folder] = folderState{LastError: "the source has no advisories of " + folder, Absent: true}
		return nil
	case err != nil && ctx.Err() != nil:
		return err
	case err != nil:
		u.fail(o, folder, err)
		return nil
	}
	defer f.Close()
	s, err := u.stage(ctx, o, folder, f, args)
	if refused, ok := errors.AsType[*feed.Refused](err); ok {
		u.fail(o, folder, refused)
		return u.store.AbortFolder(ctx, o.rev, folder)
	}
	if err != nil {
		return err
	}
	o.states[folder] = folderState{Fingerprint: f.fingerprint, LastSync: u.now()}
	o.changed = o.changed || s.changed+s.removed > 0
	o.counts[folder] = s.counts
	seconds := u.now().Sub(start).Seconds()
	for eco := range s.counts {
		name := advisory.FeedGroup(eco)
		o.groups[eco] = &SyncedGroup{Group: name, OK: true, Seconds: seconds, Records: s.perGroup[eco], Problems: s.problems}
	}
	u.log.Info("feed loaded", "source", folder, "records", len(s.seen), "changed", s.changed, "removed", s.removed, "problems", len(s.problems))
	return nil
}

// staged is what one bundle brought.
type staged struct {
	seen             map[string]bool
	changed, removed int
	// counts of records, and of changed ones, by ecosystem with release.
	counts   map[string]int64
	perGroup map[string]int
	problems []string
}

// maxProblems bounds the list of records that were refused.
const maxProblems = 100

func (u *syncFeeds) stage(ctx context.Context, o *outcome, folder string, f *fetched, args syncArgs) (*staged, error) {
	current, err := u.store.CurrentRecords(ctx, folder)
	if err != nil {
		return nil, err
	}
	s := &staged{seen: make(map[string]bool, len(current)), counts: map[string]int64{}, perGroup: map[string]int{}}
	var batch []store.NewRecord
	flush := func() error {
		err := u.store.StageRecords(ctx, o.rev, folder, batch)
		batch = batch[:0]
		return err
	}
	for rec, err := range feed.ReadOSV(f.file, f.size, folder) {
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
		// A bundle may hold an id twice; what comes last counts.
		again := s.seen[rec.ID]
		s.seen[rec.ID] = true
		ecosystems := ecosystemsOf(rec)
		ecosystems = slices.DeleteFunc(ecosystems, func(eco string) bool { return advisory.FolderOf(eco) != folder }) // those count where they are at home
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
				u.tell(fmt.Sprintf("%s: %d records", folder, len(s.seen)))
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
		return nil, &feed.Refused{File: folder + "/all.zip", Reason: fmt.Sprintf(
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
	return s, u.store.StageRemoved(ctx, o.rev, folder, gone)
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

// kev stages the catalogue of exploited vulnerabilities.
func (u *syncFeeds) kev(ctx context.Context, o *outcome, args syncArgs) error {
	st := o.states[kevSource]
	// A load of some ecosystems alone does not ask again for what is there.
	if isOff(u.config.KEV) || len(args.Ecosystems) > 0 && !st.LastSync.IsZero() {
		return nil
	}
	f, err := u.fetcher.at(ctx, u.config.KEV, st.Fingerprint)
	if errors.Is(err, errUnchanged) {
		o.states[kevSource] = folderState{Fingerprint: st.Fingerprint, LastSync: u.now()}
		return nil
	}
	if err != nil {
		u.fail(o, kevSource, err)
		return ctx.Err()
	}
	defer f.Close()
	catalogue, err := feed.ReadKEV(f.file)
	if err == nil {
		var before map[string]string
		if before, err = u.store.CurrentKEV(ctx); err != nil {
			return err
		}
		if len(catalogue.Added)*2 < len(before) && !args.AcceptShrink {
			err = fmt.Errorf("the KEV catalogue has %d entries where there were %d; it is held back until a sync with accept_shrink", len(catalogue.Added), len(before))
		}
	}
	if err != nil {
		u.fail(o, kevSource, err)
		return nil
	}
	changed, err := u.store.StageKEV(ctx, o.rev, catalogue.Added)
	if err != nil {
		return err
	}
	o.changed = o.changed || len(changed) > 0
	o.states[kevSource] = folderState{Fingerprint: f.fingerprint, LastSync: u.now()}
	return nil
}

// epss keeps the day's scores of the vulnerabilities that have a match. It changes no match and raises no notice.
func (u *syncFeeds) epss(ctx context.Context, o *outcome) error {
	if isOff(u.config.EPSS) {
		return nil
	}
	fail := func(err error) error {
		u.fail(o, epssSource, err)
		return u.remember(ctx, o)
	}
	f, err := u.fetcher.at(ctx, u.config.EPSS, "")
	if err != nil {
		return fail(err)
	}
	defer f.Close()
	ids, err := u.store.VulnsWithMatch(ctx)
	if err != nil {
		return err
	}
	wanted := make(map[string]bool, len(ids))
	for _, id := range ids {
		wanted[id] = true
	}
	day := u.now()
	var scores []store.EPSS
	for row, err := range feed.ReadEPSS(f.file) {
		if _, ok := errors.AsType[*feed.Problem](err); ok {
			continue
		}
		if err != nil {
			return fail(err)
		}
		if d, err := time.Parse(time.DateOnly, row.Day); err == nil {
			day = d
		}
		if wanted[row.CVE] {
			scores = append(scores, store.EPSS{CVE: row.CVE, Score: row.EPSS, Percentile: row.Percentile})
		}
	}
	if err := u.store.PutEPSS(ctx, day, scores); err != nil {
		return err
	}
	o.states[epssSource] = folderState{LastSync: u.now()}
	return u.remember(ctx, o)
}

// remember writes the state of sources and groups.
func (u *syncFeeds) remember(ctx context.Context, o *outcome) error {
	raw, err := json.Marshal(o.states)
	if err != nil {
		return err
	}
	now := u.now()
	return u.store.Write(ctx, func(tx *store.Tx) error {
		if err := tx.PutSetting(ctx, settingSources, string(raw)); err != nil {
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
		for _, counts := range o.counts {
			for eco, n := range counts {
				g, ok := byEcosystem[eco]
				if !ok {
					g = store.FeedGroup{Feed: FeedName, Group: advisory.FeedGroup(eco), Ecosystem: eco, Enabled: true, CreatedAt: now}
				}
				g.Records, g.UpdatedAt = n, now
				if s := o.groups[eco]; s != nil {
					g.Problems = s.Problems
				}
				byEcosystem[eco] = g
			}
		}
		if len(byEcosystem) == 0 {
			byEcosystem[""] = store.FeedGroup{Feed: FeedName, Group: noGroup, Enabled: true, CreatedAt: now, LastSync: now, UpdatedAt: now}
		}
		for eco, g := range byEcosystem {
			if st, ok := o.states[advisory.FolderOf(eco)]; ok {
				g.LastError, g.LastAttempt = st.LastError, now
				if !st.LastSync.IsZero() {
					g.LastSync = st.LastSync
				}
			}
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

func (u *syncFeeds) tell(what string) {
	if u.progress != nil {
		u.progress(what)
	}
}
