package vex_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/advisory"
	"landwaiter.dev/advisory/vex"
	"landwaiter.dev/image"
)

type object = map[string]any

// document is an OpenVEX document of statements.
func document(t *testing.T, id string, statements ...object) *vex.Document {
	t.Helper()
	raw, err := json.Marshal(object{"@context": "https://openvex.dev/ns/v0.2.0", "@id": id, "author": "Us", "statements": statements})
	if err != nil {
		t.Fatal(err)
	}
	d, err := vex.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// says is a statement about CVE-2026-1 in products; with parts about these in them.
func says(status, at string, product string, parts ...string) object {
	s := object{"vulnerability": object{"name": "CVE-2026-1"}, "status": status, "timestamp": at}
	if status == "not_affected" {
		s["justification"] = "component_not_present"
	}
	var subs []object
	for _, p := range parts {
		subs = append(subs, object{"@id": p})
	}
	if product != "" {
		s["products"] = []object{{"@id": product, "subcomponents": subs}}
	}
	return s
}

const early, late = "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"

var debian = image.Distro{ID: "debian", VersionID: "12", Codename: "bookworm"}

func subject() *vex.Subject {
	return &vex.Subject{
		Digests: []image.Digest{digest("a"), digest("b")}, Distro: debian, Platform: image.DefaultPlatform,
		References: []image.Reference{{Registry: "registry.example.com", Repository: "shop/web", Tag: "1.4"}, {Registry: "docker.io", Repository: "library/web"}},
	}
}

func openssl() image.Package {
	return image.Package{Type: image.Deb, Name: "libssl3", Version: "3.0.1-1", Arch: "amd64", SourceName: "openssl", SourceVersion: "3.0.1-1"}
}

func finding(p image.Package) advisory.ImageFinding {
	return advisory.ImageFinding{Finding: advisory.Finding{ID: "CVE-2026-1", IDs: []string{"CVE-2026-1", "GHSA-AAAA-bbbb-cccc"}}, Package: p}
}

func TestNamesOfTheImage(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		string(digest("a")): true,
		string(digest("b")): true,
		string(digest("c")): false,
		"pkg:oci/web":       true,
		"pkg:oci/shop":      false,
		"pkg:oci/web@sha256%3A" + strings.Repeat("a", 64):                                            true,
		"pkg:oci/mirrored@sha256%3A" + strings.Repeat("a", 64) + "?repository_url=elsewhere.example": true,
		"pkg:oci/web@sha256%3A" + strings.Repeat("c", 64):                                            false,
		"pkg:oci/web?repository_url=registry.example.com/shop/web":                                   true,
		"pkg:oci/web?repository_url=registry.example.com/shop":                                       true,
		"pkg:oci/web?repository_url=registry.example.com":                                            false,
		"pkg:oci/web?repository_url=elsewhere.example/shop/web":                                      false,
		"pkg:oci/web?tag=1.4":    true,
		"pkg:oci/web?tag=1.5":    false,
		"pkg:oci/web?arch=amd64": true,
		"pkg:oci/web?arch=arm64": false,
		"pkg:docker/web":         true,
		"pkg:docker/library/web": true,
		"pkg:docker/shop/web@1.4?repository_url=registry.example.com": true,
		"pkg:docker/shop/web@1.4":                                     false,
		"pkg:deb/debian/web":                                          false,
		"registry.example.com/shop/web":                               true,
		"registry.example.com/shop/web:1.4":                           true,
		"registry.example.com/shop/web:latest":                        false,
		"docker://registry.example.com/shop/web:1.4":                  true,
		"registry.example.com/shop/web@" + string(digest("a")):        true,
		"registry.example.com/shop/web@" + string(digest("c")):        false,
		"registry.example.com/shop/webs":                              false,
		"web":                                                         true,
		"index.docker.io/library/web":                                 true,
		"https://example.com/web":                                     false,
		"":                                                            false,
	} {
		if got := subject().Named(name); got != want {
			t.Errorf("%q names the image: %v, want %v", name, got, want)
		}
	}
}

