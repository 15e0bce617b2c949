package advisory

import (
	"regexp"
	"strings"

	"landwaiter.dev/image"
)

// naming says by which name and version a distribution's records speak of a package.
type naming uint8

const (
	bySource naming = 1 << iota
	byBinary
	// namedSource narrows bySource to entries that say that they are about a source package ([SourceArch]).
	namedSource
)

const byNamedSource = bySource | namedSource

// distribution is one row of the table that ties os-release, OSV ecosystems and the /v1 groups together.
type distribution struct {
	id        string // ID of os-release
	packages  image.PackageType
	ecosystem string // as OSV names it, without release
	release   func(image.Distro) string
	names     naming
	order     order
}

// distributions is that table; ids are compared without regard to case. Where several ids share an ecosystem, the first
// gives the /v1 group its name. What no source has advisories for is not here but in [unpublished]: its packages have no
// ecosystem, which is a gap, and never that of another distribution, however alike. What OSV does not have, a feed of
// the distribution's own brings ([InOSV]); its ecosystem is named here.
var distributions = []distribution{
	{"debian", image.Deb, "Debian", debianRelease, bySource, debOrder},
	{"ubuntu", image.Deb, "Ubuntu", fullVersion, bySource, debOrder},
	{"ubuntu-core", image.Deb, "Ubuntu", coreRelease, bySource, debOrder},
	{"echo", image.Deb, "Echo", nil, bySource, debOrder},
	{"alpine", image.APK, "Alpine", alpineRelease, bySource, apkOrder},
	{"wolfi", image.APK, "Wolfi", nil, bySource, apkOrder},
	{"chainguard", image.APK, "Chainguard", nil, bySource, apkOrder},
	{"minimos", image.APK, "MinimOS", nil, bySource, apkOrder},
	{"cleanstart", image.APK, "CleanStart", nil, bySource | byBinary, apkOrder},
	{"clnstrt", image.APK, "CleanStart", nil, bySource | byBinary, apkOrder},
	{"alpaquita", image.APK, "Alpaquita", fullVersion, bySource, apkOrder},
	{"bellsoft-hardened-containers", image.APK, "BellSoft Hardened Containers", fullVersion, bySource, apkOrder},
	{"almalinux", image.RPM, "AlmaLinux", major, byBinary, rpmOrder},
	{"rocky", image.RPM, "Rocky Linux", major, bySource | byBinary, rpmOrder},
	{"rhel", image.RPM, "Red Hat", redHatRelease, byBinary | byNamedSource, rpmOrder},
	{"redhat", image.RPM, "Red Hat", redHatRelease, byBinary | byNamedSource, rpmOrder},
	{"centos", image.RPM, "Red Hat", centosRelease, byBinary | byNamedSource, rpmOrder},
	{"sles", image.RPM, "SUSE", suseRelease, bySource | byBinary, rpmOrder},
	{"sles_sap", image.RPM, "SUSE", suseRelease, bySource | byBinary, rpmOrder},
	{"sle-micro", image.RPM, "SUSE", prefixed("Linux Enterprise Micro "), bySource | byBinary, rpmOrder},
	{"sl-micro", image.RPM, "SUSE", prefixed("Linux Micro "), bySource | byBinary, rpmOrder},
	{"opensuse-leap", image.RPM, "openSUSE", prefixed("Leap "), bySource | byBinary, rpmOrder},
	{"opensuse-leap-micro", image.RPM, "openSUSE", prefixed("Leap Micro "), bySource | byBinary, rpmOrder},
	{"opensuse-tumbleweed", image.RPM, "openSUSE", func(image.Distro) string { return "Tumbleweed" }, bySource | byBinary, rpmOrder},
	{"azurelinux", image.RPM, "Azure Linux", major, bySource | byBinary, rpmOrder},
	{"mariner", image.RPM, "Azure Linux", major, bySource | byBinary, rpmOrder},
	{"photon", image.RPM, "Photon OS", fullVersion, bySource | byBinary, rpmOrder},
	{"mageia", image.RPM, "Mageia", major, bySource, rpmOrder},
	{"amzn", image.RPM, "Amazon Linux", amazonRelease, byBinary, rpmOrder},
	{"ol", image.RPM, oracleLinux, major, byBinary, rpmOrder},
	{"openEuler", image.RPM, "openEuler", eulerRelease, bySource | byBinary, rpmOrder},
}

