package gate_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/policy/gate"
)

func TestInstruction(t *testing.T) {
	t.Parallel()
	const file = "FROM scratch\nENV A=1\nRUN echo a\nLABEL x=y\nRUN echo b\n"
	fires := func(i, check, value, rest string) string {
		return "|Dockerfile directive '" + i + "' check '" + check + "' matched against '" + value + "' for line '" + rest + "'"
	}
	for _, tc := range []struct {
		file, params string
		mode         gate.Mode
		want         []string
	}{
		{file, "instruction=FROM check== value=scratch", gate.Actual, []string{fires("FROM", "=", "scratch", "scratch")}},
		{file, "instruction=FROM check=!= value=scratch", gate.Actual, nil},
		{file, "instruction=RUN check=!= value=x", gate.Actual, []string{fires("RUN", "!=", "x", "echo a"), fires("RUN", "!=", "x", "echo b")}},
		{file, "instruction=RUN check=like value=.*b$", gate.Actual, []string{fires("RUN", "like", ".*b$", "echo b")}},
		{file, "instruction=RUN check=not_like value=.*b", gate.Actual, []string{fires("RUN", "not_like", ".*b", "echo a")}},
		{file, "instruction=LABEL check=in value=a=b,x=y", gate.Actual, []string{fires("LABEL", "in", "a=b,x=y", "x=y")}},
		{file, "instruction=LABEL check=not_in value=a=b", gate.Actual, []string{fires("LABEL", "not_in", "a=b", "x=y")}},
		{file, "instruction=ENV check=exists", gate.Actual, []string{fires("ENV", "exists", "", "A=1")}},
		{file, "instruction=HEALTHCHECK check=not_exists", gate.Actual, []string{"|Dockerfile directive 'HEALTHCHECK' not found, matching condition 'not_exists' check"}},
		{file, "instruction=ENV check=not_exists", gate.Actual, nil},
		{file, "instruction=RUN check==", gate.Actual, nil},
		{file, "instruction=RUN check=like", gate.Actual, nil},
		{file, "instruction=RUN check=not_in", gate.Actual, nil},
		{file, "instruction=ENV check=exists", gate.Guessed, []string{fires("ENV", "exists", "", "A=1")}},
		{file, "instruction=ENV check=exists actual_dockerfile_only=true", gate.Guessed, nil},
		{file, "instruction=USER check=not_exists actual_dockerfile_only=true", gate.Guessed, nil},
		{file, "instruction=USER check=not_exists", "Unknown", nil},
		{file, "instruction=USER check=not_exists", "", nil},
		{"", "instruction=USER check=not_exists", gate.Guessed, []string{"|Dockerfile directive 'USER' not found, matching condition 'not_exists' check"}},
	} {
		c := &gate.Context{Dockerfile: tc.file, DockerfileMode: tc.mode}
		if diff := cmp.Diff(tc.want, run(t, c, "dockerfile/instruction", strings.Fields(tc.params)...)); diff != "" {
			t.Errorf("%s, %s: %s", tc.params, tc.mode, diff)
		}
	}
}

func TestEffectiveUser(t *testing.T) {
	t.Parallel()
	denied := func(u string) []string {
		return []string{"|User " + u + " found as effective user, which is explicity not allowed"}
	}
	unlisted := func(u string) []string {
		return []string{"|User " + u + " found as effective user, which is not on the allowed list"}
	}
	for _, tc := range []struct {
		file, users, kind string
		mode              gate.Mode
		want              []string
	}{
		{"FROM a", "root,docker", "blacklist", gate.Actual, denied("root")},
		{"FROM a", "node", "whitelist", gate.Actual, unlisted("root")},
		{"FROM a\nUSER root\nUSER node", "root", "blacklist", gate.Actual, nil},
		{"FROM a\nuser node", "node", "blacklist", gate.Actual, denied("node")},
		{"FROM a\nUSER node:node", "node", "whitelist", gate.Actual, unlisted("node:node")},
		{"FROM a\nUSER [node]", "node", "whitelist", gate.Actual, nil},
		{"FROM a\nUSER 0", "root", "blacklist", gate.Actual, nil},
		{"FROM a", "", "whitelist", gate.Actual, unlisted("root")},
		{"FROM scratch\nUSER app", "app", "blacklist", gate.Guessed, denied("app")},
		{"FROM a", "root", "blacklist", "Unknown", nil},
	} {
		c := &gate.Context{Dockerfile: tc.file, DockerfileMode: tc.mode}
		if diff := cmp.Diff(tc.want, run(t, c, "dockerfile/effective_user", "users="+tc.users, "type="+tc.kind)); diff != "" {
			t.Errorf("%q, %s %s: %s", tc.file, tc.kind, tc.users, diff)
		}
	}
}

