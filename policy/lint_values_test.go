package policy_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/policy"
	"landwaiter.dev/policy/gate"
)

// Values that are accepted and can never match are told, with the place of the value and what may have been meant.
func TestValuesThatNeverMatch(t *testing.T) {
	t.Parallel()
	names := &gate.Names{SecretRules: []string{"github-token", "PRIV_KEY"}}
	settings := &gate.Names{Settings: true, SecretRules: names.SecretRules, Trust: []string{"release-key"}}
	const at = "policies[0].rules[0]"
	for name, tc := range map[string]struct {
		rule  string
		names *gate.Names
		want  []string // path, text and hint, joined by |
	}{
		"gap kind":         {rule("STOP", "analysis", "gaps", "kinds=parser_failed,parser_faild"), nil, []string{at + `.params[0].value|no gap is of the kind "parser_faild"|did you mean parser_failed?`}},
		"no gap kind":      {rule("STOP", "analysis", "gap_count", "min_count=1", "kinds=zzzzzzzzzzzzzz"), nil, []string{at + `.params[1].value|no gap is of the kind "zzzzzzzzzzzzzz"|there are file_skipped`}},
		"blanks in a list": {rule("STOP", "analysis", "gaps", "kinds=parser_failed , hints"), nil, nil},
		"secret rule":      {rule("STOP", "secrets", "found", "rules=github-tokn"), names, []string{at + `.params[0].value|no rule for secrets is called "github-tokn"|did you mean github-token?`}},
		"a rule of ours":   {rule("STOP", "secrets", "found", "rules=house-password"), names, nil},
		"no rule of ours":  {rule("STOP", "secrets", "found", "rules=house-password"), settings, []string{at + `.params[0].value|no rule for secrets is called "house-password"|the setting analysis.secret_rules has none`}},
		"nothing known":    {rule("STOP", "secrets", "found", "rules=github-tokn"), nil, nil},
		"content name":     {rule("STOP", "secret_scans", "content_regex_checks", "content_regex_name=PRIV_KEYS,PRIV_KE"), names, []string{at + `.params[0].value|no rule for secrets is called "PRIV_KE"|did you mean PRIV_KEY?`}},
		"content text":     {rule("STOP", "secret_scans", "content_regex_checks", "content_regex_name=(?i)pass.*"), settings, nil},
		"signer":           {rule("STOP", "signatures", "unsigned", "trust=release"), settings, []string{at + `.params[0].value|the settings trust nobody by the name "release"|name the key`}},
		"signer, near":     {rule("STOP", "signatures", "unsigned", "trust=relase-key"), settings, []string{at + `.params[0].value|the settings trust nobody by the name "relase-key"|did you mean release-key?`}},
		"signer, unknown":  {rule("STOP", "signatures", "unsigned", "trust=release"), names, nil},
		"predicate":        {rule("STOP", "signatures", "not_attested", "predicate_type=provenance"), nil, []string{at + `.params[0].value|"provenance" is no type of a predicate|write it in full`}},
		"source":           {rule("STOP", "analysis", "stale_source", "max_days=1", "sources=debain:12,pypi,KEV,Alpine:v3.20"), nil, []string{at + `.params[1].value|no source of data is called "debain:12"|did you mean Debian:12?`}},
		"source's release": {rule("STOP", "analysis", "stale_source", "max_days=1", "sources=Debian,npm:1"), nil, []string{at + `.params[1].value|the data of Debian is kept by its releases|write it with the release`, at + `.params[1].value|npm has no releases|write npm`}},
		"VEX status":       {rule("STOP", "analysis", "unverified_vex", "statuses=not-affected"), nil, []string{at + `.params[0].value|no VEX statement says "not-affected"|did you mean not_affected?`}},
		"no users":         {rule("STOP", "dockerfile", "effective_user", "users=", "type=blacklist"), nil, []string{at + `.params[0].value|no user is named: the rule never fires|name those`}},
		"no allowed users": {rule("STOP", "dockerfile", "effective_user", "users= ", "type=whitelist"), nil, []string{at + `.params[0].value|no user is allowed: the rule fires for every image|name those`}},
		"ports":            {rule("STOP", "dockerfile", "exposed_ports", "ports=0,22,70000,99999999999999999999999", "type=blacklist"), nil, []string{at + `.params[0].value|0 is no port|write a number from 1 to 65535`, at + `.params[0].value|70000 is no port|write`, at + `.params[0].value|99999999999999999999999 is no port|write`}},
		"user id":          {rule("STOP", "passwd_file", "blacklist_userids", "user_ids=0,4294967296"), nil, []string{at + `.params[0].value|4294967296 is no number of a user or group|write`}},
		"shell":            {rule("STOP", "passwd_file", "blacklist_shells", "shells=bash"), nil, []string{at + `.params[0].value|"bash" is no absolute path|begin it with /`}},
		"file expression":  {rule("STOP", "files", "name_match", `regex=\\.pem$`), nil, []string{at + `.params[0].value|no path matches|begin it with / or .*`}},
		"file expressions": {rule("STOP", "files", "name_match", `regex=.*\\.pem$`), nil, nil},
		"excluded path":    {rule("STOP", "vulnerabilities", "package", "package_type=all", "package_path_exclude=usr/.*"), nil, []string{at + `.params[1].value|no path matches|begin it`}},
		"file":             {rule("STOP", "files", "attribute_match", "filename=etc/passwd", "checksum=ABC", "mode=0100644"), nil, []string{at + `.params[0].value|"etc/passwd" is no absolute path|begin it with /`, at + `.params[1].value|the checksum is none of SHA-256|write 64`, at + `.params[2].value|the mode 0100644 is more than permissions|write`}},
		"directory":        {rule("STOP", "packages", "verify", "only_directories=/usr,var"), nil, []string{at + `.params[0].value|"var" is no absolute path|begin it with /`}},
		"category":         {rule("STOP", "license_terms", "category", "categories=unknown", "except_licenses=MIT,GPL-2.0-olny,LicenseRef-x,GPL-2.0+"), nil, []string{at + `.params[1].value|no license of the SPDX list is called "GPL-2.0-olny"|did you mean GPL-2.0-only?`}},
		"severity":         {rule("STOP", "vulnerabilities", "package", "package_type=all", "severity=critical"), nil, []string{at + `.params[1].value|no severity is > critical: the rule never fires|they go`}},
		"severity, lower":  {rule("STOP", "exploitability", "kev", "severity=unknown", "severity_comparison=<"), nil, []string{at + `.params[0].value|no severity is < unknown: the rule never fires|they go`}},
		"scores":           {rule("STOP", "vulnerabilities", "package", "package_type=all", "cvss_v3_base_score=70", "cvss_v3_impact_score_comparison=>", "max_days_since_fix=3"), nil, []string{at + `.params[1].value|no score is above 10|write`, at + `.params[2].value|the comparison counts only with cvss_v3_impact_score|give it`, at + `.params[3].value|the days count only with fix_available=true|give it`}},
		"CVE":              {rule("STOP", "vulnerabilities", "blacklist", "vulnerability_ids=cve-2026-1234,GHSA-aaaa-bbbb-cccc,CVE-1,ghsa-AAAA-bbbb-cccc"), nil, []string{at + `.params[0].value|"cve-2026-1234" is no CVE|write CVE-2026-1234`, at + `.params[0].value|"CVE-1" is no CVE|write it like`, at + `.params[0].value|"ghsa-AAAA-bbbb-cccc" is spelled as no vulnerability is|write GHSA-aaaa`}},
		"no value":         {rule("STOP", "dockerfile", "instruction", "instruction=FROM", "check=like"), nil, []string{at + `.params[1].value|there is no value to compare with: the rule never fires|give the`}},
		"value in vain":    {rule("STOP", "dockerfile", "instruction", "instruction=USER", "check=not_exists", "value=root"), nil, []string{at + `.params[2].value|the check not_exists does not look at the value|leave it out`}},
		"distribution":     {rule("STOP", "metadata", "attribute", "attribute=distro", "check=in", "value=debian,ubunut"), nil, []string{at + `.params[2].value|no distribution that is known here has the ID "ubunut"|did you mean ubuntu?`}},
		"architecture":     {rule("STOP", "metadata", "attribute", "attribute=architecture", "check=!=", "value=x86_64"), nil, []string{at + `.params[2].value|no image has the architecture "x86_64"|write it as`}},
		"never fires":      {rule("STOP", "npms", "unknown_in_feeds"), nil, []string{at + `|the trigger never fires|remove the rule`}},
		"expression":       {rule("STOP", "expression", "matches", `expression=findings.exists(f, f.severity == 'hihg' && f.package.type in ['deb', 'rmp'])`), nil, []string{at + `.params[0].value|Finding.severity is never "hihg"|did you mean high?`}},
		"expressions":      {rule("STOP", "expression", "matches", `expression='linux' == image.os && gaps.all(g, g.kind != 'hints') && findings.all(f, f.vex_status != '' && f.package.name == 'x')`), nil, nil},
		"expression's os":  {rule("STOP", "expression", "matches", `expression='Linux' == image.os`), nil, []string{at + `.params[0].value|Image.os is never "Linux"|did you mean linux?`}},
		"words of tables":  {rule("STOP", "expression", "matches", `expression=packages.exists(p, p.type == 'dpkg')`), nil, []string{at + `.params[0].value|Package.type is never "dpkg"|did you mean deb?`}},
		"java of tables":   {rule("STOP", "expression", "matches", `expression=packages.exists(p, p.type == 'java')`), nil, []string{at + `.params[0].value|Package.type is never "java"|did you mean maven?`}},
		"python of tables": {rule("STOP", "expression", "matches", `expression=packages.exists(p, p.type in ['deb', 'python'])`), nil, []string{at + `.params[0].value|Package.type is never "python"|did you mean pypi?`}},
		"go of tables":     {rule("STOP", "expression", "matches", `expression=packages.exists(p, p.type == 'go')`), nil, []string{at + `.params[0].value|Package.type is never "go"|did you mean golang?`}},
		"of another":       {rule("STOP", "expression", "matches", `expression=packages.exists(p, p.type == 'house')`), nil, nil},
	} {
		source := bundle(tc.rule)
		mustParse(t, source)
		var got []string
		for i, p := range policy.Lint([]byte(source), time.Now(), tc.names) {
			s := p.Path + "|" + p.Details + "|" + p.Hint
			if i < len(tc.want) {
				parts, had := strings.Split(tc.want[i], "|"), strings.Split(s, "|")
				if len(had) == 3 && had[0] == parts[0] && strings.HasPrefix(had[1], parts[1]) && strings.HasPrefix(had[2], parts[2]) {
					s = tc.want[i]
				}
			}
			got = append(got, s)
			if p.Severity != "warn" || p.Line == 0 {
				t.Errorf("%s: %+v", name, p)
			}
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// What is refused is said in words for people: none of a schema, of the program's language or of Python.
func TestMessagesAreForPeople(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ source, want string }{
		"no JSON":           {"{\"id\":\n  x}", "the bundle is not valid JSON: invalid character 'x' looking for beginning of value; at (line 2, column 3)"},
		"cut":               {`{"id":"b"`, "the bundle is not valid JSON: unexpected end of JSON input; at (line 1, column 9)"},
		"no object":         {`[1]`, "[1] is not an object: keys and values in braces are wanted"},
		"no text":           {strings.Replace(bundle(always), `"id":"b"`, `"id":{"a": null}`, 1), `{"a": null} is not a text; at id (line 1, column 7)`},
		"no list":           {strings.Replace(bundle(always), `["p"]`, `"p"`, 1), `"p" is not a list; at mappings[0].policy_ids`},
		"missing":           {strings.Replace(bundle(always), `"id":"b",`, ``, 1), `the key "id" is missing`},
		"word":              {bundle(rule("stop", "always", "always")), `"stop" is none of GO, STOP, WARN; at policies[0].rules[0].action`},
		"version":           {strings.Replace(bundle(always), `"version":"1_0"`, `"version":"2"`, 1), `the version is "2", which is not known here; at version`},
		"gate":              {bundle(rule("STOP", "alwys", "always")), `there is no gate "alwys"; at policies[0].rules[0].gate`},
		"retired":           {bundle(rule("STOP", "anchoresec", "vulnhigh")), `the gate anchoresec was retired: it is not evaluated; at`},
		"trigger":           {bundle(rule("STOP", "metadata", "size")), `the gate metadata has no trigger "size"; it has attribute; at`},
		"parameter":         {bundle(rule("STOP", "packages", "blacklist", "name=x", "vers=1")), `the trigger blacklist of the gate packages has no parameter "vers"; it has name, version; at`},
		"missing parameter": {bundle(rule("STOP", "packages", "blacklist")), `the parameter name is missing, which the trigger blacklist needs; at`},
		"number":            {bundle(rule("STOP", "image", "age", "max_days=x")), `max_days: "x" is not a whole number, 0 or more, as a text; at`},
		"choice":            {bundle(rule("STOP", "dockerfile", "exposed_ports", "ports=1", "type=x")), `type: "x" is none of whitelist, blacklist; at`},
		"truth":             {bundle(rule("STOP", "vulnerabilities", "package", "package_type=all", "vendor_only=yes")), `vendor_only: "yes" is not true or false, in any case; at`},
		"category":          {bundle(rule("STOP", "license_terms", "category", "categories=copyleft")), `categories: there is no category "copyleft"; there are permissive, `},
		"pattern":           {bundle(rule("STOP", "files", "name_match", "regex=(")), `regex: the regular expression "(" is not valid`},
		"expression":        {bundle(rule("STOP", "expression", "matches", "expression=image.os == 1")), `expression: the expression is not valid: line 1, column 10: found no matching overload for '==' applied to '(string, int)'; at`},
		"reference":         {strings.Replace(bundle(always), `["p"]`, `["q"]`, 1), `no policy of the bundle has the id "q"; at mappings[0].policy_ids[0]`},
		"allowlist":         {strings.Replace(bundleWith(always, `{"gate":"always","trigger_id":"x"}`, ""), `"whitelist_ids":["`, `"whitelist_ids":["other","`, 1), `no allowlist of the bundle has the id "other"; at`},
		"expiry":            {bundleWith(always, `{"gate":"always","trigger_id":"x","expires_on":"soon"}`, ""), `"soon" is no moment in UTC; at`},
		"no policies":       {strings.Replace(bundle(always), `"policy_ids":["p"]`, `"x":1`, 1), `the mapping rule names no policies; at mappings[0]`},
		"YAML":              {"a: b\n  c: d", "the bundle is not valid YAML: line 2: mapping values are not allowed in this context"},
		"a word":            {"hello", "the bundle is neither JSON nor a mapping of YAML"},
	} {
		_, err := policy.Parse([]byte(tc.source))
		e, ok := policy.IsInvalid(err)
		if !ok {
			t.Errorf("%s: got %v", name, err)
			continue
		}
		if got := e.Problems[0].Text(); !strings.HasPrefix(got, tc.want) {
			t.Errorf("%s: got %s, want %s", name, got, tc.want)
		}
		for _, p := range e.Problems {
			for _, bad := range []string{"Schema", "json:", "type '", "'pattern'", "anyOf", "RawMessage", "!!", "None", "['", "_==_", "interface"} {
				if strings.Contains(p.Brief(), bad) {
					t.Errorf("%s: %s holds %q", name, p.Brief(), bad)
				}
			}
		}
	}
}
