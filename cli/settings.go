package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"landwaiter.dev/advisory/archive"
	"landwaiter.dev/advisory/feed"
	"landwaiter.dev/analysis"
	rules "landwaiter.dev/analysis/secret"
	"landwaiter.dev/internal/cosign"
	"landwaiter.dev/internal/secret"
)

// Settings of the programs that do the work themselves: serve, scan and analyze.
type Settings struct {
	Listen string
	Data   string // directory
	// DatabaseURL of PostgreSQL; empty means the embedded store below Data.
	DatabaseURL secret.Text
	Roles       []string
	// AdminPassword; empty means a generated one, kept in Data.
	AdminPassword secret.Text
	// SecretKey encrypts credentials at rest; empty means a key file in Data.
	SecretKey secret.Text

	// Limits of the analysis; zero fields are defaults.
	Limits   analysis.Limits
	Analysis AnalysisSettings

	Feeds    FeedSettings
	Webhooks WebhookSettings
	// TrustAttestations lets VEX documents found next to images hide findings though nobody trusted has signed them.
	TrustAttestations bool
	// Signers are those whose signatures and attestations count.
	Signers []cosign.Signer
	// WatchInterval between looks at watched tags.
	WatchInterval time.Duration
	// RetentionEvaluations is how long rows of evaluations of deleted images stay.
	RetentionEvaluations time.Duration

	// Warnings name what was not understood and did no harm, one sentence each.
	Warnings []string
}

// FeedSettings say where advisory data comes from.
type FeedSettings struct {
	// Places of each driver that is on, by its name: mirrors in the order in which they are asked.
	Places map[string][]string
	// Ecosystems to load: "all", or names; empty means all for a directory, and for a URL those that the inventory has.
	Ecosystems []string
	Interval   time.Duration
	// Trust are the keys whose archives are imported.
	Trust []archive.PublicKey
	// Proxy by the name of a driver, with "" for all others; they may hold passwords.
	Proxy map[string]secret.Text
}

// WebhookSettings say whom to tell.
type WebhookSettings struct {
	// General gets every notice; ByType the notices of one type. Placeholders: <userId>, <notification_type>.
	General secret.Text
	ByType  map[string]secret.Text
	// Key of the signature; empty means one derived from the secret key.
	Key secret.Text
	// AllowPrivate lets webhooks reach loopback and private addresses: "true", "false", or a list of the hosts for which it
	// is allowed.
	AllowPrivate string
}

// None switches a feed off, on asks it where its publisher serves it.
const (
	None = "none"
	on   = "on"
)

// Setting is one line of the table of settings. Its name says how it is given: "feeds.osv" is the flag --feeds-osv, the
// variable LANDWAITER_FEEDS_OSV and the key osv below feeds in a YAML file; the first of them that is given counts.
type Setting struct {
	Name, Default, Help string
	// Secret settings have no flag: a command line can be seen by others.
	Secret bool
	// Scan marks those that scan and analyze take too.
	Scan bool
	// Lines marks a list whose items may hold commas: it is one item a line.
	Lines bool

	set func(*Settings, string) error
}

// Flag is the name of the flag; "" when there is none.
func (s *Setting) Flag() string {
	if s.Secret {
		return ""
	}
	return strings.NewReplacer(".", "-", "_", "-").Replace(s.Name)
}

// Variable is the name of the environment variable.
func (s *Setting) Variable() string {
	return "LANDWAITER_" + strings.ToUpper(strings.ReplaceAll(s.Name, ".", "_"))
}

