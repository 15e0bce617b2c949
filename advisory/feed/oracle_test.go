package feed

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
)

func TestOracle(t *testing.T) {
	t.Parallel()
	want := []string{
		"ELSA-2007-0057\n  Oracle Linux:5 bind-libs < 30:9.3.3-8.el5\n  Oracle Linux:5 bind < 30:9.3.3-8.el5",
		"ELSA-2011-1268\n  Oracle Linux:5 firefox < 3.6.22-1.0.1.el5_7\n  Oracle Linux:6 firefox < 3.6.22-1.0.1.el6_1",
		"ELSA-2021-9151" +
			"\n  Oracle Linux:8 openssl < 2:1.1.1g-15.ksplice1.el8_3" +
			"\n  Oracle Linux:8 openssl-debugsource < 2:1.1.1g-15.ksplice1.el8_3 [aarch64+noarch]" +
			"\n  Oracle Linux:8 openssl-libs < 2:1.1.1g-15.ksplice1.el8_3",
		"ELSA-2022-4803" +
			"\n  Oracle Linux:7 rsyslog < 8.24.0-57.0.4.el7_9.3 [aarch64]" +
			"\n  Oracle Linux:7 rsyslog-doc < 8.24.0-57.0.4.el7_9.3 [aarch64]" +
			"\n  Oracle Linux:7 rsyslog < 8.24.0-57.0.1.el7_9.3 [i386+i586+i686+noarch+x86_64]" +
			"\n  Oracle Linux:7 rsyslog-doc < 8.24.0-57.0.1.el7_9.3 [i386+i586+i686+noarch+x86_64]",
	}
	for _, name := range []string{"oracle/elsa.xml", "oracle/elsa.xml.bz2"} {
		records, problems, refused := gather(ReadOracle, fixture(t, name), "oracle")
		if diff := cmp.Diff(want, spokenAll(records)); diff != "" || problems != nil || refused != "" {
			t.Errorf("%s: problems %q, refused %q\n%s", name, problems, refused, diff)
		}
	}
	records, _, _ := gather(ReadOracle, fixture(t, "oracle/elsa.xml"), "oracle")
	bind, rsyslog := records[0], records[3]
	if diff := cmp.Diff([]string{"CVE-2007-0493", "CVE-2007-0494"}, bind.Upstream); diff != "" || bind.Severity != nil {
		t.Errorf("the scores are those of one CVE each: %v\n%s", bind.Severity, diff)
	}
	if bind.Word != "MODERATE" || bind.Summary != "Moderate: bind security update" || bind.Published.Format("2006-01-02") != "2007-06-26" || bind.Links[0].URL != "http://linux.oracle.com/errata/ELSA-2007-0057.html" {
		t.Errorf("%+v", bind)
	}
	if diff := cmp.Diff([]advisory.Score{{Type: "CVSS_V3", Score: "CVSS:3.0/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:H"}}, rsyslog.Severity); diff != "" {
		t.Error(diff)
	}
}

// oval makes a file of one definition for Oracle Linux 8; inside are the criteria below the release.
func oval(id, title, inside string) []byte {
	return []byte(`<oval_definitions xmlns="http://oval.mitre.org/XMLSchema/oval-definitions-5"><generator/><definitions><definition id="oval:com.oracle.elsa:def:1" class="patch"><metadata>
		<title>` + id + `: ` + title + ` (IMPORTANT)</title><reference source="CVE" ref_id="CVE-2024-0001"/></metadata>
		<criteria operator="AND"><criterion comment="Oracle Linux 8 is installed"/>` + inside + `</criteria></definition></definitions><tests></tests></oval_definitions>`)
}

func criterion(comment string) string { return `<criterion comment="` + comment + `"/>` }