// language is one row of the table for packages that belong to no distribution.
type language struct {
	packages  image.PackageType
	ecosystem string
	group     string // on /v1
	order     order
}

var languages = []language{
	{image.Python, "PyPI", "github:python", pypiOrder},
	{image.NPM, "npm", "github:npm", semverOrder},
	{image.Maven, "Maven", "github:java", mavenOrder},
	{image.Gem, "RubyGems", "github:gem", gemOrder},
	{image.Golang, "Go", "github:go", goOrder},
	{image.Cargo, "crates.io", "github:rust", semverOrder},
	{image.Composer, "Packagist", "github:composer", composerOrder},
	{image.NuGet, "NuGet", "github:nuget", nugetOrder},
	{image.Pub, "Pub", "github:pub", pubOrder},
	{image.Hex, "Hex", "github:erlang", semverOrder},
	{image.Hackage, "Hackage", "hackage", hackageOrder},
	{image.CRAN, "CRAN", "cran", cranOrder},
	{image.Julia, "Julia", "julia", semverOrder},
	{image.Swift, "SwiftURL", "github:swift", semverOrder},
	{image.Opam, "opam", "opam", debOrder},
}

// EcosystemOf is the OSV ecosystem of packages of type t in an image of distribution d, with the release where the
// ecosystem has them: "Debian:12", "Alpine:v3.10", "PyPI". It is "" when there is none: an unknown distribution, an
// unknown release, or a package database that is not the distribution's own.
func EcosystemOf(t image.PackageType, d image.Distro) string {
	for i := range languages {
		if languages[i].packages == t {
			return languages[i].ecosystem
		}
	}
	for i := range distributions {
		row := &distributions[i]
		if row.packages != t || !strings.EqualFold(row.id, d.ID) {
			continue
		}
		if row.release == nil {
			return row.ecosystem
		}
		if release := row.release(d); release != "" {
			return row.ecosystem + ":" + release
		}
		return ""
	}
	return ""
}

// FolderOf is the folder in which OSV publishes the records of an ecosystem: "Debian" for "Debian:12"; "" for
// [EcosystemCPE], of which it has none.
func FolderOf(ecosystem string) string {
	if ecosystem == EcosystemCPE {
		return ""
	}
	folder, _, _ := strings.Cut(ecosystem, ":")
	return folder
}

// InOSV says whether OSV may have records of an ecosystem. What it has no ecosystem for comes from other sources.
func InOSV(ecosystem string) bool {
	folder := FolderOf(ecosystem)
	return folder != "Amazon Linux" && folder != oracleLinux
}

// FeedGroup names an ecosystem as the groups of the /v1 API are named: "debian:12", "alpine:3.10", "github:python".
// An ecosystem that the tables do not know keeps its own name in lower case.
func FeedGroup(ecosystem string) string {
	if ecosystem == EcosystemCPE {
		return byCPE.group
	}
	root, release, _ := strings.Cut(ecosystem, ":")
	for i := range languages {
		if languages[i].ecosystem == root {
			return languages[i].group
		}
	}
	switch root {
	case "Alpine":
		return after("alpine:", strings.TrimPrefix(release, "v"))
	case "Red Hat":
		return after("rhel:", strings.TrimPrefix(release, "enterprise_linux:"))
	case "SUSE":
		if micro, ok := strings.CutPrefix(release, "Linux Enterprise Micro "); ok {
			return "sle-micro:" + micro
		}
		if micro, ok := strings.CutPrefix(release, "Linux Micro "); ok {
			return "sl-micro:" + micro
		}
		return after("sles:", strings.ReplaceAll(strings.TrimPrefix(release, "Linux Enterprise "), " SP", "."))
	case "openSUSE":
		release = strings.ToLower(release)
		if at := strings.LastIndexByte(release, ' '); at >= 0 {
			return "opensuse-" + strings.ReplaceAll(release[:at], " ", "-") + ":" + release[at+1:]
		}
		return "opensuse-" + release
	case "Azure Linux":
		if release == "2" {
			return "mariner:2"
		}
	}
	for i := range distributions {
		if distributions[i].ecosystem == root {
			if release == "" {
				return distributions[i].id
			}
			return distributions[i].id + ":" + release
		}
	}
	return strings.ToLower(ecosystem)
}

