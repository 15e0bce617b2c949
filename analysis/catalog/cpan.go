package catalog

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/jsonscan"
)

// CPAN reads what Perl's installers leave behind: cpanm's .meta/DIST-VERSION/MYMETA.json, and perllocal.pod, the log of
// "make install", which names main modules instead of distributions. The former counts where both name one version.
func CPAN() Cataloger {
	return Cataloger{
		Name:     "cpan",
		Revision: 1,
		Doc:      "Installed Perl distributions: .meta/*/MYMETA.json, perllocal.pod.",
		Want:     Want{Names: []string{"perllocal.pod"}, Parents: map[string][]string{"/.meta/*": {"MYMETA.json"}}},
		Read:     readCPAN,
		Join:     joinCPAN,
	}
}

func readCPAN(f *File, found *Found) error {
	data, ok, err := metadata(f, found)
	if !ok {
		return err
	}
	if f.Path.Base() == "perllocal.pod" {
		readPerllocal(data, f, found)
		return nil
	}
	m := map[string]string{}
	p := image.Package{Type: image.CPAN, Location: f.Path}
	err = jsonscan.Fields(data, func(key, value []byte) bool {
		switch string(key) {
		case "name", "version":
			m[string(key)], _ = jsonscan.String(value)
		case "license":
			p.Licenses = declaredTexts(jsonscan.Strings(value))
		case "author":
			p.Origin = declaredText(strings.Join(declaredTexts(jsonscan.Strings(value)), ", "))
		case "resources":
			p.Homepage = declaredText(npmMember(value, "homepage"))
		}
		return true
	})
	var okName, okVersion bool
	p.Name, okName = declaredName(m["name"])
	p.Version, okVersion = declaredVersion(m["version"])
	if !okName || !okVersion {
		return errors.Join(errors.New("the metadata has no valid name and version"), err)
	}
	found.Packages = append(found.Packages, p)
	return err
}

var (
	// =head2 date: C<Module> L<Name|Name>
	perlModule  = regexp.MustCompile(`^=head2 .*C<Module> L<([^|>\s]+)\|`)
	perlVersion = regexp.MustCompile(`^C<VERSION: ([^>\s]+)>`)
)

// readPerllocal takes the last entry of each module: it replaced those before.
func readPerllocal(data []byte, f *File, found *Found) {
	at := map[string]int{}
	module, bad := "", 0
	for line := range bytes.Lines(data) {
		if len(line) > maxLine {
			continue
		}
		if m := perlModule.FindSubmatch(line); m != nil {
			module = string(m[1])
			continue
		}
		m := perlVersion.FindSubmatch(line)
		if m == nil || module == "" {
			continue
		}
		name, okName := declaredName(strings.ReplaceAll(module, "::", "-"))
		version, okVersion := declaredVersion(string(m[1]))
		module = ""
		i, again := at[name]
		switch {
		case !okName || !okVersion:
			bad++
		case again:
			found.Packages[i].Version = version
		case len(found.Packages) < maxListed:
			at[name] = len(found.Packages)
			found.Packages = append(found.Packages, image.Package{Type: image.CPAN, Name: name, Version: version, Location: f.Path})
		}
	}
	if bad > 0 {
		found.Gap(image.GapParserFailed, fmt.Sprintf("%d entries without a valid name and version", bad))
	}
}

// joinCPAN leaves out what the log repeats.
func joinCPAN(found []Found) ([]image.Package, []image.Gap) {
	type id struct{ name, version string }
	known := map[id]bool{}
	log := func(f *Found) bool { return f.Path.Base() == "perllocal.pod" }
	for i := range found {
		for j := range found[i].Packages {
			if p := &found[i].Packages[j]; !log(&found[i]) {
				known[id{p.Name, p.Version}] = true
			}
		}
	}
	var packages []image.Package
	for i := range found {
		for _, p := range found[i].Packages {
			if !log(&found[i]) || !known[id{p.Name, p.Version}] {
				packages = append(packages, p)
			}
		}
	}
	return packages, nil
}
