package secret

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
)

func TestConfig(t *testing.T) {
	t.Parallel()
	s := newScanner(t, Options{Detectors: true, Secrets: []Rule{{"mine", ".*swordfish"}}, Content: []Rule{{"all", ".*"}}})
	npm := "np" + "m_" + made(alnum, 36)
	c := image.ContainerConfig{
		Env: []string{
			"PATH=/usr/bin", "DB_PASSWORD=hunter2 and more", "EMPTY_PASSWORD=", "SECRET_FILE=/run/x", "API_TOKEN=$OTHER", "USE_TOKEN=false",
			"GPG_KEY=" + made(lowerHex, 40), "URL=postgres://me:abc123@db/x", "NODE=" + npm, "NODE_TOKEN=" + npm, "NO_EQUALS_PASSWORD",
		},
		Labels:      map[string]string{"b": "the swordfish", "a": "x"},
		Entrypoint:  []string{"run", "--token", npm},
		Cmd:         []string{"sh", "-c", "API_KEY='quoted value' run"},
		Healthcheck: json.RawMessage(`{"Test":["CMD","curl","http://u:topsecret@localhost/"]}`),
		OnBuild:     []string{"RUN true", "ENV X=swordfish"},
	}
	history := []image.History{
		{CreatedBy: "/bin/sh -c #(nop)  CMD [\"sh\"]"},
		{CreatedBy: "|1 BUILD_PASSWORD=letmein9 /bin/sh -c make TOKEN=$(cat x) SECRET=\"a b\""},
		{CreatedBy: "ENV AWS_SECRET_ACCESS_KEY=" + made(alnum, 40)},
	}
	digest := func(v string) string { return s.hmac([]byte(v)) }
	want := []image.TextMatch{
		{Rule: namedSecret, Place: "env DB_PASSWORD", HMAC: digest("hunter2 and more")},
		{Rule: "url-password", Place: "env URL", HMAC: digest("abc123")},
		{Rule: "npm-token", Place: "env NODE", HMAC: digest(npm)},
		{Rule: "npm-token", Place: "env NODE_TOKEN", HMAC: digest(npm)},
		{Rule: "mine", Pattern: ".*swordfish", Place: "label b", HMAC: digest("b=the swordfish")},
		{Rule: "npm-token", Place: "entrypoint", HMAC: digest(npm)},
		{Rule: "mine", Pattern: ".*swordfish", Place: "onbuild", HMAC: digest("ENV X=swordfish")},
		{Rule: "url-password", Place: "healthcheck", HMAC: digest("topsecret")},
		{Rule: namedSecret, Place: "history 2", HMAC: digest("letmein9")},
		{Rule: namedSecret, Place: "history 2", HMAC: digest("a b")},
		{Rule: "aws-secret-access-key", Place: "history 3", HMAC: digest(made(alnum, 40))},
	}
	for i := range want {
		want[i].Line, want[i].Layer = 1, -1
	}
	got, gaps := s.Config(c, history)
	if len(gaps) > 0 {
		t.Errorf("gaps: %v", gaps)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestHostileConfig lists no more than it must, and counts the rest.
func TestHostileConfig(t *testing.T) {
	t.Parallel()
	s := newScanner(t, Options{Detectors: true})
	c := image.ContainerConfig{Env: make([]string, 3000)}
	for i := range c.Env {
		c.Env[i] = "A_PASSWORD=" + strings.Repeat("y", i+1)
	}
	history := []image.History{{CreatedBy: strings.Repeat("TOKEN=abc ", 1<<15)}}
	found, _ := s.Config(c, history)
	if len(found) != maxConfig || found[maxConfig-1].More < 2000 {
		t.Errorf("%d finds, the last %v", len(found), found[len(found)-1])
	}
}
