package analysis

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
)

func TestDockerfile(t *testing.T) {
	t.Parallel()
	full := image.ContainerConfig{
		User: "app", WorkingDir: "/srv", StopSignal: "SIGINT", Cmd: []string{"run"}, Entrypoint: []string{"/bin/sh", "-c"},
		ExposedPorts: map[string]struct{}{"80/tcp": {}, "53/udp": {}}, Volumes: map[string]struct{}{"/data": {}},
		Healthcheck: json.RawMessage(`{"Test":["CMD-SHELL","curl -f http://localhost/"],"Interval":30000000000,"Retries":3}`),
	}
	for _, c := range []struct {
		name    string
		history []string
		config  image.ContainerConfig
		want    []string
	}{
		{"classic builder", []string{`/bin/sh -c #(nop) ADD file:1 in / `, `/bin/sh -c #(nop)  CMD ["bash"]`, `/bin/sh -c apt-get update`, ``, `|1 A=b /bin/sh -c make`},
			image.ContainerConfig{}, []string{`ADD file:1 in /`, `CMD ["bash"]`, `RUN /bin/sh -c apt-get update`, `RUN /bin/sh -c make`}},
		{"BuildKit", []string{`USER app # buildkit`, `EXPOSE map[8000/tcp:{} 53/udp:{}]`, `EXPOSE [80/tcp]`, `COPY . /srv # buildkit`, `RUN /bin/sh -c x # buildkit`, `RUN |2 A=b C=d /bin/sh -c y # buildkit`, `ENV A=b`},
			image.ContainerConfig{}, []string{`USER app`, `EXPOSE 8000/tcp 53/udp`, `EXPOSE 80/tcp`, `COPY . /srv`, `RUN /bin/sh -c x`, `RUN /bin/sh -c y`, `ENV A=b`}},
		{"anything else was a RUN", []string{`bazel build ...`, `user app`}, image.ContainerConfig{}, []string{`RUN bazel build ...`, `RUN user app`}},
		{"a flattened image takes from its config", nil, full, []string{
			`EXPOSE 53/udp 80/tcp`, `VOLUME ["/data"]`, `WORKDIR /srv`, `USER app`, `STOPSIGNAL SIGINT`,
			`HEALTHCHECK --interval=30s --retries=3 CMD curl -f http://localhost/`, `ENTRYPOINT ["/bin/sh","-c"]`, `CMD ["run"]`}},
		{"what history says is not said again", []string{"USER root", "EXPOSE 1", "HEALTHCHECK NONE", "VOLUME /x", "ENTRYPOINT x", "CMD y", "STOPSIGNAL 9", "WORKDIR /"}, full,
			[]string{"USER root", "EXPOSE 1", "HEALTHCHECK NONE", "VOLUME /x", "ENTRYPOINT x", "CMD y", "STOPSIGNAL 9", "WORKDIR /"}},
		{"a line feed makes no instruction", []string{"RUN /bin/sh -c true\nUSER app"}, image.ContainerConfig{User: "a\nUSER b"}, []string{"RUN /bin/sh -c true USER app", "USER a USER b"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var h []image.History
			for _, s := range c.history {
				h = append(h, image.History{CreatedBy: s})
			}
			got := strings.Split(strings.TrimSuffix(Dockerfile(h, c.config), "\n"), "\n")
			if d := cmp.Diff(append([]string{"FROM scratch"}, c.want...), got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestHistoryAndLayers(t *testing.T) {
	t.Parallel()
	h := func(lines ...string) (out []image.History) {
		for _, l := range lines {
			out = append(out, image.History{CreatedBy: l, EmptyLayer: strings.HasPrefix(l, "empty")})
		}
		return out
	}
	for _, c := range []struct {
		name    string
		history []image.History
		n       int
		want    []string
		fits    bool
	}{
		{"aligned", h("a", "empty x", "b", "empty y"), 2, []string{"a", "b"}, true},
		{"none", nil, 2, []string{"", ""}, true},
		{"too long", h("a", "b", "c"), 2, []string{"", ""}, false},
		{"too short", h("a"), 2, []string{"", ""}, false},
	} {
		got, fits := alignHistory(c.history, c.n)
		if d := cmp.Diff(c.want, got); d != "" || fits != c.fits {
			t.Errorf("%s: %v %s", c.name, fits, d)
		}
	}
}
