package advisory

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/google/osv-scalibr/semantic"
)

// maxVersion is the longest version in bytes that is compared. The longest real ones have about 100.
const maxVersion = 256

// ErrVersion marks a version that its ecosystem's order cannot read.
var ErrVersion = errors.New("version is not understood")

// order is the version order of some ecosystems. valid and prepare stand before the library, which reads any text.
type order struct {
	name string
	// prepare brings a version into the form that the library compares as the ecosystem's own tools do; nil for none.
	prepare func(string) string
	valid   func(string) bool
	parse   func(string) (semantic.Version, error)
}

var (
	debOrder = order{"dpkg", nil, graphicWithDigit,
		func(s string) (semantic.Version, error) { return semantic.ParseDebianVersion(s) }}
	rpmOrder = order{"rpm", nil, graphicWithDigit,
		func(s string) (semantic.Version, error) { return semantic.ParseRedHatVersion(s), nil }}
	apkOrder = order{"apk", nil, apkPattern.MatchString,
		func(s string) (semantic.Version, error) { return semantic.ParseAlpineVersion(s) }}
	semverOrder = order{"semver", trimV, semverLike,
		func(s string) (semantic.Version, error) { return semantic.ParseSemverVersion(s), nil }}
	goOrder = order{"Go", goVersion, semverLike,
		func(s string) (semantic.Version, error) { return semantic.ParseSemverVersion(s), nil }}
	pypiOrder = order{"PEP 440", nil, graphic, parsePEP440}
	gemOrder  = order{"RubyGems", gemVersion, gemPattern.MatchString,
		func(s string) (semantic.Version, error) { return semantic.ParseRubyGemsVersion(s), nil }}
	mavenOrder = order{"Maven", nil, graphic,
		func(s string) (semantic.Version, error) { return semantic.ParseMavenVersion(s), nil }}
	composerOrder = order{"Composer", composerVersion, digitFirst,
		func(s string) (semantic.Version, error) { return semantic.ParsePackagistVersion(s), nil }}
	nugetOrder = order{"NuGet", trimV, semverLike,
		func(s string) (semantic.Version, error) { return semantic.ParseNuGetVersion(s), nil }}
	pubOrder = order{"Pub", nil, semverLike,
		func(s string) (semantic.Version, error) { return semantic.ParsePubVersion(s), nil }}
	hackageOrder = order{"Hackage", nil, digitFirst,
		func(s string) (semantic.Version, error) { return semantic.ParseHackageVersion(s) }}
	cranOrder = order{"CRAN", nil, digitFirst,
		func(s string) (semantic.Version, error) { return semantic.ParseCRANVersion(s) }}
)

var (
	apkPattern    = regexp.MustCompile(`^\d+(?:\.\d+)*[a-z]?(?:_(?:alpha|beta|pre|rc|cvs|svn|git|hg|p)\d*)*(?:~[0-9a-f]+)?(?:-r\d+)?$`)
	gemPattern    = regexp.MustCompile(`^\d+(?:\.[0-9A-Za-z]+)*(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$`)
	gemPlatform   = regexp.MustCompile(`^(\d[0-9A-Za-z.]*)-(?:x86|x64|i[3-6]86|amd64|arm|aarch64|universal|java|jruby|mswin|mingw|ppc|powerpc|s390|riscv).*$`)
	goToolchain   = regexp.MustCompile(`^(\d+\.\d+)(?:\.(\d+))?(rc|beta)(\d+)$`)
	composerParts = regexp.MustCompile(`^(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:\.(\d+))?([^\d.].*)?$`)
)

// oldestPEP440 is before all versions of PEP 440; what is before it follows no rule, and the library guesses.
var oldestPEP440, _ = semantic.ParsePyPIVersion("0.dev0")

func parsePEP440(s string) (semantic.Version, error) {
	v, err := semantic.ParsePyPIVersion(s)
	if err != nil {
		return nil, err
	}
	if c, err := v.Compare(oldestPEP440); err != nil || c < 0 {
		return nil, ErrVersion
	}
	return v, nil
}

