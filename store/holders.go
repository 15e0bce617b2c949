package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// PackagesNamed lists the packages with a name, without regard to the case of ASCII letters.
func (q *Queries) PackagesNamed(ctx context.Context, name string) ([]PackageRow, error) {
	return all(ctx, q, scanPackage, "SELECT "+packageColumns+" FROM packages p WHERE lower(p.name) = ? ORDER BY p.id", lowerASCII(name))
}

// lowerASCII is what lower does in both databases, whatever their locale: PostgreSQL's may fold other letters too, which
// costs a row that is not found, never one too many.
func lowerASCII(s string) string {
	return strings.Map(func(c rune) rune {
		if 'A' <= c && c <= 'Z' {
			return c + 'a' - 'A'
		}
		return c
	}, s)
}

// MatchesOfVulns lists the matches that rev has with a vulnerability known under one of the ids, with their packages.
// Findings are shared and must not be changed.
func (q *Queries) MatchesOfVulns(ctx context.Context, ids []string, rev int64) ([]PackageMatch, error) {
	matches, err := q.matches(ctx, "SELECT "+matchColumns+` FROM matches m WHERE m.finding_id {in (}
		SELECT DISTINCT f.finding_id FROM finding_ids f WHERE f.vuln {in texts}{)} AND `+during+" ORDER BY m.id", list(ids), rev, rev)
	if err != nil || len(matches) == 0 {
		return nil, err
	}
	wanted := make([]int64, len(matches))
	for i := range matches {
		wanted[i] = matches[i].PackageID
	}
	packages, err := q.PackagesByID(ctx, wanted)
	if err != nil {
		return nil, err
	}
	out := make([]PackageMatch, 0, len(matches))
	for _, m := range matches {
		if p, is := packages[m.PackageID]; is { // else it was collected meanwhile
			out = append(out, PackageMatch{Package: p, Match: m})
		}
	}
	return out, nil
}

// PackagesByID reads packages by their numbers.
func (q *Queries) PackagesByID(ctx context.Context, ids []int64) (map[int64]PackageRow, error) {
	rows, err := all(ctx, q, scanPackage, "SELECT "+packageColumns+" FROM packages p WHERE p.id {in ids}", list(ids))
	out := make(map[int64]PackageRow, len(rows))
	for _, p := range rows {
		out[p.ID] = p
	}
	return out, err
}

// HolderFilter asks for the analysed images of an account that hold one of some packages.
type HolderFilter struct {
	Account  string
	Packages []int64
	// At asks for the analysis in force then; zero for the present one. Later adds images that were first analysed after
	// At, as they are now.
	At    time.Time
	Later bool
	// Limit bounds the list, 0 does not; Offset leaves out so many before it.
	Limit, Offset int
}

// Holder is an image, with tags and without Dockerfile, and what it holds of the packages that were asked for.
type Holder struct {
	Image
	// Analysis that holds them.
	Analysis int64
	Packages []int64
}

// fewAnalyses are so few that their images are looked up and sorted; where more hold a package, images are gone through by
// digest until a page is full.
const fewAnalyses = 2000

// Holders lists the images that hold one of some packages, by digest, and counts all of them. Who asks for one page after
// the other gets those that follow the last one, and the number that was counted with the first, for a minute after it.
func (q *Queries) Holders(ctx context.Context, f HolderFilter) ([]Holder, int64, error) {
	if len(f.Packages) == 0 {
		return nil, 0, nil
	}
	sets, few, err := q.holdingSets(ctx, f.Packages)
	if err != nil || len(sets) == 0 {
		return nil, 0, describe(err, "looking for images")
	}
	from, analysis := " FROM images i", "i.analysis_id"
	var args []any
	if !f.At.IsZero() {
		at := micros(f.At)
		if analysis = "h.analysis_id"; f.Later {
			analysis = "coalesce(h.analysis_id, i.analysis_id)"
			from += " LEFT"
		}
		from += " JOIN image_analyses h ON h.image_row = i.id AND h.from_at <= ? AND (h.to_at = 0 OR h.to_at > ?)"
		args = append(args, at, at)
	}
	const where = " WHERE i.account = ? AND i.state = 'active' AND i.status = 'analyzed' AND "
	listed, counted := fmt.Sprintf(hasSet, analysis), fmt.Sprintf(q.d.countHeld, analysis)
	if few {
		listed = analysis + " {in (}SELECT DISTINCT s.analysis_id FROM analysis_sets s WHERE s.set_id {in ids}{)}"
		counted = listed
	}
	before, follows := q.caches.pages.get(&f, q.now())
	args = append(args, f.Account, list(sets))
	query, page := "SELECT i.id, "+analysis+", i.digest"+from+where+listed, args[:len(args):len(args)]
	if follows {
		query, page = query+" AND i.digest > ?", append(page, before.last)
	}
	if query += " ORDER BY i.digest"; f.Limit > 0 {
		query, page = query+" LIMIT ?", append(page, f.Limit)
	}
	if f.Limit > 0 && !follows {
		query, page = query+" OFFSET ?", append(page, f.Offset)
	}
	found, err := all(ctx, q, func(row scanner, h *Holder) error { return row.Scan(&h.ID, &h.Analysis, &h.Digest) }, query, page...)
	if err != nil {
		return nil, 0, describe(err, "looking for images")
	}
	total := int64(len(found))
	switch {
	case follows:
		total = before.total
	case f.Limit > 0 && (f.Offset > 0 || len(found) == f.Limit):
		if err := q.one(ctx, "SELECT count(*)"+from+where+counted, args, &total); err != nil {
			return nil, 0, describe(err, "counting images")
		}
	}
	if !few && len(found) > 0 {
		q.caches.pages.put(&f, len(found), string(found[len(found)-1].Digest), total, q.now())
	}
	images, err := q.readHolders(ctx, found)
	if err != nil {
		return nil, 0, describe(err, "reading images")
	}
	return images, total, q.fillHolders(ctx, images, f.Packages)
}

