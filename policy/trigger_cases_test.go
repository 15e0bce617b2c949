package policy_test

import (
	"slices"
	"time"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
	"landwaiter.dev/policy"
	"landwaiter.dev/policy/gate"
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

// withFacts adds what is known from outside of the image.
func withFacts(in *policy.Input) {
	withExploited(in)
	f := &in.Findings[0]
	f.Since, f.FixSince = in.At.AddDate(0, 0, -20), in.At.AddDate(0, 0, -10)
	in.Findings[1].VEX = &advisory.VEX{Status: "not_affected", Author: "Somebody", Unverified: true}
	in.Facts = gate.Facts{
		Threats: map[string]gate.Threat{f.ID: {Score: 0.5, Percentile: 0.97, Scored: "2026-11-23", Due: "2026-12-11", Ransomware: true}},
		Lineage: &gate.Lineage{
			Base:  &image.KnownBase{Digest: "sha256:old", Tags: []string{"docker.io/debian:12"}, Layers: 1},
			Newer: []gate.NewerBase{{Tag: "docker.io/debian:12", Digest: "sha256:new", Was: "sha256:old", Since: in.At.AddDate(0, 0, -3)}},
		},
		Sources: []gate.SourceAge{{Name: "Debian:12", LastSync: in.At.AddDate(0, 0, -3)}},
		Signatures: &gate.Signatures{Found: []gate.Signature{
			{Trust: "release", Origin: "release.sig"}, {Trust: "ci", PredicateType: "https://slsa.dev/provenance/v1", Origin: "ci.att"},
			{Origin: "mallory.sig", Problem: "nobody trusted has signed it"},
		}},
	}
}

var triggerCases = []triggerCase{
	{trigger: "always/always", always: true},

	{trigger: "dockerfile/instruction", hit: []string{"instruction=RUN", "check=like", "value=.*sudo.*"}, miss: []string{"instruction=RUN", "check=like", "value=sudo"}},
	{trigger: "dockerfile/effective_user", hit: []string{"users=root", "type=blacklist"}, miss: []string{"users=root,app", "type=whitelist"}},
	{trigger: "dockerfile/exposed_ports", hit: []string{"ports=22", "type=blacklist"}, miss: []string{"ports=6004", "type=blacklist"}},
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
	{trigger: "analysis/gap_count", hit: []string{"min_count=1"}, miss: []string{"min_count=2"}},
	{trigger: "analysis/stale_source", facts: withFacts, hit: []string{"max_days=3"}, miss: []string{"max_days=4"}},
	{trigger: "analysis/unverified_vex", facts: withFacts, with: "with a statement beside it that nobody vouches for", hit: []string{"statuses=not_affected"}, miss: []string{"statuses=fixed"}},

	{trigger: "exploitability/kev", facts: withFacts, with: "with a finding of CISA's catalogue", hit: []string{"ransomware=true"}, miss: []string{"ransomware=false"}},
	{trigger: "exploitability/epss", facts: withFacts, with: "with a finding that has a score", hit: []string{"min_score=0.1"}, miss: []string{"min_score=0.9"}},

	{trigger: "remediation/fix_known", facts: withFacts, with: "with a fix known for 10 days", hit: []string{"max_days=10", "severity_comparison=>=", "severity=unknown"}, miss: []string{"max_days=11", "severity_comparison=>=", "severity=unknown"}},
	{trigger: "remediation/known_here", facts: withFacts, with: "with a finding known for 20 days", hit: []string{"max_days=20", "severity_comparison=>=", "severity=unknown"}, miss: []string{"max_days=21", "severity_comparison=>=", "severity=unknown"}},

	{trigger: "inheritance/vulnerabilities", facts: withFacts, with: "on a known base", hit: []string{"origin=base"}, miss: []string{"origin=image"}},
	{trigger: "inheritance/packages", facts: withFacts, with: "on a known base", hit: []string{"origin=base", "names=apt"}, miss: []string{"origin=image", "names=apt"}},
	{trigger: "inheritance/base_unknown", missFacts: withFacts, missWith: "on a known base"},
	{trigger: "inheritance/base_outdated", facts: withFacts, with: "whose base has moved 3 days ago", hit: []string{"grace_days=3"}, miss: []string{"grace_days=4"}},
	{trigger: "inheritance/base_age", facts: withFacts, with: "on a known base", hit: []string{"max_days=90"}, miss: []string{"max_days=3000"}},

	{trigger: "license_terms/category", hit: []string{"categories=unknown", "package_type=non-os"}, miss: []string{"categories=network_copyleft"}},

	{trigger: "secrets/found", hit: []string{"rules=PRIV_KEY", "removed=only"}, miss: []string{"rules=PRIV_KEY", "place=config"}},

	{trigger: "image/age", hit: []string{"max_days=90"}, miss: []string{"max_days=3000"}},
	{trigger: "image/created_missing", facts: func(in *policy.Input) {
		a := *in.Analysis
		a.Created = time.Unix(0, 0)
		in.Analysis = &a
	}, with: "made at the beginning of Unix time", missFacts: func(in *policy.Input) {
		a := *in.Analysis
		a.Created = in.At.AddDate(0, 0, -3)
		in.Analysis = &a
	}, missWith: "that says when it was made"},

	{trigger: "signatures/unsigned", facts: withFacts, with: "that the key release has signed", hit: []string{"trust=other"}, miss: []string{"trust=other,release"}},
	{trigger: "signatures/not_attested", facts: withFacts, with: "with provenance", hit: []string{"predicate_type=https://spdx.dev/Document"}, miss: []string{"predicate_type=https://slsa.dev/provenance/*"}},
	{trigger: "signatures/unverified", facts: withFacts, with: "with a signature by a stranger", missFacts: func(in *policy.Input) { in.Facts.Signatures = &gate.Signatures{} }, missWith: "without signatures"},

	{trigger: "expression/matches", hit: []string{`expression=config.user == "" && size(packages) > 50`}, miss: []string{`expression=config.user == "app"`}},
}
