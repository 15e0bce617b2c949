package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"landwaiter.dev/advisory"
	"landwaiter.dev/advisory/feed"
	"landwaiter.dev/image"
	"landwaiter.dev/store"
)

// ErrNoData means that there is no advisory data for an image and none may be fetched.
var ErrNoData = errors.New("give --allow-no-data to go on without matching")

const (
	// freshFor is how old advisory data may be before a scan asks for newer, unless the settings say otherwise.
	freshFor = 6 * time.Hour
	// refreshPause is how long a scan goes by what is there after newer data could not be had.
	refreshPause = 15 * time.Minute
	// lockPoll is the time between two looks at a data directory that another scan has, and heldPatience how long one that
	// does not say who has it is looked at.
	lockPoll     = 200 * time.Millisecond
	heldPatience = time.Second
)

// settingRefreshTried is when a scan last asked for newer data and could not get it.
const settingRefreshTried = "feeds.refresh_tried"

// settingScanned are the ecosystems, with their releases, that scans have asked all sources for.
const settingScanned = "feeds.scanned"

// need is what an image needs of advisory data, as it is here.
type need struct {
	// missing are the folders of its ecosystems that were never loaded, though the settings want them and the source is not
	// known to lack them; stale those that are older than they should be. some says that there is data of one at least.
	missing, stale []string
	some           bool
	// unasked are ecosystems of which sources besides OSV were never asked, or failed to have them.
	unasked []string
	// lacking says that there is no catalogue of exploited vulnerabilities, or no data at all.
	lacking bool
	states  map[string]sourceState
	rev     int64
}

func (n *need) nothing() bool { return len(n.missing)+len(n.stale)+len(n.unasked) == 0 && !n.lacking }

// Prepare sees to it that there is advisory data for an image: it fetches the ecosystems that the image has and that were
// never loaded, and the catalogue of exploited vulnerabilities, and asks for newer data where that is older than the
// interval of the settings. Without the former there is an error: no image passes because a download once failed. Without
// the latter the present data counts, with a gap.
//
// A data directory that a server holds is the server's to keep fresh. Another scan that loads data is waited for.
func (l *Local) Prepare(ctx context.Context, a *image.Analysis, offline bool) error {
	if len(l.Feeds.Places) == 0 {
		return l.imported(ctx)
	}
	n, err := l.need(ctx, a, offline)
	if err != nil {
		return err
	}
	if offline {
		switch {
		case !n.some && len(n.missing) > 0:
			return fmt.Errorf("there is no advisory data for %s here: run once without --offline, or %w", strings.Join(n.missing, ", "), ErrNoData)
		case n.rev == 0:
			return fmt.Errorf("there is no advisory data here: run once without --offline, or %w", ErrNoData)
		}
		return nil
	}
	for held := 0 * lockPoll; !n.nothing(); held += lockPoll {
		release, err := l.Store.LockSyncing()
		if err == nil {
			err = l.loadNeeded(ctx, a)
			return errors.Join(err, release())
		}
		another := errors.Is(err, store.ErrScanSyncs)
		switch {
		case !errors.Is(err, store.ErrHeld):
			return err
		case !n.lacking && len(n.missing) == 0:
			return nil // what is there is good enough, and somebody sees to it
		case another && held == 0:
			l.tell("waiting for another scan that loads advisory data")
		case !another && held >= heldPatience:
			if !n.some && len(n.missing) > 0 {
				return fmt.Errorf("%w, and there is no advisory data for %s yet: try again when its sync has ended, or %w", err, strings.Join(n.missing, ", "), ErrNoData)
			}
			return nil
		}
		select {
		case <-time.After(lockPoll):
		case <-ctx.Done():
			return ctx.Err()
		}
		if n, err = l.need(ctx, a, false); err != nil {
			return err
		}
	}
	return nil
}

// imported fails where nothing was ever loaded and every source is switched off.
func (l *Local) imported(ctx context.Context) error {
	rev, err := l.Store.CurrentRevision(ctx)
	if err != nil || rev.ID != 0 {
		return err
	}
	return fmt.Errorf("there is no advisory data here, and every source of it is switched off: bring some with landwaiter feeds import, or %w", ErrNoData)
}