func TestNamesOfPackages(t *testing.T) {
	t.Parallel()
	rpm := image.Package{Type: image.RPM, Name: "openssl", Version: "1:3.0.7-2.el9", Arch: "x86_64", SourceName: "openssl", SourceVersion: "1:3.0.7-2.el9"}
	module := image.Package{Type: image.Golang, Name: "golang.org/x/Net", Version: "v0.7.0"}
	npm := image.Package{Type: image.NPM, Name: "@scope/left-pad", Version: "1.3.0"}
	maven := image.Package{Type: image.Maven, Namespace: "org.example", Name: "core", Version: "2.14.1"}
	python := image.Package{Type: image.Python, Name: "Flask_Login", Version: "1.0"}
	for _, c := range []struct {
		pkg  image.Package
		purl string
		want bool
	}{
		{openssl(), "pkg:deb/debian/libssl3", true},
		{openssl(), "pkg:deb/debian/libssl3@3.0.1-1", true},
		{openssl(), "pkg:deb/debian/libssl3@3.0.1-2", false},
		{openssl(), "pkg:deb/ubuntu/libssl3", false},
		{openssl(), "pkg:deb/libssl3", false},
		{openssl(), "pkg:apk/debian/libssl3", false},
		{openssl(), "pkg:deb/debian/openssl", false},
		{openssl(), "pkg:deb/debian/openssl?arch=source", true},
		{openssl(), "pkg:deb/debian/openssl@3.0.1-1?arch=source", true},
		{openssl(), "pkg:deb/debian/openssl@3.0.1-2?arch=source", false},
		{openssl(), "pkg:deb/debian/libssl3?arch=amd64", true},
		{openssl(), "pkg:deb/debian/libssl3?arch=arm64", false},
		{openssl(), "pkg:deb/debian/libssl3?distro=debian-12", true},
		{openssl(), "pkg:deb/debian/libssl3?distro=bookworm", true},
		{openssl(), "pkg:deb/debian/libssl3?distro=debian-11", false},
		{openssl(), "pkg:deb/debian/libssl3?repository_url=elsewhere", false},
		{rpm, "pkg:rpm/debian/openssl@3.0.7-2.el9", true},
		{rpm, "pkg:rpm/debian/openssl@1:3.0.7-2.el9", true},
		{rpm, "pkg:rpm/debian/openssl@3.0.7-2.el9?epoch=1", true},
		{rpm, "pkg:rpm/debian/openssl@3.0.7-2.el9?epoch=2", false},
		{rpm, "pkg:rpm/debian/openssl?arch=src", true},
		{module, "pkg:golang/golang.org/x/net@v0.7.0", true},
		{module, "pkg:golang/golang.org/x/net@0.7.0", true},
		{module, "pkg:golang/golang.org/x/net@0.7.1", false},
		{npm, "pkg:npm/%40scope/left-pad@1.3.0", true},
		{npm, "pkg:npm/left-pad@1.3.0", false},
		{maven, "pkg:maven/org.example/core@2.14.1", true},
		{maven, "pkg:maven/org.example/core@2.14.1?type=jar", false},
		{python, "pkg:pypi/flask-login@1.0", true},
	} {
		for _, product := range []object{says("fixed", early, c.purl), says("fixed", early, "pkg:oci/web", c.purl)} {
			list := []advisory.ImageFinding{finding(c.pkg)}
			left := vex.Apply(list, []image.Package{c.pkg}, subject(), []vex.Attached{{Document: document(t, "d", product), Counts: true}})
			if got := list[0].Ignored != ""; got != c.want || (len(left) == 0) != c.want {
				t.Errorf("%s is %s %s: %v, want %v (unmatched %v)", c.purl, c.pkg.Type, c.pkg.Name, got, c.want, left)
			}
		}
	}
}

