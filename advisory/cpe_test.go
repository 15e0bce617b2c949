package advisory

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
)

func TestParseCPE(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in            string
		name, version string
	}{
		{"cpe:2.3:a:openssl:openssl:3.0.8:*:*:*:*:*:*:*", "openssl:openssl", "3.0.8"},
		{`cpe:2.3:a:erlang:erlang\/otp:24.3:*:*:*:*:*:*:*`, "erlang:erlang/otp", "24.3"},
		{`cpe:2.3:a:A:b\:c:1\:2:*:*:*:*:*:*:*`, "a:b:c", "1:2"},
		{"cpe:2.3:a:oracle:openjdk:8:update392:*:*:*:*:*:*", "oracle:openjdk", "8-update392"},
		{"cpe:2.3:a:x:y:-:*:*:*:*:*:*:*", "x:y", ""},
		{"cpe:2.3:a:x:y:*:rc1:*:*:*:*:*:*", "x:y", ""},
		{"cpe:2.3:a:x:y:1:*:*:*:*:*:*", "", ""},
		{"cpe:2.3:a:x:y:1:*:*:*:*:*:*:*:*", "", ""},
		{"cpe:2.3:a::y:1:*:*:*:*:*:*:*", "", ""},
		{"cpe:2.3:a:x y:y:1:*:*:*:*:*:*:*", "", ""},
		{"cpe:/a:x:y:1", "", ""},
		{"cpe:2.3:a:" + strings.Repeat("x", maxCPE) + ":y:1:*:*:*:*:*:*:*", "", ""},
	} {
		got, ok := ParseCPE(c.in)
		if ok != (c.name != "") || ok && (got.Name() != c.name || got.FullVersion() != c.version) {
			t.Errorf("%s: %+v %v", c.in, got, ok)
		}
	}
}

func TestCPEOrder(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"0.9 < 1 < 1.0.1 < 1.2",
		"1.0.2-alpha1 < 1.0.2beta2 < 1.0.2-rc1 < 1.0.2 < 1.0.2a < 1.0.2k < 1.0.2z < 1.0.2za < 1.0.2zh < 1.0.3",
		"3.13.0a1 = 3.13.0-alpha1 = 3.13-alpha1 < 3.13.0b2 < 3.13.0rc1 < 3.13.0 = 3.13 < 3.13.1",
		"8 < 8-update9 < 8-update392 < 9",
		"1.8.0_9 < 1.8.0_392",
		"16beta1 < 16 < 16.1",
		"v1.2.3+build7 = 1.2.3",
		"1.3.3 < 1.3.3-a = 1.3.3a < 1.3.3b < 1.3.3-p1 < 1.3.4rc1",
		"8.0.9-1 < 8.0.34-26 < 8.0.35",
		"2.0-dev < 2.0-snapshot2 < 2.0-pre1 < 2.0-final = 2.0.0",
		"99999999999999999998 < 99999999999999999999 < 100000000000000000000",
	} {
		list := strings.Fields(line)
		for i := 2; i < len(list); i += 2 {
			want := map[string]int{"<": -1, "=": 0}[list[i-1]]
			got, err := Compare(EcosystemCPE, list[i-2], list[i])
			back, _ := Compare(EcosystemCPE, list[i], list[i-2])
			if err != nil || got != want || back != -want {
				t.Errorf("%s %s %s: %d, %d, %v", list[i-2], list[i-1], list[i], got, back, err)
			}
		}
	}
	for _, s := range []string{"", "unknown", "1.2.weird", "r1", "1 2", "1.0:2", strings.Repeat("1", maxVersion+1)} {
		if ValidVersion(EcosystemCPE, s) {
			t.Errorf("%.40q is a version", s)
		}
	}
}

