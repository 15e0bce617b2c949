package feed

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
	"landwaiter.dev/internal/grypedb"
	"landwaiter.dev/internal/testkit/grypefile"
)

// of is a package of a release; "" of none.
func of(kind, name, system, blob string) grypedb.Package {
	p := grypedb.Package{Ecosystem: kind, Name: name, Blob: []byte(blob)}
	if system != "" {
		id, version, _ := strings.Cut(system, ":")
		version, channel, _ := strings.Cut(version, "+")
		major, minor, _ := strings.Cut(version, ".")
		p.System = &grypedb.System{Name: id, Major: major, Minor: minor, Channel: channel}
	}
	return p
}

func ranges(constraint, fix, state string) string {
	b, _ := json.Marshal(map[string]any{"ranges": []any{map[string]any{"version": map[string]string{"constraint": constraint}, "fix": map[string]string{"version": fix, "state": state}}}})
	return string(b)
}

// grypeSample is a database with what each kind of provider writes.
func grypeSample() []grypedb.Vulnerability {
	unaffected := of("rpm", "openssl", "almalinux:9", ranges(">= 1:3.0.7-25.el9_3", "1:3.0.7-25.el9_3", "fixed"))
	unaffected.Unaffected = true
	return []grypedb.Vulnerability{
		{Name: "GHSA-aaaa-bbbb-cccc", Provider: "github", Status: "active", Published: "2024-03-05 00:00:00+00:00", Modified: "2024-04-01 10:00:00+00:00",
			Blob: []byte(`{"id":"GHSA-aaaa-bbbb-cccc","description":"x reads too much","aliases":["CVE-2024-0001"],"refs":[{"url":"https://github.com/advisories/GHSA-aaaa-bbbb-cccc","tags":["advisory"]},{"url":"javascript:\u0000"}],
				"severities":[{"scheme":"CHML","value":"high","rank":1},{"scheme":"CVSS","value":{"vector":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H","version":"3.1"},"rank":2},{"scheme":"CHML","value":"low","rank":3}]}`),
			Packages: []grypedb.Package{
				of("python", "X_y", "", `{"cves":["CVE-2024-0001"],"ranges":[{"version":{"type":"python","constraint":">=1.0,<1.5"},"fix":{"version":"1.5","state":"fixed"}},{"version":{"constraint":">= 2.0, <= 2.3 || =3.0"},"fix":{"version":"2.4","state":"fixed"}}]}`),
				of("npm", "@x/y", "", ranges("<2.0", "", "not-fixed")),
				of("java-archive", "org.x:y", "", ranges("", "", "not-fixed")),
				of("bitnami", "x", "", ranges("", "", "")),
			}},
		{Name: "CVE-2024-0002", Provider: "debian", Status: "active", Blob: []byte(`{"id":"CVE-2024-0002","description":"d","severities":[{"scheme":"CHMLN","value":"negligible","rank":1}]}`),
			Packages: []grypedb.Package{of("deb", "curl", "debian:12", ranges("< 7.88.1-10", "7.88.1-10", "fixed")), of("deb", "curl", "debian:11", ranges("", "", "wont-fix"))}},
		{Name: "CVE-2024-0002", Provider: "debian", Status: "active", Packages: []grypedb.Package{of("deb", "curl", "debian:13", ranges("none (unknown)", "", "not-fixed"))}},
		{Name: "CVE-2024-0002", Provider: "ubuntu", Status: "active", Packages: []grypedb.Package{of("deb", "curl", "ubuntu:24.4", ranges("< 8.5.0-2ubuntu10.6", "8.5.0-2ubuntu10.6", "fixed")), of("deb", "curl", "ubuntu:16.4+esm", ranges("", "", "not-fixed"))}},
		{Name: "CVE-2024-0003", Provider: "rhel", Status: "active", Packages: []grypedb.Package{
			of("rpm", "nodejs", "rhel:8", `{"qualifiers":{"rpm_modularity":"nodejs:18"},"ranges":[{"version":{"constraint":"< 1:18.20.2-1.module+el8"},"fix":{"version":"1:18.20.2-1.module+el8","state":"fixed"}}]}`),
			of("rpm", "nodejs", "rhel:8.6", ranges("", "", "not-fixed")),
			of("rpm", "nodejs", "rhel:9", `{"qualifiers":{"rpm_modularity":"","architecture":"src"},"ranges":[{"version":{"constraint":""},"fix":{"state":"not-fixed"}}]}`),
			of("rpm", "node", "rhel:9", ranges("", "", "not-affected"))}},
		{Name: "ALSA-2024:2447", Provider: "alma", Status: "active", Blob: []byte(`{"id":"ALSA-2024:2447","aliases":["CVE-2024-0004","CVE-2024-0005"]}`), Packages: []grypedb.Package{unaffected}},
		{Name: "CVE-2024-0006", Provider: "nvd", Status: "active", Blob: []byte(`{"id":"CVE-2024-0006"}`)},
		{Name: "GHSA-gone", Provider: "github", Status: "rejected", Packages: []grypedb.Package{of("npm", "x", "", ranges("", "", ""))}},
		{Name: "GHSA-with-drawn", Provider: "github", Withdrawn: "2024-01-01 00:00:00+00:00", Packages: []grypedb.Package{of("npm", "x", "", ranges("", "", ""))}},
		{Name: "GHSA-doubtful", Provider: "github", Packages: []grypedb.Package{of("npm", "x", "", ranges("~> 1", "", "")), of("npm", "y", "", ranges("< 1.0.0", "1.0.0", "fixed")), of("npm", "z", "", "[")}},
		{Name: "CVE-2024-0007", Provider: "alpine", Packages: []grypedb.Package{of("apk", "busybox", "alpine:3.18", ranges("< 1.36.1-r1", "1.36.1-r1", "fixed"))}},
	}
}

