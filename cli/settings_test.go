package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/spf13/pflag"

	"landwaiter.dev/advisory/feed"
	rules "landwaiter.dev/analysis/secret"
	"landwaiter.dev/internal/secret"
)

func load(t *testing.T, file string, environ []string, args ...string) (Settings, error) {
	t.Helper()
	flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	AddFlags(flags, false)
	if file != "" {
		name := filepath.Join(t.TempDir(), "settings.yaml")
		if err := os.WriteFile(name, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "--config", name)
	}
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	return Load(flags, append([]string{"HOME=/home/ada", "XDG_DATA_HOME="}, environ...))
}

// publishers are the feeds that are on unless told otherwise.
func publishers() map[string][]string {
	places := map[string][]string{}
	for _, d := range feed.Drivers() {
		if d.On {
			places[d.Name] = []string{d.Source}
		}
	}
	return places
}

func TestSettingsDefaults(t *testing.T) {
	t.Parallel()
	got, err := load(t, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	data := "/home/ada/.local/share/landwaiter"
	if os.Geteuid() == 0 {
		data = "/var/lib/landwaiter"
	}
	want := Settings{
		Listen: "127.0.0.1:8228", Data: data, Roles: RoleNames, WatchInterval: time.Hour, RetentionEvaluations: 365 * 24 * time.Hour,
		Analysis: AnalysisSettings{Attestations: true, Secrets: true, Retrieve: []string{"/etc/passwd"}},
		Feeds:    FeedSettings{Places: publishers(), Interval: 6 * time.Hour},
		Webhooks: WebhookSettings{AllowPrivate: "false"},
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A flag beats a variable, a variable beats the file, the file beats the default.
func TestSettingsLayers(t *testing.T) {
	t.Parallel()
	const file = `
listen: 0.0.0.0:1
data: /file
roles: [api, catalog]
retention:
  evaluations: 30d
feeds:
  osv: [/feeds, "https://mirror.example/osv"]
  kev: none
  ecosystems: [PyPI, "Debian:12"]
  interval: 1h
webhooks:
  allow_private: true
  general:
    url: https://hooks.example/<notification_type>/<userId>
  tag_update: {url: "http://127.0.0.1:9/tags"}
analysis:
  secrets: false
  hints: true
  retrieve: [/etc/motd, "/etc/**/*.conf"]
  content_rules: ["A=.*a{1,2}", "B=.*b=c"]
  clamd: unix:/run/clamd.sock
`
	got, err := load(t, file, []string{
		"LANDWAITER_LISTEN=0.0.0.0:2", "LANDWAITER_DATA=/variable", "LANDWAITER_FEEDS_INTERVAL=", "LANDWAITER_ADMIN_PASSWORD=hunter2", "LANDWAITER_SECRET_KEY=k",
		"LANDWAITER_FEEDS_PROXY=http://u:hunter2@proxy:3128, kev=none", "LANDWAITER_DATABASE_URL=postgres://u:hunter2@db/x", "LANDWAITER_TYPO=1", "LANDWAITER_USER=ada", "PATH=/bin",
	}, "--listen", "0.0.0.0:3")
	if err != nil {
		t.Fatal(err)
	}
	want := Settings{
		Listen: "0.0.0.0:3", Data: "/variable", DatabaseURL: "postgres://u:hunter2@db/x", Roles: []string{"api", "catalog"}, AdminPassword: "hunter2", SecretKey: "k",
		WatchInterval: time.Hour, RetentionEvaluations: 30 * 24 * time.Hour,
		Analysis: AnalysisSettings{Attestations: true,
			Hints: true, Retrieve: []string{"/etc/motd", "/etc/**/*.conf"}, Clamd: "unix:/run/clamd.sock",
			ContentRules: []rules.Rule{{Name: "A", Pattern: ".*a{1,2}"}, {Name: "B", Pattern: ".*b=c"}},
		},
		Feeds: FeedSettings{Places: map[string][]string{"osv": {"/feeds", "https://mirror.example/osv"}, "epss": publishers()["epss"]}, Ecosystems: []string{"PyPI", "Debian:12"}, Interval: time.Hour,
			Proxy: map[string]secret.Text{"": "http://u:hunter2@proxy:3128", "kev": None}},
		Webhooks: WebhookSettings{
			General: "https://hooks.example/<notification_type>/<userId>", ByType: map[string]secret.Text{"tag_update": "http://127.0.0.1:9/tags"}, AllowPrivate: "true",
		},
		Warnings: []string{"variable LANDWAITER_TYPO is no setting and does nothing"},
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmp.Transformer("reveal", secret.Text.Reveal)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if shown := fmt.Sprintf("%+v %#v", got, got); strings.Contains(shown, "hunter2") {
		t.Errorf("printed settings show a password: %s", shown)
	}
}

func TestSettingsRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, file, variable, want string }{
		{"unknown key", "feeds: {osw: x}", "", `there is no setting "feeds.osw"`},
		{"no YAML", "\t:", "", "settings file"},
		{"a list", "- a", "", "settings file"},
		{"address", "", "LANDWAITER_LISTEN=localhost", "want host:port"},
		{"port", "", "LANDWAITER_LISTEN=localhost:99999", "want host:port"},
		{"duration", "", "LANDWAITER_FEEDS_INTERVAL=soon", "setting feeds.interval (LANDWAITER_FEEDS_INTERVAL): want a duration"},
		{"negative duration", "", "LANDWAITER_WATCH_INTERVAL=-1h", "want a duration"},
		{"role", "", "LANDWAITER_ROLES=api,cook", `there is no role "cook"`},
		{"no role", "", "LANDWAITER_ROLES=,", "at least one role"},
		{"database", "", "LANDWAITER_DATABASE_URL=mysql://x", "want postgres://"},
		{"feed", "", "LANDWAITER_FEEDS_OSV=ftp://x", "want http:// or https://"},
		{"proxy", "", "LANDWAITER_FEEDS_PROXY=ftp://x", "want http://"},
		{"proxy of an unknown feed", "", "LANDWAITER_FEEDS_PROXY=osw=http://x", `there is no feed "osw"`},
		{"feed off and on", "", "LANDWAITER_FEEDS_OSV=none,/feeds", "none stands alone"},
		{"webhook", "", "LANDWAITER_WEBHOOKS_GENERAL_URL=ftp://x", "want http://"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := load(t, c.file, []string{c.variable})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
	if _, err := load(t, "", nil, "--config", "/nowhere.yaml"); err == nil {
		t.Error("a missing file is no error")
	}
}

// The names of the contract.
func TestSettingsNames(t *testing.T) {
	t.Parallel()
	help := SettingsHelp()
	for _, name := range strings.Fields(`LISTEN DATA DATABASE_URL ROLES ADMIN_PASSWORD SECRET_KEY FEEDS_OSV FEEDS_KEV FEEDS_EPSS FEEDS_ECOSYSTEMS
		FEEDS_INTERVAL WATCH_INTERVAL RETENTION_EVALUATIONS WEBHOOKS_GENERAL_URL WEBHOOKS_TAG_UPDATE_URL WEBHOOKS_POLICY_EVAL_URL
		WEBHOOKS_VULN_UPDATE_URL WEBHOOKS_ANALYSIS_UPDATE_URL WEBHOOKS_ALLOW_PRIVATE`) {
		if !strings.Contains(help, "LANDWAITER_"+name+"\n") {
			t.Errorf("no setting LANDWAITER_%s", name)
		}
	}
	scan := pflag.NewFlagSet("scan", pflag.ContinueOnError)
	AddFlags(scan, true)
	if scan.Lookup("feeds-osv") == nil || scan.Lookup("listen") != nil || scan.Lookup("admin-password") != nil {
		t.Error("scan takes the wrong flags")
	}
}

func TestLimitsAreSettings(t *testing.T) {
	t.Parallel()
	s, err := Load(nil, []string{"LANDWAITER_DATA=/d", "LANDWAITER_LIMITS_LAYERS=7", "LANDWAITER_LIMITS_SPOOL=none"})
	if err != nil {
		t.Fatal(err)
	}
	if s.Limits.Layers != 7 || s.Limits.Spool != 0 {
		t.Errorf("limits = %+v; want 7 layers, and the default where the value is none", s.Limits)
	}
	if len(s.Warnings) != 1 {
		t.Errorf("warnings = %q; want one about the spool", s.Warnings)
	}
}
