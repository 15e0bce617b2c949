package policy_test

import (
	"slices"

	"landwaiter.dev/image"
	"landwaiter.dev/policy"
)

// triggerCase is a rule of a trigger that fires and one that does not, on the image of testdata/golden/policy-bait or on
// what facts make of it. Every trigger has one; [TestTriggers] tells which have none.
type triggerCase struct {
	trigger   string
	hit, miss []string // parameters, as name=value
	// facts change the image for both rules, missFacts for the second alone; with says what they change.
	facts, missFacts func(*policy.Input)
	with, missWith   string
	// always marks a trigger that fires for every image, never one that fires for none.
	always, never bool
}

func withDockerfile(in *policy.Input) { in.Dockerfile = "FROM debian:12\nUSER app\n" }

func withLanguages(in *policy.Input) {
	a := *in.Analysis
	a.Packages = append(slices.Clone(a.Packages),
		image.Package{Type: image.Gem, Name: "rack", Version: "2.0.1", Location: "usr/lib/rack.gemspec"},
		image.Package{Type: image.NPM, Name: "event-stream", Version: "3.3.6", Location: "app/node_modules/event-stream/package.json"})
	in.Analysis = &a
}

func withoutScan(in *policy.Input) { a := *in.Analysis; a.Malware = nil; in.Analysis = &a }

func withoutPasswd(in *policy.Input) { a := *in.Analysis; a.Retrieved = nil; in.Analysis = &a }

func withoutSetID(in *policy.Input) {
	files := slices.Clone(in.Files())
	for i := range files {
		files[i].Mode &= 0o1777
	}
	in.Files = func() []image.File { return files }
}

func withoutData(in *policy.Input) { in.Feed = policy.FeedFacts{} }

func withData(in *policy.Input) { in.Feed = policy.FeedFacts{Present: true, LastSync: in.At} }

func withExploited(in *policy.Input) {
	in.Findings = slices.Clone(in.Findings)
	in.Findings[0].KnownExploited = "2026-11-20"
}