func readGrypeFile(data []byte) (list []*advisory.Record, r result) {
	r = read(func(yield func(*advisory.Record, error) bool) {
		for record, err := range ReadGrypeDB(bytes.NewReader(data), int64(len(data)), grypePart) {
			if record != nil {
				list = append(list, record)
			}
			if !yield(record, err) {
				return
			}
		}
	})
	return list, r
}

func TestGrypesDatabase(t *testing.T) {
	t.Parallel()
	file := grypefile.Bytes(t, grypeSample()...)
	list, r := readGrypeFile(file)
	if r.refused != "" {
		t.Fatal(r.refused)
	}
	var got []string
	for _, r := range list {
		got = append(got, fmt.Sprintf("%s %v %v %s", r.ID, r.Aliases, r.Upstream, r.Word))
		got = append(got, allSaid(r)...)
	}
	want := []string{
		"ALSA-2024:2447 [] [CVE-2024-0004 CVE-2024-0005] ",
		"AlmaLinux:9 openssl [ ]   | 0 fix 1:3.0.7-25.el9_3",
		"ALPINE-CVE-2024-0007 [] [CVE-2024-0007] ",
		"Alpine:v3.18 busybox [ ]   | 0 fix 1.36.1-r1",
		"DEBIAN-CVE-2024-0002 [] [CVE-2024-0002] ",
		"Debian:12 curl [ ]  negligible | 0 fix 7.88.1-10",
		"Debian:11 curl [ ] wont-fix negligible | 0",
		"Debian:13 curl [ ]  negligible | 0",
		"GHSA-aaaa-bbbb-cccc [CVE-2024-0001] [] high",
		"PyPI x-y [ ]   | 1.0 fix 1.5 | 2.0 fix 2.43.0",
		"npm @x/y [ ]   | 0 2.0",
		"Maven org.x:y [ ]   | 0",
		"GHSA-doubtful [] [] ",
		"npm y [ ]   | 0 fix 1.0.0",
		"RHEL-CVE-2024-0003 [] [CVE-2024-0003] ",
		"Red Hat:enterprise_linux:8 nodejs [nodejs:18 ]   | 0 fix 1:18.20.2-1.module+el8",
		"Red Hat:enterprise_linux:9 nodejs [ src]   | 0",
		"Red Hat:enterprise_linux:9 node [ ] not-affected ",
		"UBUNTU-CVE-2024-0002 [] [CVE-2024-0002] ",
		"Ubuntu:24.04 curl [ ]   | 0 fix 8.5.0-2ubuntu10.6",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	doubts := []string{`"GHSA-doubtful": "x": the constraint "~> 1" names a version that is none; what it says of "z" cannot be read: unexpected end of JSON input; the rest is taken`}
	if diff := cmp.Diff(doubts, r.problems); diff != "" {
		t.Error(diff)
	}
	ghsa := list[3]
	ghsa.Affected = nil
	b, _ := json.Marshal(ghsa)
	const head = `{"id":"GHSA-aaaa-bbbb-cccc","aliases":["CVE-2024-0001"],"published":"2024-03-05T00:00:00Z","modified":"2024-04-01T10:00:00Z","details":"x reads too much",` +
		`"severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"}],"references":[{"type":"ADVISORY","url":"https://github.com/advisories/GHSA-aaaa-bbbb-cccc"}],"word":"high"}`
	if diff := cmp.Diff(head, string(b)); diff != "" {
		t.Error(diff)
	}
	// As it is served, in an archive, it says the same.
	_, packed := readGrypeFile(zstded(t, tarOf(t, entry{"./vulnerability.db", string(file)})))
	if diff := cmp.Diff(r, packed, cmp.AllowUnexported(result{})); diff != "" {
		t.Error(diff)
	}
	// Whoever has enough may stop.
	for range ReadGrypeDB(bytes.NewReader(file), int64(len(file)), grypePart) {
		break
	}
}

func TestGrypesRecordsMeetPackages(t *testing.T) {
	t.Parallel()
	list, _ := readGrypeFile(grypefile.Bytes(t, grypeSample()...))
	python := func(version string) advisory.Package {
		return advisory.Package{Type: image.Python, Ecosystem: "PyPI", Name: "x.y", Version: version}
	}
	npm := func(version string) advisory.Package {
		return advisory.Package{Type: image.NPM, Ecosystem: "npm", Name: "@x/y", Version: version}
	}
	for _, c := range []struct {
		pkg  advisory.Package
		want string
	}{
		{python("1.4"), "High fixed 1.5"}, {python("1.5"), ""}, {python("2.3"), "High fixed 2.4"}, {python("3.0"), "High not-fixed "},
		{npm("1.9.0"), "High not-fixed "}, {npm("2.0.0"), ""},
		{advisory.Package{Type: image.Deb, Ecosystem: "Debian:11", Name: "curl", Version: "7.74.0-1"}, "Negligible wont-fix "},
	} {
		findings, problems := advisory.Match(c.pkg, list, nil)
		got := ""
		for _, f := range findings {
			got += fmt.Sprintf("%s %s %s", f.Severity, f.State, strings.Join(f.Fixes, ","))
		}
		if got != c.want || problems != nil {
			t.Errorf("%s %s: %q, want %q; problems %v", c.pkg.Name, c.pkg.Version, got, c.want, problems)
		}
	}
}

func TestGrypeDatabasesThatAreRefused(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	whole := grypefile.Bytes(t, grypeSample()...)
	packed := zstded(t, tarOf(t, entry{"vulnerability.db", string(whole)}))
	old := grypefile.Made(t, func(db *sql.DB) error {
		_, err := db.Exec(grypefile.Schema + "INSERT INTO db_metadata VALUES ('', 5, 0, 0)")
		return err
	})
	damaged := bytes.Clone(packed)
	damaged[len(damaged)-1] ^= 1
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"empty":            {nil, "empty or cut off"},
		"a web page":       {[]byte("<html><body>no</body></html>"), "a web page"},
		"cut":              {packed[:len(packed)/2], "truncated"},
		"a wrong checksum": {damaged, "CRC check failed"},
		"another file":     {zstded(t, tarOf(t, entry{"x.db", string(whole)})), "there is no vulnerability.db in it"},
		"a cut database":   {whole[:len(whole)/2], "damaged"},
		"no database":      {zstded(t, tarOf(t, entry{"vulnerability.db", strings.Repeat("x", 10_000)})), "no database of Grype"},
		"another schema":   {old, "its schema is 5.0.0, and 6 is what is read here; take the database of schema 6"},
		"nothing of ours":  {grypefile.Bytes(t, grypedb.Vulnerability{Name: "CVE-2024-0006", Provider: "nvd"}), "no vulnerability of a package"},
	} {
		if _, r := readGrypeFile(c.data); !strings.Contains(r.refused, c.want) || !strings.HasPrefix(r.refused, "grypedb/v6 was refused: ") {
			t.Errorf("%s: %q, want %q", name, r.refused, c.want)
		}
	}
	if left, _ := os.ReadDir(temporary); len(left) > 0 {
		for _, f := range left {
			if strings.HasPrefix(f.Name(), "landwaiter-") {
				t.Errorf("%s is left behind", f.Name())
			}
		}
	}
}