// orderOf is the version order of an ecosystem; nil when it has none that we know.
func orderOf(ecosystem string) *order {
	if ecosystem == EcosystemCPE {
		return &byCPE.order
	}
	root := FolderOf(ecosystem)
	for i := range languages {
		if languages[i].ecosystem == root {
			return &languages[i].order
		}
	}
	for i := range distributions {
		if distributions[i].ecosystem == root {
			return &distributions[i].order
		}
	}
	return nil
}

// CanonicalEcosystem brings the ecosystem of a record into the form that [EcosystemOf] gives: "Ubuntu:22.04:LTS" is
// "Ubuntu:22.04", "Red Hat:enterprise_linux:9::appstream" is "Red Hat:enterprise_linux:9", the modules and the server
// of a SUSE Linux Enterprise release are one. Others stay as they are.
func CanonicalEcosystem(ecosystem string) string {
	root, release, _ := strings.Cut(ecosystem, ":")
	switch root {
	case "Ubuntu":
		return strings.TrimSuffix(ecosystem, ":LTS")
	case "Red Hat":
		release, _, _ = strings.Cut(release, "::")
		if m := redHatMinor.FindStringSubmatch(release); m != nil {
			release = m[1] // since 10 the product is named with its minor release
		}
		return after("Red Hat:", release)
	case "SUSE":
		if m := suseProduct.FindStringSubmatch(release); m != nil {
			return "SUSE:Linux Enterprise " + m[1]
		}
	case "Azure Linux":
		return strings.TrimSuffix(ecosystem, ".0")
	}
	return ecosystem
}

var suseProduct = regexp.MustCompile(`^Linux Enterprise (?:Server|Module for [A-Za-z0-9 ]*?) (\d+(?:\.\d+| SP\d+)?)$`)

var redHatMinor = regexp.MustCompile(`^(enterprise_linux:\d+)\.\d+$`)

// NormalizeName is the form of a package name under which records are filed: PEP 503 for PyPI, lower case for Packagist
// and NuGet, without scheme and ".git" for SwiftURL, as written elsewhere.
func NormalizeName(ecosystem, name string) string {
	switch FolderOf(ecosystem) {
	case "PyPI":
		return pep503(name)
	case "Packagist", "NuGet":
		return strings.ToLower(name)
	case "SwiftURL":
		if _, rest, ok := strings.Cut(name, "://"); ok {
			name = rest
		}
		return strings.TrimSuffix(name, ".git")
	default:
		return name
	}
}

func pep503(name string) string {
	clean := true
	for i := range len(name) {
		c := name[i]
		if c == '_' || c == '.' || 'A' <= c && c <= 'Z' || c >= 0x80 || c == '-' && i > 0 && name[i-1] == '-' {
			clean = false
			break
		}
	}
	if clean {
		return name
	}
	var b strings.Builder
	dash := false
	for _, c := range strings.ToLower(name) {
		if c == '-' || c == '_' || c == '.' {
			dash = true
			continue
		}
		if dash {
			b.WriteByte('-')
			dash = false
		}
		b.WriteRune(c)
	}
	if dash {
		b.WriteByte('-')
	}
	return b.String()
}
