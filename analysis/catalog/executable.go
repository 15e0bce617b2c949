package catalog

import (
	"errors"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/execfile"
)

// Executable reads what compilers, linkers and packagers put into programs and libraries about their parts. The
// headers of a file are read once for all readers: each looks for its own section, and most files have none.
func Executable() Cataloger {
	return Cataloger{
		Name:     "executable",
		Revision: 1,
		Doc: "Parts of programs (ELF, PE, Mach-O): modules of Go programs from their build information, crates of Rust " +
			"programs that were built with cargo auditable, package notes, SBOMs of GraalVM native images.",
		Want: Want{Executables: true},
		Read: readExecutable,
		Join: joinExecutables,
	}
}

// executableReaders see the same view, one after the other.
var executableReaders = []func(x *execfile.File, f *File, found *Found) error{
	readGoBinary,
	readRustBinary,
	readELFNote,
	readNativeImage,
}

func readExecutable(f *File, found *Found) error {
	x, err := execfile.Open(f.Content, f.Size)
	switch {
	case errors.Is(err, execfile.ErrNotExecutable):
		return nil
	case errors.Is(err, execfile.ErrFormat):
		found.Gap(image.GapFileSkipped, err.Error())
		return nil
	case err != nil:
		return err
	case x.Packed():
		found.Gap(image.GapUnsupportedContent, "packed with UPX: what the program is made of cannot be seen")
		return nil
	}
	for _, read := range executableReaders {
		if err := read(x, f, found); err != nil {
			found.Gap(image.GapParserFailed, err.Error())
		}
	}
	return nil
}

// joinExecutables lists a package that many programs name in their notes once, at the first of them.
func joinExecutables(found []Found) ([]image.Package, []image.Gap) {
	var all []image.Package
	seen := map[[4]string]bool{}
	for _, f := range found {
		for _, p := range f.Packages {
			if kind := p.Extra[noteType]; kind != "" {
				key := [4]string{kind, p.Name, p.Version, p.Arch}
				if seen[key] {
					continue
				}
				seen[key] = true
			}
			all = append(all, p)
		}
	}
	return all, nil
}
