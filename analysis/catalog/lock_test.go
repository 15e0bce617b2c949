package catalog

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
)

// shown writes packages as "type namespace:name version arch key=value …".
func shown(packages []image.Package) []string {
	var all []string
	for _, p := range packages {
		s := string(p.Type) + " "
		if p.Namespace != "" {
			s += p.Namespace + ":"
		}
		s = strings.TrimSpace(s + p.Name + " " + p.Version + " " + p.Arch)
		for _, k := range slices.Sorted(maps.Keys(p.Extra)) {
			s += fmt.Sprintf(" %s=%s", k, p.Extra[k])
		}
		all = append(all, s)
	}
	return all
}

// sample is one file with what it must say.
type sample struct {
	name string
	c    Cataloger
	at   string
	in   string
	want []string
	// gaps is how many there must be, an error included.
	gaps int
}

// lockSamples hold a form of each lock file, with what is no package in it, and often one bad entry.
var lockSamples = []sample{
	{"npm 7", NPMLock(), "app/package-lock.json", `{"name":"app","lockfileVersion":3,"packages":{
		"":{"name":"app","version":"1.0.0"},
		"node_modules/a":{"version":"1.0.0","resolved":false},
		"node_modules/a/node_modules/@s/b":{"version":"2.0.0","dev":true},
		"node_modules/alias":{"name":"real","version":"3.0.0","devOptional":true},
		"node_modules/w":{"resolved":"packages/w","link":true},
		"node_modules/l":{"resolved":"","link":true},
		"packages/w":{"version":"9.9.9","workspaces":{"x":1}},
		"node_modules/bad":{"version":7}},
		"dependencies":{"a":{"version":"1.0.0"}}}`,
		[]string{"npm a 1.0.0", "npm @s/b 2.0.0 dev=true", "npm real 3.0.0"}, 1},
	{"npm 6", NPMLock(), "npm-shrinkwrap.json", `{"lockfileVersion":1,"dependencies":{
		"a":{"version":"1.0.0","requires":{"b":"^2"},"dependencies":{"b":{"version":"2.0.0","dev":true}}},
		"b":{"version":"2.0.0"},"alias":{"version":"npm:@s/real@3.0.0"},"here":{"version":"file:here"},
		"git":{"version":"git+https://x.example/y.git#abc"},"bad":{"dependencies":{"c":{"version":"4.0.0"}}}}}`,
		[]string{"npm a 1.0.0", "npm b 2.0.0", "npm @s/real 3.0.0", "npm c 4.0.0"}, 1},
	{"npm inside", NPMLock(), "app/node_modules/a/package-lock.json", `{"packages":{"node_modules/x":{"version":"1.0.0"}}}`, nil, 0},
	{"npm broken", NPMLock(), "package-lock.json", `{"packages":{"node_modules/x":{"version":"1.0.0"}},"dep`, []string{"npm x 1.0.0"}, 1},
	{"yarn 1", NPMLock(), "yarn.lock", `# yarn lockfile v1


"@s/a@^1.0.0", "@s/a@^1.1.0":
  version "1.2.0"
  resolved "https://registry.yarnpkg.com/@s/a/-/a-1.2.0.tgz#x"
  dependencies:
    b "^2.0.0"

b@^2.0.0:
  version "2.0.1"

alias@npm:real@^3:
  version "3.0.0"

here@file:./here:
  version "0.0.0"

quoted@^1:
  "version" "1.0.1"

bad@^1:
  resolved "https://x"
`, []string{"npm @s/a 1.2.0", "npm b 2.0.1", "npm real 3.0.0", "npm quoted 1.0.1"}, 1},
	{"yarn 4", NPMLock(), "yarn.lock", `__metadata:
  version: 8

"a@npm:^1.0.0, a@npm:^1.1.0":
  version: 1.2.0
  resolution: "a@npm:1.2.0"
  dependencies:
    version: "npm:^1"
  languageName: node
  linkType: hard

"alias@npm:@s/real@^3":
  version: 3.0.0
  resolution: "@s/real@npm:3.0.0"
  linkType: hard

"p@patch:p@npm%3A4.0.0#~/.yarn/patches/p.patch":
  version: 4.0.0
  resolution: "p@patch:p@npm%3A4.0.0#~/.yarn/patches/p.patch::version=4.0.0&hash=1"
  linkType: hard

"root@workspace:.":
  version: 0.0.0-use.local
  resolution: "root@workspace:."
  linkType: soft
`, []string{"npm a 1.2.0", "npm @s/real 3.0.0", "npm p 4.0.0"}, 0},
	{"pnpm 5", NPMLock(), "pnpm-lock.yaml", `lockfileVersion: 5.4
packages:

  /a/1.0.0:
    resolution: {integrity: sha512-x==}
    dev: true

  /@s/b/2.0.0_react@17.0.2:
    resolution: {integrity: sha512-x==}
    dev: false

  github.com/u/r/abc:
    name: r
    version: 3.0.0
    dev: false

  registry.example.com/@s/h/1.5.0:
    dev: false

  file:../l:
    resolution: {directory: ../l, type: directory}
    name: l
    version: 1.0.0

  /lodash.merge/4.6.2:
    dev: false

  /bad:
    dev: false
`, []string{"npm a 1.0.0 dev=true", "npm @s/b 2.0.0", "npm r 3.0.0", "npm @s/h 1.5.0", "npm lodash.merge 4.6.2"}, 1},
	{"pnpm 6", NPMLock(), "pnpm-lock.yaml", "lockfileVersion: '6.0'\npackages:\n\n  /@s/b@2.0.0(react@17.0.2):\n    dev: false\n", []string{"npm @s/b 2.0.0"}, 0},
	{"pnpm 9", NPMLock(), "pnpm-lock.yaml", `lockfileVersion: '9.0'
importers:
  .:
    dependencies:
      a:
        version: 1.0.0
packages:
  a@1.0.0:
    resolution: {integrity: sha512-x==}
  '@s/b@2.0.0':
    resolution: {integrity: sha512-x==}
  t@https://codeload.github.com/u/t/tar.gz/abc:
    resolution: {tarball: https://codeload.github.com/u/t/tar.gz/abc}
    version: 3.0.0
snapshots:
  z@9.0.0: {}
`, []string{"npm a 1.0.0", "npm @s/b 2.0.0", "npm t 3.0.0"}, 0},
	{"bun", NPMLock(), "bun.lock", `{
  // text
  "lockfileVersion": 1,
  "packages": {
    "a": ["a@1.0.0", "", { "dependencies": { "b": "^2", }, }, "sha512-x//,}"],
    "@s/b": ["@s/b@2.0.0", "", {}, "x"],
    "w": ["w@workspace:packages/w"],
    "bad": [7],
  }, /* end */
}`, []string{"npm a 1.0.0", "npm @s/b 2.0.0"}, 1},
	{"deno 4", NPMLock(), "deno.lock", `{"version":"4","jsr":{"@std/assert@1.0.0":{}},"npm":{"a@1.0.0":{},"@s/b@2.0.0_react@17.0.2":{}}}`, []string{"npm a 1.0.0", "npm @s/b 2.0.0"}, 1},
	{"deno 3", NPMLock(), "deno.lock", `{"version":"3","packages":{"specifiers":{"npm:a":"npm:a@1.0.0"},"npm":{"a@1.0.0":{}}}}`, []string{"npm a 1.0.0"}, 0},
	{"deno 2", NPMLock(), "deno.lock", `{"version":"2","npm":{"specifiers":{"a@1":"a@1.0.0"},"packages":{"a@1.0.0":{}}}}`, []string{"npm a 1.0.0"}, 0},

	{"poetry", PythonLock(), "poetry.lock", `[[package]]
name = "requests"
version = "2.31.0"
groups = ["main", "dev"]
files = [
    {file = "requests[x].whl", hash = "sha256:0"},
]

[package.dependencies]
version = ">=1"

[[package]]
name = "pytest"
version = "7.4.0"
category = "dev"

[[package]]
name = "mine"
version = "0.1.0"

[package.source]
type = "directory"
url = "../mine"

[[package]]
name = "no version"
`, []string{"pypi requests 2.31.0", "pypi pytest 7.4.0 dev=true"}, 1},
	{"pdm", PythonLock(), "pdm.lock", "[[package]]\nname = \"a\"\nversion = \"1.0\"\ngroups = [\"default\"]\n[[package]]\nname = \"b\"\nversion = \"2.0\"\ngroups = [\"lint\"]\n[[package]]\nname = \"c\"\nversion = \"1\"\npath = \".\"\n",
		[]string{"pypi a 1.0", "pypi b 2.0 dev=true"}, 0},
	{"uv", PythonLock(), "uv.lock", "version = 1\n[[package]]\nname = \"a\"\nversion = \"1.0\"\nsource = { registry = \"https://pypi.org/simple\" }\n[[package]]\nname = \"app\"\nversion = \"0.1\"\nsource = { editable = \".\" }\n",
		[]string{"pypi a 1.0"}, 0},
	{"pylock", PythonLock(), "pylock.toml", "lock-version = '1.0'\n[[packages]]\nname = 'a'\nversion = '1.0'\n[[packages]]\nname = 'b'\nversion = '2'\n[packages.directory]\npath = '.'\n", []string{"pypi a 1.0"}, 0},
	{"pipfile", PythonLock(), "Pipfile.lock", `{"_meta":{"sources":[]},"default":{"a":{"version":"==1.0"},"git":{"git":"https://x"},"bad":{"version":">=1"}},"develop":{"a":{"version":"==1.0"},"b":{"version":"===2.0"}}}`,
		[]string{"pypi a 1.0", "pypi b 2.0 dev=true"}, 1},
	{"requirements", PythonLock(), "app/requirements.txt", "\xef\xbb\xbf# all\na==1.0 # why\nb[x,y] == 2.0 ; python_version < '3'\nc==3.0 \\\n    --hash=sha256:0\nd>=1\nw==4.0 -C x\ne==1.*\n-r other.txt\ngit+https://x#egg=f==1\nnonsense !\n",
		[]string{"pypi a 1.0", "pypi b 2.0", "pypi c 3.0", "pypi w 4.0"}, 0},
	{"requirements of tests", PythonLock(), "requirements-dev.txt", "a==1.0\n", []string{"pypi a 1.0 dev=true"}, 0},

	{"gemfile", GemLock(), "Gemfile.lock", `PATH
  remote: .
  specs:
    mine (0.1.0)

GIT
  remote: https://x.example/g.git
  specs:
    g (2.0.0)

GEM
  remote: https://rubygems.org/
  specs:
    nokogiri (1.15.0-x86_64-linux)
      racc (~> 1.4)
    rack (2.2.8)
    bad (~> 1)

PLATFORMS
  ruby

DEPENDENCIES
  rack (2.2.8)
`, []string{"gem g 2.0.0", "gem nokogiri 1.15.0 x86_64-linux", "gem rack 2.2.8"}, 1},
	{"gemfile of another kind", GemLock(), "Gemfile.lock", "<html>", nil, 1},
	{"cargo", CargoLock(), "Cargo.lock", "version = 3\n[[package]]\nname = \"mine\"\nversion = \"0.1.0\"\n[[package]]\nname = \"serde\"\nversion = \"1.0.1\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\ndependencies = [\n \"x 1.0\",\n]\n[[package]]\nname = 7\nversion = \"1\"\nsource = \"x\"\n",
		[]string{"cargo serde 1.0.1"}, 1},
	{"composer", ComposerLock(), "composer.lock", `{"packages":[{"name":"twig/twig","version":"v1.38.0"},{"name":"my/lib","version":"dev-main","dist":{"type":"path"}},{"name":"x"}],"packages-dev":[{"name":"phpunit/phpunit","version":"9.0"}]}`,
		[]string{"composer twig/twig v1.38.0", "composer phpunit/phpunit 9.0 dev=true"}, 1},
	{"go.mod", GoLock(), "src/go.mod", `module x.example/m

go 1.22 // note
require golang.org/x/net v0.7.0
require (
	x.example/a v1.0.0 // indirect
	x.example/b v1.0.0
	x.example/c v2.0.0+incompatible
	x.example/d v1.0.0
	bad
)
replace x.example/b => ../b
replace x.example/c v2.0.0+incompatible => y.example/c v2.1.0+incompatible
replace (
	x.example/d v9.0.0 => z.example/d v9.0.1
)
exclude x.example/a v0.9.0
`, []string{"golang golang.org/x/net v0.7.0", "golang x.example/a v1.0.0", "golang y.example/c v2.1.0+incompatible replaces=x.example/c@v2.0.0+incompatible", "golang x.example/d v1.0.0"}, 1},
	{"go vendor", GoLock(), "src/vendor/modules.txt", "# x.example/a v1.0.0\n## explicit; go 1.20\nx.example/a/p\n# x.example/b v1.0.0 => y.example/b v1.1.0\n# x.example/c v1.0.0 => ../c\n# x.example/b => y.example/b v1.1.0\n",
		[]string{"golang x.example/a v1.0.0", "golang y.example/b v1.1.0 replaces=x.example/b@v1.0.0"}, 0},
	{"go module cache", GoLock(), "root/go/pkg/mod/x.example/a@v1.0.0/go.mod", "module x\nrequire x.example/b v1.0.0\n", nil, 0},
	{"nuget lock", NuGetLock(), "packages.lock.json", `{"version":1,"dependencies":{"net8.0":{"A":{"type":"Direct","resolved":"1.0.0"},"mine":{"type":"Project"},"bad":{"type":"Direct"}},"net6.0":{"A":{"type":"Transitive","resolved":"1.0.0"}}}}`,
		[]string{"nuget A 1.0.0"}, 1},
	{"nuget config", NuGetLock(), "packages.config", `<?xml version="1.0" encoding="windows-1252"?><packages><package id="A" version="1.0" /><package id="B" version="2" developmentDependency="true"></package><package id="C"/></packages>`,
		[]string{"nuget A 1.0", "nuget B 2 dev=true"}, 1},
	{"nuget assets", NuGetLock(), "obj/project.assets.json", `{"libraries":{"A/1.0.0":{"type":"package"},"P/1.0.0":{"type":"project"}}}`, []string{"nuget A 1.0.0"}, 0},
	{"pubspec", DartLock(), "pubspec.lock", "packages:\n  http:\n    dependency: \"direct main\"\n    description:\n      name: http\n      version: \"9\"\n    source: hosted\n    version: \"1.1.0\"\n  test:\n    dependency: \"direct dev\"\n    source: hosted\n    version: \"1.24.0\"\n  flutter:\n    source: sdk\n    version: \"0.0.0\"\n  bad:\n    source: hosted\nsdks:\n  dart: \">=3\"\n",
		[]string{"pub http 1.1.0", "pub test 1.24.0 dev=true"}, 1},
	{"dart config", DartLock(), "app/.dart_tool/package_config.json", `{"configVersion":2,"packages":[{"name":"http","rootUri":"file:///root/.pub-cache/hosted/pub.dev/http-1.1.0"},{"name":"app","rootUri":"../"}]}`, []string{"pub http 1.1.0"}, 0},
	{"mix", HexLock(), "mix.lock", "%{\n  \"plug\": {:hex, :plug, \"1.14.0\", \"aa\", [:mix], [{:mime, \"~> 1.0\", [hex: :mime]}], \"hexpm\", \"bb\"},\n  \"g\": {:git, \"https://x\", \"abc\", []},\n}\n", []string{"hex plug 1.14.0"}, 0},
	{"rebar", HexLock(), "rebar.lock", "{\"1.2.0\",\n[{<<\"cowboy\">>,{pkg,<<\"cowboy_real\">>,<<\"2.9.0\">>},0},\n {<<\"g\">>,{git,\"https://x\",{ref,\"abc\"}},0}]}.\n", []string{"hex cowboy_real 2.9.0"}, 0},
	{"gleam", HexLock(), "manifest.toml", "packages = [\n  { name = \"gleam_stdlib\", version = \"0.34.0\", source = \"hex\" },\n  { name = \"l\", version = \"1.0.0\", source = \"local\" },\n]\n[requirements]\n", []string{"hex gleam_stdlib 0.34.0"}, 0},
	{"stack", HackageLock(), "stack.yaml.lock", "packages:\n- completed:\n    hackage: foo-bar-1.2.3@sha256:aa,12\n    pantry-tree:\n      size: 1\n  original:\n    hackage: foo-bar-1.2.3\nsnapshots:\n- completed:\n    size: 1\n", []string{"hackage foo-bar 1.2.3"}, 0},
	{"cabal", HackageLock(), "cabal.project.freeze", "active-repositories: hackage.haskell.org:merge\nconstraints: any.aeson ==2.1.0.0,\n             aeson +ordered,\n             any.base ==4.18\n", []string{"hackage aeson 2.1.0.0", "hackage base 4.18"}, 0},
	{"swift 2", SwiftLock(), "Package.resolved", `{"pins":[{"identity":"swift-nio","kind":"remoteSourceControl","location":"https://github.com/apple/swift-nio.git","state":{"revision":"a","version":"2.60.0"}},{"location":"git@github.com:u/r.git","state":{"version":"1.0.0"}},{"location":"https://x/b","state":{"branch":"main"}}],"version":2}`,
		[]string{"swift github.com/apple/swift-nio 2.60.0", "swift github.com/u/r 1.0.0"}, 0},
	{"swift 1", SwiftLock(), "Package.resolved", `{"object":{"pins":[{"package":"X","repositoryURL":"https://github.com/u/X","state":{"version":"1.0.0"}}]},"version":1}`, []string{"swift github.com/u/X 1.0.0"}, 0},
	{"pods", PodsLock(), "Podfile.lock", "PODS:\n  - AFNetworking (4.0.1):\n    - AFNetworking/Reachability (= 4.0.1)\n  - AFNetworking/Reachability (4.0.1)\n  - \"G+X (1.0)\"\n  - Mine (0.1.0)\n  - bad\n\nDEPENDENCIES:\n  - AFNetworking\n\nEXTERNAL SOURCES:\n  Mine:\n    :path: \"../Mine\"\n",
		[]string{"cocoapods AFNetworking 4.0.1", "cocoapods G+X 1.0"}, 1},
	{"renv", CRANLock(), "renv.lock", `{"R":{"Version":"4.3.0"},"Packages":{"digest":{"Package":"digest","Version":"0.6.33","Source":"Repository","Repository":"CRAN"},"g":{"Package":"g","Version":"1","Source":"GitHub"},"bad":{"Source":"Repository"}}}`,
		[]string{"cran digest 0.6.33 repository=CRAN"}, 1},
	{"conan 2", ConanLock(), "conan.lock", `{"version":"0.5","requires":["zlib/1.2.11#abc%1.0","mine/1.0@me/stable","bad"],"build_requires":["cmake/3.25.0#x"],"python_requires":[]}`,
		[]string{"conan zlib 1.2.11", "conan mine 1.0 channel=stable user=me", "conan cmake 3.25.0 dev=true"}, 1},
	{"conan 1", ConanLock(), "conan.lock", `{"graph_lock":{"nodes":{"0":{"ref":"me/1.0","path":"conanfile.py"},"1":{"ref":"zlib/1.2.11#a","context":"host"},"2":{"ref":"cmake/3.0","context":"build"},"3":{"pref":"bz/1.0#r:id#r"},"4":{"pref":null}}},"version":"0.4"}`,
		[]string{"conan zlib 1.2.11", "conan cmake 3.0 dev=true", "conan bz 1.0"}, 0},
	{"gradle", MavenLock(), "gradle.lockfile", "# This is a Gradle generated file for dependency locking.\ncom.a:b:1.0=compileClasspath,testCompileClasspath\norg.junit:junit:4.13=testRuntimeClasspath\nbad\nempty=annotationProcessor\n",
		[]string{"maven com.a:b 1.0", "maven org.junit:junit 4.13 dev=true"}, 1},
	{"another lockfile", MavenLock(), "run/x.lockfile", "1234\n", nil, 0},
	{"pom", MavenLock(), "src/pom.xml", `<?xml version="1.0"?><project xmlns="http://maven.apache.org/POM/4.0.0"><groupId>g</groupId><version>1</version>
		<dependencyManagement><dependencies><dependency><groupId>m</groupId><artifactId>m</artifactId><version>1</version></dependency></dependencies></dependencyManagement>
		<dependencies>
		<dependency><groupId>com.a</groupId><artifactId>b</artifactId><version> 1.0 </version><exclusions><exclusion><groupId>x</groupId></exclusion></exclusions></dependency>
		<dependency><groupId>com.a</groupId><artifactId>t</artifactId><version>[2.0]</version><scope>test</scope></dependency>
		<dependency><groupId>com.a</groupId><artifactId>v</artifactId><version>${v}</version></dependency>
		<dependency><groupId>com.a</groupId><artifactId>r</artifactId><version>[1,2)</version></dependency>
		<dependency><groupId>com.a</groupId><artifactId>p</artifactId></dependency>
		</dependencies></project>`, []string{"maven com.a:b 1.0", "maven com.a:t 2.0 dev=true"}, 0},
	{"pom broken", MavenLock(), "pom.xml", `<project><dependencies><dependency><groupId>a`, nil, 0},
	{"julia", JuliaLock(), "Manifest.toml", "julia_version = \"1.9\"\n[[deps.JSON]]\nuuid = \"682c06a0\"\nversion = \"0.21.4\"\n[[deps.Dates]]\nuuid = \"ade2\"\n[[Old]]\nuuid = \"aa\"\nversion = \"1.0.0\"\n",
		[]string{"julia JSON 0.21.4 uuid=682c06a0", "julia Old 1.0.0 uuid=aa"}, 0},
	{"opam", OpamLock(), "x.opam.locked", "depends: [\n  \"base\" {= \"v0.15.0\"}\n  \"alcotest\" {= \"1.6.0\" & with-test}\n  \"dune\" {>= \"3.0\"}\n]\n", []string{"opam base v0.15.0", "opam alcotest 1.6.0 dev=true"}, 0},
}

func TestLocks(t *testing.T) {
	t.Parallel()
	for _, tc := range lockSamples {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			found, err := readBytes(tc.c, tc.at, []byte(tc.in))
			if diff := cmp.Diff(tc.want, shown(found.Declared)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if err != nil {
				found.Gap(image.GapParserFailed, err.Error())
			}
			if len(found.Gaps) != tc.gaps {
				t.Errorf("gaps %q, want %d", details(found.Gaps), tc.gaps)
			}
			if len(found.Packages) > 0 {
				t.Errorf("a lock file proves nothing installed, but %v", shown(found.Packages))
			}
			for _, p := range found.Declared {
				if p.Location != image.Path(tc.at) {
					t.Errorf("%s lies in %q", p.Name, p.Location)
				}
			}
		})
	}
}

// TestLocksOf states that each cataloguer of lock files has a sample.
func TestLocksOf(t *testing.T) {
	t.Parallel()
	have := map[string]bool{}
	for _, s := range slices.Concat(lockSamples, installedSamples) {
		have[s.c.Name] = true
	}
	for _, c := range All() {
		if strings.HasSuffix(c.Name, "-lock") && !have[c.Name] {
			t.Errorf("%s has no sample", c.Name)
		}
	}
}