// Table of all settings: the one place that knows them.
var Table = slices.Concat([]Setting{
	{Name: "listen", Default: "127.0.0.1:8228", Help: "address to listen on, host:port", set: hostPort(func(s *Settings) *string { return &s.Listen })},
	{Name: "data", Help: "directory of the embedded store, keys and blobs (default /var/lib/landwaiter for root, else below the user's data home)", Scan: true, set: asText(func(s *Settings) *string { return &s.Data })},
	{Name: "database_url", Help: "postgres://… of a PostgreSQL database; empty means the embedded store", Scan: true, set: database},
	{Name: "roles", Default: "all", Help: "what this node does: all, or a list of api, catalog, policy, analyzer, queue", set: roles},
	{Name: "admin_password", Help: "password of the user admin at the first start (default: generated, printed once, kept in the data directory)", Secret: true, set: asSecret(func(s *Settings) *secret.Text { return &s.AdminPassword })},
	{Name: "secret_key", Help: "key that encrypts stored credentials (default: a key file in the data directory)", Secret: true, set: asSecret(func(s *Settings) *secret.Text { return &s.SecretKey })},
	{Name: "analysis.secrets", Default: "true", Help: "look for secrets in the texts of an image: true or false", Scan: true, set: boolean(func(s *Settings) *bool { return &s.Analysis.Secrets })},
	{Name: "analysis.secret_rules", Help: "regular expressions for secrets of your own, NAME=expression one a line, or @FILE that holds them", Scan: true, Lines: true, set: ruleList(func(s *Settings) *[]rules.Rule { return &s.Analysis.SecretRules })},
	{Name: "analysis.content_rules", Help: "regular expressions to search texts for, NAME=expression one a line, or @FILE that holds them", Scan: true, Lines: true, set: ruleList(func(s *Settings) *[]rules.Rule { return &s.Analysis.ContentRules })},
	{Name: "analysis.retrieve", Default: "/etc/passwd", Help: "files whose content is kept, a list of paths or patterns like /etc/**/*.conf; none keeps none", Scan: true, set: retrieve},
	{Name: "analysis.hints", Default: "false", Help: "list the packages that an image names in its /anchore_hints.json, marked as hints: true or false", Scan: true, set: boolean(func(s *Settings) *bool { return &s.Analysis.Hints })},
	{Name: "analysis.clamd", Help: "scan every file for malware with the clamd at this address, unix:/path or tcp:host:port", Scan: true, set: asText(func(s *Settings) *string { return &s.Analysis.Clamd })},
	{Name: "analysis.attestations", Default: "on", Help: "look for VEX documents next to images of registries, two or three small requests for each analysis: on or off", Scan: true, set: onOff(func(s *Settings) *bool { return &s.Analysis.Attestations })},
	{Name: "vex.trust_attestations", Default: "false", Help: "let VEX documents found next to images hide findings though nobody trusted has signed them: true or false", Scan: true, set: boolean(func(s *Settings) *bool { return &s.TrustAttestations })},
	{Name: "signatures.trust", Help: "whose signatures and attestations next to images of registries count, for policies and as VEX: name=file, a list; each file a public key as PEM (cosign.pub), or a document with the identity, issuer and root of certificates", Scan: true, set: signers},
}, feedSettings(), []Setting{
	{Name: "feeds.ecosystems", Help: "ecosystems to load: all, or a list as OSV names them (default: all of a directory, of a URL those that the images need)", Scan: true, set: asList(func(s *Settings) *[]string { return &s.Feeds.Ecosystems })},
	{Name: "feeds.proxy", Help: "proxies for feeds: an address for all of them, name=address for one, none for a direct connection, with commas between (default: HTTPS_PROXY and NO_PROXY)", Secret: true, set: proxies},
	{Name: "feeds.interval", Default: "6h", Help: "time between feed syncs, and how old the data of a scan may be before it asks for newer", Scan: true, set: duration(func(s *Settings) *time.Duration { return &s.Feeds.Interval })},
	{Name: "feeds.trust", Help: "whose archives of advisory data are imported: public keys, or files that hold them, a list", Scan: true, set: trusted},
	{Name: "watch.interval", Default: "1h", Help: "time between looks at watched tags", set: duration(func(s *Settings) *time.Duration { return &s.WatchInterval })},
	{Name: "retention.evaluations", Default: "365d", Help: "how long the rows of evaluations are kept after an image is deleted", set: duration(func(s *Settings) *time.Duration { return &s.RetentionEvaluations })},
	{Name: "webhooks.general.url", Help: "where every notice goes; <userId> and <notification_type> are filled in", Secret: true, set: webhook("")},
	{Name: "webhooks.key", Help: "key of the notices' Landwaiter-Signature, for receivers that check it (default: derived from the secret key)", Secret: true, set: asSecret(func(s *Settings) *secret.Text { return &s.Webhooks.Key })},
	{Name: "webhooks.allow_private", Default: "false", Help: "let webhooks reach loopback and private addresses: true, false, or a list of the hosts for which it is allowed", set: asText(func(s *Settings) *string { return &s.Webhooks.AllowPrivate })},
}, webhookTypes("policy_eval", "tag_update", "vuln_update", "analysis_update"))

// feedSettings are one for each driver.
func feedSettings() []Setting {
	var list []Setting
	for _, d := range feed.Drivers() {
		s := Setting{Name: "feeds." + d.Name, Default: None, Help: d.Doc + " URL, or ", Scan: true, set: places(d)}
		if s.Help += "file"; d.Parts != nil {
			s.Help = d.Doc + " URL, or directory that is laid out like it"
		}
		s.Help += "; several with commas between are mirrors, asked in order; on for its publisher's address; none"
		if d.On {
			s.Default = d.Source
		}
		list = append(list, s)
	}
	return list
}

func webhookTypes(types ...string) []Setting {
	var list []Setting
	for _, t := range types {
		list = append(list, Setting{Name: "webhooks." + t + ".url", Help: "where notices of type " + t + " go, beside the general address", Secret: true, set: webhook(t)})
	}
	return list
}

// AddFlags gives a command the flags of the settings, of all or of those that scans take.
func AddFlags(flags *pflag.FlagSet, scan bool) {
	flags.String("config", "", "YAML file with settings")
	for i := range Table {
		if s := &Table[i]; !s.Secret && (s.Scan || !scan) {
			flags.String(s.Flag(), "", s.Help+orDefault(s.Default)+" ["+s.Variable()+"]")
		}
	}
}

func orDefault(d string) string {
	if d == "" {
		return ""
	}
	return " (default " + d + ")"
}

// SettingsHelp lists every setting with its variable, default and meaning, for help texts and documents.
func SettingsHelp() string {
	var b strings.Builder
	for i := range Table {
		s := &Table[i]
		fmt.Fprintf(&b, "  %s\n      %s%s\n", s.Variable(), s.Help, orDefault(s.Default))
	}
	return b.String()
}
