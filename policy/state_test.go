package policy_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
	"landwaiter.dev/policy"
)

// A compiled bundle is kept and used for many images, one after the other and at the same time: nothing that it learns of one may
// show in the verdict of another.
func TestBundlesKeepNothing(t *testing.T) {
	t.Parallel()
	in := largeImage(t, 2000, 300)
	bare := policy.Input{Tag: "a:b", At: now, Files: func() []image.File { return nil }}
	other := largeImage(t, 500, 40)
	other.Tag, other.Dockerfile = "registry.example.com/other:1", "FROM scratch\nUSER app\nEXPOSE 80 22/udp\n"
	var want []string
	inputs := []policy.Input{in, bare, other}
	for _, one := range inputs {
		want = append(want, string(evaluated(everything(t), one).Document()))
	}
	if want[0] == want[1] || want[0] == want[2] {
		t.Fatal("the images are too much alike")
	}
	b := everything(t)
	var wait sync.WaitGroup
	for turn := range 4 {
		wait.Go(func() {
			for i := range inputs {
				n := (i + turn) % len(inputs)
				if diff := cmp.Diff(strings.Split(want[n], "],["), strings.Split(string(evaluated(b, inputs[n]).Document()), "],[")); diff != "" {
					t.Errorf("image %d: %.2000s", n, diff)
				}
			}
		})
	}
	wait.Wait()
}
