package engine

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
	"landwaiter.dev/notify"
	"landwaiter.dev/store"
)

// tellVulnerabilities compares the list of a tag with the one that was known of it before. The first look is silent.
// [errOutdated] when s is not what is in force, or somebody else told meanwhile.
func (u *evaluate) tellVulnerabilities(ctx context.Context, img store.Image, tag string, s *state) error {
	told, err := u.store.VulnState(ctx, img.Account, tag)
	if err != nil {
		return err
	}
	looks := []look{{s, false}}
	if told.List != "" {
		if looks, err = u.vulns.since(ctx, img, s, told.Revision); err != nil {
			return err
		}
	}
	raw := encode(noticeRows(s.findings))
	next := store.VulnState{List: image.DigestOf(raw), Revision: s.revision.ID, Analysis: s.analysisID}
	if next.List == told.List && len(looks) == 1 {
		return nil
	}
	if _, err := u.store.Blobs().Put(ctx, raw); err != nil {
		return err
	}
	news, err := u.news(ctx, told, looks)
	if err != nil {
		return err
	}
	return u.store.Write(ctx, func(tx *store.Tx) error {
		have, err := tx.LockVulnState(ctx, img.Account, tag)
		if err != nil {
			return err
		}
		now, err := tx.ImageByRowID(ctx, img.ID)
		if err != nil {
			return err
		}
		if have != told || !slices.Contains(currentTags(now), tag) {
			return errOutdated
		}
		if err := u.vulns.current(ctx, tx, img, now, s); err != nil {
			return err
		}
		for _, diff := range news {
			err := u.notices.tell(ctx, tx, img.Account, notify.VulnUpdate, tag, notify.Payload{ImageDigest: string(img.Digest), Diff: diff, Annotations: annotationsOf(img)})
			if err != nil {
				return err
			}
		}
		return tx.PutVulnState(ctx, img.Account, tag, next)
	})
}

// news are the differences on the way from what was told, but for the quiet ones.
func (u *evaluate) news(ctx context.Context, told store.VulnState, looks []look) ([]*notify.VulnDiff, error) {
	if told.List == "" {
		return nil, nil
	}
	raw, err := u.store.Blobs().Get(ctx, told.List)
	if err != nil {
		return nil, err
	}
	var before []notify.VulnRow
	if err := json.Unmarshal(raw, &before); err != nil {
		return nil, err
	}
	var news []*notify.VulnDiff
	for _, l := range looks {
		rows := noticeRows(l.findings)
		if !l.quiet && string(encode(rows)) != string(encode(before)) {
			news = append(news, notify.Diff(before, rows))
		}
		before = rows
	}
	return news, nil
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
