package analysis

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

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
			image.ContainerConfig{User: "app", Env: []string{"A=b"}}, []string{`USER app`, `EXPOSE 8000/tcp 53/udp`, `EXPOSE 80/tcp`, `COPY . /srv`, `RUN /bin/sh -c x`, `RUN /bin/sh -c y`, `ENV A=b`}},
		{"anything else was a RUN", []string{`bazel build ...`, `user app`}, image.ContainerConfig{}, []string{`RUN bazel build ...`, `RUN user app`}},
		{"a flattened image takes from its config", nil, full, []string{
			`EXPOSE 53/udp 80/tcp`, `VOLUME ["/data"]`, `WORKDIR /srv`, `USER app`, `STOPSIGNAL SIGINT`,
			`HEALTHCHECK --interval=30s --retries=3 CMD curl -f http://localhost/`, `ENTRYPOINT ["/bin/sh","-c"]`, `CMD ["run"]`}},
		{"what history says is not said again", []string{
			`EXPOSE map[80/tcp:{}]`, `#(nop)  EXPOSE 1`, `/bin/sh -c #(nop)  EXPOSE 53/udp 9 9`, `VOLUME [/x /data]`, `WORKDIR srv`, `USER root`, `USER app # buildkit`,
			`STOPSIGNAL SIGINT`, `HEALTHCHECK &{["CMD-SHELL" "curl -f http://localhost/"] "30s" "0s" "0s" '\x03'}`, `ENTRYPOINT ["/bin/sh" "-c"]`, `CMD ["run"]`},
			full, []string{`EXPOSE 80/tcp`, `RUN #(nop)  EXPOSE 1`, `EXPOSE 53/udp 9 9`, `VOLUME [/x /data]`, `WORKDIR srv`, `USER root`, `USER app`,
				`STOPSIGNAL SIGINT`, `HEALTHCHECK &{["CMD-SHELL" "curl -f http://localhost/"] "30s" "0s" "0s" '\x03'}`, `ENTRYPOINT ["/bin/sh" "-c"]`, `CMD ["run"]`}},
		{"nor in other forms", []string{`EXPOSE 80 53/udp`, `VOLUME ["/data"]`, `WORKDIR /srv/`, `USER app`, `STOPSIGNAL SIGINT`, `HEALTHCHECK CMD curl -f http://localhost/`,
			`ENTRYPOINT ["/bin/sh","-c"]`, `CMD run`, `ENV A="b c" D=e`, `ENV F g h`, `LABEL "x"="y" z='1 2' v=`},
			with(full, func(c *image.ContainerConfig) {
				c.Env, c.Labels = []string{"A=b c", "D=e", "F=g h", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}, map[string]string{"x": "y", "z": "1 2", "v": ""}
			}), []string{`EXPOSE 80 53/udp`, `VOLUME ["/data"]`, `WORKDIR /srv/`, `USER app`, `STOPSIGNAL SIGINT`, `HEALTHCHECK CMD curl -f http://localhost/`,
				`ENTRYPOINT ["/bin/sh","-c"]`, `CMD run`, `ENV A="b c" D=e`, `ENV F g h`, `LABEL "x"="y" z='1 2' v=`}},
		{"commands in the builders' forms", []string{`CMD ["/bin/sh" "-c" "echo \"a\" && run"]`, `ENTRYPOINT exec /x --y`},
			image.ContainerConfig{Cmd: []string{"/bin/sh", "-c", `echo "a" && run`}, Entrypoint: []string{"/bin/sh", "-c", "exec /x --y"}},
			[]string{`CMD ["/bin/sh" "-c" "echo \"a\" && run"]`, `ENTRYPOINT exec /x --y`}},
		{"the config is what runs", []string{"USER other", "EXPOSE 1", "HEALTHCHECK NONE", "VOLUME /x", "ENTRYPOINT x", "CMD y", "STOPSIGNAL 9", "WORKDIR /", "ENV A=1 BB=22", "LABEL L=1"},
			with(full, func(c *image.ContainerConfig) {
				c.Env, c.Labels = []string{"A=2", "BB=2", "B=22"}, map[string]string{"L": "2"}
			}),
			[]string{"USER other", "EXPOSE 1", "HEALTHCHECK NONE", "VOLUME /x", "ENTRYPOINT x", "CMD y", "STOPSIGNAL 9", "WORKDIR /", "ENV A=1 BB=22", "LABEL L=1",
				`EXPOSE 53/udp 80/tcp`, `VOLUME ["/data"]`, `WORKDIR /srv`, `USER app`, `STOPSIGNAL SIGINT`,
				`HEALTHCHECK --interval=30s --retries=3 CMD curl -f http://localhost/`, `ENTRYPOINT ["/bin/sh","-c"]`, `CMD ["run"]`}},
		{"no user in the config is root", []string{"USER app"}, image.ContainerConfig{}, []string{"USER app", "USER root"}},
		{"no user at all stays unsaid", nil, image.ContainerConfig{}, nil},
		{"a user that comes back", []string{"USER root", "USER app"}, image.ContainerConfig{User: "root"}, []string{"USER root", "USER app", "USER root"}},
		{"root that both name", []string{"USER app", "USER root"}, image.ContainerConfig{}, []string{"USER app", "USER root"}},
		{"a range hides no port, nor do odd forms", []string{"EXPOSE 20-25", "EXPOSE 023/TCP"},
			image.ContainerConfig{ExposedPorts: map[string]struct{}{"22/tcp": {}, "023/TCP": {}, "20-25": {}}}, []string{"EXPOSE 20-25", "EXPOSE 023/TCP", "EXPOSE 23/tcp 22/tcp"}},
		{"a blank of another kind is a blank", []string{"/bin/sh -c #(nop) expose\t80", "/bin/sh -c #(nop) user\tapp"},
			image.ContainerConfig{User: "app", ExposedPorts: map[string]struct{}{"80/tcp": {}}}, []string{"expose\t80", "user\tapp"}},
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

func with(c image.ContainerConfig, change func(*image.ContainerConfig)) image.ContainerConfig {
	change(&c)
	return c
}

// TestDockerfileOfManyValues would search each line for each value.
func TestDockerfileOfManyValues(t *testing.T) {
	t.Parallel()
	c := image.ContainerConfig{Volumes: map[string]struct{}{}}
	for i := range 50_000 {
		c.Volumes[strings.Repeat("a", i%20)+"="+strconv.Itoa(i)] = struct{}{}
	}
	start := time.Now()
	got := Dockerfile([]image.History{{CreatedBy: "VOLUME " + strings.Repeat("a=", 500_000)}}, c)
	if n := strings.Count(got, `","`); n < 49_999 {
		t.Errorf("%d volumes", n)
	}
	if d := time.Since(start); d > 20*time.Second {
		t.Errorf("took %v", d)
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
