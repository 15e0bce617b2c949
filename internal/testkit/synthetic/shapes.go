package synthetic

// form is the kind of version numbers that an ecosystem has.
type form uint8

const (
	semver form = iota
	deb
	rpm
	apk
)

// shape says how the records of one ecosystem look.
type shape struct {
	folder string
	// records in the full set.
	records int
	prefix  string // of ids
	form    form
	// releases as they stand after the folder's name; nil where there are none.
	releases []string
	// packages is how many names there are; fewer for those that have many records each.
	packages int
	// perRelease is how many packages a record speaks of in each of its releases, on average.
	perRelease int
	// versions is how long a list of affected versions is, on average; 0: there is none.
	versions int
	// binaries is how many built packages each entry lists, which nobody reads.
	binaries int
	details  int // words
	links    int
	// malware says that nearly all records are about one package that is bad in each version.
	malware bool
}

// shapes is what OSV publishes, in the numbers of late 2025, rounded.
var shapes = []shape{
	{folder: "npm", records: 220_000, prefix: "MAL", packages: 210_000, details: 40, links: 1, malware: true},
	{folder: "PyPI", records: 20_000, prefix: "PYSEC", packages: 12_000, versions: 20, details: 60, links: 5},
	{folder: "Maven", records: 6_000, prefix: "GHSA", packages: 2_500, perRelease: 2, versions: 15, details: 80, links: 6},
	{folder: "Go", records: 5_000, prefix: "GO", packages: 1_800, details: 40, links: 5},
	{folder: "Packagist", records: 5_500, prefix: "GHSA", packages: 1_200, versions: 40, details: 80, links: 5},
	{folder: "RubyGems", records: 3_500, prefix: "GHSA", packages: 1_500, versions: 30, details: 80, links: 5},
	{folder: "crates.io", records: 2_000, prefix: "RUSTSEC", packages: 900, details: 80, links: 4},
	{folder: "NuGet", records: 1_800, prefix: "GHSA", packages: 900, perRelease: 3, versions: 20, details: 80, links: 5},
	{folder: "Hex", records: 100, prefix: "GHSA", packages: 40, details: 80, links: 5},
	{folder: "Pub", records: 30, prefix: "GHSA", packages: 15, details: 80, links: 5},
	{folder: "Julia", records: 300, prefix: "JLSEC", packages: 60, details: 80, links: 5},
	{folder: "Hackage", records: 40, prefix: "HSEC", packages: 30, details: 120, links: 3},
	{folder: "CRAN", records: 15, prefix: "RSEC", packages: 12, versions: 20, details: 80, links: 3},
	{folder: "Bitnami", records: 7_000, prefix: "BIT", packages: 200, details: 40, links: 8},
	{folder: "Android", records: 3_000, prefix: "ASB-A", packages: 60, details: 30, links: 3},
	{folder: "Linux", records: 15_000, prefix: "CVE", packages: 1, details: 200, links: 8},
	{folder: "OSS-Fuzz", records: 4_000, prefix: "OSV", packages: 700, versions: 40, details: 30, links: 2},
	{folder: "Debian", records: 45_000, prefix: "DEBIAN-CVE", form: deb, releases: []string{"11", "12", "13", "14"}, packages: 8_000, versions: 12, details: 50, links: 1},
	{folder: "Ubuntu", records: 60_000, prefix: "UBUNTU-CVE", form: deb, releases: []string{"Pro:14.04:LTS", "Pro:16.04:LTS", "Pro:18.04:LTS", "20.04:LTS", "22.04:LTS", "24.04:LTS", "25.04", "25.10"},
		packages: 9_000, versions: 25, binaries: 12, details: 60, links: 6},
	{folder: "Alpine", records: 4_500, prefix: "ALPINE-CVE", form: apk, releases: []string{"v3.17", "v3.18", "v3.19", "v3.20", "v3.21", "v3.22"}, packages: 700, versions: 30, details: 40, links: 2},
	{folder: "Wolfi", records: 12_000, prefix: "CGA", form: apk, packages: 1_500, details: 5},
	{folder: "Chainguard", records: 30_000, prefix: "CGA", form: apk, packages: 2_500, details: 5},
	{folder: "MinimOS", records: 20_000, prefix: "MINI", form: apk, packages: 1_500, details: 5},
	{folder: "CleanStart", records: 5_000, prefix: "CLEANSTART", form: apk, packages: 600, details: 30, links: 3},
	{folder: "Echo", records: 6_000, prefix: "ECHO", form: deb, packages: 500, details: 5},
	{folder: "Alpaquita", records: 3_000, prefix: "BELL-CVE", form: apk, releases: []string{"23", "25", "stream"}, packages: 500, details: 30, links: 2},
	{folder: "BellSoft Hardened Containers", records: 2_000, prefix: "BELL-CVE", form: apk, releases: []string{"23", "25", "stream"}, packages: 300, details: 30, links: 2},
	{folder: "AlmaLinux", records: 5_500, prefix: "ALSA", form: rpm, releases: []string{"8", "9", "10"}, packages: 3_000, perRelease: 22, details: 120, links: 8},
	{folder: "Rocky Linux", records: 5_500, prefix: "RLSA", form: rpm, releases: []string{"8", "9", "10"}, packages: 1_500, perRelease: 3, details: 120, links: 10},
	{folder: "Red Hat", records: 27_000, prefix: "RHSA", form: rpm, releases: []string{"enterprise_linux:7::server", "enterprise_linux:8::appstream", "enterprise_linux:8::baseos", "enterprise_linux:9::appstream", "enterprise_linux:9::baseos"},
		packages: 6_000, perRelease: 45, details: 20, links: 12},
	{folder: "SUSE", records: 22_000, prefix: "SUSE-SU", form: rpm, releases: []string{"Linux Enterprise Server 12 SP5", "Linux Enterprise Server 15 SP4", "Linux Enterprise Server 15 SP5", "Linux Enterprise Server 15 SP6", "Linux Enterprise Module for Basesystem 15 SP6", "Linux Enterprise Micro 5.5"},
		packages: 4_000, perRelease: 4, binaries: 25, details: 100, links: 15},
	{folder: "openSUSE", records: 20_000, prefix: "openSUSE-SU", form: rpm, releases: []string{"Leap 15.4", "Leap 15.5", "Leap 15.6", "Tumbleweed"}, packages: 5_000, perRelease: 4, binaries: 25, details: 60, links: 10},
	{folder: "Mageia", records: 6_000, prefix: "MGASA", form: rpm, releases: []string{"8", "9"}, packages: 1_500, details: 60, links: 6},
	{folder: "openEuler", records: 8_000, prefix: "OESA", form: rpm, releases: []string{"20.03-LTS-SP4", "22.03-LTS-SP3", "24.03-LTS"}, packages: 2_500, perRelease: 4, binaries: 10, details: 120, links: 3},
	{folder: "Azure Linux", records: 15_000, prefix: "AZL", form: rpm, releases: []string{"2", "3"}, packages: 1_200, details: 30, links: 1},
	{folder: "Photon OS", records: 2_000, prefix: "PHSA", form: rpm, releases: []string{"4.0", "5.0"}, packages: 400, details: 20, links: 1},
}

func shapeOf(folder string) *shape {
	for i := range shapes {
		if shapes[i].folder == folder {
			return &shapes[i]
		}
	}
	return nil
}
