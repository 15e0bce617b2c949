package testkit_test

import (
	"testing"

	"landwaiter.dev/internal/testkit"
)

func TestARealRegistryTakesImages(t *testing.T) {
	t.Parallel()
	img := testkit.Image(testkit.Layer(testkit.File("etc/os-release", "ID=debian\n")), testkit.Layer(testkit.File("a", "b")).As("zstd"))
	for name, o := range map[string]testkit.RegistryOptions{
		"anonymous":       {},
		"basic":           {Auth: testkit.BasicAuth},
		"tokens":          {Auth: testkit.TokenAuth},
		"tokens over TLS": {Auth: testkit.TokenAuth, TLS: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := testkit.StartRegistry(t, o)
			if d := img.Push(t, r, "some/where", "latest"); d != img.Digest() {
				t.Errorf("pushed %s, made %s", d, img.Digest())
			}
		})
	}
}
