package catalog

import (
	"io"
	"strings"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/execfile"
)

// KnownBinaries finds programs, libraries and run-time systems that no package manager installed by the version that
// they carry. Only files are looked into whose own name is in the table, for every program that was linked with a
// library holds that library's version. Each file is one package at most; files of one installation that agree are one
// package together (see joinKnown).
func KnownBinaries() Cataloger {
	book := newRuleBook(knownBinaries)
	names, prefixes := book.want()
	return Cataloger{
		Name:     "known-binary",
		Revision: 1,
		Doc:      "Well-known programs, libraries and language run-time systems by the version in their content; Java by its release file.",
		Want:     Want{Names: append(names, jvmRelease), Prefixes: prefixes, SameContent: true},
		Read: func(f *File, found *Found) error {
			if f.Path.Base() == jvmRelease {
				return readJVMRelease(f, found)
			}
			return classify(book, f, found)
		},
		Join: joinKnown,
	}
}

// Facts of packages that were found by the version that a file carries.
const (
	evidenceFact   = "evidence"   // the text that was matched, for people
	classifierFact = "classifier" // which rule matched: the name of its package, or of a reader beside the table
	alsoFact       = "also"       // further files of the same installation
)

// maxEvidence is how much of the matched text is shown.
const maxEvidence = 100

func classify(book *ruleBook, f *File, found *Found) error {
	program := make([]byte, min(f.Size, 64))
	if _, err := io.ReadFull(f.Reader(), program); err != nil {
		return err
	}
	var hunts []*hunt
	for _, h := range book.hunts(f.Path.Base()) {
		switch {
		case h.how&text == 0 && !execfile.Executable(program):
		case h.how&head != 0:
			if err := beginning(f, h); err != nil {
				return err
			}
			if h.version != "" {
				addKnown(h, f, found)
				return nil
			}
		default:
			hunts = append(hunts, h)
		}
	}
	if len(hunts) == 0 {
		return nil
	}
	if f.Size > maxScanned {
		found.Gap(image.GapLimit, "the file is too large to be searched for a version")
		return nil
	}
	h, err := scan(f, hunts)
	if h != nil {
		addKnown(h, f, found)
	}
	if err != nil {
		found.Gap(image.GapLimit, err.Error())
	}
	return nil
}

func addKnown(h *hunt, f *File, found *Found) {
	if version, ok := declaredVersion(h.version); ok {
		p := knownPackage(h.name, version, h.cpes, h.match, f.Path)
		if h.purl != "" {
			p.PURL = h.purl + "@" + version
		}
		found.Packages = append(found.Packages, p)
	}
}

// knownPackage makes the package of a file whose version was found by its content; cpes are as in the table.
func knownPackage(name, version, cpes, evidence string, at image.Path) image.Package {
	p := image.Package{Type: image.Binary, Name: name, Version: version, Location: at,
		Extra: map[string]string{classifierFact: name, evidenceFact: excerpt(evidence)}}
	for _, c := range strings.Fields(cpes) {
		if name == jvmLibrary {
			p.CPEs = append(p.CPEs, jvmCPE(c, version))
			continue
		}
		p.CPEs = append(p.CPEs, cpe23(c, version))
	}
	return p
}

// excerpt is what can be shown of a matched text.
func excerpt(s string) string {
	s = declaredText(s)
	if len(s) > maxEvidence {
		s = declaredText(s[:maxEvidence])
	}
	return s
}

// cpe23 is the name of an application in the form of CPE 2.3 for "vendor:product".
func cpe23(vendorProduct, version string) string {
	return "cpe:2.3:a:" + vendorProduct + ":" + cpeValue(version) + ":*:*:*:*:*:*:*"
}

// cpeValue quotes what is no letter, digit, point, hyphen or underscore.
func cpeValue(s string) string {
	var v strings.Builder
	for i := 0; i < len(s); i++ {
		if c := s[i]; !(c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || strings.IndexByte(".-_", c) >= 0) {
			v.WriteByte('\\')
		}
		v.WriteByte(s[i])
	}
	return v.String()
}
