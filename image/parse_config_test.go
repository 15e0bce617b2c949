package image_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"landwaiter.dev/image"
)

func TestParseConfig(t *testing.T) {
	t.Parallel()
	raw := []byte(`{"os":"linux","architecture":"arm64","variant":"v8","created":"2024-01-02T03:04:05.5Z",
		"config":{"User":"app","Env":["A=b"],"ExposedPorts":{"80/tcp":{}},"Labels":{"k":"v"},"Healthcheck":{"Test":["NONE"]},"Cmd":null},
		"rootfs":{"type":"layers","diff_ids":["sha256:` + someHex + `"]},
		"history":[{"created":"then","created_by":"/bin/sh -c x","empty_layer":true}]}`)
	got, err := image.ParseConfig(raw)
	if err != nil {
		t.Fatal(err)
	}
	want := &image.Config{
		Raw: raw, Digest: image.DigestOf(raw), Platform: image.Platform{OS: "linux", Architecture: "arm64", Variant: "v8"},
		Created: time.Date(2024, 1, 2, 3, 4, 5, 5e8, time.UTC),
		Container: image.ContainerConfig{
			User: "app", Env: []string{"A=b"}, ExposedPorts: map[string]struct{}{"80/tcp": {}}, Labels: map[string]string{"k": "v"},
			Healthcheck: []byte(`{"Test":["NONE"]}`),
		},
		History: []image.History{{Created: "then", CreatedBy: "/bin/sh -c x", EmptyLayer: true}},
		DiffIDs: []image.Digest{someDigest},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestConfigFieldsOfTheWrongTypeAreNamed(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string][]string{
		`{}`:                         nil,
		`{"config":null}`:            nil,
		`{"config":5,"created":"x"}`: {"created", "config"},
		`{"os":["linux"],"history":[null,{"created":5,"empty_layer":"no"},7]}`: {
			"os", "history[0]", "history[1].created", "history[1].empty_layer", "history[2]",
		},
		`{"history":{}}`: {"history"},
		`{"config":{"Env":"A=b","Cmd":["a",5],"Entrypoint":[null],"User":{},"Labels":{"a":5},"ExposedPorts":[80],"Volumes":"v","Healthcheck":[]}}`: {
			"config.User", "config.Env", "config.Entrypoint", "config.Cmd", "config.ExposedPorts", "config.Volumes", "config.Labels", "config.Healthcheck",
		},
	} {
		c, err := image.ParseConfig([]byte(raw))
		if err != nil {
			t.Errorf("%s: %v", raw, err)
			continue
		}
		if diff := cmp.Diff(want, c.Odd); diff != "" {
			t.Errorf("%s (-want +got):\n%s", raw, diff)
		}
		if diff := cmp.Diff(image.ContainerConfig{}, c.Container); diff != "" {
			t.Errorf("%s: half-read fields came through:\n%s", raw, diff)
		}
	}
}

func TestParseConfigRefuses(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		"", "null", "[]", "<html>login page</html>", `{"os":"linux"`, `{"os":"a","os":"b"}`, `{"config":{"User":"root","User":"app"}}`,
		`{"rootfs":[]}`, `{"rootfs":{"diff_ids":"x"}}`, `{"rootfs":{"diff_ids":[5]}}`, `{"rootfs":{"diff_ids":["sha256:../x"]}}`,
		`{"history":[` + strings.Repeat("{},", image.MaxHistory) + `{}]}`,
		`{"x":"` + strings.Repeat("a", image.MaxConfigSize) + `"}`,
	} {
		c, err := image.ParseConfig([]byte(raw))
		var p *image.ParseError
		if c != nil || !errors.As(err, &p) {
			t.Errorf("%.60q was taken: %v, %v", raw, c, err)
		}
	}
}

func FuzzParseConfig(f *testing.F) {
	f.Add([]byte(`{"os":"linux","config":{"Env":["A=b"],"Labels":{"a":"b"}},"rootfs":{"diff_ids":["sha256:` + someHex + `"]},"history":[{}]}`))
	f.Add([]byte(`{"config":{"Env":"x","Cmd":[1]},"history":[null]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := image.ParseConfig(raw)
		if err != nil {
			var p *image.ParseError
			if c != nil || !errors.As(err, &p) {
				t.Fatalf("%v beside %v", c, err)
			}
			return
		}
		if c.Digest != image.DigestOf(raw) || len(c.DiffIDs) > image.MaxLayers || len(c.History) > image.MaxHistory {
			t.Fatalf("%+v", c)
		}
		for _, d := range c.DiffIDs {
			if _, err := image.ParseDigest(string(d)); err != nil {
				t.Fatal(err)
			}
		}
	})
}
