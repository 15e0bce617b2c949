package store_test

import (
	"strings"
	"testing"

	"landwaiter.dev/advisory"
	"landwaiter.dev/internal/testkit/storetest"
	"landwaiter.dev/store"
)

// Each kind of damage is found, so a silent Check means something.
func TestCheckFindsDamage(t *testing.T) {
	t.Parallel()
	for _, d := range storetest.Databases() {
		t.Run(d.Name, func(t *testing.T) {
			t.Parallel()
			for want, damage := range map[string]string{
				"has no analysis":               "UPDATE images SET analysis_id = 99",
				"two analyses in force":         "INSERT INTO image_analyses SELECT image_row, analysis_id, from_at + 1, 0 FROM image_analyses",
				"another Dockerfile":            "UPDATE images SET dockerfile_digest = 'x'",
				"points at two images":          "UPDATE tags SET current = TRUE",
				"package set that is gone":      "DELETE FROM package_sets",
				"package that is gone":          "DELETE FROM packages",
				"has lost its finding":          "DELETE FROM findings",
				"ends before it begins":         "UPDATE matches SET from_rev = 3, to_rev = 2",
				"open matches with one":         "UPDATE findings SET vuln = 'CVE-1'",
				"an advisory that is gone":      "DELETE FROM advisory_versions",
				"feed revision is unknown":      "DELETE FROM revisions",
				"not one document in force":     "DELETE FROM policy_versions",
				"than the history says":         "DELETE FROM policy_activations",
				"two evaluations are":           "UPDATE evaluations SET latest = TRUE",
				"blob is missing":               "UPDATE evaluations SET result = '" + string(digest("lost")) + "'",
				"under a name that is gone":     "DELETE FROM names",
				"advisory has two open version": "UPDATE advisory_versions SET to_rev = 0",
			} {
				b := newBench(t, d)
				b.furnish()
				b.sound()
				if _, err := b.Pool().Exec(damage); err != nil {
					t.Fatalf("%s: %v", damage, err)
				}
				if have := strings.Join(must(b.Check(b.ctx))(t), "\n"); !strings.Contains(have, want) {
					t.Errorf("%s: Check says %q, want %q", damage, have, want)
				}
				_ = b.Close()
			}
		})
	}
}

// furnish puts something into every room.
func (b *bench) furnish() {
	b.t.Helper()
	i, j := b.image("one", nil), b.image("two", nil)
	rows := b.analyse(&i, []advisory.Package{pkg("libc", "1")})
	for rev, text := range []string{"x", "y"} {
		if err := b.StageRecords(b.ctx, int64(rev+1), "Debian", []store.NewRecord{record("DSA-1", text, "libc")}); err != nil {
			b.t.Fatal(err)
		}
		b.switchTo(int64(rev + 1))
	}
	web := store.Tag{Registry: "r", Repository: "web", Tag: "1"}
	b.write(func(tx *store.Tx) error {
		for _, step := range []func() error{
			func() error { return tx.PutTag(b.ctx, j.ID, web) },
			func() error { return tx.PutTag(b.ctx, i.ID, web) },
			func() error {
				return tx.InsertMatches(b.ctx, []store.Match{match(rows[0].ID, "CVE-1", advisory.High), match(rows[0].ID, "CVE-2", advisory.High)})
			},
			func() error {
				_, err := tx.PutPolicy(b.ctx, store.Policy{Account: "a", ID: "p", Document: []byte("{}")})
				return err
			},
			func() error { return tx.ActivatePolicy(b.ctx, "a", "p", day) },
			func() error {
				return tx.PutEvaluation(b.ctx, &store.Evaluation{Account: "a", ImageID: i.ID, ImageDigest: i.Digest, PolicyID: "p"})
			},
			func() error {
				return tx.PutEvaluation(b.ctx, &store.Evaluation{Account: "a", ImageID: i.ID, ImageDigest: i.Digest, PolicyID: "p"})
			},
		} {
			if err := step(); err != nil {
				return err
			}
		}
		return nil
	})
}