// holdingSets are the package sets that hold one of some packages, and whether few analyses have one of them.
func (q *Queries) holdingSets(ctx context.Context, packages []int64) (sets []int64, few bool, err error) {
	sets, err = all(ctx, q, scalar[int64], "SELECT DISTINCT m.set_id FROM package_set_members m WHERE m.package_id {in ids}", list(packages))
	if err != nil || len(sets) == 0 {
		return nil, true, err
	}
	var n int64
	err = q.one(ctx, "SELECT count(*) FROM (SELECT 1 AS one FROM analysis_sets s WHERE s.set_id {in ids} LIMIT ?) AS part", []any{list(sets), fewAnalyses}, &n)
	return sets, n < fewAnalyses, err
}

// readHolders reads the images of holders of which only the numbers are known. One that was deleted meanwhile is left out.
func (q *Queries) readHolders(ctx context.Context, found []Holder) ([]Holder, error) {
	images := make(map[int64]Image, len(found))
	for part := range slices.Chunk(found, 20*batch) {
		ids := make([]int64, len(part))
		for i := range part {
			ids[i] = part[i].ID
		}
		err := each(ctx, q, func(row scanner) error {
			var i Image
			err := scanImage(row, &i)
			images[i.ID] = i
			return err
		}, "SELECT "+imageColumns+" FROM images i WHERE i.id {in ids}", list(ids))
		if err != nil {
			return nil, err
		}
	}
	out := found[:0]
	for _, h := range found {
		if i, is := images[h.ID]; is {
			h.Image = i
			out = append(out, h)
		}
	}
	return out, nil
}

// fillHolders reads tags and packages of many images at once.
func (q *Queries) fillHolders(ctx context.Context, holders []Holder, packages []int64) error {
	images := make([]Image, len(holders))
	seen := map[int64]bool{}
	var analyses []int64
	for i := range holders {
		images[i] = holders[i].Image
		if !seen[holders[i].Analysis] {
			seen[holders[i].Analysis] = true
			analyses = append(analyses, holders[i].Analysis)
		}
	}
	if err := q.fillTags(ctx, images); err != nil {
		return err
	}
	// By sets, not by images: images share them.
	members := map[int64][]int64{}
	err := each(ctx, q, func(row scanner) error {
		var set, pkg int64
		err := row.Scan(&set, &pkg)
		members[set] = append(members[set], pkg)
		return err
	}, "SELECT m.set_id, m.package_id FROM package_set_members m WHERE m.package_id {in ids} ORDER BY m.set_id, m.package_id", list(packages))
	if err != nil {
		return describe(err, "reading packages")
	}
	held := map[int64][]int64{}
	for start := 0; start < len(analyses); start += 20 * batch {
		err := each(ctx, q, func(row scanner) error {
			var analysis, set int64
			err := row.Scan(&analysis, &set)
			held[analysis] = append(held[analysis], members[set]...)
			return err
		}, "SELECT s.analysis_id, s.set_id FROM analysis_sets s WHERE s.analysis_id {in ids} ORDER BY s.analysis_id, s.set_id",
			list(analyses[start:min(start+20*batch, len(analyses))]))
		if err != nil {
			return describe(err, "reading packages")
		}
	}
	for i := range holders {
		holders[i].Image.Tags, holders[i].Packages = images[i].Tags, held[holders[i].Analysis]
	}
	return nil
}
