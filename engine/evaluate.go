package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/riverqueue/river"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
	"landwaiter.dev/notify"
	"landwaiter.dev/policy"
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
			v, err := u.checks.verdict(ctx, img.Account, tag, img, s, p, reason)
			if err != nil {
				return err
			}
			if err := u.checks.keep(ctx, img, v); err != nil {
				return err
			}
		}
		if err := u.tellVulnerabilities(ctx, img, tag, s, tellsNobody(reason)); err != nil {
			return err
		}
	}
	if p.ID == "" || reason != "analysis" && reason != "tag" {
		return nil
	}
	bundle, err := policy.Load(p.Document)
	if err != nil {
		return fmt.Errorf("the stored policy %q: %w", p.ID, err)
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

// tellVulnerabilities compares the list of a tag with the one that was known of it before. The first look is silent, and so
// is a quiet one.
func (u *evaluate) tellVulnerabilities(ctx context.Context, img store.Image, tag string, s *state, quiet bool) error {
	rows := noticeRows(s.findings)
	raw := encode(rows)
	digest := image.DigestOf(raw)
	last, err := u.store.VulnState(ctx, img.Account, tag)
	if err != nil {
		return err
	}
	known := last != ""
	if last == digest {
		return nil
	}
	if _, err := u.store.Blobs().Put(ctx, raw); err != nil {
		return err
	}
	var diff *notify.VulnDiff
	if known && !quiet {
		var before []notify.VulnRow
		old, err := u.store.Blobs().Get(ctx, last)
		if err != nil {
			return err
		}
		if err := json.Unmarshal(old, &before); err != nil {
			return err
		}
		diff = notify.Diff(before, rows)
	}
	return u.store.Write(ctx, func(tx *store.Tx) error {
		now, err := tx.VulnState(ctx, img.Account, tag)
		if err != nil {
			return err
		}
		if now != last { // another node was faster
			return nil
		}
		if err := tx.PutVulnState(ctx, img.Account, tag, digest); err != nil {
			return err
		}
		if diff == nil {
			return nil
		}
		return u.notices.tell(ctx, tx, img.Account, notify.VulnUpdate, tag, notify.Payload{ImageDigest: string(img.Digest), Diff: diff, Annotations: annotationsOf(img)})
	})
}

// noticeRows are the findings that count, as notices show them.
func noticeRows(findings []advisory.ImageFinding) []notify.VulnRow {
	rows := []notify.VulnRow{}
	for i := range findings {
		f := &findings[i]
		if f.Ignored != "" {
			continue
		}
		fix := strings.Join(f.Fixes, ",")
		if fix == "" {
			fix = "None"
		}
		url := f.URL
		if url == "" {
			url = "None"
		}
		rows = append(rows, notify.VulnRow{
			ID: f.ID, Severity: f.Severity.String(), Package: f.Package.Name + "-" + f.Package.Version, Fix: fix, URL: url,
			PackageName: f.Package.Name, PackageVersion: f.Package.Version, PackageType: f.Package.Type.V1(), PackagePath: f.Package.V1Path(),
			Feed: FeedName, FeedGroup: advisory.FeedGroup(f.Distinct.Ecosystem), KnownExploited: f.KnownExploited,
		})
	}
	return rows
}
