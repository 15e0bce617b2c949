package image

// PackageType is the kind of a package, under its package-URL type name.
type PackageType string

// The package types that cataloguers produce.
const (
	Deb      PackageType = "deb"
	APK      PackageType = "apk"
	RPM      PackageType = "rpm"
	Python   PackageType = "pypi"
	NPM      PackageType = "npm"
	Gem      PackageType = "gem"
	Maven    PackageType = "maven"
	Golang   PackageType = "golang"
	Cargo    PackageType = "cargo"
	Composer PackageType = "composer"
	ALPM     PackageType = "alpm"   // Arch Linux
	Ebuild   PackageType = "ebuild" // Gentoo
	Opkg     PackageType = "opkg"   // OpenWrt, Yocto
	NuGet    PackageType = "nuget"
	Pub      PackageType = "pub"
	Hex      PackageType = "hex" // Elixir and Erlang
	Hackage  PackageType = "hackage"
	Swift    PackageType = "swift"
	Pods     PackageType = "cocoapods"
	CRAN     PackageType = "cran"
	Conda    PackageType = "conda"
	LuaRocks PackageType = "luarocks"
	Nix      PackageType = "nix"
	Brew     PackageType = "brew" // Homebrew on Linux
	Snap     PackageType = "snap"
	Flatpak  PackageType = "flatpak"
	CPAN     PackageType = "cpan"
	Julia    PackageType = "julia"
	Opam     PackageType = "opam"
	OTP      PackageType = "otp" // applications that come with Erlang/OTP and Elixir
	PEAR     PackageType = "pear"
	// WordPress is a plugin of that program; no registered package-URL type, the one that others use too.
	WordPress PackageType = "wordpress-plugin"
	Conan     PackageType = "conan"
	Binary    PackageType = "generic" // a program known by the version that it carries
)

// PackageTypes are all of them.
func PackageTypes() []PackageType {
	return []PackageType{
		Deb, APK, RPM, Python, NPM, Gem, Maven, Golang, Cargo, Composer, ALPM, Ebuild, Opkg, NuGet, Pub, Hex, Hackage, Swift, Pods, CRAN, Conda, LuaRocks, Nix, Brew, Snap,
		Flatpak, CPAN, Julia, Opam, OTP, PEAR, WordPress, Conan, Binary,
	}
}

// OS says whether packages of this type come from an operating-system package manager.
func (t PackageType) OS() bool {
	switch t {
	case Deb, APK, RPM, ALPM, Ebuild, Opkg:
		return true
	}
	return false
}

// Package is one installed package: what a database or the package's own metadata says, and where it was read.
// Two copies in two places are two packages.
type Package struct {
	Type PackageType `json:"type"`
	// Name as its ecosystem writes it: "@scope/name" for npm, the module path for Go, "vendor/name" for
	// composer, the artifactId for Maven.
	Name string `json:"name"`
	// Namespace is the Maven groupId; empty when unknown and for all other types.
	Namespace string `json:"namespace,omitempty"`
	// Version in full as the ecosystem compares it: "epoch:version-release" for rpm (epoch only when set),
	// epoch and revision included for deb, "-rN" included for apk, a leading "v" for Go.
	Version string `json:"version"`
	Arch    string `json:"arch,omitempty"`
	// SourceName and SourceVersion name the source package of a binary one; equal to Name and Version when the
	// database names no other.
	SourceName    string `json:"source_name,omitempty"`
	SourceVersion string `json:"source_version,omitempty"`
	// SourceRPM is the rpm header's file name of the source package.
	SourceRPM string `json:"source_rpm,omitempty"`
	// Modularity is the label of an rpm module, "name:stream:version:context".
	Modularity string `json:"modularity,omitempty"`
	// Licenses as declared, not normalised.
	Licenses []string `json:"licenses,omitempty"`
	// License is what the declaration or, where there is none, the package's licence texts mean: an SPDX licence
	// expression (SPDX 2.3, annex D); "" when nothing is known. Set by the merge.
	License string `json:"license,omitempty"`
	// LicenseSource is where License comes from: "declared", or the path of the text.
	LicenseSource string `json:"license_source,omitempty"`
	// CPEs (2.3) of known binaries, and of imported documents that give some.
	CPEs []string `json:"cpes,omitempty"`
	// PURL is the package URL that an imported document gave; "" where we make it ourselves.
	PURL string `json:"purl,omitempty"`
	// Origin is the maintainer, vendor or author as declared.
	Origin string `json:"origin,omitempty"`
	// Homepage or repository as declared.
	Homepage string `json:"homepage,omitempty"`
	// InstalledSize in bytes; 0 when unknown.
	InstalledSize int64 `json:"installed_size,omitempty"`

	// Location is the file of the tree that proves the package: the database or its own metadata, archive or binary.
	Location Path `json:"location"`
	// Inner is the place inside Location for archives: "WEB-INF/lib/a.jar!META-INF/lib/b.jar".
	Inner string `json:"inner,omitempty"`
	// Embedded marks a package found inside another one's archive that is not a file of its own (a shaded jar).
	Embedded bool `json:"embedded,omitempty"`
	// Layer is the index of the layer that brought this version, from 0 at the base. Set by the merge.
	Layer int `json:"layer"`
	// OwnedBy names the operating-system package whose files hold this language package. Set by the merge.
	OwnedBy *PackageRef `json:"owned_by,omitempty"`
	// Files that belong to the package, when its metadata lists them. Kept in the layer report and for the merge;
	// left out of the stored analysis.
	Files []OwnedFile `json:"-"`
	// Extra holds facts of one type that a client reads by name, for example the jar manifest's versions
	// ("specification-version", "implementation-version", "maven-version") or Go's "h1" sum and "replaces".
	Extra map[string]string `json:"extra,omitempty"`
}

// PackageRef names a package of the same analysis.
type PackageRef struct {
	Type    PackageType `json:"type"`
	Name    string      `json:"name"`
	Version string      `json:"version"`
	Arch    string      `json:"arch,omitempty"`
}

// Ref names p.
func (p *Package) Ref() PackageRef { return PackageRef{p.Type, p.Name, p.Version, p.Arch} }

// OwnedFile is a file as a package database records it.
type OwnedFile struct {
	Path Path
	// Algorithm and Digest (hexadecimal) as recorded; empty when the database has none.
	Algorithm, Digest string
	// Mode with type bits, Size, User and Group as recorded; Mode 0 and Size -1 mean not recorded. Type bits are
	// missing where the database does not tell a file from a symlink (apk, mode 777).
	Mode        uint32
	Size        int64
	User, Group string
	// Config marks a configuration file, which users may change.
	Config bool
	// Optional marks a file that may be missing (rpm: ghost, documentation, missing ok; dpkg: obsolete conffile).
	Optional bool
}
