package catalog

import (
	"debug/buildinfo"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/execfile"
)

// readGoBinary reads the build information that the Go linker puts into every program, stripped or not: the main module,
// its dependencies (a replaced one under its replacement) and, as package "stdlib", the standard library by the
// toolchain's version.
func readGoBinary(x *execfile.File, f *File, found *Found) error {
	if !mayBeGo(x) {
		return nil
	}
	info, err := readBuildInfo(f)
	switch {
	case errors.Is(err, errBuildInfoLimit):
		found.Gap(image.GapLimit, err.Error())
		return nil
	case err != nil && surelyGo(x):
		return fmt.Errorf("a Go program whose build information cannot be read: %w", err)
	case err != nil:
		return nil // most likely not a Go program
	}
	if !addGoModules(f.Path, info, found) {
		return errors.New("a Go program whose build information names neither modules nor a toolchain")
	}
	return addGoProgram(x, f, info, found)
}

// surelyGo says whether there is a section that only the Go linker makes.
func surelyGo(x *execfile.File) bool {
	_, elf := x.Section(".go.buildinfo")
	_, macho := x.Section("__go_buildinfo")
	return elf || macho
}

// mayBeGo keeps the many other executables away from a search through their data: ELF and Mach-O have a section of
// that name, unless their section table was removed; in PE the information is somewhere in the data.
func mayBeGo(x *execfile.File) bool {
	return x.Format == execfile.PE || x.Format == execfile.ELF && len(x.Sections) == 0 || surelyGo(x)
}

// maxBuildInfoReads bounds what is read of one executable in search of its build information.
const maxBuildInfoReads = 32 << 20

var errBuildInfoLimit = fmt.Errorf("the search for Go build information ended after %d bytes", maxBuildInfoReads)

// readBuildInfo calls the standard library's reader, which was written for files that one trusts.
func readBuildInfo(f *File) (info *buildinfo.BuildInfo, err error) {
	r := &meteredReader{r: io.NewSectionReader(f.Content, 0, f.Size), left: maxBuildInfoReads}
	defer func() {
		if p := recover(); p != nil {
			info, err = nil, fmt.Errorf("build information is broken: %v", p)
		}
		if r.left < 0 {
			info, err = nil, errBuildInfoLimit
		}
	}()
	return buildinfo.Read(r)
}

// meteredReader refuses to read more than it was given.
type meteredReader struct {
	r    io.ReaderAt
	left int64
}

func (m *meteredReader) ReadAt(p []byte, at int64) (int, error) {
	if m.left -= int64(len(p)); m.left < 0 {
		return 0, errBuildInfoLimit
	}
	return m.r.ReadAt(p, at)
}

// addGoModules says whether there was anything.
func addGoModules(location image.Path, info *buildinfo.BuildInfo, found *Found) bool {
	before := len(found.Packages)
	add := func(m debug.Module, extra map[string]string) {
		name, ok := declaredName(m.Path)
		if !ok {
			return
		}
		version, ok := declaredVersion(m.Version)
		if !ok || version == "(devel)" {
			version = ""
		}
		if m.Sum != "" {
			extra["h1"] = declaredText(m.Sum)
		}
		found.Packages = append(found.Packages, image.Package{Type: image.Golang, Name: name, Version: version, Location: location, Extra: extra})
	}
	if info.Main.Path != "" {
		add(info.Main, mainModuleFacts(info))
	}
	for i, dep := range info.Deps {
		if i == maxListed {
			found.Gap(image.GapLimit, fmt.Sprintf("more than %d modules: the rest is left out", maxListed))
			break
		}
		extra := map[string]string{}
		if dep == nil {
			continue
		}
		m := *dep
		if r := dep.Replace; r != nil {
			if m = *r; r.Version == "" || r.Version == "(devel)" { // a directory on the builder's disk: the module, changed
				m.Path = dep.Path
				extra["replaced-by"] = declaredText(r.Path)
			} else {
				extra["replaces"] = declaredText(dep.Path + "@" + dep.Version)
			}
		}
		add(m, extra)
	}
	if v, ok := declaredVersion(goVersion(info.GoVersion)); ok {
		add(debug.Module{Path: "stdlib", Version: v}, map[string]string{"go-version": declaredText(info.GoVersion)})
	}
	return len(found.Packages) > before
}

// mainModuleFacts are what tells a program apart that has no version of its own.
func mainModuleFacts(info *buildinfo.BuildInfo) map[string]string {
	extra := map[string]string{"main": "true", "go-version": declaredText(info.GoVersion)}
	if p := declaredText(info.Path); p != "" {
		extra["path"] = p
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision", "vcs.time", "vcs.modified":
			extra[s.Key] = declaredText(s.Value)
		case "-ldflags":
			if v := linkedVersion(s.Value); v != "" {
				extra["ldflags-version"] = v
			}
		}
	}
	return extra
}

// goVersion is the toolchain's version without "go": the first token of "go1.22.2 X:boringcrypto", and the second of
// "devel go1.23-0123abcd Tue …". What vendors append to a release ("go1.22.2-fips", "go1.22.2-X:…") is not part of it.
func goVersion(s string) string {
	tokens := strings.Fields(s)
	for _, token := range tokens {
		v, ok := strings.CutPrefix(token, "go")
		if !ok || v == "" || v[0] < '0' || v[0] > '9' {
			continue
		}
		if tokens[0] != "devel" {
			v, _, _ = strings.Cut(v, "-")
		}
		return v
	}
	return ""
}
