package catalog

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
)

// TestHostSystems reads the lists that systems for hosts carry in place of a database.
func TestHostSystems(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name      string
		cataloger Cataloger
		path      image.Path
		content   string
		want      []image.Package
		gap       string
	}{
		{
			"Container-Optimized OS", COS(), cosPackages,
			`{"installedPackages":[{"category":"app-arch","name":"gzip","version":"1.12","ebuild_version":"1.12-r3"},{"category":"","name":"x","version":"2"},
			  {"category":"a","name":"b"}],"buildTimePackages":[{"category":"dev-lang","name":"go","version":"1.22"}]}`,
			[]image.Package{
				{Type: image.Ebuild, Name: "app-arch/gzip", Version: "1.12-r3", SourceName: "app-arch/gzip", SourceVersion: "1.12-r3", Location: cosPackages},
				{Type: image.Ebuild, Name: "x", Version: "2", SourceName: "x", SourceVersion: "2", Location: cosPackages},
			},
			`package "a/b" was left out because its version "" is missing`,
		},
		{
			"Bottlerocket", Bottlerocket(), bottlerocketInventory,
			`{"Content":[{"Name":"pigz","Publisher":"Bottlerocket","Version":"2.8","Release":"1.172.ab18.br1","Epoch":"0","InstalledTime":"2024-10-02T20:45:29Z",
			  "Architecture":"aarch64","Url":"https://www.kernel.org/","Summary":"s"},{"Name":"old","Version":"1.18.0","Release":"ad294c88-dirty"},{"Name":"none"}]}`,
			[]image.Package{
				{Type: image.RPM, Name: "pigz", Version: "0:2.8-1.172.ab18.br1", Arch: "aarch64", Origin: "Bottlerocket", Homepage: "https://www.kernel.org/",
					SourceName: "pigz", SourceVersion: "0:2.8-1.172.ab18.br1", Location: bottlerocketInventory},
				{Type: image.RPM, Name: "old", Version: "1.18.0-ad294c88-dirty", SourceName: "old", SourceVersion: "1.18.0-ad294c88-dirty", Location: bottlerocketInventory},
			},
			`package "none" was left out because its version "" is missing`,
		},
		{"not JSON", COS(), cosPackages, "<html>", nil, "not the JSON that we know"},
		{"empty", Bottlerocket(), bottlerocketInventory, "", nil, "not the JSON that we know"},
		{"another shape", Bottlerocket(), bottlerocketInventory, `{"Content":{"Name":"a"}}`, nil, "not the JSON that we know"},
		{"deep", COS(), cosPackages, strings.Repeat("[", 1<<20), nil, "not the JSON that we know"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for how, f := range map[string]*File{"memory": inMemory(tt.path, []byte(tt.content)), "disk": onDisk(tt.path, []byte(tt.content))} {
				found := readFile(tt.cataloger, f)
				if diff := cmp.Diff(tt.want, found.Packages); diff != "" {
					t.Errorf("%s: packages (-want +got):\n%s", how, diff)
				}
				if got := strings.Join(details(found.Gaps), "\n"); !strings.Contains(got, tt.gap) {
					t.Errorf("%s: gaps: got %q, want %q", how, got, tt.gap)
				}
			}
		})
	}
}

// TestUnsupported shows that a database that is known and not read does not look like none.
func TestUnsupported(t *testing.T) {
	t.Parallel()
	for p := range unreadDatabases {
		found := readFile(Unsupported(), inMemory(p, []byte("x")))
		if len(found.Gaps) != 1 || found.Gaps[0].Kind != image.GapUnsupportedContent || len(found.Packages) != 0 {
			t.Errorf("%s: %+v", p, found)
		}
	}
}

// TestDatabasePlaces states where the databases of distributions lie.
func TestDatabasePlaces(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		cataloger Cataloger
		paths     []image.Path
	}{
		{APK(), []image.Path{"lib/apk/db/installed", "usr/lib/apk/db/installed", "var/lib/apk/db/installed"}},
		{RPM(), []image.Path{
			"var/lib/rpm/Packages", "var/lib/rpm/Packages.db", "var/lib/rpm/rpmdb.sqlite",
			"usr/lib/sysimage/rpm/Packages", "usr/lib/sysimage/rpm/Packages.db", "usr/lib/sysimage/rpm/rpmdb.sqlite",
			"usr/share/rpm/Packages", "usr/share/rpm/Packages.db", "usr/share/rpm/rpmdb.sqlite", "var/lib/rpmmanifest/container-manifest-2",
		}},
		{DPKG(), []image.Path{"var/lib/dpkg/status", "var/lib/dpkg/diversions"}},
		{Opkg(), []image.Path{"usr/lib/opkg/status", "var/lib/opkg/status"}},
	} {
		has := map[image.Path]bool{}
		for _, p := range tt.cataloger.Want.Paths {
			has[p] = true
		}
		for _, p := range tt.paths {
			if !has[p] {
				t.Errorf("%s does not ask for %s", tt.cataloger.Name, p)
			}
		}
	}
}

func FuzzHostSystems(f *testing.F) {
	f.Add([]byte(`{"installedPackages":[{"category":"app-arch","name":"gzip","version":"1.12"}]}`), true)
	f.Add([]byte(`{"Content":[{"Name":"pigz","Version":"2.8","Release":"1","Epoch":"0"}]}`), false)
	f.Fuzz(func(t *testing.T, content []byte, cos bool) {
		if cos {
			checkFound(t, COS(), cosPackages, content)
		} else {
			checkFound(t, Bottlerocket(), bottlerocketInventory, content)
		}
	})
}
