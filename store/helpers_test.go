package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
	"landwaiter.dev/internal/clock"
	"landwaiter.dev/internal/testkit/storetest"
	"landwaiter.dev/store"
)

// day is when tests begin.
var day = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// bench is a store with the accounts a and b and a clock to move; its methods stop the test when they fail.
type bench struct {
	*store.Store
	t     testing.TB
	ctx   context.Context
	clock *clock.Fake
}

func newBench(t testing.TB, d storetest.Database) *bench {
	t.Helper()
	c := clock.NewFake(day)
	b := &bench{t: t, ctx: context.Background(), clock: c, Store: d.Open(t, func(o *store.Options) { o.Clock = c })}
	b.write(func(tx *store.Tx) error {
		for _, name := range []string{"a", "b"} {
			if err := tx.PutAccount(b.ctx, store.Account{Name: name, Type: "user", State: "enabled"}); err != nil {
				return err
			}
		}
		return nil
	})
	return b
}

// onEach runs f on each database and checks the invariants after it.
func onEach(t *testing.T, f func(t *testing.T, b *bench)) {
	t.Helper()
	for _, d := range storetest.Databases() {
		t.Run(d.Name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, d)
			f(t, b)
			b.sound()
		})
	}
}

func (b *bench) write(f func(tx *store.Tx) error) {
	b.t.Helper()
	if err := b.Write(b.ctx, f); err != nil {
		b.t.Fatal(err)
	}
}

// sound fails the test when an invariant is broken.
func (b *bench) sound() {
	b.t.Helper()
	for _, v := range must(b.Check(b.ctx))(b.t) {
		b.t.Error("invariant: ", v)
	}
}

// must is the value of a call that may not fail: must(f())(t).
func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// digest is a digest that depends on its arguments alone.
func digest(of ...any) image.Digest { return image.DigestOf(fmt.Append(nil, of...)) }

// image inserts an image of account a.
func (b *bench) image(name string, change func(*store.Image)) store.Image {
	b.t.Helper()
	i := store.Image{Account: "a", Digest: digest("image", name), ImageID: digest("config", name)}
	if change != nil {
		change(&i)
	}
	b.write(func(tx *store.Tx) error { return tx.InsertImage(b.ctx, &i) })
	return i
}

// analyse stores an analysis of an image that holds these packages, and puts it in force.
func (b *bench) analyse(i *store.Image, sets ...[]advisory.Package) []store.PackageRow {
	b.t.Helper()
	var rows []store.PackageRow
	document := must(b.Blobs().Put(b.ctx, fmt.Appendf(nil, "analysis of %s with %v", i.Digest, sets)))(b.t)
	b.write(func(tx *store.Tx) error {
		rows = nil
		if _, err := tx.ShareRevision(b.ctx); err != nil {
			return err
		}
		var setIDs []int64
		for _, set := range sets {
			part, err := tx.UpsertPackages(b.ctx, set, keysOf)
			if err != nil {
				return err
			}
			rows = append(rows, part...)
			ids := idsOf(part)
			id, err := tx.PutPackageSet(b.ctx, digest("set", ids), ids)
			if err != nil {
				return err
			}
			setIDs = append(setIDs, id)
		}
		a := store.Analysis{Document: document, ManifestDigest: i.Digest, ImageID: i.ImageID, DistroID: "debian", DistroVersion: "12"}
		if err := tx.PutAnalysis(b.ctx, &a, setIDs); err != nil {
			return err
		}
		if err := tx.SetAnalysis(b.ctx, i.ID, a.ID, time.Time{}); err != nil {
			return err
		}
		i.AnalysisID, i.Status, i.AnalyzedAt = a.ID, store.Analyzed, b.clock.Now()
		return tx.UpdateImage(b.ctx, i)
	})
	return rows
}

func idsOf(rows []store.PackageRow) []int64 {
	ids := make([]int64, len(rows))
	for i := range rows {
		ids[i] = rows[i].ID
	}
	return ids
}

// pkg is a Debian package.
func pkg(name, version string) advisory.Package {
	return advisory.Package{Type: image.Deb, Ecosystem: "Debian:12", Name: name, Version: version, SourceName: name, SourceVersion: version}
}

func key(name string) advisory.Key { return advisory.Key{Ecosystem: "Debian:12", Name: name} }

func keysOf(p advisory.Package) []advisory.Key {
	return []advisory.Key{{Ecosystem: p.Ecosystem, Name: p.Name}}
}

// record is an advisory about packages of Debian 12, with a text that tells versions of it apart.
func record(id, text string, packages ...string) store.NewRecord {
	r := advisory.Record{ID: id, Summary: text}
	keys := make([]advisory.Key, len(packages))
	for i, p := range packages {
		keys[i] = key(p)
		r.Affected = append(r.Affected, advisory.Affected{Ecosystem: "Debian:12", Package: p})
	}
	n, err := store.EncodeRecord(&r, keys)
	if err != nil {
		panic(err)
	}
	return n
}

// switchTo makes a staged revision current.
func (b *bench) switchTo(rev int64) {
	b.t.Helper()
	b.write(func(tx *store.Tx) error { return tx.SwitchRevision(b.ctx, rev, "sync", b.clock.Now()) })
}

// match is an open match of a vulnerability on a package.
func match(pkg int64, vuln string, severity advisory.Severity) store.Match {
	return store.Match{PackageID: pkg, Since: day, Finding: advisory.Finding{ID: vuln, IDs: []string{vuln}, Severity: severity, State: advisory.NotFixed,
		Evidence: []advisory.Evidence{{Record: vuln}}}}
}