func FuzzCPEOrder(f *testing.F) {
	f.Add("1.0.2zh", "1.0.2-rc1", "1.0")
	f.Add("1.0.0", "1", "1a1")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		ab, err1 := Compare(EcosystemCPE, a, b)
		ba, _ := Compare(EcosystemCPE, b, a)
		bc, err2 := Compare(EcosystemCPE, b, c)
		ac, _ := Compare(EcosystemCPE, a, c)
		if err1 != nil || err2 != nil {
			return
		}
		if ab != -ba {
			t.Errorf("%q %q: %d and back %d", a, b, ab, ba)
		}
		if ab <= 0 && bc <= 0 && ac > 0 {
			t.Errorf("%q <= %q <= %q, and not the first and the last", a, b, c)
		}
	})
}

// program is a known binary as the classifier finds it.
func program(name, version string, cpes ...string) image.Package {
	return image.Package{Type: image.Binary, Name: name, Version: version, CPEs: cpes, Location: image.Path("usr/local/bin/" + name)}
}

func TestMatchingByCPE(t *testing.T) {
	t.Parallel()
	within := func(events ...Event) []Range { return []Range{{Type: "ECOSYSTEM", Events: events}} }
	record := func(a ...Affected) *Record {
		for i := range a {
			a[i].Ecosystem = EcosystemCPE
		}
		return &Record{ID: "CVE-2024-0001", Affected: a, Severity: []Score{
			{"CVSS_V3", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N"}, {"CVSS_V3", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}}}
	}
	nginx := program("nginx", "1.25.0", "cpe:2.3:a:f5:nginx:1.25.0:*:*:*:*:*:*:*", "cpe:2.3:a:nginx:nginx:1.25.0:*:*:*:*:*:*:*")
	jvm := program("openjdk", "1.8.0_392", "cpe:2.3:a:oracle:openjdk:8:update392:*:*:*:*:*:*")
	owned := nginx
	owned.OwnedBy = &image.PackageRef{Type: image.Deb, Name: "nginx", Version: "1.25.0-1"}
	system := program("weird", "1.0", "cpe:2.3:o:linux:linux_kernel:1.0:*:*:*:*:*:*:*", "cpe:2.3:a:*:*:1.0:*:*:*:*:*:*:*")
	for _, c := range []struct {
		name   string
		pkg    image.Package
		record *Record
		want   string // the evidence
		fixed  string
	}{
		{"below", nginx, record(Affected{Package: "nginx:nginx", Ranges: within(Event{Introduced: "0"}, Event{Fixed: "1.25.1"})}), ">= 0, < 1.25.1", "1.25.1"},
		{"the other name", nginx, record(Affected{Package: "f5:nginx", Ranges: within(Event{Introduced: "1.25.0"}, Event{LastAffected: "1.25.0"})}), ">= 1.25.0, <= 1.25.0", ""},
		{"an exclusive start, above", nginx, record(Affected{Package: "nginx:nginx", Ranges: within(Event{After: "1.24.0"}, Event{Fixed: "1.25.1"})}), "> 1.24.0, < 1.25.1", "1.25.1"},
		{"an exclusive start, the version itself", nginx, record(Affected{Package: "nginx:nginx", Ranges: within(Event{After: "1.25"}, Event{Fixed: "1.25.1"})}), "", ""},
		{"listed, written otherwise", nginx, record(Affected{Package: "nginx:nginx", Versions: []string{"1.24", "1.25"}}), "listed", ""},
		{"fixed", nginx, record(Affected{Package: "nginx:nginx", Ranges: within(Event{Introduced: "0"}, Event{Fixed: "1.25"})}), "", ""},
		{"another vendor", nginx, record(Affected{Package: "else:nginx", Ranges: within(Event{Introduced: "0"}, Event{Fixed: "2"})}), "", ""},
		{"a range that cannot be read", nginx, record(Affected{Package: "nginx:nginx", Ranges: within(Event{Introduced: "0"}, Event{Fixed: "1.25.weird"})}), "", ""},
		{"on Windows", nginx, record(Affected{Package: "nginx:nginx", Versions: []string{"1.25.0"}, Platforms: []string{"o:microsoft:windows", "o:apple:macos"}}), "", ""},
		{"on Windows or Linux", nginx, record(Affected{Package: "nginx:nginx", Versions: []string{"1.25.0"}, Platforms: []string{"o:linux:linux_kernel", "o:microsoft:windows"}}), "listed (only with linux:linux_kernel or microsoft:windows)", ""},
		{"an edition", nginx, record(Affected{Package: "nginx:nginx", Versions: []string{"1.25.0"}, Edition: "plus"}), "listed (only edition plus)", ""},
		{"an update", jvm, record(Affected{Package: "oracle:openjdk", Versions: []string{"8-update391", "8-update392"}}), "listed", ""},
		{"another update", jvm, record(Affected{Package: "oracle:openjdk", Versions: []string{"8-update391", "8"}}), "", ""},
		{"owned by a package", owned, record(Affected{Package: "nginx:nginx", Versions: []string{"1.25.0"}}), "", ""},
		{"no application", system, record(Affected{Package: "linux:linux_kernel", Versions: []string{"1.0"}}, Affected{Package: "*:*", Versions: []string{"1.0"}}), "", ""},
		{"without a CPE", program("nginx", "1.25.0"), record(Affected{Package: "nginx:nginx", Versions: []string{"1.25.0"}}), "", ""},
		{"a package of a distribution", image.Package{Type: image.Deb, Name: "nginx", Version: "1.25.0", CPEs: nginx.CPEs}, record(Affected{Package: "nginx:nginx", Versions: []string{"1.25.0"}}), "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			distinct := DistinctOf(&c.pkg, image.Distro{ID: "debian", VersionID: "12"})
			found, _ := Match(distinct, []*Record{c.record}, nil)
			switch {
			case c.want == "" && len(found) > 0:
				t.Fatalf("found %+v", found)
			case c.want == "":
				return
			case len(found) != 1:
				t.Fatalf("found %+v", found)
			}
			f := found[0]
			if !f.ByCPE() || f.ID != "CVE-2024-0001" || f.Evidence[0].Range != c.want || strings.Join(f.Fixes, " ") != c.fixed {
				t.Errorf("%+v", f)
			}
			if f.Severity != Medium || f.SeveritySource != "CVE-2024-0001: CVSS v3" || len(f.CVSS) != 1 {
				t.Errorf("NVD's own score does not count alone: %s of %s, %+v", f.Severity, f.SeveritySource, f.CVSS)
			}
		})
	}
}

func TestDistinctProgram(t *testing.T) {
	t.Parallel()
	p := program("openjdk", "1.8.0_392", "cpe:2.3:a:oracle:openjdk:8:update392:*:*:*:*:*:*", "cpe:2.3:a:oracle:jdk:1.8.0_392:*:*:*:*:*:*:*")
	got := DistinctOf(&p, image.Distro{})
	want := Package{Type: image.Binary, Ecosystem: "CPE", Namespace: "oracle:jdk oracle:openjdk@8-update392", Name: "openjdk", Version: "1.8.0_392"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]Key{{"CPE", "oracle:jdk"}, {"CPE", "oracle:openjdk"}}, got.Keys()); d != "" {
		t.Error(d)
	}
	if FolderOf(EcosystemCPE) != "" || FeedGroup(EcosystemCPE) != "nvdv2:cves" {
		t.Error("CPE is taken for an ecosystem of OSV's, or has another group")
	}
}

func TestCPEInTheOlderForm(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"cpe:2.3:a:openssl:openssl:3.0.8:*:*:*:*:*:*:*":    "cpe:/a:openssl:openssl:3.0.8",
		`cpe:2.3:a:erlang:erlang\/otp:24.3:*:*:*:*:*:*:*`:  "cpe:/a:erlang:erlang%2fotp:24.3",
		"cpe:2.3:a:oracle:openjdk:8:update392:*:*:*:*:*:*": "cpe:/a:oracle:openjdk:8:update392",
		"cpe:2.3:a:x:y:*:rc1:*:*:*:*:*:*":                  "cpe:/a:x:y::rc1",
		"cpe:2.3:a:x:y:*:*:*:*:*:*:*:*":                    "cpe:/a:x:y",
	} {
		if c, ok := ParseCPE(in); !ok || c.URI() != want {
			t.Errorf("%s: %q, want %q", in, c.URI(), want)
		}
	}
}
