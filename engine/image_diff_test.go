package engine_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/engine"
	"landwaiter.dev/internal/testkit"
	"landwaiter.dev/internal/testkit/storetest"
	"landwaiter.dev/store"
)

func TestTwoImagesAreCompared(t *testing.T) {
	t.Parallel()
	storetest.Stores(t, func(t *testing.T, s *store.Store) {
		f := start(t, s)
		old, next := debianImage("3.0.1-1"), debianImage("3.0.2-1")
		next.Layers[1] = testkit.Layer(testkit.File("var/lib/dpkg/status", dpkgStatus("3.0.2-1")+"Package: curl\nStatus: install ok installed\nArchitecture: amd64\nMaintainer: Somebody\nVersion: 8-1\n\n"),
			testkit.File("usr/bin/curl", "x"))
		old.Push(t, f.registry, "app", "1")
		next.Push(t, f.registry, "app", "2")
		a, b := f.add(t, "1"), f.add(t, "2")
		d, err := f.Evaluations.DiffImages(t.Context(), admin, a.Digest, b.Digest, "", engine.Moment{})
		if err != nil {
			t.Fatal(err)
		}
		type shown struct {
			Added, Removed, Changed      []string
			Unchanged, Shared            int
			FilesAdded, FilesRemoved     int
			FilesChanged                 int
			Compared                     bool
			Gone                         []string
			Before, After                string
			RowsCame, RowsWent, RowsSame int
		}
		got := shown{Unchanged: d.Unchanged, Shared: d.SharedLayers, FilesAdded: d.Files.Added, FilesRemoved: d.Files.Removed, FilesChanged: d.Files.Changed, Compared: d.Files.Compared,
			Before: d.Verdict.Before.Header.FinalAction, After: d.Verdict.After.Header.FinalAction,
			RowsCame: len(d.Verdict.Added), RowsWent: len(d.Verdict.Removed), RowsSame: d.Verdict.Unchanged}
		for _, p := range d.Added {
			got.Added = append(got.Added, p.Name)
		}
		for _, c := range d.Changed {
			got.Changed = append(got.Changed, c.Before.Version+" "+c.After.Version)
		}
		for _, r := range d.Findings.Removed {
			got.Gone = append(got.Gone, r.Before.ID)
		}
		want := shown{Added: []string{"curl"}, Changed: []string{"3.0.1-1 3.0.2-1"}, Shared: 1, FilesChanged: 1, Compared: true, Gone: []string{"CVE-2026-1000"},
			FilesAdded: 1, Before: "warn", After: d.Verdict.After.Header.FinalAction, RowsWent: got.RowsWent, RowsCame: got.RowsCame, RowsSame: got.RowsSame}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("differences (-want +got):\n%s", diff)
		}
		if got.RowsWent < 1 {
			t.Errorf("%d rows went", got.RowsWent)
		}
		same, err := f.Evaluations.DiffImages(t.Context(), admin, a.Digest, a.Digest, "", engine.Moment{})
		if err != nil {
			t.Fatal(err)
		}
		if len(same.Added)+len(same.Removed)+len(same.Changed)+len(same.Config)+same.Files.Added+same.Files.Removed+same.Files.Changed+len(same.Verdict.Added)+len(same.Verdict.Removed) > 0 {
			t.Errorf("an image differs from itself: %+v", same)
		}
		// Nothing of the comparison was stored.
		if rows, err := s.EvaluationList(t.Context(), admin, store.EvaluationFilter{}); err != nil || len(rows) != 2 {
			t.Errorf("%d evaluations are stored, want the two of the analyses (%v)", len(rows), err)
		}
	})
}
