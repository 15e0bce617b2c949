package feed

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
)

func sample(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/vex/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// said is an entry in one line: where, what, module and architecture, state, word, ranges.
func said(a advisory.Affected) string {
	line := fmt.Sprintf("%s %s [%s %s] %s %s", a.Ecosystem, a.Package, a.Module, strings.Join(a.Arches, ","), a.State, a.Word)
	for _, r := range a.Ranges {
		line += " |"
		for _, e := range r.Events {
			line += " " + strings.Join(strings.Fields(fmt.Sprint(e.Introduced, e.Limit, e.LastAffected)), "")
			if e.Fixed != "" {
				line += "fix " + e.Fixed
			}
		}
	}
	return line + strings.Join(a.Versions, ",")
}

func allSaid(r *advisory.Record) (lines []string) {
	if r == nil {
		return nil
	}
	for _, a := range r.Affected {
		lines = append(lines, said(a))
	}
	return lines
}

func TestRedHatSaysWhatStateItsPackagesAreIn(t *testing.T) {
	t.Parallel()
	r, err := redHatRecord(sample(t, "cve-2024-99901.json"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"Red Hat:enterprise_linux:10 bind [ src] not-affected Important",
		"Red Hat:enterprise_linux:6 bind [ src] wont-fix Low | 0",
		"Red Hat:enterprise_linux:7 bind [ src] not-fixed Important | 0",
		"Red Hat:enterprise_linux:7 bind-utils [ ] not-fixed Important | 0",
		"Red Hat:enterprise_linux:8 bind [ src] not-affected Important",
		"Red Hat:enterprise_linux:8 bind9.16 [ src] under-investigation Important | 0",
		"Red Hat:enterprise_linux:8 nodejs [nodejs:18 src] not-fixed Important | 0",
		"Red Hat:enterprise_linux:8 nodejs [nodejs:20 ]  Important | 0 fix 1:20.12.2-2.module+el8.10.0+21743+0b3f1be2",
		"Red Hat:enterprise_linux:8 nodejs [nodejs:20 src]  Important | 0 fix 1:20.12.2-2.module+el8.10.0+21743+0b3f1be2",
		"Red Hat:enterprise_linux:9 bind [ ]  Important | 0 fix 32:9.16.23-18.el9_4.1",
		"Red Hat:enterprise_linux:9 bind [ src]  Important | 0 fix 32:9.16.23-18.el9_4.1",
		"Red Hat:enterprise_linux:9 bind-utils [ ]  Important | 0 fix 32:9.16.23-18.el9_4.1", // its epoch is in the id alone
	}
	if diff := cmp.Diff(want, allSaid(r)); diff != "" {
		t.Error(diff)
	}
	r.Affected = nil
	b, _ := json.Marshal(r)
	const head = `{"id":"REDHAT-CVE-2024-99901","upstream":["CVE-2024-99901"],"published":"2024-05-01T00:00:00Z","modified":"2024-06-02T10:00:00Z",` +
		`"summary":"dns: a sample of a title","details":"A description of what is wrong.","severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"}],` +
		`"references":[{"type":"ADVISORY","url":"https://access.redhat.com/security/cve/CVE-2024-99901"},{"type":"FIX","url":"https://access.redhat.com/errata/RHSA-2024:9901"}],"word":"Important"}`
	if diff := cmp.Diff(head, string(b)); diff != "" {
		t.Error(diff)
	}
}

func TestRedHatsStatementsMeetPackages(t *testing.T) {
	t.Parallel()
	r, err := redHatRecord(sample(t, "cve-2024-99901.json"))
	if err != nil {
		t.Fatal(err)
	}
	rpm := func(release, name, version, source, sourceVersion, module string) advisory.Package {
		return advisory.Package{Type: image.RPM, Ecosystem: "Red Hat:enterprise_linux:" + release, Name: name, Version: version, Arch: "x86_64",
			SourceName: source, SourceVersion: sourceVersion, Modularity: module}
	}
	for _, c := range []struct {
		name string
		pkg  advisory.Package
		want string
	}{
		{"a binary of a source that will not be mended", rpm("6", "bind-libs", "32:9.8.2-0.68.rc1.el6", "bind", "9.8.2-0.68.rc1.el6", ""), "Low wont-fix "},
		{"not fixed", rpm("7", "bind-license", "32:9.11.4-26.P2.el7", "bind", "9.11.4-26.P2.el7", ""), "High not-fixed "},
		{"before the fix", rpm("9", "bind-libs", "32:9.16.23-18.el9", "bind", "9.16.23-18.el9", ""), "High fixed 32:9.16.23-18.el9_4.1"},
		{"the fix", rpm("9", "bind-libs", "32:9.16.23-18.el9_4.1", "bind", "9.16.23-18.el9_4.1", ""), ""},
		{"not affected", rpm("8", "bind-libs", "32:9.11.36-3.el8", "bind", "9.11.36-3.el8", ""), ""},
		{"looked at", rpm("8", "bind9.16-libs", "32:9.16.23-0.16.el8", "bind9.16", "9.16.23-0.16.el8", ""), "High under-investigation "},
		{"the stream", rpm("8", "nodejs", "1:20.12.1-1.module+el8.9.0+1+a", "nodejs", "20.12.1-1.module+el8.9.0+1+a", "nodejs:20:1:2"), "High fixed 1:20.12.2-2.module+el8.10.0+21743+0b3f1be2"},
		{"another stream", rpm("8", "nodejs", "1:16.1-1.module+el8.9.0+1+a", "nodejs", "16.1-1.module+el8.9.0+1+a", "nodejs:16:1:2"), ""},
	} {
		findings, problems := advisory.Match(c.pkg, []*advisory.Record{r}, nil)
		got := ""
		for _, f := range findings {
			got += fmt.Sprintf("%s %s %s", f.Severity, f.State, strings.Join(f.Fixes, ","))
		}
		if got != c.want || problems != nil {
			t.Errorf("%s: %q, want %q; problems %v", c.name, got, c.want, problems)
		}
	}
}

func TestUbuntuSaysWhatOSVDoesNot(t *testing.T) {
	t.Parallel()
	r, err := ubuntuRecord(sample(t, "CVE-2024-99902.json"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"Ubuntu:14.04 gcc-4.4 [ ] wont-fix  | 0",
		"Ubuntu:20.04 curl [ ] not-fixed  | 0",
		"Ubuntu:20.04 curl-old [ ] wont-fix  | 0",
		"Ubuntu:22.04 curl [ ] not-affected ",
		"Ubuntu:24.04 curl [ ] under-investigation  | 0",
		"Ubuntu:Pro:14.04 curl [ ] under-investigation  | 0",
	}
	if diff := cmp.Diff(want, allSaid(r)); diff != "" {
		t.Error(diff)
	}
	r.Affected = nil
	b, _ := json.Marshal(r)
	const head = `{"id":"UBUNTU-VEX-CVE-2024-99902","upstream":["CVE-2024-99902"],"published":"2024-05-01T18:15:00Z","modified":"2025-09-11T05:17:48.124595Z",` +
		`"details":"A description of what is wrong.","severity":[{"type":"Ubuntu","score":"medium"}],"references":[{"type":"ADVISORY","url":"https://ubuntu.com/security/CVE-2024-99902"}]}`
	if diff := cmp.Diff(head, string(b)); diff != "" {
		t.Error(diff)
	}
}

func TestVEXDocumentsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	csaf := func(rest string) string {
		return `{"document":{"category":"csaf_vex","csaf_version":"2.0"},` + rest + `}`
	}
	product := `{"product":{"product_id":"rhel","product_identification_helper":{"cpe":"cpe:/o:redhat:enterprise_linux:9"}}}`
	of := func(component, status string) string {
		return csaf(`"product_tree":{"branches":[` + product + `,{"product":{"product_id":"c","product_identification_helper":{"purl":"` + component + `"}}}],` +
			`"relationships":[{"full_product_name":{"product_id":"rhel:c"},"product_reference":"c","relates_to_product_reference":"rhel"}]},` +
			`"vulnerabilities":[{"cve":"CVE-2024-0001","product_status":{"` + status + `":["rhel:c","rhel:gone"]}}]`)
	}
	vex := func(rest string) string {
		return `{"@context":"https://openvex.dev/ns/v0.2.0","statements":[` + rest + `]}`
	}
	for _, c := range []struct {
		name, doc string
		parse     func([]byte) (*advisory.Record, error)
		taken     bool
		want      string // part of the error; "" for none
	}{
		{"no JSON", "<html>", redHatRecord, false, "not a CSAF document"},
		{"another kind", `{"document":{"category":"csaf_security_advisory","csaf_version":"2.0"}}`, redHatRecord, false, "is not csaf_vex"},
		{"another version", `{"document":{"category":"csaf_vex","csaf_version":"3.0"}}`, redHatRecord, false, "version \"3.0\" is unknown"},
		{"no vulnerability", csaf(`"vulnerabilities":[]`), redHatRecord, false, "about 0 vulnerabilities"},
		{"no CVE", csaf(`"vulnerabilities":[{"cve":"X"}]`), redHatRecord, false, "is no CVE"},
		{"nothing of ours", csaf(`"vulnerabilities":[{"cve":"CVE-2024-0001","product_status":{"fixed":["a:b"]}}]`), redHatRecord, false, ""},
		{"fixed in no version", of("pkg:rpm/redhat/x", "fixed"), redHatRecord, true, "is fixed in no version"},
		{"a version that is none", of("pkg:rpm/redhat/x@%20", "fixed"), redHatRecord, true, "is fixed in no version"},
		{"a module without a stream", of("pkg:rpm/redhat/x@1-1?rpmmod=rhel10", "fixed"), redHatRecord, false, "cannot be read"},
		{"a name that cannot be shown", of("pkg:rpm/redhat/x%0a", "known_affected"), redHatRecord, false, "cannot be read"},
		{"a container", of("pkg:oci/x", "known_affected"), redHatRecord, false, ""},
		{"a component of itself", csaf(`"product_tree":{"relationships":[{"full_product_name":{"product_id":"a"},"product_reference":"a","relates_to_product_reference":"a"}]},` +
			`"vulnerabilities":[{"cve":"CVE-2024-0001","product_status":{"fixed":["a"]}}]`), redHatRecord, false, ""},
		{"a tree without end", csaf(`"product_tree":` + strings.Repeat(`{"branches":[`, 100) + strings.Repeat(`]}`, 100) + `,"vulnerabilities":[{"cve":"CVE-2024-0001"}]`), redHatRecord, false, "too deep"},

		{"no JSON", "<html>", ubuntuRecord, false, "not an OpenVEX document"},
		{"another form", `{"@context":"https://example.org"}`, ubuntuRecord, false, "is not OpenVEX's"},
		{"no statement", vex(""), ubuntuRecord, false, "makes no statement"},
		{"no CVE", vex(`{"vulnerability":{"name":"X"}}`), ubuntuRecord, false, "is no CVE"},
		{"two", vex(`{"vulnerability":{"name":"CVE-2024-0001"}},{"vulnerability":{"name":"CVE-2024-0002"}}`), ubuntuRecord, false, "one is to be expected"},
		{"a release that is not known", vex(`{"vulnerability":{"name":"CVE-2024-0001"},"status":"affected","products":[{"@id":"pkg:deb/ubuntu/x?arch=source&distro=zany"},{"@id":"pkg:deb/ubuntu/x?arch=source&distro=noble"}]}`),
			ubuntuRecord, true, "\"zany\" is not known"},
		{"a status that is not known", vex(`{"vulnerability":{"name":"CVE-2024-0001"},"status":"odd","products":[{"@id":"pkg:deb/ubuntu/x?arch=source&distro=noble"}]}`), ubuntuRecord, false, "status \"odd\""},
		{"fixed is OSV's to say", vex(`{"vulnerability":{"name":"CVE-2024-0001"},"status":"fixed","products":[{"@id":"pkg:deb/ubuntu/x?arch=source&distro=noble"}]}`), ubuntuRecord, false, ""},
		{"binary packages alone", vex(`{"vulnerability":{"name":"CVE-2024-0001"},"status":"affected","products":[{"@id":"pkg:deb/ubuntu/x?arch=amd64&distro=noble"}]}`), ubuntuRecord, false, ""},
	} {
		r, err := c.parse([]byte(c.doc))
		if (r != nil) != c.taken || (err != nil) != (c.want != "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, %v; want %q", c.name, allSaid(r), err, c.want)
		}
	}
}

// sound fails when a record cannot be kept, filed or matched.
func sound(t *testing.T, r *advisory.Record, err error) {
	if r == nil {
		return
	}
	if err == nil && len(r.Affected) == 0 {
		t.Fatalf("%s speaks of nothing", r.ID)
	}
	if !idPattern.MatchString(r.ID) {
		t.Fatalf("the id %q", r.ID)
	}
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var back advisory.Record
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	for _, k := range r.Keys() {
		if !printable(k.Name, 4*maxName) || !printable(k.Ecosystem, maxID) {
			t.Fatalf("filed under %q", k)
		}
		for _, kind := range []image.PackageType{image.RPM, image.Deb, image.Python} {
			advisory.Match(advisory.Package{Type: kind, Ecosystem: k.Ecosystem, Name: k.Name, Version: "1.0-1", Arch: "x86_64"}, []*advisory.Record{r}, nil)
		}
	}
}

func FuzzRedHat(f *testing.F) {
	f.Add(sample(f, "cve-2024-99901.json"))
	f.Add([]byte(`{"document":{"category":"csaf_vex","csaf_version":"2.0"},"product_tree":{"relationships":[{"full_product_name":{"product_id":"a"},"product_reference":"a","relates_to_product_reference":"a"}]},"vulnerabilities":[{"cve":"CVE-2024-0001","product_status":{"fixed":["a"]}}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := redHatRecord(data)
		sound(t, r, err)
	})
}

func FuzzUbuntu(f *testing.F) {
	f.Add(sample(f, "CVE-2024-99902.json"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := ubuntuRecord(data)
		sound(t, r, err)
	})
}
