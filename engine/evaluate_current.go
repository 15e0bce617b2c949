package engine

import (
	"bytes"
	"context"
	"errors"
	"time"

	"landwaiter.dev/store"
)

// Evaluations of one image may run at once, on one node or several, and the older may end later. What is stored and told is
// therefore compared, under a lock, with what is in force at that moment: what was made of something else is made again.

// errOutdated is an evaluation of what is no longer so.
var errOutdated = errors.New("the image, its policy, its VEX documents or the advisory data changed while it was evaluated: try again")

// evaluateTries is how often an evaluation begins anew because its inputs changed meanwhile.
const evaluateTries = 5

// untilCurrent evaluates until nothing changes meanwhile. On the last try it is told not to ask the clock: another node's may
// be ahead.
func untilCurrent(evaluate func(last bool) error) error {
	for try := 1; ; try++ {
		if err := evaluate(try == evaluateTries); !errors.Is(err, errOutdated) || try == evaluateTries {
			return err
		}
	}
}

// current fails with [errOutdated] when an image, read anew under a lock, is not what s was made of, or the advisory data or
// the VEX documents are not.
func (u *Vulns) current(ctx context.Context, tx *store.Tx, was, now store.Image, s *state) error {
	if now.Status != was.Status || now.State != was.State || now.AnalysisID != s.analysisID || now.DockerfileDigest != was.DockerfileDigest {
		return errOutdated
	}
	rev, err := tx.CurrentRevision(ctx)
	if err != nil {
		return err
	}
	subject := subjectOf(now, now.Tags)
	rows, err := u.vex.inForce(ctx, &tx.Queries, now, &subject, time.Time{})
	if err != nil {
		return err
	}
	if rev.ID != s.revision.ID || !bytes.Equal(vexInputs(rows), vexInputs(s.vex)) {
		return errOutdated
	}
	return nil
}

// look is an image as it is looked at on the way from what was known of it to what is: quietly where only somebody here
// switched data off or on.
type look struct {
	*state
	quiet bool
}

// maxQuiet bounds how many switches are looked at one by one.
const maxQuiet = 8

// since gives the looks from an older revision of the advisory data to s, which is the last of them. What was switched
// between is no news, but what came before and after that is, so there is a look before each switch and one after it.
func (u *Vulns) since(ctx context.Context, img store.Image, s *state, revision int64) ([]look, error) {
	if revision >= s.revision.ID {
		return []look{{s, false}}, nil
	}
	passed, err := u.store.RevisionsBetween(ctx, revision, s.revision.ID)
	if err != nil {
		return nil, err
	}
	var stops []store.Revision // in pairs: before a run of switches, and its last
	for i, r := range passed {
		switch {
		case !switches(r):
		case i > 0 && switches(passed[i-1]):
			stops[len(stops)-1] = r
		case i > 0:
			stops = append(stops, passed[i-1], r)
		default:
			stops = append(stops, store.Revision{ID: revision}, r)
		}
	}
	stops = stops[max(0, len(stops)-2*maxQuiet):]
	var looks []look
	for i, r := range stops {
		if r.ID == revision {
			continue // it is what is known
		}
		one := s
		if r.ID != s.revision.ID {
			if one, err = u.withData(ctx, img, s, r); err != nil {
				return nil, err
			}
		}
		looks = append(looks, look{one, i%2 == 1})
	}
	if len(stops) == 0 || stops[len(stops)-1].ID != s.revision.ID {
		looks = append(looks, look{s, false})
	}
	return looks, nil
}

// switches says whether a revision differs from the one before in what somebody here switched alone.
func switches(r store.Revision) bool {
	return r.Reason == disabled || r.Reason == enabled || r.Reason == removed
}

// withData is s with the advisory data of another revision.
func (u *Vulns) withData(ctx context.Context, img store.Image, s *state, rev store.Revision) (*state, error) {
	out := *s
	out.revision = rev
	a := s.analyzed.Analysis
	groups, err := u.store.FeedGroups(ctx)
	if err != nil {
		return nil, err
	}
	off, err := ecosystemsOff(ctx, u.store, rev.ID)
	if err != nil {
		return nil, err
	}
	if out.findings, err = u.recent.lay(ctx, u.matcher, s.analysisID, a, rev.ID); err != nil {
		return nil, err
	}
	if out.data, out.waits, err = u.matcher.dataGaps(ctx, a, dataState{rev: rev.ID, groups: groups, off: off}); err != nil {
		return nil, err
	}
	keys, err := u.matcher.keyGaps(ctx, s.analysisID, a, rev.ID, false)
	if err != nil {
		return nil, err
	}
	out.data = append(out.data, keys...)
	out.gaps = append(append(out.gaps[:0:0], a.Gaps...), out.data...)
	return &out, u.vex.apply(ctx, u.vex.subject(img, img.Tags, &out), &out)
}
