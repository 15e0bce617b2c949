package catalog

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
)

const pearRecord = `a:5:{s:7:"attribs";a:1:{s:7:"version";s:3:"2.0";}s:4:"name";s:11:"Archive_Tar";s:7:"channel";s:12:"pear.php.net";` +
	`s:7:"version";a:2:{s:7:"release";s:5:"1.4.9";s:3:"api";s:5:"1.4.0";}s:7:"license";a:2:{s:7:"attribs";a:0:{}s:8:"_content";s:7:"BSD "x;";}}`

// installedSamples hold a form of each evidence of something installed.
var installedSamples = []sample{
	{"deps.json", NuGet(), "app/web.deps.json", `{"runtimeTarget":{"name":".NETCoreApp,Version=v8.0"},"targets":{".NETCoreApp,Version=v8.0":{
		"web/1.0.0":{"runtime":{"web.dll":{}}},"A/1.0.0":{"runtime":{"lib/net8.0/A.dll":{}}},"Meta/2.0.0":{"dependencies":{"A":"1.0.0"}}}},
		"libraries":{"web/1.0.0":{"type":"project"},"A/1.0.0":{"type":"package"},"Meta/2.0.0":{"type":"package"},
		"runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/8.0.1":{"type":"runtimepack"},"bad":{"type":"package"}}}`,
		[]string{"nuget A 1.0.0", "nuget Microsoft.NETCore.App.Runtime.linux-x64 8.0.1"}, 1},
	{"conda", Conda(), "opt/conda/conda-meta/numpy-1.26.4-py311_0.json", `{"name":"numpy","version":"1.26.4","build":"py311_0","channel":"https://conda.anaconda.org/conda-forge/linux-64","subdir":"linux-64","license":"BSD-3-Clause","files":["lib/x.py","../../../etc/passwd"]}`,
		[]string{"conda numpy 1.26.4 linux-64 build=py311_0 channel=https://conda.anaconda.org/conda-forge/linux-64"}, 1},
	{"not conda's", Conda(), "opt/conda/conda-meta/state.json", `{"env_vars":{}}`, nil, 0},
	{"conda broken", Conda(), "opt/conda/conda-meta/x.json", `{"name":"x",`, nil, 1},
	{"R", CRAN(), "usr/lib/R/site-library/digest/DESCRIPTION", "Package: digest\nVersion: 0.6.33\nLicense: GPL (>= 2)\nURL: https://a,\n https://b\nMaintainer: D <d@x.example>\nRepository: CRAN\nBuilt: R 4.2.2; x86_64; 2023\n",
		[]string{"cran digest 0.6.33 repository=CRAN"}, 0},
	{"R source", CRAN(), "src/DESCRIPTION", "Package: mine\nVersion: 0.1\n", nil, 0},
	{"R without version", CRAN(), "x/DESCRIPTION", "Package: mine\nBuilt: R 4\n", nil, 1},
	{"rock", LuaRocks(), "usr/local/lib/luarocks/rocks-5.1/luasocket/3.0rc1-2/luasocket-3.0rc1-2.rockspec", "package = \"LuaSocket\"\nversion = \"3.0rc1-2\"\ndescription = {\n  homepage = [[https://x]],\n  license = 'MIT'\n}\n",
		[]string{"luarocks luasocket 3.0rc1-2"}, 0},
	{"rock source", LuaRocks(), "src/x-1-1.rockspec", "package = 'x'", nil, 0},
	{"beam", Beam(), "app/lib/plug-1.14.0/ebin/plug.app", "{application,plug,\n [{description,\"x\"},{vsn,\"1.14.0\"},{modules,['Elixir.Plug']}]}.\n", []string{"hex plug 1.14.0"}, 0},
	{"otp", Beam(), "usr/lib/erlang/lib/ssl-10.9/ebin/ssl.app", "%% c\n{ application, 'ssl', [ { vsn , \"10.9\" } ]}.", []string{"otp ssl 10.9"}, 0},
	{"beam build", Beam(), "app/_build/prod/lib/jason/ebin/jason.app", "{application,jason,[{vsn,\"1.4.0\"}]}.", []string{"hex jason 1.4.0"}, 0},
	{"beam forged", Beam(), "app/lib/a-1/ebin/a.app", "{application,b,[{vsn,\"1\"}]}.", nil, 1},
	{"ghc", Hackage(), "var/lib/ghc/package.conf.d/aeson-2.1.0.0.conf", "name:                 aeson\nversion:              2.1.0.0\nid:                   aeson-2.1.0.0-x\nlicense:              BSD-3-Clause\nexposed-modules:\n    Data.Aeson\n", []string{"hackage aeson 2.1.0.0"}, 0},
	{"ghc part", Hackage(), "s/package.db/z.conf", "name: z-a-z-inner\npackage-name: a\nversion: 1.0\n", []string{"hackage a 1.0"}, 0},
	{"not ghc's", Hackage(), "s/package.db/z.conf", "[x]\ny=1\n", nil, 0},
	{"julia", Julia(), "root/.julia/packages/JSON/93Ea8/Project.toml", "name = \"JSON\"\nuuid = \"682c\"\nversion = \"0.21.4\"\n[deps]\nversion = \"9\"\n", []string{"julia JSON 0.21.4 uuid=682c"}, 0},
	{"julia source", Julia(), "src/Project.toml", "name = \"Mine\"\nuuid = \"1\"\nversion = \"1\"\n", nil, 0},
	{"opam", Opam(), "root/.opam/default/.opam-switch/switch-state", "opam-version: \"2.0\"\nroots: [\"dune.3.4.1\"]\ninstalled: [\n  \"base-bigarray.base\"\n  \"dune.3.4.1\"\n  \"bad\"\n]\n", []string{"opam base-bigarray base", "opam dune 3.4.1"}, 1},
	{"cpanm", CPAN(), "usr/local/lib/perl5/x/.meta/Mojolicious-9.33/MYMETA.json", `{"name":"Mojolicious","version":"9.33","license":["artistic_2"],"author":["S <s@x.example>"],"resources":{"homepage":"https://m"}}`, []string{"cpan Mojolicious 9.33"}, 0},
	{"perllocal", CPAN(), "usr/local/lib/perl/perllocal.pod", "=head2 Tue: C<Module> L<JSON::XS|JSON::XS>\n\nC<VERSION: 4.02>\n\n=head2 Wed: C<Module> L<JSON::XS|JSON::XS>\n\nC<VERSION: 4.03>\n", []string{"cpan JSON-XS 4.03"}, 0},
	{"pear", PEAR(), "usr/share/php/.registry/archive_tar.reg", pearRecord, []string{"pear Archive_Tar 1.4.9 channel=pear.php.net"}, 0},
	{"pear with an object", PEAR(), "usr/share/php/.registry/x.reg", `a:2:{s:4:"name";s:1:"x";s:1:"o";O:4:"Evil":0:{}}`, nil, 1},
	{"pear too deep", PEAR(), "usr/share/php/.registry/x.reg", strings.Repeat(`a:1:{i:0;`, 1000), nil, 1},
	{"plugin", WordPress(), "var/www/html/wp-content/plugins/akismet/akismet.php", "<?php\n/**\n * Plugin Name: Akismet Anti-spam\n * Version: 5.3\n * Author: A\n * License: GPLv2 or later */\n", []string{"wordpress-plugin akismet 5.3 title=Akismet Anti-spam"}, 0},
	{"plugin of one file", WordPress(), "w/wp-content/plugins/hello.php", "<?php\n/*\nPlugin Name: Hello\nVersion: 1.7\n*/", []string{"wordpress-plugin hello 1.7 title=Hello"}, 0},
	{"plugin's other file", WordPress(), "w/wp-content/plugins/a/b.php", "<?php // Version: 1\n", nil, 0},
}