func TestExposedPorts(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		file, ports, kind string
		mode              gate.Mode
		want              []string // the ports that fire
	}{
		{"EXPOSE 22", "22", "blacklist", gate.Actual, []string{"22"}},
		{"EXPOSE 22/tcp 80", "22,80", "blacklist", gate.Actual, []string{"22/tcp", "80"}},
		{"EXPOSE 22/udp 22 22/tcp", "22", "blacklist", gate.Actual, []string{"22"}},
		{"expose 0022\nExpose 22", "0022", "blacklist", gate.Actual, []string{"22"}},
		{"EXPOSE 8000-8010/tcp", "8005", "blacklist", gate.Actual, []string{"8005/tcp"}},
		{"EXPOSE 8000-8010", "8000,8010,8011,7999", "blacklist", gate.Actual, []string{"8000", "8010"}},
		{"EXPOSE 6000-6003/udp 6000-6001", "6002,6001", "blacklist", gate.Guessed, []string{"6002/udp", "6001"}},
		{"EXPOSE 6000-6003/tcp\nEXPOSE 6000-6010/tcp 6001/tcp", "6002,6001", "blacklist", gate.Actual, []string{"6001/tcp", "6002/tcp"}},
		{"EXPOSE 6003-6000 1-x 0-70000 -5 5- 1-2-3 1-9/sctp +1-9 22-22/TCP", "5,22,2,6001", "blacklist", gate.Actual, []string{"22/tcp"}},
		{"EXPOSE 022/TCP 0080", "22,80,2", "blacklist", gate.Actual, []string{"22/tcp", "80"}},
		{"EXPOSE 022/TCP 0081", "22,80", "whitelist", gate.Actual, []string{"0081"}},
		{"EXPOSE 0-65535", "22", "blacklist", gate.Guessed, []string{"22"}},
		{"EXPOSE 0-65535/udp", "0,0,65535,65536", "blacklist", gate.Actual, []string{"0/udp", "65535/udp"}},
		{"EXPOSE 6000-6002/tcp", "6002,6000,6001,6001", "whitelist", gate.Actual, nil},
		{"EXPOSE 6000-6002/tcp 80", "6000,6002,80", "whitelist", gate.Actual, []string{"6000-6002/tcp"}},
		{"EXPOSE map[8000-8010/tcp:{}]", "8001", "blacklist", gate.Guessed, []string{"8001/tcp"}},
		{"EXPOSE [8000/tcp 53/udp]", "53,8000", "blacklist", gate.Guessed, []string{"53/udp", "8000/tcp"}},
		{"EXPOSE 80 443/tcp 53/udp", "80,443", "whitelist", gate.Actual, []string{"53/udp"}},
		{"EXPOSE 80 80 80/tcp", "80", "whitelist", gate.Actual, []string{"80"}},
		{"EXPOSE 53/udp 53/udp 53 53", "53", "whitelist", gate.Actual, nil},
		{"EXPOSE 80 \\\n  8080", "80", "whitelist", gate.Actual, []string{"8080"}},
		{"EXPOSE map[8000/tcp:{} 53/udp:{}]", "53", "whitelist", gate.Guessed, []string{"8000/tcp"}},
		{"EXPOSE 8000/tcp", "8000", "blacklist", gate.Guessed, []string{"8000/tcp"}},
		{"EXPOSE 0", "0", "blacklist", gate.Actual, []string{"0"}},
		{"EXPOSE 22", "22", "blacklist", "", nil},
	} {
		verb, list := "in", "DENIEDPORTS"
		if tc.kind == "whitelist" {
			verb, list = "not in", "ALLOWEDPORTS"
		}
		var want []string
		for _, p := range tc.want {
			want = append(want, "|Dockerfile exposes port ("+p+") which is "+verb+" policy file "+list+" list")
		}
		c := &gate.Context{Dockerfile: tc.file, DockerfileMode: tc.mode}
		if diff := cmp.Diff(want, run(t, c, "dockerfile/exposed_ports", "ports="+tc.ports, "type="+tc.kind)); diff != "" {
			t.Errorf("%q, %s %s: %s", tc.file, tc.kind, tc.ports, diff)
		}
	}
}

func TestNoDockerfileProvided(t *testing.T) {
	t.Parallel()
	for mode, want := range map[gate.Mode][]string{
		gate.Actual:  nil,
		gate.Guessed: {"|Image was not analyzed with an actual Dockerfile"},
		"":           {"|Image was not analyzed with an actual Dockerfile"},
	} {
		if diff := cmp.Diff(want, run(t, &gate.Context{DockerfileMode: mode}, "dockerfile/no_dockerfile_provided")); diff != "" {
			t.Errorf("%q: %s", mode, diff)
		}
	}
}
