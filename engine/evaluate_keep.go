package engine

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"landwaiter.dev/notify"
	"landwaiter.dev/store"
)

// reasonRequested is the reason of a verdict that somebody asked for: it is kept though nothing changed.
const reasonRequested = "requested"

// decide evaluates, keeps the verdict, and tells of it. What was switched since the last one is looked at on its own, and
// nobody is told of that ([Vulns.since]). [errOutdated] when what it was made of is not in force any more.
func (u *Checks) decide(ctx context.Context, fullTag string, img store.Image, s *state, p store.Policy, reason string, last bool) (*verdict, error) {
	looks := []look{{s, false}}
	before, err := u.store.LastEvaluation(ctx, img.Account, img.Digest, fullTag, "")
	switch {
	case err == nil:
		if looks, err = u.vulns.since(ctx, img, s, before.FeedRevision); err != nil {
			return nil, err
		}
	case !errors.Is(err, store.ErrNotFound):
		return nil, err
	}
	for _, l := range looks {
		if l.revision.ID == s.revision.ID {
			break
		}
		v, err := u.verdict(ctx, img.Account, fullTag, img, l.state, p, evaluationReason(l.revision.Reason))
		if err != nil {
			return nil, err
		}
		if err := u.keep(ctx, img, s, v, l.quiet, last); err != nil {
			return nil, err
		}
	}
	v, err := u.verdict(ctx, img.Account, fullTag, img, s, p, reason)
	if err != nil {
		return nil, err
	}
	return v, u.keep(ctx, img, s, v, looks[len(looks)-1].quiet && !otherwiseNew(before, v.header), last)
}

// otherwiseNew says whether a verdict may differ from the one before by more than data that was switched.
func otherwiseNew(before, now store.Evaluation) bool {
	return now.Reason == reasonTime || now.Reason == reasonBase || before.PolicyID != now.PolicyID || before.BundleDigest != now.BundleDigest ||
		before.AnalysisID != now.AnalysisID || before.DockerfileDigest != now.DockerfileDigest || before.VEXDigest != now.VEXDigest
}

// keep stores a verdict, and tells, unless quiet, when the final action of the active bundle is another one than before. A
// verdict with the same inputs and the same result as the last one is that one; where only the next moment is another, the last
// one takes it over. s is what it, or the one that it leads to, was made of.
func (u *Checks) keep(ctx context.Context, img store.Image, s *state, v *verdict, quiet, ignoreClock bool) error {
	if _, err := u.store.Blobs().Put(ctx, v.evidence); err != nil {
		return err
	}
	if v.vex != nil {
		if _, err := u.store.Blobs().Put(ctx, v.vex); err != nil {
			return err
		}
	}
	return u.store.Write(ctx, func(tx *store.Tx) error {
		now, err := tx.LockImage(ctx, img.ID)
		if errors.Is(err, store.ErrNotFound) {
			return errOutdated
		}
		if err != nil {
			return err
		}
		if err := u.current(ctx, tx, img, now, s, v); err != nil {
			return err
		}
		last, err := tx.LastEvaluation(ctx, img.Account, img.Digest, v.header.Tag, v.header.PolicyID)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		known := err == nil
		if known && !ignoreClock && last.EvaluatedAt.After(v.header.EvaluatedAt) {
			return errOutdated
		}
		if known && v.header.Reason != reasonRequested && sameOutcome(last, v.header) {
			if last.NextAt.Equal(v.header.NextAt) {
				v.header.ID = last.ID
				return nil
			}
			if with, ok := confirm(last, v.header.EvaluatedAt); ok && !last.RowsGone {
				v.header.ID = last.ID
				return tx.ConfirmEvaluation(ctx, last.ID, v.header.NextAt, with)
			}
		}
		before, err := tx.LastEvaluation(ctx, img.Account, img.Digest, v.header.Tag, "")
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		told := err == nil
		if err := tx.PutEvaluation(ctx, &v.header); err != nil {
			return err
		}
		active, err := tx.ActivePolicy(ctx, img.Account)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		// The tag that was asked need not be one of the image's; only watched ones have subscribers.
		if !told || quiet || before.FinalAction == v.header.FinalAction || active.ID != v.header.PolicyID {
			return nil
		}
		old, err := u.document(ctx, before)
		if err != nil {
			return err
		}
		return u.notices.tell(ctx, tx, img.Account, notify.PolicyEval, v.header.Tag, notify.Payload{
			Last: forNotice(old, before), Current: forNotice(v.document, v.header), Annotations: annotationsOf(img),
		})
	})
}

// current is [Vulns.current], and looks at the bundle too.
func (u *Checks) current(ctx context.Context, tx *store.Tx, was, now store.Image, s *state, v *verdict) error {
	p, err := tx.Policy(ctx, was.Account, v.header.PolicyID)
	if errors.Is(err, store.ErrNotFound) || err == nil && p.Digest != v.header.BundleDigest {
		return errOutdated
	}
	if err != nil {
		return err
	}
	return u.vulns.current(ctx, tx, was, now, s)
}

// sameOutcome says whether two verdicts have the same inputs and the same result, whatever their moments.
func sameOutcome(a, b store.Evaluation) bool {
	return a.BundleDigest == b.BundleDigest && a.AnalysisID == b.AnalysisID && a.DockerfileDigest == b.DockerfileDigest &&
		a.VEXDigest == b.VEXDigest && slices.Equal(a.Waits, b.Waits) &&
		a.Result == b.Result && a.FinalAction == b.FinalAction && a.Reproducible == b.Reproducible
}

// forNotice adds to an evaluation document what notices have beside it.
func forNotice(document json.RawMessage, e store.Evaluation) any {
	var m map[string]any
	if json.Unmarshal(document, &m) != nil || m == nil {
		m = map[string]any{}
	}
	m["image_digest"], m["final_action"], m["status"] = string(e.ImageDigest), e.FinalAction, Status(e.FinalAction)
	return m
}
