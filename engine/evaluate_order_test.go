package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/testkit/storetest"
	"landwaiter.dev/notify"
)

const watchedTag = "r.example/app:1"

// watch subscribes to the tag 1.
func (v *verdicts) watch() {
	on := true
	for _, kind := range []string{notify.VulnUpdate, notify.PolicyEval} {
		_, err := v.e.Subscriptions.Create(v.ctx, admin, PutSubscription{Key: watchedTag, Type: kind, Active: &on})
		v.must(err)
	}
}

// news says what was told since the last call, oldest first: vulnerabilities as +added, -removed and ~updated, verdicts as
// both actions.
func (v *verdicts) news(seen map[string]bool) []string {
	rows, err := v.store.Notices(v.ctx, admin, "", 1000)
	v.must(err)
	slices.Reverse(rows)
	out := []string{}
	for _, n := range rows {
		if seen[n.ID] {
			continue
		}
		seen[n.ID] = true
		var p struct {
			LastEval struct {
				Action string `json:"final_action"`
			} `json:"last_eval"`
			CurrEval struct {
				Action string `json:"final_action"`
			} `json:"curr_eval"`
			Diff *notify.VulnDiff `json:"diff_vulnerability_result"`
		}
		v.must(json.Unmarshal(n.Payload, &p))
		if p.Diff == nil {
			out = append(out, p.LastEval.Action+"→"+p.CurrEval.Action)
			continue
		}
		for sign, rows := range map[string][]notify.VulnRow{"+": p.Diff.Added, "-": p.Diff.Removed, "~": p.Diff.Updated} {
			for _, r := range rows {
				out = append(out, sign+r.ID)
			}
		}
	}
	slices.Sort(out)
	return out
}

// told is the list that was told last, as ids, and whether it is what is true now.
func (v *verdicts) told(t *testing.T, name string) []string {
	t.Helper()
	state, err := v.store.VulnState(v.ctx, admin, watchedTag)
	v.must(err)
	raw, err := v.store.Blobs().Get(v.ctx, state.List)
	v.must(err)
	var rows []notify.VulnRow
	v.must(json.Unmarshal(raw, &rows))
	ids := []string{}
	for _, r := range rows {
		ids = append(ids, r.ID)
	}
	slices.Sort(ids)
	now, err := v.e.Vulns.Of(v.ctx, admin, v.images[name].row.Digest, Moment{})
	v.must(err)
	if truth := image.DigestOf(encode(noticeRows(now.Findings))); state.List != truth {
		t.Errorf("what was told is not what is true now: %v", ids)
	}
	return ids
}

// meanwhile does something once, after the next evaluation has read the advisory data.
func (v *verdicts) meanwhile(do func()) {
	m := v.e.Vulns.matcher
	was := m.now
	m.now = func() time.Time {
		m.now = was
		do()
		return was()
	}
}

func (v *verdicts) switchData(do string) {
	v.clock.Advance(time.Second)
	_, err := v.e.Feeds.sync.run(v.ctx, syncArgs{Switch: &feedSwitch{Ecosystem: "Debian:12", Do: do}})
	v.must(err)
}