// need looks at what is here.
func (l *Local) need(ctx context.Context, a *image.Analysis, offline bool) (*need, error) {
	states, err := sources(ctx, l.Store)
	if err != nil {
		return nil, err
	}
	rev, err := l.Store.CurrentRevision(ctx)
	if err != nil {
		return nil, err
	}
	n := &need{states: states, rev: rev.ID, lacking: rev.ID == 0 || l.lacksExploited(states)}
	for i := range a.Packages {
		folder := advisory.FolderOf(advisory.EcosystemOf(a.Packages[i].Type, a.Distro))
		st := states[folder]
		switch {
		case folder == "" || !l.Feeds.on(osvDriver) || slices.Contains(n.missing, folder) || slices.Contains(n.stale, folder):
		case !st.LastSync.IsZero():
			n.some = true
			if l.old(st) {
				n.stale = append(n.stale, folder)
			}
		case len(l.Feeds.Ecosystems) > 0 && !l.Feeds.all() && !slices.Contains(l.Feeds.Ecosystems, folder):
		case st.Absent && (offline || isURL(l.Feeds.Places[osvDriver][0])): // a directory is quickly asked again
		default:
			n.missing = append(n.missing, folder)
		}
	}
	known, err := wordsOf(ctx, &l.Store.Queries, settingScanned)
	if err != nil {
		return nil, err
	}
	tried, err := l.refreshTried(ctx)
	if err != nil {
		return nil, err
	}
	paused := l.within(tried, refreshPause)
	n.unasked = l.unasked(a, states, known, !paused)
	n.stale = append(n.stale, l.staleOthers(a, states)...)
	if n.some && l.Feeds.on(kevDriver) && !l.lacksExploited(states) && l.old(states[kevDriver]) {
		n.stale = append(n.stale, kevDriver)
	}
	slices.Sort(n.missing)
	slices.Sort(n.stale)
	if !l.Store.Embedded() {
		n.stale = nil // a database that servers share is theirs to keep fresh
	}
	if paused {
		n.stale = nil
	}
	return n, nil
}

// unasked lists the ecosystems of an image, with their releases, that other sources than OSV were never asked for, or, with
// again, failed to have.
func (l *Local) unasked(a *image.Analysis, states map[string]sourceState, known map[string]bool, again bool) []string {
	others, failed := false, false
	for _, d := range feed.Drivers() {
		others = others || d.Records != nil && d.Name != osvDriver && l.Feeds.on(d.Name)
	}
	if !others {
		return nil
	}
	for part, st := range states {
		driver := driverOf(part)
		failed = failed || driver != osvDriver && l.Feeds.on(driver) && st.LastError != "" && st.LastSync.IsZero() && !st.Absent
	}
	return ecosystemsIn(a, func(eco string) bool { return failed && again || !known[eco] })
}

// staleOthers lists the parts of sources besides OSV that speak of an image's ecosystems and are older than they should be,
// and the scores when they are old or not there at all: nothing depends on these.
func (l *Local) staleOthers(a *image.Analysis, states map[string]sourceState) []string {
	has := map[string]bool{}
	for _, eco := range ecosystemsIn(a, func(string) bool { return true }) {
		has[eco] = true
	}
	var stale []string
	for part, st := range states {
		driver := driverOf(part)
		if driver == osvDriver || driver == epssDriver || !l.Feeds.on(driver) || st.LastSync.IsZero() || !l.old(st) {
			continue
		}
		for eco := range st.Counts {
			if has[eco] {
				stale = append(stale, part)
				break
			}
		}
	}
	if l.Feeds.on(epssDriver) && l.old(states[epssDriver]) {
		stale = append(stale, epssDriver)
	}
	return stale
}

// ecosystemsIn lists those ecosystems of an image's packages, with their releases, that are wanted.
func ecosystemsIn(a *image.Analysis, wanted func(ecosystem string) bool) []string {
	var out []string
	for i := range a.Packages {
		eco := advisory.EcosystemOf(a.Packages[i].Type, a.Distro)
		if eco != "" && !slices.Contains(out, eco) && wanted(eco) {
			out = append(out, eco)
		}
	}
	slices.Sort(out)
	return out
}

// old says whether data should be asked for anew.
func (l *Local) old(st sourceState) bool {
	every := l.Feeds.Interval
	if every <= 0 {
		every = freshFor
	}
	return !l.within(st.LastSync, every)
}

// within says whether a moment is less than d ago. One that has yet to come is not: a clock went back.
func (l *Local) within(t time.Time, d time.Duration) bool {
	since := l.Now().Sub(t)
	return since >= 0 && since < d
}

func (l *Local) refreshTried(ctx context.Context) (time.Time, error) {
	raw, err := l.Store.Setting(ctx, settingRefreshTried)
	if err != nil || raw == "" {
		return time.Time{}, err
	}
	t, err := time.Parse(time.RFC3339Nano, raw)
	if err != nil {
		return time.Time{}, nil // then it is tried
	}
	return t, nil
}

func (l *Local) lacksExploited(states map[string]sourceState) bool {
	return l.Feeds.on(kevDriver) && states[kevDriver].LastSync.IsZero()
}

func (l *Local) tell(what string) {
	if l.Progress != nil {
		l.Progress(what)
	}
}

