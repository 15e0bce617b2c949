package store

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// scorePage is how many scores are kept in one page, some 30 KB.
const scorePage = 4096

// futureDays is how many files are kept whole of days that are not over.
const futureDays = 3

// PutEPSSFile keeps the whole file of a day, known from a moment on, and the scores in it of all vulnerabilities that have
// a match. One that matches later takes its score from the file in the transaction that keeps the match, as known since the
// file is. Of files of other days those stay that are still needed at now: of verdicts the newest day that is over counts.
func (s *Store) PutEPSSFile(ctx context.Context, day, known, now time.Time, scores []EPSS) error {
	stamp := day.UTC().Format(time.DateOnly)
	scores = inOrder(scores)
	var firsts []string
	var pages [][]byte
	for page := range slices.Chunk(scores, scorePage) {
		firsts, pages = append(firsts, page[0].CVE), append(pages, s.codec.pack(encodeScores(page)))
	}
	err := s.Write(ctx, func(tx *Tx) error {
		// Who keeps matches meanwhile has read the files before this one, or waits and reads it.
		if _, err := tx.LockRevision(ctx); err != nil {
			return err
		}
		if _, err := tx.exec(ctx, "DELETE FROM epss_pages WHERE day = ?", stamp); err != nil {
			return err
		}
		for i, first := range firsts {
			if _, err := tx.exec(ctx, "INSERT INTO epss_pages (day, loaded_at, first, scores) VALUES (?, ?, ?, ?)", stamp, micros(known), first, pages[i]); err != nil {
				return err
			}
		}
		return tx.dropEPSSFiles(ctx, now.UTC().AddDate(0, 0, -1).Format(time.DateOnly))
	})
	if err != nil {
		return describe(err, "keeping the file of scores")
	}
	ids, err := s.VulnsWithMatch(ctx)
	if err != nil {
		return err
	}
	matched := make(map[string]bool, len(ids))
	for _, id := range ids {
		matched[id] = true
	}
	return s.PutEPSS(ctx, day, known, slices.DeleteFunc(scores, func(e EPSS) bool { return !matched[e.CVE] }))
}

// dropEPSSFiles removes the files of days before the newest one that is over, and all but some of days that are not.
func (t *Tx) dropEPSSFiles(ctx context.Context, over string) error {
	days, err := all(ctx, &t.Queries, scalar[string], "SELECT DISTINCT day FROM epss_pages")
	if err != nil {
		return err
	}
	slices.Sort(days)
	slices.Reverse(days)
	ended := slices.IndexFunc(days, func(day string) bool { return day <= over })
	if ended < 0 {
		ended = len(days)
	}
	first := max(0, ended-futureDays) // those that are over soonest stay
	keep := days[first:min(ended+1, len(days))]
	_, err = t.exec(ctx, "DELETE FROM epss_pages WHERE NOT day {in texts}", list(keep))
	return err
}

// scoreFound keeps the scores that the files have of vulnerabilities which come to have a match. The transaction holds
// [Tx.ShareRevision].
func (t *Tx) scoreFound(ctx context.Context, vulns []string) error {
	cves := slices.DeleteFunc(slices.Clone(vulns), func(id string) bool { return !strings.HasPrefix(id, "CVE-") })
	slices.Sort(cves)
	if cves = slices.Compact(cves); len(cves) == 0 {
		return nil
	}
	type page struct {
		day, first string
		loaded     int64
	}
	pages, err := all(ctx, &t.Queries, func(row scanner, p *page) error { return row.Scan(&p.day, &p.loaded, &p.first) }, "SELECT day, loaded_at, first FROM epss_pages")
	if err != nil {
		return err
	}
	slices.SortFunc(pages, func(a, b page) int { // in the order of bytes, which no database promises
		if a.day != b.day {
			return strings.Compare(a.day, b.day)
		}
		return strings.Compare(a.first, b.first)
	})
	found := map[page][]EPSS{}
	for i, p := range pages {
		from, _ := slices.BinarySearch(cves, p.first)
		until := len(cves)
		if i+1 < len(pages) && pages[i+1].day == p.day {
			until, _ = slices.BinarySearch(cves, pages[i+1].first)
		}
		if from == until {
			continue
		}
		raw, err := t.epssPage(ctx, p.day, p.first)
		if err != nil {
			return err
		}
		file := page{day: p.day, loaded: p.loaded}
		if found[file], err = decodeScores(found[file], raw, cves[from:until]); err != nil {
			return damagedScores(p.day, err)
		}
	}
	for file, scores := range found {
		if err := t.putEPSS(ctx, file.day, file.loaded, scores); err != nil {
			return err
		}
	}
	return nil
}