func TestInstalled(t *testing.T) {
	t.Parallel()
	for _, tc := range installedSamples {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			found, err := readBytes(tc.c, tc.at, []byte(tc.in))
			if diff := cmp.Diff(tc.want, shown(found.Packages)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if err != nil {
				found.Gap(image.GapParserFailed, err.Error())
			}
			if len(found.Gaps) != tc.gaps {
				t.Errorf("gaps %q, want %d", details(found.Gaps), tc.gaps)
			}
		})
	}
}

// TestInstalledFacts looks at what the short form of the samples leaves out.
func TestInstalledFacts(t *testing.T) {
	t.Parallel()
	at := func(name string) Found {
		for _, s := range installedSamples {
			if s.name == name {
				found, _ := readBytes(s.c, s.at, []byte(s.in))
				return found
			}
		}
		t.Fatalf("no sample %q", name)
		return Found{}
	}
	conda := at("conda").Packages[0]
	if diff := cmp.Diff([]image.OwnedFile{{Path: "opt/conda/lib/x.py", Size: -1}}, conda.Files); diff != "" || conda.Licenses[0] != "BSD-3-Clause" {
		t.Error(conda.Licenses, diff)
	}
	if p := at("R").Packages[0]; p.Homepage != "https://a" || p.Origin != "D <d@x.example>" || p.Licenses[0] != "GPL (>= 2)" {
		t.Errorf("%+v", p)
	}
	if p := at("rock").Packages[0]; p.Homepage != "https://x" || p.Licenses[0] != "MIT" {
		t.Errorf("%+v", p)
	}
	if p := at("pear").Packages[0]; p.Licenses[0] != `BSD "x;` {
		t.Errorf("%+v", p)
	}
	if p := at("plugin").Packages[0]; p.Licenses[0] != "GPLv2 or later" || p.Origin != "A" {
		t.Errorf("%+v", p)
	}
	if d := at("deps.json").Declared; len(d) != 1 || d[0].Name != "Meta" {
		t.Errorf("what brings no file is declared: %v", shown(d))
	}
}