// version is a version read once, to be compared with many. Only versions of one ecosystem compare.
type version struct {
	parsed semantic.Version
}

// parseVersion reads s in the order of o. The error says which order and wraps [ErrVersion].
func (o *order) parseVersion(s string) (v version, err error) {
	if o == nil {
		return version{}, fmt.Errorf("%w: its ecosystem has no order that is known here", ErrVersion)
	}
	defer func() {
		if recover() != nil {
			v, err = version{}, fmt.Errorf("%w: %.80q in the order of %s", ErrVersion, s, o.name)
		}
	}()
	if o.prepare != nil && len(s) <= maxVersion {
		s = o.prepare(s)
	}
	if s == "" || len(s) > maxVersion || !o.valid(s) {
		return version{}, fmt.Errorf("%w: %.80q in the order of %s", ErrVersion, s, o.name)
	}
	parsed, err := o.parse(s)
	if err != nil {
		return version{}, fmt.Errorf("%w: %.80q in the order of %s", ErrVersion, s, o.name)
	}
	return version{parsed}, nil
}

// compare is negative when v is older than w.
func (v version) compare(w version) (c int, err error) {
	defer func() {
		if recover() != nil {
			c, err = 0, ErrVersion
		}
	}()
	if c, err = v.parsed.Compare(w.parsed); err != nil {
		return 0, ErrVersion
	}
	return c, nil
}

// Compare orders two versions of an ecosystem (with or without release) as its own tools do: negative when a is older
// than b. The error wraps [ErrVersion] when one of them cannot be read.
func Compare(ecosystem, a, b string) (int, error) {
	o := orderOf(ecosystem)
	v, err := o.parseVersion(a)
	if err != nil {
		return 0, err
	}
	w, err := o.parseVersion(b)
	if err != nil {
		return 0, err
	}
	return v.compare(w)
}

// ValidVersion says whether the order of the ecosystem can read s. Where the ecosystem has no order that is known here,
// nothing can be said against s.
func ValidVersion(ecosystem, s string) bool {
	o := orderOf(ecosystem)
	if o == nil {
		return true
	}
	_, err := o.parseVersion(s)
	return err == nil
}

func graphic(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return s != ""
}

func graphicWithDigit(s string) bool { return graphic(s) && strings.ContainsAny(s, "0123456789") }

func digitFirst(s string) bool { return graphic(s) && s[0] >= '0' && s[0] <= '9' }

// semverLike wants numbers first, as far as the first character that is neither digit nor dot.
func semverLike(s string) bool { return digitFirst(s) && !strings.Contains(s, "..") }

func trimV(s string) string { return strings.TrimLeft(s, "v=") }

// goVersion reads module versions ("v1.2.3") and those of the toolchain ("go1.21rc2", "go1.22.2 X:nocoverageredesign"),
// for which the Go vulnerability database writes "1.21.0-rc.2" and "1.22.2".
func goVersion(s string) string {
	s, _, _ = strings.Cut(s, " ")
	s = trimV(strings.TrimPrefix(s, "go"))
	if m := goToolchain.FindStringSubmatch(s); m != nil {
		if m[2] == "" {
			m[2] = "0"
		}
		return m[1] + "." + m[2] + "-" + m[3] + "." + m[4]
	}
	return s
}

// gemVersion drops the platform of a gem that was built for one: "1.13.10-x86_64-linux".
func gemVersion(s string) string {
	if m := gemPlatform.FindStringSubmatch(s); m != nil {
		return m[1]
	}
	return s
}

// composerVersion fills up to four numbers, as Composer does before it compares: 1.2 and 1.2.0 are the same.
func composerVersion(s string) string {
	s = strings.TrimLeft(s, "vV")
	s, _, _ = strings.Cut(s, "+")
	m := composerParts.FindStringSubmatch(s)
	if m == nil {
		return s
	}
	for i := 2; i <= 4; i++ {
		if m[i] == "" {
			m[i] = "0"
		}
	}
	return strings.Join(m[1:5], ".") + m[5]
}