func TestConstraints(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ constraint, fix, state, want string }{
		{"", "", "", "| 0"},
		{"< 1.5", "1.5", "fixed", "| 0 fix 1.5"},
		{"< 1.5", "", "", "| 0 fix 1.5"},
		{"< 1.5", "", "wont-fix", "| 0 1.5"}, // a limit is no fix
		{"<= 1.5", "", "", "| 0 1.5"},
		{"<= 1.5", "1.6", "fixed", "| 0 fix 1.6"},
		{">1.0,<1.5", "1.5", "fixed", "| 1.0 fix 1.5"},
		{">=1.0 , <1.5 || >= 2.0", "1.5", "fixed", "| 1.0 fix 1.5 | 2.0"},
		{"= 1.5", "", "", "1.5"},
		{"1.5", "", "", "1.5"},
		{"<> 1.5", "", "", "error"},
		{"< ", "", "", "error"},
		{"||", "", "", "error"},
		{strings.Repeat("= 1 ||", 2000), "", "", "error"},
	} {
		r, versions, err := grypeRanges("PyPI", c.constraint, c.fix, c.state)
		got := strings.TrimSpace(strings.TrimPrefix(said(advisory.Affected{Ranges: r, Versions: versions}), "  [ ]  "))
		if err != nil {
			got = "error"
		}
		if got != c.want {
			t.Errorf("%.40q: %q, want %q", c.constraint, got, c.want)
		}
	}
}

// FuzzGrypeRecord: whatever stands in the JSON of a row, the record can be kept, filed and matched.
func FuzzGrypeRecord(f *testing.F) {
	for _, v := range grypeSample() {
		for _, p := range v.Packages {
			f.Add(v.Name, v.Provider, string(v.Blob), p.Ecosystem, p.Name, string(p.Blob))
		}
	}
	f.Fuzz(func(t *testing.T, name, provider, vulnerability, ecosystem, pkg, blob string) {
		g := newGrypeRecord(provider, name)
		for _, system := range []*grypedb.System{nil, {Name: "debian", Major: "12"}} {
			g.add(&grypedb.Vulnerability{Name: name, Provider: provider, Blob: []byte(vulnerability),
				Packages: []grypedb.Package{{Ecosystem: ecosystem, Name: pkg, Blob: []byte(blob), System: system}}})
		}
		r, err := g.record()
		sound(t, r, err)
	})
}