func TestCPANJoin(t *testing.T) {
	t.Parallel()
	pkg := func(name, version string) image.Package {
		return image.Package{Type: image.CPAN, Name: name, Version: version}
	}
	got, _ := joinCPAN([]Found{
		{Path: "a/.meta/JSON-XS-4.03/MYMETA.json", Packages: []image.Package{pkg("JSON-XS", "4.03")}},
		{Path: "a/perllocal.pod", Packages: []image.Package{pkg("JSON-XS", "4.03"), pkg("Other", "1")}},
	})
	if diff := cmp.Diff([]string{"cpan JSON-XS 4.03", "cpan Other 1"}, shown(got)); diff != "" {
		t.Error(diff)
	}
}

// TestHostileDeclarations feeds every sample's cataloguer what nests, repeats and never ends. It holds when it ends in
// time and nothing panics.
func TestHostileDeclarations(t *testing.T) {
	t.Parallel()
	patterns := []string{"[", "{", "[[package]]\n", "a = [\n", `{"packages":`, `{"dependencies":{"a":`, "- ", "? ", "<a>", "<project>", "  x:\n",
		`"`, "(", "a:1:{i:0;", "s:1:", "# ", "require (\n", "a==1 \\\n", "{pkg,", "{:hex, :", `"a" {= "1`, "installed: [", "<!--", "&lt;",
		"any.a ==1,", "PODS:\n  - A (1)\n", "C<VERSION: 1>\n", "<project><dependencies><dependency><version>", "x<!---->"}
	for _, s := range append(append([]sample{}, lockSamples...), installedSamples...) {
		start := time.Now()
		for _, pattern := range patterns {
			found, _ := readBytes(s.c, s.at, []byte(strings.Repeat(pattern, 60_000/len(pattern))))
			checkPackages(t, found.Packages)
			checkPackages(t, found.Declared)
			found, _ = readBytes(s.c, s.at, []byte(s.in+strings.Repeat(pattern, 10_000/len(pattern))))
			checkPackages(t, found.Declared)
		}
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("%s: %v", s.name, took)
		}
	}
}

// TestManyDeclared shows that the count of packages is bounded and the rest told.
func TestManyDeclared(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range maxListed + 10 {
		b.WriteString("p==1." + strconv.Itoa(i) + "\n")
	}
	found, _ := readBytes(PythonLock(), "requirements.txt", []byte(b.String()))
	if len(found.Declared) != maxListed || len(found.Gaps) != 1 || found.Gaps[0].Kind != image.GapLimit {
		t.Errorf("%d packages, gaps %v", len(found.Declared), found.Gaps)
	}
}

// FuzzDeclarations gives any bytes to the cataloguer of any sample.
func FuzzDeclarations(f *testing.F) {
	all := append(append([]sample{}, lockSamples...), installedSamples...)
	for i, s := range all {
		f.Add(i, []byte(s.in))
	}
	f.Fuzz(func(t *testing.T, i int, data []byte) {
		s := all[uint(i)%uint(len(all))]
		found, _ := readBytes(s.c, s.at, data)
		checkPackages(t, found.Packages)
		checkPackages(t, found.Declared)
	})
}
