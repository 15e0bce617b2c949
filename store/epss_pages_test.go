package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/advisory"
	"landwaiter.dev/store"
)

// What comes to have a match takes its scores from the files that are kept, those at the ends of pages too, as known since
// the files are; of files that no verdict can ask for none is left.
func TestScoresFromFilesOfTheDay(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b *bench) {
		at := func(n int) time.Time { return day.AddDate(0, 0, n) }
		file := func(of int, now time.Time, score float64) {
			t.Helper()
			var all []store.EPSS
			for i := range 9000 { // three pages
				all = append(all, store.EPSS{CVE: fmt.Sprintf("CVE-2026-%d", 10000+i), Score: score + float64(i)*1e-5, Percentile: 0.123456789})
			}
			all = append(all, store.EPSS{CVE: "CVE-2026-10000", Score: score}) // twice: the last counts
			if err := b.PutEPSSFile(b.ctx, at(of), now, now, all); err != nil {
				t.Fatal(err)
			}
		}
		img := b.image("web", nil)
		rows := b.analyse(&img, []advisory.Package{{Name: "a", Version: "1", Ecosystem: "Debian:12"}})
		b.switchTo(1)
		found := func(cves ...string) {
			t.Helper()
			var matches []store.Match
			for _, cve := range cves {
				m := match(rows[0].ID, "DEBIAN-"+cve, advisory.High)
				m.Finding.IDs = []string{cve}
				matches = append(matches, m)
			}
			if err := b.StageMatches(b.ctx, 2, nil, "", matches); err != nil {
				t.Fatal(err)
			}
		}
		say := func(of, known int, cve string, want string) {
			t.Helper()
			have, err := b.EPSSAt(b.ctx, []string{cve}, at(of), at(known))
			got := ""
			if e, has := have[cve]; has {
				got = fmt.Sprintf("%.5f %.3f %s", e.Score, e.Percentile, e.Day)
			}
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("%s of day %d, known on day %d: %v\n%s", cve, of, known, err, diff)
			}
		}
		file(0, at(1), 0.1)
		file(2, at(3), 0.2)
		file(3, at(3), 0.3) // of today
		found("CVE-2026-10000", "CVE-2026-14095", "CVE-2026-14096", "CVE-2026-18999", "CVE-2026-19000", "CVE-2025-1")
		say(9, 9, "CVE-2026-10000", "0.30000 0.000 2026-03-04")
		say(2, 3, "CVE-2026-10000", "0.20000 0.000 2026-03-03")
		say(2, 2, "CVE-2026-10000", "") // the file of the first day was gone, as no verdict asks for it
		say(9, 9, "CVE-2026-14095", "0.34095 0.123 2026-03-04")
		say(9, 9, "CVE-2026-14096", "0.34096 0.123 2026-03-04")
		say(2, 9, "CVE-2026-18999", "0.28999 0.123 2026-03-03")
		say(9, 9, "CVE-2026-19000", "")
		say(9, 9, "CVE-2025-1", "")
		file(3, at(4), 0.4) // the day comes again
		found("CVE-2026-10001")
		say(3, 3, "CVE-2026-10000", "0.30000 0.000 2026-03-04")
		say(3, 4, "CVE-2026-10000", "0.40000 0.000 2026-03-04")
		say(3, 4, "CVE-2026-10001", "0.40001 0.123 2026-03-04")
		for n := 5; n < 12; n++ { // days that are said to come
			file(n, at(4), 0.5)
		}
		found("CVE-2026-10002")
		say(3, 4, "CVE-2026-10002", "0.40002 0.123 2026-03-04")
		say(7, 4, "CVE-2026-10002", "0.50002 0.123 2026-03-08")
		say(11, 4, "CVE-2026-10002", "0.50002 0.123 2026-03-08")
	})
}
