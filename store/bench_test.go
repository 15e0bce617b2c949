package store_test

import (
	"fmt"
	"testing"

	"landwaiter.dev/advisory"
	"landwaiter.dev/internal/testkit/storetest"
	"landwaiter.dev/store"
)

// onEachB runs a benchmark on each database.
func onEachB(b *testing.B, f func(b *testing.B, s *bench)) {
	for _, d := range storetest.Databases() {
		b.Run(d.Name, func(b *testing.B) { f(b, newBench(b, d)) })
	}
}

// feed is n records of the size and kind that a distribution publishes: each speaks of a package in a few releases.
func feed(n int) []store.NewRecord {
	var list []store.NewRecord
	for i := range n {
		r := advisory.Record{ID: fmt.Sprintf("DEBIAN-CVE-2026-%06d", i), Aliases: []string{fmt.Sprintf("CVE-2026-%06d", i)}, Published: day, Modified: day,
			Details: fmt.Sprintf("In package number %d a length is not checked before it is used, which lets a remote attacker read beyond a buffer (%x).", i, i*i)}
		var keys []advisory.Key
		for _, release := range []string{"Debian:11", "Debian:12", "Debian:13"} {
			name := fmt.Sprintf("package-%d", i%4000)
			keys = append(keys, advisory.Key{Ecosystem: release, Name: name})
			r.Affected = append(r.Affected, advisory.Affected{Ecosystem: release, Package: name, Ranges: []advisory.Range{
				{Type: "ECOSYSTEM", Events: []advisory.Event{{Introduced: "0"}, {Fixed: fmt.Sprintf("1.%d-%d", i, i%7)}}}}})
		}
		record, err := store.EncodeRecord(&r, keys)
		if err != nil {
			panic(err)
		}
		list = append(list, record)
	}
	return list
}

// BenchmarkStageRecords is the first load of a feed; the goal is 31,000 records in 10 s and no transaction over 50 ms.
func BenchmarkStageRecords(b *testing.B) {
	records := feed(10_000)
	onEachB(b, func(b *testing.B, s *bench) {
		b.ReportAllocs()
		rev := int64(1)
		for b.Loop() {
			if err := s.StageRecords(s.ctx, rev, "Debian", records); err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			s.switchTo(rev)
			rev++
			b.StartTimer()
		}
		b.ReportMetric(float64(len(records)*b.N)/b.Elapsed().Seconds(), "records/s")
	})
}

// installed is what benchmarks of matches look at: an image of 500 packages with 3,000 matches among 50,000 of others.
func (b *bench) installed() store.Image {
	i := b.image("big", nil)
	var packages, others []advisory.Package
	for n := range 500 {
		packages = append(packages, pkg(fmt.Sprintf("p%d", n), "1"))
	}
	for n := range 5000 {
		others = append(others, pkg(fmt.Sprintf("p%d", n), "2"))
	}
	rows := b.analyse(&i, packages)
	j := b.image("others", nil)
	rows = append(rows, b.analyse(&j, others)...)
	var matches []store.Match
	for n, r := range rows {
		count := 10
		if n < 500 {
			count = 6
		}
		for v := range count {
			m := match(r.ID, fmt.Sprintf("CVE-%d-%d", n%1000, v), advisory.High)
			m.Finding.CVSS = []advisory.CVSS{{Source: "nvd", Version: "3.1", Vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", Base: 9.8}}
			matches = append(matches, m)
		}
	}
	if err := b.StageMatches(b.ctx, 1, nil, "", matches); err != nil {
		b.t.Fatal(err)
	}
	b.switchTo(1)
	return i
}

// BenchmarkMatchesOfAnalysis is a vulnerability report, warm; the goal of matching 500 packages is 20 ms.
func BenchmarkMatchesOfAnalysis(b *testing.B) {
	onEachB(b, func(b *testing.B, s *bench) {
		i := s.installed()
		b.ReportAllocs()
		for b.Loop() {
			list, err := s.MatchesOfAnalysis(s.ctx, i.AnalysisID, 1)
			if err != nil || len(list) != 3000 {
				b.Fatal(len(list), err)
			}
		}
	})
}

// BenchmarkStageMatches is what a sync writes when matches change.
func BenchmarkStageMatches(b *testing.B) {
	onEachB(b, func(b *testing.B, s *bench) {
		i := s.image("one", nil)
		var packages []advisory.Package
		for n := range 500 {
			packages = append(packages, pkg(fmt.Sprintf("p%d", n), "1"))
		}
		rows := s.analyse(&i, packages)
		var matches []store.Match
		for n := range 10_000 {
			matches = append(matches, match(rows[n%500].ID, fmt.Sprintf("CVE-%d", n), advisory.High))
		}
		b.ReportAllocs()
		rev := int64(1)
		for b.Loop() {
			if err := s.StageMatches(s.ctx, rev, nil, "", matches); err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			s.switchTo(rev)
			rev++
			b.StartTimer()
		}
		b.ReportMetric(float64(len(matches)*b.N)/b.Elapsed().Seconds(), "matches/s")
	})
}
