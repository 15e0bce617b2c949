package engine

import (
	"context"
	"errors"
	"time"

	"github.com/riverqueue/river"

	"landwaiter.dev/store"
)

// evaluate brings verdicts and vulnerability lists of images up to date after one of their inputs changed, and tells what
// changed with them.
type evaluate struct {
	store    *store.Store
	vulns    *Vulns
	checks   *Checks
	policies *Policies
	notices  *notices
	jobs     *Jobs
}

func (u *evaluate) run(ctx context.Context, job *river.Job[evaluateArgs]) error {
	var failed error
	for _, id := range job.Args.Images {
		if err := u.image(ctx, id, job.Args.Reason); err != nil {
			if ctx.Err() != nil {
				return err
			}
			failed = errors.Join(failed, err)
		}
	}
	return failed
}

// image evaluates one image for each tag that points at it.
func (u *evaluate) image(ctx context.Context, id int64, reason string) error {
	return untilCurrent(func(last bool) error { return u.once(ctx, id, reason, last) })
}

// once is one try; [errOutdated] when something changed meanwhile.
func (u *evaluate) once(ctx context.Context, id int64, reason string, last bool) error {
	img, err := u.store.ImageByRowID(ctx, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && (img.Status != store.Analyzed || img.State != "active") {
		return nil
	}
	if err != nil {
		return err
	}
	tags := currentTags(img)
	if len(tags) == 0 {
		return nil
	}
	s, err := u.vulns.at(ctx, img, Moment{})
	if err != nil {
		return err
	}
	p, err := u.policies.active(ctx, img.Account, time.Time{})
	if e, ok := errors.AsType[*Error](err); ok && e.Class == ClassNotFound {
		p = store.Policy{}
	} else if err != nil {
		return err
	}
	for _, tag := range tags {
		is, err := u.concerned(ctx, img, tag, p.ID, reason)
		if err != nil {
			return err
		}
		if p.ID != "" && is {
			if _, err := u.checks.decide(ctx, tag, img, s, p, reason, last); err != nil {
				return err
			}
		}
		if err := u.tellVulnerabilities(ctx, img, tag, s); err != nil {
			return err
		}
	}
	if p.ID == "" || reason != "analysis" && reason != "tag" {
		return nil
	}
	bundle, err := u.checks.compiled(p.ID, p.Document)
	if err != nil {
		return err
	}
	return u.builtOn(ctx, img, s, bundle.Needs())
}

// concerned says whether a reason is one for this tag: others of the image, or this one meanwhile, may have been evaluated
// since the job was put off.
func (u *evaluate) concerned(ctx context.Context, img store.Image, tag, policyID, reason string) (bool, error) {
	if reason != reasonTime && reason != reasonData {
		return true, nil
	}
	last, err := u.store.LastEvaluation(ctx, img.Account, img.Digest, tag, policyID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return true, nil
	case err != nil:
		return false, err
	case reason == reasonTime:
		return !last.NextAt.IsZero() && !last.NextAt.After(u.checks.now()), nil
	default:
		return len(last.Waits) > 0, nil
	}
}