var triggerCases = []triggerCase{
	{trigger: "always/always", always: true},

	{trigger: "dockerfile/instruction", hit: []string{"instruction=RUN", "check=like", "value=.*sudo.*"}, miss: []string{"instruction=RUN", "check=like", "value=sudo"}},
	{trigger: "dockerfile/effective_user", hit: []string{"users=root", "type=blacklist"}, miss: []string{"users=root,app", "type=whitelist"}},
	{trigger: "dockerfile/exposed_ports", hit: []string{"ports=22", "type=blacklist"}, miss: []string{"ports=6000", "type=blacklist"}},
	{trigger: "dockerfile/no_dockerfile_provided", missFacts: withDockerfile, missWith: "given with its Dockerfile"},

	{trigger: "files/content_regex_match", hit: []string{"regex_name=AKIA"}, miss: []string{"regex_name=AKI"}},
	{trigger: "files/name_match", hit: []string{`regex=.*\.com$`}, miss: []string{`regex=eicar\.com`}},
	{trigger: "files/attribute_match", hit: []string{"filename=/etc/passwd", "mode=0644"}, miss: []string{"filename=/etc/passwd", "mode=0644", "checksum=0"}},
	{trigger: "files/suid_or_guid_set", missFacts: withoutSetID, missWith: "without these bits"},

	{trigger: "ruby_gems/newer_version_found_in_feed", never: true},
	{trigger: "ruby_gems/not_found_in_feed", never: true},
	{trigger: "ruby_gems/version_not_found_in_feed", never: true},
	{trigger: "ruby_gems/blacklist", hit: []string{"name=rack"}, miss: []string{"name=rack", "version=2.0"}, facts: withLanguages, with: "with the gem"},
	{trigger: "ruby_gems/feed_data_unavailable", always: true},

	{trigger: "metadata/attribute", hit: []string{"attribute=size", "check=>", "value=100mb"}, miss: []string{"attribute=distro_version", "check=>", "value=9"}},

	{trigger: "licenses/blacklist_exact_match", hit: []string{"licenses=Artistic-2.0,zlib"}, miss: []string{"licenses=zLib,z"}},
	{trigger: "licenses/blacklist_partial_match", hit: []string{"licenses=AGPL,zlib"}, miss: []string{"licenses=AGPL,WTFPL"}},

	{trigger: "malware/scans", missFacts: withoutScan, missWith: "that no scanner looked at"},
	{trigger: "malware/scan_not_run", facts: withoutScan, with: "that no scanner looked at", missFacts: func(in *policy.Input) {
		a := *in.Analysis
		a.Malware = &image.Malware{Scanner: "clamav"}
		in.Analysis = &a
	}, missWith: "that a scanner found clean"},

	{trigger: "npms/newer_version_in_feed", never: true},
	{trigger: "npms/unknown_in_feeds", never: true},
	{trigger: "npms/version_not_in_feeds", never: true},
	{trigger: "npms/blacklisted_name_version", hit: []string{"name=event-stream", "version=3.3.6"}, miss: []string{"name=Event-stream"}, facts: withLanguages, with: "with the package"},
	{trigger: "npms/feed_data_unavailable", always: true},

	{trigger: "packages/required_package", hit: []string{"name=bsdutils", "version=2.39", "version_match_type=minimum"}, miss: []string{"name=bsdutils", "version=2.38", "version_match_type=minimum"}},
	{trigger: "packages/verify", hit: []string{"check=changed"}, miss: []string{"check=changed", "only_directories=/usr"}},
	{trigger: "packages/blacklist", hit: []string{"name=apt"}, miss: []string{"name=apt", "version=2.6"}},

	{trigger: "passwd_file/content_not_available", facts: withoutPasswd, with: "whose /etc/passwd was not kept", missFacts: func(in *policy.Input) {
		a := *in.Analysis
		a.Retrieved = []image.RetrievedFile{{Path: "etc/passwd", Content: []byte("root:x:0:0:::\n")}}
		in.Analysis = &a
	}, missWith: "whose /etc/passwd was kept"},
	{trigger: "passwd_file/blacklist_usernames", hit: []string{"user_names=toor,ftp"}, miss: []string{"user_names=ftp"}},
	{trigger: "passwd_file/blacklist_userids", hit: []string{"user_ids=1002"}, miss: []string{"user_ids=1004"}},
	{trigger: "passwd_file/blacklist_groupids", hit: []string{"group_ids=60"}, miss: []string{"group_ids=61"}},
	{trigger: "passwd_file/blacklist_shells", hit: []string{"shells=/bin/csh"}, miss: []string{"shells=/bin/false"}},
	{trigger: "passwd_file/blacklist_full_entry", hit: []string{"entry=broken-line"}, miss: []string{"entry=broken"}},

	{trigger: "retrieved_files/content_not_available", hit: []string{"path=/etc/shadow"}, miss: []string{"path=/etc/passwd"}},
	{trigger: "retrieved_files/content_regex", hit: []string{"path=/etc/passwd", "check=match", "regex=toor:"}, miss: []string{"path=/etc/passwd", "check=no_match", "regex=toor:"}},

	{trigger: "secret_scans/content_regex_checks", hit: []string{"content_regex_name=DOCKER_AUTH"}, miss: []string{"content_regex_name=DOCKER_AUTH", "filename_regex=/root/.*"}},

	{trigger: "vulnerabilities/package", hit: []string{"package_type=os", "severity_comparison==", "severity=unknown"}, miss: []string{"package_type=os"}},
	{trigger: "vulnerabilities/stale_feed_data", hit: []string{"max_days_since_sync=0"}, miss: []string{"max_days_since_sync=1"}},
	{trigger: "vulnerabilities/vulnerability_data_unavailable", facts: withoutData, with: "of whose distribution there is no data", missFacts: withData, missWith: "of whose distribution there is data"},
	{trigger: "vulnerabilities/blacklist", hit: []string{"vulnerability_ids=CVE-2014-0160,CVE-2026-103111"}, miss: []string{"vulnerability_ids=CVE-2014-0160"}},
	{trigger: "vulnerabilities/known_exploited", facts: withExploited, with: "with a finding of CISA's catalogue", hit: nil, miss: []string{"package_type=non-os"}},

	{trigger: "analysis/gaps", hit: []string{"kinds=malware_scanner"}, miss: []string{"kinds=parser_failed"}},
}
