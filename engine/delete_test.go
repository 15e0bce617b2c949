package engine

import (
	"testing"

	"landwaiter.dev/internal/testkit/storetest"
)

// Once a deletion was answered nothing is told of the image, though the job that removes it has not run.
func TestADeletedImageIsGoneAtOnce(t *testing.T) {
	t.Parallel()
	for _, d := range storetest.Databases() {
		t.Run(d.Name, func(t *testing.T) {
			t.Parallel()
			v := newVerdicts(t, d)
			v.has("a", "1")
			v.has("b", "1")
			v.work(t)
			a, b := v.images["a"].row.Digest, v.images["b"].row.Digest
			asked := map[string]func() error{
				"check": func() error {
					_, err := v.e.Checks.Check(v.ctx, admin, CheckRequest{Digest: a, Tag: "r.example/app:1"})
					return err
				},
				"check of the past": func() error {
					_, err := v.e.Checks.Check(v.ctx, admin, CheckRequest{Digest: a, Tag: "r.example/app:1", History: true, Moment: Moment{At: v.clock.Now()}})
					return err
				},
				"vuln":      func() error { _, err := v.e.Vulns.Of(v.ctx, admin, a, Moment{}); return err },
				"vuln diff": func() error { _, err := v.e.Vulns.DiffImages(v.ctx, admin, b, a, Moment{}); return err },
				"content":   func() error { _, err := v.e.Content.Analyzed(v.ctx, admin, a); return err },
			}
			for what, ask := range asked {
				if err := ask(); err != nil {
					t.Errorf("%s, before: %v", what, err)
				}
			}
			done, err := v.e.Images.Delete(v.ctx, admin, a, true)
			if err != nil || done.Status != "deleting" {
				t.Fatalf("%+v, %v", done, err)
			}
			for what, ask := range asked {
				if err := ask(); code(err) != "image_not_found" {
					t.Errorf("%s, after: %v", what, err)
				}
			}
			if img, err := v.e.Images.Get(v.ctx, admin, a); err != nil || img.State != "deleting" {
				t.Errorf("the record: %+v, %v", img.State, err)
			}
			if _, err := v.e.Vulns.Of(v.ctx, admin, b, Moment{}); err != nil {
				t.Errorf("another image: %v", err)
			}
			if again, err := v.e.Images.Delete(v.ctx, admin, a, true); err != nil || again.Status != "deleting" {
				t.Errorf("deleted twice: %+v, %v", again, err)
			}
		})
	}
}