// epssPage is one page, as lines.
func (q *Queries) epssPage(ctx context.Context, day, first string) ([]byte, error) {
	var packed []byte
	if err := q.one(ctx, "SELECT scores FROM epss_pages WHERE day = ? AND first = ?", []any{day, first}, &packed); err != nil {
		return nil, err
	}
	raw, err := q.codec.unpack(packed)
	if err != nil {
		return nil, damagedScores(day, err)
	}
	return raw, nil
}

func damagedScores(day string, err error) error {
	return fmt.Errorf("the scores of %s are damaged: %w", day, err)
}

// epssFile yields the whole file of a day; false when it is not kept. An error comes before all that would follow it.
func (q *Queries) epssFile(ctx context.Context, day string, yield func(EPSS, error) bool) (bool, error) {
	firsts, err := all(ctx, q, scalar[string], "SELECT first FROM epss_pages WHERE day = ?", day)
	slices.Sort(firsts)
	for _, first := range firsts {
		raw, err := q.epssPage(ctx, day, first)
		if err != nil {
			return true, err
		}
		for line := range bytes.Lines(raw) {
			e, err := decodeScore(line)
			if err != nil {
				return true, damagedScores(day, err)
			}
			if !yield(e, nil) {
				return true, nil
			}
		}
	}
	return len(firsts) > 0, err
}

// inOrder sorts scores by CVE; of one that is there twice the last counts.
func inOrder(scores []EPSS) []EPSS {
	scores = slices.Clone(scores)
	slices.Reverse(scores)
	slices.SortStableFunc(scores, func(a, b EPSS) int { return strings.Compare(a.CVE, b.CVE) })
	return slices.CompactFunc(scores, func(a, b EPSS) bool { return a.CVE == b.CVE })
}

// encodeScores writes scores as lines "CVE score percentile".
func encodeScores(scores []EPSS) []byte {
	var b []byte
	for _, e := range scores {
		b = append(append(b, e.CVE...), ' ')
		b = append(strconv.AppendFloat(b, e.Score, 'g', -1, 64), ' ')
		b = append(strconv.AppendFloat(b, e.Percentile, 'g', -1, 64), '\n')
	}
	return b
}

// decodeScores appends the scores of some CVEs, in order, that lines have.
func decodeScores(to []EPSS, lines []byte, cves []string) ([]EPSS, error) {
	for line := range bytes.Lines(lines) {
		cve, _, _ := bytes.Cut(line, []byte{' '})
		for len(cves) > 0 && cves[0] < string(cve) {
			cves = cves[1:]
		}
		if len(cves) == 0 {
			break
		}
		if cves[0] != string(cve) {
			continue
		}
		e, err := decodeScore(line)
		if err != nil {
			return to, err
		}
		to = append(to, e)
	}
	return to, nil
}

func decodeScore(line []byte) (EPSS, error) {
	fields := strings.Fields(string(line))
	if len(fields) != 3 {
		return EPSS{}, fmt.Errorf("a line has %d fields", len(fields))
	}
	score, err := strconv.ParseFloat(fields[1], 64)
	if err != nil {
		return EPSS{}, err
	}
	percentile, err := strconv.ParseFloat(fields[2], 64)
	return EPSS{CVE: fields[0], Score: score, Percentile: percentile}, err
}