// loadNeeded loads what is still needed, now that the data directory is ours.
func (l *Local) loadNeeded(ctx context.Context, a *image.Analysis) error {
	n, err := l.need(ctx, a, false)
	if err != nil || n.nothing() {
		return err
	}
	wanted := ecosystemsIn(a, func(eco string) bool {
		folder := advisory.FolderOf(eco)
		return slices.Contains(n.missing, folder) || slices.Contains(n.stale, folder) || slices.Contains(n.unasked, eco) || n.staleElsewhere()
	})
	groups, err := l.load(ctx, wanted, true)
	if err != nil && (ctx.Err() != nil || len(n.missing) > 0 || n.lacking) {
		return err
	}
	failed := err != nil
	if failed {
		l.tell("newer advisory data could not be loaded: " + err.Error())
	}
	after, err := sources(ctx, l.Store)
	if err != nil {
		return err
	}
	for _, g := range groups {
		if g.OK {
			continue
		}
		if n.needs(g) && (g.Group == kevDriver || !l.Feeds.on(osvDriver) || failedOSV(g, after)) {
			return notLoaded(g)
		}
		failed = true
		l.tell("newer advisory data could not be loaded: " + g.Error)
	}
	if err := l.noteRefresh(ctx, failed, a); err != nil {
		return err
	}
	return l.noteAbsent(ctx, n.missing)
}

// staleElsewhere says whether a part of another source than OSV is older than it should be.
func (n *need) staleElsewhere() bool {
	return slices.ContainsFunc(n.stale, func(part string) bool { return driverOf(part) != osvDriver && part != kevDriver && part != epssDriver })
}

// needs says whether the image cannot do without a group that failed: there is no data of it, and some was needed.
func (n *need) needs(g SyncedGroup) bool {
	switch g.Group {
	case kevDriver:
		return n.states[kevDriver].LastSync.IsZero()
	case epssDriver:
		return false
	}
	for part, st := range n.states {
		if part == g.Group && !st.LastSync.IsZero() {
			return false
		}
	}
	return len(n.missing) > 0 || n.rev == 0
}

// failedOSV says whether the group that failed is a part of OSV's, and not one of a source that adds to it.
func failedOSV(g SyncedGroup, states map[string]sourceState) bool {
	for part, st := range states {
		if part == g.Group && driverOf(part) == osvDriver && st.LastError != "" && !st.Absent {
			return true
		}
	}
	return false
}

// notLoaded is the error of a group that failed.
func notLoaded(g SyncedGroup) error {
	if g.Group == kevDriver {
		return fmt.Errorf("the catalogue of exploited vulnerabilities could not be loaded: %s; try again, name another with --feeds-kev, or go without by --feeds-kev none", g.Error)
	}
	return fmt.Errorf("advisory data could not be loaded: %s; try again, or name another source with --feeds-osv", g.Error)
}

// Sync loads the advisory data of some ecosystems, or of those that the settings name where there is a choice. A source
// that fails is an error.
func (l *Local) Sync(ctx context.Context, folders []string) error {
	release, err := l.Store.LockSyncing()
	if err != nil {
		return err
	}
	defer func() { _ = release() }()
	groups, err := l.load(ctx, folders, false)
	if err != nil {
		return err
	}
	for _, g := range groups {
		if !g.OK {
			return notLoaded(g)
		}
	}
	return l.noteAbsent(ctx, folders)
}

// load syncs, and tells how each group fared. With again the files are asked too that have all ecosystems.
func (l *Local) load(ctx context.Context, ecosystems []string, again bool) ([]SyncedGroup, error) {
	args := syncArgs{Again: again}
	if l.Feeds.chosen() {
		args.Ecosystems = ecosystems
	}
	results, err := l.syncer(l.Feeds).run(ctx, args)
	var groups []SyncedGroup
	for _, r := range results {
		groups = append(groups, r.Groups...)
	}
	return groups, err
}

// noteRefresh remembers that newer data could not be had, or that it could, and that all sources were asked for the
// ecosystems of an image.
func (l *Local) noteRefresh(ctx context.Context, failed bool, a *image.Analysis) error {
	at := ""
	if failed {
		at = l.Now().UTC().Format(time.RFC3339Nano)
	}
	return l.Store.Write(ctx, func(tx *store.Tx) error {
		known, err := wordsOf(ctx, &tx.Queries, settingScanned)
		if err != nil {
			return err
		}
		for _, eco := range ecosystemsIn(a, func(eco string) bool { return !known[eco] }) {
			known[eco] = true
		}
		if err := tx.PutSetting(ctx, settingScanned, string(encode(known))); err != nil {
			return err
		}
		return tx.PutSetting(ctx, settingRefreshTried, at)
	})
}

// noteAbsent remembers of folders that were wanted and are not in the directory that was just read that it lacks them.
func (l *Local) noteAbsent(ctx context.Context, wanted []string) error {
	states, err := sources(ctx, l.Store)
	if err != nil {
		return err
	}
	for _, folder := range wanted {
		if _, tried := states[folder]; !tried {
			states[folder] = sourceState{Absent: true}
		}
	}
	return l.Store.Write(ctx, func(tx *store.Tx) error { return tx.PutSetting(ctx, settingSources, string(encode(states))) })
}