func TestOracleFindings(t *testing.T) {
	t.Parallel()
	records, _, _ := gather(ReadOracle, fixture(t, "oracle/elsa.xml"), "oracle")
	for id, inside := range map[string]string{
		"ELSA-2023-0001": criterion("gnutls is earlier than 0:3.6.16-4.0.1.el8"),
		"ELSA-2022-9221": criterion("gnutls is earlier than 10:3.6.16-4.0.1.el8_fips"),
		"ELSA-2019-0001": criterion("Module nodejs:10 is enabled") + criterion("nodejs is earlier than 1:10.16.3-2.module+el8.0.0+5348+2fd95904"),
		"ELSA-2019-0002": criterion("nodejs is earlier than 1:12.0.0-1.module+el8.0.0+1+a"),
	} {
		title := "gnutls security update"
		if strings.HasPrefix(id, "ELSA-2019") {
			title = "nodejs:12 security update"
		}
		more, problems, refused := gather(ReadOracle, oval(id, title, inside), "oracle")
		if problems != nil || refused != "" || len(more) != 1 {
			t.Fatalf("problems %q, refused %q", problems, refused)
		}
		records = append(records, more...)
	}
	const cve = "CVE-2024-0001 fixed "
	rpm := func(name, version, arch, module string) image.Package {
		return image.Package{Type: image.RPM, Name: name, Version: version, Arch: arch, Modularity: module}
	}
	for _, c := range []struct {
		pkg     image.Package
		release string
		want    []string
	}{
		// The ordinary build, and those for Ksplice and FIPS, know nothing of each other.
		{rpm("openssl-libs", "1:1.1.1g-12.el8_3", "x86_64", ""), "8.5", nil},
		{rpm("openssl-libs", "2:1.1.1g-12.ksplice1.el8_3", "x86_64", ""), "8.5", []string{
			"CVE-2021-3449 fixed 2:1.1.1g-15.ksplice1.el8_3 (ELSA-2021-9151)", "CVE-2021-3450 fixed 2:1.1.1g-15.ksplice1.el8_3 (ELSA-2021-9151)"}},
		{rpm("openssl-libs", "2:1.1.1g-15.ksplice2.el8_3", "x86_64", ""), "8.5", nil},
		{rpm("gnutls", "3.6.14-8.el8_3", "x86_64", ""), "8", []string{cve + "3.6.16-4.0.1.el8 (ELSA-2023-0001)"}},
		{rpm("gnutls", "3.6.16-4.0.1.el8", "x86_64", ""), "8", nil},
		{rpm("gnutls", "10:3.6.14-8.el8_fips", "x86_64", ""), "8", []string{cve + "10:3.6.16-4.0.1.el8_fips (ELSA-2022-9221)"}},
		{rpm("gnutls", "10:3.6.16-4.0.1.el8_fips", "x86_64", ""), "8", nil},
		// Each stream of a module for itself; without one the title says it.
		{rpm("nodejs", "1:10.14.1-1.module+el8.0.0+1+a", "x86_64", "nodejs:10:8000020190101:f8e95b4e"), "8", []string{cve + "1:10.16.3-2.module+el8.0.0+5348+2fd95904 (ELSA-2019-0001)"}},
		{rpm("nodejs", "1:11.0.0-1.module+el8.0.0+1+a", "x86_64", "nodejs:12:8000020190101:f8e95b4e"), "8", []string{cve + "1:12.0.0-1.module+el8.0.0+1+a (ELSA-2019-0002)"}},
		{rpm("nodejs", "1:9.0-1.el8", "x86_64", ""), "8", nil},
		// A rebuild for one architecture.
		{rpm("rsyslog", "8.24.0-57.0.1.el7_9.3", "x86_64", ""), "7.9", nil},
		{rpm("rsyslog", "8.24.0-57.0.1.el7_9.3", "aarch64", ""), "7.9", []string{"CVE-2022-24903 fixed 8.24.0-57.0.4.el7_9.3 (ELSA-2022-4803)"}},
		{rpm("rsyslog-doc", "8.24.0-57.el7_9.2", "noarch", ""), "7.9", []string{"CVE-2022-24903 fixed 8.24.0-57.0.1.el7_9.3 (ELSA-2022-4803)"}},
		// Without a CVE the advisory is the finding; each release has its build.
		{rpm("firefox", "3.6.22-1.0.1.el5_6", "x86_64", ""), "5.11", []string{"ELSA-2011-1268 fixed 3.6.22-1.0.1.el5_7 (ELSA-2011-1268)"}},
		{rpm("firefox", "3.6.22-1.0.1.el6_1", "x86_64", ""), "6.1", nil},
		{rpm("bind", "9.4.0-1.el5", "x86_64", ""), "5", []string{"CVE-2007-0493 fixed 30:9.3.3-8.el5 (ELSA-2007-0057)", "CVE-2007-0494 fixed 30:9.3.3-8.el5 (ELSA-2007-0057)"}},
	} {
		if diff := cmp.Diff(c.want, matched(c.pkg, image.Distro{ID: "ol", VersionID: c.release}, records...)); diff != "" {
			t.Errorf("%s %s on %s:\n%s", c.pkg.Name, c.pkg.Version, c.release, diff)
		}
	}
}

