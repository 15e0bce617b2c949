package engine

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
)

func TestDifferencesOfTheConfigHoldNoSecrets(t *testing.T) {
	t.Parallel()
	a := &image.Analysis{Config: image.ContainerConfig{
		Env:    []string{"PATH=/bin", "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI", "DB=postgres://a:one@h/d", "KEEP_TOKEN=same"},
		Labels: map[string]string{"deploy.password": "one"}, Cmd: []string{"run", "--key", "one"},
	}, Secrets: []image.TextMatch{{Rule: "url-password", Place: "env DB", Layer: -1}}}
	b := &image.Analysis{Config: image.ContainerConfig{
		Env: []string{"PATH=/usr/bin", "AWS_SECRET_ACCESS_KEY=other", "DB=postgres://h/d", "KEEP_TOKEN=same"}, Cmd: []string{"run", "--key", "two"},
	}, Secrets: []image.TextMatch{{Rule: "API_KEY", Place: "cmd", Layer: -1}}}
	want := []Difference{
		{What: "cmd", Before: "masked", After: "masked"},
		{What: "env.AWS_SECRET_ACCESS_KEY", Before: "masked", After: "masked"},
		{What: "env.DB", Before: "masked", After: "masked"},
		{What: "env.PATH", Before: "/bin", After: "/usr/bin"},
		{What: "label.deploy.password", Before: "masked"},
	}
	if diff := cmp.Diff(want, diffConfigs(a, b)); diff != "" {
		t.Error(diff)
	}
}
