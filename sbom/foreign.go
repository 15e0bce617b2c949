package sbom

import (
	"strings"

	"landwaiter.dev/image"
)

// foreign takes in a property by which another producer says what the form has no place for.
func (i *item) foreign(name, value string) {
	p := &i.p
	switch name {
	case "aquasecurity:trivy:FilePath", "SrcFile", "syft:location:0:path":
		if p.Location == "" {
			p.Location, p.Inner = splitPlace(value)
		}
	case "syft:metadata:virtualPath":
		p.Location, p.Inner = splitPlace(value)
	case "aquasecurity:trivy:LayerDigest", "aquasecurity:trivy:LayerDiffID", "syft:location:0:layerID":
		if i.layer == "" {
			i.layer = value
		}
	case "aquasecurity:trivy:SrcName", "syft:metadata:source", "syft:metadata:originPackage":
		if value != "" {
			p.SourceName = value
		}
	case "syft:metadata:sourceVersion":
		if value != "" {
			p.SourceVersion = value
		}
	case "aquasecurity:trivy:SrcVersion":
		i.sourceParts.version = value
	case "aquasecurity:trivy:SrcRelease":
		i.sourceParts.release = value
	case "aquasecurity:trivy:SrcEpoch":
		i.sourceParts.epoch = value
	case "aquasecurity:trivy:Modularitylabel", "syft:metadata:modularityLabel":
		p.Modularity = value
	case "syft:metadata:sourceRpm":
		p.SourceRPM = value
	case "syft:metadata:architecture":
		if p.Arch == "" {
			p.Arch = value
		}
	case "syft:cpe23":
		if len(p.CPEs) < maxValues {
			p.CPEs = append(p.CPEs, value)
		}
	case "syft:package:type":
		i.kind = syftKinds[value]
	case "aquasecurity:trivy:PkgType":
		i.kind = trivyKinds[value]
	}
}

// parts are a version in three.
type parts struct{ epoch, version, release string }

// whole is the version as package managers write it; "" when there is none.
func (v parts) whole() string {
	s := v.version
	if s == "" {
		return ""
	}
	if v.release != "" {
		s += "-" + v.release
	}
	if v.epoch != "" && v.epoch != "0" {
		s = v.epoch + ":" + s
	}
	return s
}

// splitPlace reads a path that goes on inside an archive after a colon, as Syft and the /v1 API write it.
func splitPlace(s string) (image.Path, string) {
	outer, inner, _ := strings.Cut(s, ":")
	p, err := image.CleanPath(outer)
	if err != nil {
		return "", ""
	}
	return p, strings.ReplaceAll(inner, ":", "!")
}

// syftKinds are the package types of Syft whose package URLs have another name.
var syftKinds = map[string]image.PackageType{
	"alpm": image.ALPM, "apk": image.APK, "binary": image.Binary, "pod": image.Pods, "conan": image.Conan, "conda": image.Conda, "cpan": image.CPAN,
	"dart-pub": image.Pub, "deb": image.Deb, "dotnet": image.NuGet, "erlang-otp": image.OTP, "gem": image.Gem, "go-module": image.Golang,
	"hackage": image.Hackage, "hex": image.Hex, "java-archive": image.Maven, "jenkins-plugin": image.Maven, "graalvm-native-image": image.Maven,
	"nix": image.Nix, "npm": image.NPM, "opam": image.Opam, "php-composer": image.Composer, "portage": image.Ebuild, "python": image.Python,
	"R-package": image.CRAN, "lua-rocks": image.LuaRocks, "rpm": image.RPM, "rust-crate": image.Cargo, "swift": image.Swift,
	"homebrew": image.Brew, "php-pear": image.PEAR, "php-pecl": image.PEAR, "wordpress-plugin": image.WordPress,
}

// trivyKinds are Trivy's, for components without a package URL.
var trivyKinds = map[string]image.PackageType{
	"jar": image.Maven, "pom": image.Maven, "gobinary": image.Golang, "gomod": image.Golang, "node-pkg": image.NPM, "npm": image.NPM, "yarn": image.NPM,
	"python-pkg": image.Python, "pip": image.Python, "gemspec": image.Gem, "bundler": image.Gem, "rustbinary": image.Cargo, "cargo": image.Cargo,
	"composer": image.Composer, "composer-vendor": image.Composer, "dotnet-core": image.NuGet, "nuget": image.NuGet, "conda-pkg": image.Conda,
	"pub": image.Pub, "hex": image.Hex, "swift": image.Swift, "cocoapods": image.Pods, "julia": image.Julia,
}

// distroIDs are names of distributions that others write, by the ID that os-release has.
var distroIDs = map[string]string{
	"redhat": "rhel", "amazon": "amzn", "amazonlinux": "amzn", "oracle": "ol", "oraclelinux": "ol", "alma": "almalinux", "rockylinux": "rocky",
	"suse linux enterprise server": "sles", "opensuse.leap": "opensuse-leap", "opensuse.tumbleweed": "opensuse-tumbleweed",
	"cbl-mariner": "mariner", "photon os": "photon",
}

func distroID(s string) string {
	if id := distroIDs[strings.ToLower(s)]; id != "" {
		return id
	}
	return s
}