// Whatever changes while an image is evaluated, and is told before that evaluation ends, is told once, and the older
// evaluation takes nothing of it back: neither the list, nor the verdict.
func TestAnOlderEvaluationThatEndsLaterTakesNothingBack(t *testing.T) {
	t.Parallel()
	changes := []struct {
		name string
		do   func(v *verdicts)
		want []string
		// asked says that the older evaluation is one that somebody asked for.
		asked bool
	}{
		{"a sync", func(v *verdicts) { v.says(2, "high"); v.sync() }, []string{"+CVE-2026-1002", "warn→stop"}, false},
		{"a sync while somebody asks", func(v *verdicts) { v.says(2, "high"); v.sync() }, []string{"+CVE-2026-1002", "warn→stop"}, true},
		{"another analysis", func(v *verdicts) { v.analyse("a", debs("9.0-1")) }, []string{"-CVE-2026-1000", "-CVE-2026-1001", "-CVE-2026-1003"}, false},
		{"a VEX document", func(v *verdicts) { v.addVEX("CVE-2026-1003") }, []string{"-CVE-2026-1003"}, false},
		{"another bundle", func(v *verdicts) { v.put("low") }, []string{"warn→stop"}, false},
		{"data switched off", func(v *verdicts) { v.switchData(disabled) }, []string{}, false},
	}
	for _, d := range storetest.Databases() {
		for _, change := range changes {
			t.Run(d.Name+"/"+change.name, func(t *testing.T) {
				t.Parallel()
				v := newVerdicts(t, d)
				v.says(3, "low")
				v.sync()
				v.has("a", "1")
				v.work(t)
				v.watch()
				seen := map[string]bool{}
				v.meanwhile(func() {
					v.clock.Advance(time.Minute)
					change.do(v)
					v.work(t)
				})
				v.clock.Advance(time.Minute)
				if change.asked {
					_, err := v.e.Checks.Check(v.ctx, admin, CheckRequest{Digest: v.images["a"].row.Digest, Tag: watchedTag})
					v.must(err)
				} else {
					v.must(v.evaluator.image(v.ctx, v.images["a"].row.ID, "tag"))
				}
				if diff := cmp.Diff(change.want, v.news(seen)); diff != "" {
					t.Errorf("told (-want +got):\n%s", diff)
				}
				v.told(t, "a")
				last, err := v.store.LastEvaluation(v.ctx, admin, v.images["a"].row.Digest, watchedTag, "p")
				v.must(err)
				rev, err := v.store.CurrentRevision(v.ctx)
				v.must(err)
				img, err := v.store.ImageByRowID(v.ctx, v.images["a"].row.ID)
				v.must(err)
				p, err := v.store.ActivePolicy(v.ctx, admin)
				v.must(err)
				if last.AnalysisID != img.AnalysisID || last.BundleDigest != p.Digest {
					t.Errorf("the newest verdict is of analysis %d and bundle %s, want %d and %s", last.AnalysisID, last.BundleDigest, img.AnalysisID, p.Digest)
				}
				if again, err := v.e.Checks.Check(v.ctx, admin, CheckRequest{Digest: img.Digest, Tag: watchedTag, Interactive: true}); err != nil || again.Evaluations[0].Header.Result != last.Result {
					t.Errorf("the newest verdict is not the one of today, at revision %d of %d: %v", last.FeedRevision, rev.ID, err)
				}
				if got := v.news(seen); len(got) > 0 {
					t.Errorf("told later: %v", got)
				}
			})
		}
	}
}

// What somebody here switched off or on is no news, in whatever order the evaluations run and for whatever reason; what
// came with a sync between is.
func TestSwitchedDataIsNoNewsInWhateverOrderEvaluationsRun(t *testing.T) {
	t.Parallel()
	sync := func(v *verdicts) { v.says(2, "high"); v.clock.Advance(time.Second); v.sync() }
	off := func(v *verdicts) { v.switchData(disabled) }
	on := func(v *verdicts) { v.switchData(enabled) }
	for _, d := range storetest.Databases() {
		for i, one := range []struct {
			do   []func(*verdicts)
			want []string
		}{
			{[]func(*verdicts){off}, []string{}},
			{[]func(*verdicts){off, on}, []string{}},
			{[]func(*verdicts){sync, off}, []string{"+CVE-2026-1002", "warn→stop"}},
			{[]func(*verdicts){off, on, sync}, []string{"+CVE-2026-1002", "warn→stop"}},
			{[]func(*verdicts){sync, off, on}, []string{"+CVE-2026-1002", "warn→stop"}},
		} {
			reason := []string{"feed", "feed " + disabled, "feed " + enabled, "vex"}[i%4]
			t.Run(fmt.Sprint(d.Name, "/", i), func(t *testing.T) {
				t.Parallel()
				v := newVerdicts(t, d)
				v.has("a", "1")
				v.work(t)
				v.watch()
				for _, do := range one.do {
					do(v)
				}
				v.clock.Advance(time.Second)
				v.must(v.evaluator.image(v.ctx, v.images["a"].row.ID, reason))
				v.work(t)
				if diff := cmp.Diff(one.want, v.news(map[string]bool{})); diff != "" {
					t.Errorf("told (-want +got):\n%s", diff)
				}
				v.told(t, "a")
			})
		}
	}
}

// An evaluation whose inputs change each time that it looks ends with a sentence; the next one has the last word.
func TestAnEvaluationWhoseInputsNeverRestGivesUp(t *testing.T) {
	t.Parallel()
	for _, d := range storetest.Databases() {
		t.Run(d.Name, func(t *testing.T) {
			t.Parallel()
			v := newVerdicts(t, d)
			v.has("a", "1")
			v.work(t)
			m := v.e.Vulns.matcher
			was, n := m.now, 0
			var hook func() time.Time
			hook = func() time.Time {
				n++
				v.says(2, []string{"low", "high"}[n%2])
				m.now = was // of the sync
				v.sync()
				m.now = hook
				return was()
			}
			m.now = hook
			err := v.evaluator.image(v.ctx, v.images["a"].row.ID, "tag")
			if !errors.Is(err, errOutdated) || n != evaluateTries {
				t.Errorf("after %d changes: %v", n, err)
			}
			m.now = was
			v.work(t)
			v.told(t, "a")
		})
	}
}