func TestOracleCriteriaThatAreNotUnderstood(t *testing.T) {
	t.Parallel()
	and := func(inside string) string { return `<criteria operator="AND">` + inside + `</criteria>` }
	good := and(criterion("a is earlier than 0:1-1") + criterion("a is signed with the Oracle Linux 8 key"))
	for name, c := range map[string]struct{ inside, want, problem string }{
		"unknown":      {good + and(criterion("the moon is full")+criterion("b is earlier than 0:1-1")), "a < 1-1", `the criterion "the moon is full" is not one that is understood; the rest is taken`},
		"negated":      {`<criteria negate="true">` + criterion("a is earlier than 0:1-1") + `</criteria>`, "", `the criterion "a is earlier than 0:1-1" is negated; skipped`},
		"alternatives": {`<criteria operator="OR">` + criterion("Oracle Linux arch is x86_64") + good + `</criteria>`, "", "releases, architectures or modules are alternatives in its criteria; skipped"},
		"version":      {good + and(criterion("b is earlier than 0:é")), "a < 1-1", `"b" in version "é" cannot be compared; the rest is taken`},
		"nothing":      {"", "", "it names no package; skipped"},
		"zero":         {criterion("a is earlier than 0"), "", "it names no package; skipped"},
		"two builds":   {`<criteria operator="OR">` + criterion("a is earlier than 0:1-9") + criterion("a is earlier than 0:1-10") + criterion("a is earlier than 0:1-2") + `</criteria>`, "a < 1-10", ""},
		"deep":         {strings.Repeat(`<criteria>`, 40) + criterion("a is earlier than 0:1-1") + strings.Repeat(`</criteria>`, 40), "", "its criteria are nested more than 32 levels deep; skipped"},
	} {
		records, problems, refused := gather(ReadOracle, oval("ELSA-2024-0001", "x", c.inside), "oracle")
		var want, wantProblems []string
		if c.want != "" {
			want = []string{"ELSA-2024-0001\n  Oracle Linux:8 " + c.want}
		}
		if c.problem != "" {
			wantProblems = []string{"ELSA-2024-0001: " + c.problem}
		}
		if diff := cmp.Diff(want, spokenAll(records)) + cmp.Diff(wantProblems, problems); diff != "" || refused != "" {
			t.Errorf("%s: refused %q\n%s", name, refused, diff)
		}
	}
	if _, problems, _ := gather(ReadOracle, oval("not an id", "x", good), "oracle"); len(problems) != 1 || problems[0] != "oval:com.oracle.elsa:def:1: its id is not usable; skipped" {
		t.Errorf("%q", problems)
	}
	_, problems, _ := gather(ReadOracle, []byte(strings.Replace(string(oval("ELSA-1-1", "x", good)), "Oracle Linux 8 is", "a is ksplice-based or", 1)), "oracle")
	if len(problems) != 1 || !strings.Contains(problems[0], "is not one that is understood") {
		t.Errorf("%q", problems)
	}
}

func TestOracleFilesThatAreRefused(t *testing.T) {
	t.Parallel()
	whole, packed := string(fixture(t, "oracle/elsa.xml")), string(fixture(t, "oracle/elsa.xml.bz2"))
	damaged := []byte(packed)
	damaged[len(damaged)/2] ^= 0x55
	for name, c := range map[string]struct{ data, want string }{
		"empty":            {"", "it is empty"},
		"page":             {"<html>", "it is a web page"},
		"another document": {"<updates/>", "it is not what it should be"},
		"nothing":          {"<oval_definitions><definitions></definitions></oval_definitions>", "it holds no definition"},
		"no definitions":   {"<oval_definitions></oval_definitions>", "it is cut off"},
		"cut":              {whole[:len(whole)/2], "it is cut off"},
		"cut in the tests": {whole[:len(whole)-40], "it is cut off"},
		"bzip2, cut":       {packed[:len(packed)-10], "it is cut off"},
		"bzip2, damaged":   {string(damaged), "it is "},
		"deep criteria":    {string(oval("ELSA-1-1", "x", strings.Repeat("<criteria>", 11_000))), "it is damaged: exceeded max depth"},
		"long":             {string(oval("ELSA-1-1", strings.Repeat("x", 2*maxElement), "")), "one entry of it is larger"},
	} {
		if _, _, refused := gather(ReadOracle, []byte(c.data), "oracle"); !strings.HasPrefix(refused, oracleFile+" was refused: "+c.want) {
			t.Errorf("%s: %q, want %q", name, refused, c.want)
		}
	}
}

func FuzzOracle(f *testing.F) {
	f.Add(fixture(f, "oracle/elsa.xml"))
	f.Add(fixture(f, "oracle/elsa.xml.bz2"))
	f.Add(oval("ELSA-2024-0001", "nodejs:10 update", criterion("Module nodejs:10 is enabled")+criterion("a is earlier than 0:1-1")))
	f.Fuzz(func(t *testing.T, data []byte) { fuzzRecords(t, ReadOracle, data, "oracle") })
}