func TestWhichStatementCounts(t *testing.T) {
	t.Parallel()
	web := func(status, at string) object { return says(status, at, "pkg:oci/web", "pkg:deb/debian/libssl3") }
	attached := func(d *vex.Document) vex.Attached { return vex.Attached{Document: d, Ref: "1", Counts: true} }
	unverified := func(d *vex.Document) vex.Attached { return vex.Attached{Document: d, Ref: "2"} }
	for name, c := range map[string]struct {
		docs  []vex.Attached
		want  string
		other string // the finding was ignored before
	}{
		"none":                           {want: ""},
		"not affected":                   {docs: []vex.Attached{attached(document(t, "d", web("not_affected", early)))}, want: "not_affected: VEX d of Us: not affected, component_not_present"},
		"fixed":                          {docs: []vex.Attached{attached(document(t, "d", web("fixed", early)))}, want: "fixed: VEX d of Us: fixed"},
		"affected":                       {docs: []vex.Attached{attached(document(t, "d", web("affected", early)))}, want: "affected"},
		"under investigation":            {docs: []vex.Attached{attached(document(t, "d", web("under_investigation", early)))}, want: "under_investigation"},
		"a document without id":          {docs: []vex.Attached{attached(document(t, "", web("fixed", early)))}, want: "fixed: VEX 1 of Us: fixed"},
		"the newer, wherever it stands":  {docs: []vex.Attached{attached(document(t, "d", web("affected", late), web("fixed", early)))}, want: "affected"},
		"the newer, of another document": {docs: []vex.Attached{attached(document(t, "d", web("affected", late))), attached(document(t, "e", web("fixed", early)))}, want: "affected"},
		"of equal age the later":         {docs: []vex.Attached{attached(document(t, "d", web("affected", early), web("fixed", early)))}, want: "fixed: VEX d of Us: fixed"},
		"of equal age that of the later document": {docs: []vex.Attached{attached(document(t, "d", web("fixed", early))), attached(document(t, "e", web("affected", early)))}, want: "affected"},
		"without a time, that of its attaching": {docs: []vex.Attached{
			{Document: document(t, "d", web("affected", "")), Counts: true, At: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)}, attached(document(t, "e", web("fixed", late))),
		}, want: "affected"},
		"unverified": {docs: []vex.Attached{unverified(document(t, "d", web("fixed", early)))}, want: "fixed unverified"},
		"unverified does not stand before others":               {docs: []vex.Attached{attached(document(t, "d", web("affected", early))), unverified(document(t, "e", web("fixed", late)))}, want: "affected"},
		"another rule's reason stays":                           {docs: []vex.Attached{attached(document(t, "d", web("fixed", early)))}, other: "no kernel", want: "fixed: no kernel"},
		"a part that is not there does not speak for the whole": {docs: []vex.Attached{attached(document(t, "d", says("fixed", early, "pkg:oci/web", "pkg:deb/debian/zlib1g")))}, want: ""},
		"a part without a name does not speak for the whole":    {docs: []vex.Attached{attached(document(t, "d", says("fixed", early, "pkg:oci/web", "")))}, want: ""},
		"another product":                      {docs: []vex.Attached{attached(document(t, "d", says("fixed", early, "pkg:oci/shop", "pkg:deb/debian/libssl3")))}, want: ""},
		"a product that the document calls so": {docs: []vex.Attached{{Document: document(t, "d", says("fixed", early, "Web Shop 4", "pkg:deb/debian/libssl3")), Called: "Web Shop 4", Counts: true}}, want: "fixed: VEX d of Us: fixed"},
		"the whole image":                      {docs: []vex.Attached{attached(document(t, "d", says("fixed", early, string(digest("a")))))}, want: "fixed: VEX d of Us: fixed"},
		"no product":                           {docs: []vex.Attached{attached(document(t, "d", says("fixed", early, "")))}, want: "fixed: VEX d of Us: fixed"},
		"an alias":                             {docs: []vex.Attached{attached(document(t, "d", object{"vulnerability": object{"name": "X-1", "aliases": []string{"GHSA-aaaa-bbbb-cccc"}}, "status": "fixed"}))}, want: "fixed: VEX d of Us: fixed"},
		"another vulnerability":                {docs: []vex.Attached{attached(document(t, "d", object{"vulnerability": object{"name": "CVE-2026-11"}, "status": "fixed"}))}, want: ""},
	} {
		list := []advisory.ImageFinding{finding(openssl())}
		list[0].Ignored = c.other
		vex.Apply(list, []image.Package{openssl()}, subject(), c.docs)
		got := ""
		if v := list[0].VEX; v != nil {
			got = v.Status
			if v.Unverified {
				got += " unverified"
			}
		}
		if list[0].Ignored != "" {
			got += ": " + list[0].Ignored
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestWhatMatchedNothing(t *testing.T) {
	t.Parallel()
	other := object{"vulnerability": object{"name": "CVE-2026-2"}, "status": "fixed", "products": []object{{"@id": "pkg:deb/debian/libssl3"}}}
	d := document(t, "d",
		says("fixed", early, "pkg:oci/web", "pkg:deb/debian/libssl3"),
		says("fixed", early, "pkg:oci/shop"),
		says("fixed", early, "pkg:oci/web", "pkg:deb/debian/zlib1g"),
		says("fixed", early, "pkg:deb/debian/zlib1g"),
		other,
		object{"vulnerability": object{"name": "CVE-2026-3"}, "status": "affected"},
		// A later word about the same thing does not make the earlier one unmatched.
		says("affected", late, "pkg:oci/web", "pkg:deb/debian/libssl3"),
	)
	list := []advisory.ImageFinding{finding(openssl())}
	var got []string
	for _, u := range vex.Apply(list, []image.Package{openssl()}, subject(), []vex.Attached{{Document: d, Ref: "1", Counts: true}}) {
		got = append(got, fmt.Sprintf("%d %s %s %v", u.Statement, u.IDs[0], u.Reason, u.Products))
	}
	want := []string{
		"2 CVE-2026-1 other_product [pkg:oci/shop]", "3 CVE-2026-1 no_package [pkg:oci/web]", "4 CVE-2026-1 other_product [pkg:deb/debian/zlib1g]",
		"5 CVE-2026-2 not_found [pkg:deb/debian/libssl3]", "6 CVE-2026-3 not_found []",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("unmatched (-want +got):\n%s", diff)
	}
}

// A statement about a range of versions is about the packages in it, by the order of their own tools.
func TestARangeOfVersionsIsComparedAsPackagesAre(t *testing.T) {
	t.Parallel()
	for text, hides := range map[string]bool{
		"vers:deb/<3.0.2-1":       true,
		"vers:deb/<3.0.1-1":       false,
		"vers:deb/>=3.0.1~beta-1": true,
		"vers:deb/*":              true,
		"vers:deb/!=3.0.1-1":      false,
		"vers:deb/<1:1.0":         true,
	} {
		raw, err := json.Marshal(object{"bomFormat": "CycloneDX", "specVersion": "1.5", "components": []object{{"bom-ref": "ssl", "name": "openssl", "purl": "pkg:deb/debian/libssl3@1"}},
			"vulnerabilities": []object{{"id": "CVE-2026-1", "analysis": object{"state": "not_affected", "justification": "code_not_present"},
				"affects": []object{{"ref": "ssl", "versions": []object{{"range": text}}}}}}})
		if err != nil {
			t.Fatal(err)
		}
		d, err := vex.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		pkgs := []image.Package{openssl()}
		found := []advisory.ImageFinding{finding(pkgs[0])}
		unmatched := vex.Apply(found, pkgs, subject(), []vex.Attached{{Document: d, Counts: true}})
		if (found[0].Ignored != "") != hides || len(unmatched) > 0 == hides {
			t.Errorf("%s: ignored %q, unmatched %+v", text, found[0].Ignored, unmatched)
		}
		if !hides && unmatched[0].Products[0] != "pkg:deb/debian/libssl3 "+text {
			t.Errorf("%s: shown as %q", text, unmatched[0].Products[0])
		}
	}
}
