package sbom

import (
	"strconv"
	"strings"

	"landwaiter.dev/image"
)

// syftTypes are Syft's words for types of packages and the languages of their ecosystems.
var syftTypes = map[image.PackageType]struct{ name, language string }{
	image.Deb: {"deb", ""}, image.APK: {"apk", ""}, image.RPM: {"rpm", ""}, image.ALPM: {"alpm", ""}, image.Ebuild: {"portage", ""},
	image.Python: {"python", "python"}, image.NPM: {"npm", "javascript"}, image.Gem: {"gem", "ruby"}, image.Maven: {"java-archive", "java"},
	image.Golang: {"go-module", "go"}, image.Cargo: {"rust-crate", "rust"}, image.Composer: {"php-composer", "php"}, image.NuGet: {"dotnet", "dotnet"},
	image.Pub: {"dart-pub", "dart"}, image.Hex: {"hex", "erlang"}, image.Hackage: {"hackage", "haskell"}, image.Swift: {"swift", "swift"},
	image.Pods: {"pod", "swift"}, image.CRAN: {"R-package", "R"}, image.Conda: {"conda", ""}, image.LuaRocks: {"lua-rocks", "lua"},
	image.Nix: {"nix", ""}, image.CPAN: {"cpan", "perl"}, image.Opam: {"opam", "ocaml"}, image.Conan: {"conan", "c++"}, image.Binary: {"binary", ""},
	image.Brew: {"homebrew", ""}, image.OTP: {"erlang-otp", "erlang"}, image.PEAR: {"php-pear", "php"}, image.WordPress: {"wordpress-plugin", ""},
}

// syftMetadata is what Syft says of a package of some types; matchers read the source package from it. known becomes what
// a reader knows by that.
func syftMetadata(e *entry, known *image.Package) (string, any) {
	none := []string{}
	source, version := e.SourceName, e.SourceVersion
	if source == e.Name {
		source = ""
	}
	if version == e.Version {
		version = ""
	}
	switch e.Type {
	case image.Deb:
		known.Origin, known.InstalledSize = clean(e.Origin), e.InstalledSize/1024*1024
		return "dpkg-db-entry", map[string]any{
			"package": clean(e.Name), "source": clean(source), "version": clean(e.Version), "sourceVersion": clean(version),
			"architecture": clean(e.Arch), "maintainer": known.Origin, "installedSize": e.InstalledSize / 1024, "files": none,
		}
	case image.APK:
		known.Origin, known.InstalledSize, known.Homepage = clean(e.Origin), e.InstalledSize, clean(e.Homepage)
		return "apk-db-entry", map[string]any{
			"package": clean(e.Name), "originPackage": clean(orName(source, e.Name)), "maintainer": known.Origin, "version": clean(e.Version),
			"architecture": clean(e.Arch), "url": known.Homepage, "description": "", "size": 0, "installedSize": e.InstalledSize,
			"pullDependencies": none, "provides": none, "pullChecksum": "", "gitCommitOfApkPort": "", "files": none,
		}
	case image.RPM:
		known.Origin, known.InstalledSize = clean(e.Origin), e.InstalledSize
		rest := e.Version
		var epoch any
		if number, after, ok := strings.Cut(rest, ":"); ok {
			if n, err := strconv.Atoi(number); err == nil {
				epoch, rest = n, after
			}
		}
		v, release, _ := strings.Cut(rest, "-")
		return "rpm-db-entry", map[string]any{
			"name": clean(e.Name), "version": clean(v), "epoch": epoch, "architecture": clean(e.Arch), "release": clean(release),
			"sourceRpm": clean(e.SourceRPM), "size": e.InstalledSize, "vendor": known.Origin, "modularityLabel": clean(e.Modularity), "files": none,
		}
	case image.Maven:
		m := map[string]any{"virtualPath": clean(e.V1Path())}
		if e.Location != "" {
			known.Location, known.Inner = splitPlace(clean(e.V1Path()))
		}
		if e.Namespace != "" {
			m["pomProperties"] = map[string]string{
				"path": "", "name": "", "groupId": clean(e.Namespace), "artifactId": clean(e.Name), "version": clean(e.Version),
			}
		}
		return "java-archive", m
	}
	return "", nil
}
