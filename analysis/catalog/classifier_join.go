package catalog

import (
	"maps"
	"slices"
	"strings"

	"landwaiter.dev/image"
)

// joinKnown makes one package of the files of one installation that agree in name and version: a program, its library
// and its headers below one prefix, or a JDK's release file and its libraries. The file that says most is the
// location, the others are listed in a fact.
func joinKnown(found []Found) ([]image.Package, []image.Gap) {
	var all []image.Package
	homes := jvmHomes(found)
	at := map[[3]string]int{}
	for _, f := range found {
		for _, p := range f.Packages {
			key := [3]string{p.Name, p.Version, installation(p.Location)}
			switch p.Extra[classifierFact] {
			case jvmLibrary:
				if insideAny(p.Location, homes) {
					continue
				}
				key[2] = string(p.Location)
			case jvmFact: // Several JDKs lie side by side below /usr/lib/jvm.
				key[2] = string(p.Location)
			}
			i, seen := at[key]
			if !seen {
				at[key] = len(all)
				all = append(all, p)
				continue
			}
			first, second := all[i], p
			if rank(second.Location) < rank(first.Location) {
				first, second = second, first
			}
			all[i] = withAlso(first, second)
		}
	}
	return all, nil
}

// maxAlso bounds the list of further files of an installation.
const maxAlso = 10

// withAlso is p with the place of q, and those places that q already has, among its further ones.
func withAlso(p, q image.Package) image.Package {
	paths := append(strings.Fields(p.Extra[alsoFact]), strings.Fields(q.Extra[alsoFact])...)
	paths = append(paths, string(q.Location))
	slices.Sort(paths)
	if len(paths) > maxAlso {
		paths = paths[:maxAlso]
	}
	p.Extra = maps.Clone(p.Extra)
	if s := declaredText(strings.Join(paths, " ")); s != "" {
		p.Extra[alsoFact] = s
	} else {
		delete(p.Extra, alsoFact)
	}
	return p
}

// installation is the directory below which a file was installed: what stands before the first "bin", "lib" or other
// directory of the usual layout. "/" and "/usr" are one.
func installation(p image.Path) string {
	dirs := strings.Split(string(p.Dir()), "/")
	for i, d := range dirs {
		switch d {
		case "bin", "sbin", "lib", "lib32", "lib64", "libexec", "include", "share":
			dirs = dirs[:i]
		default:
			continue
		}
		break
	}
	if home := strings.Join(dirs, "/"); home != "" {
		return home
	}
	return "usr"
}

// rank orders the files of an installation by how well they stand for it: programs, libraries, the rest.
func rank(p image.Path) int {
	switch dir := "/" + string(p.Dir()) + "/"; {
	case strings.Contains(dir, "/bin/"), strings.Contains(dir, "/sbin/"):
		return 0
	case strings.Contains(p.Base(), ".so"):
		return 1
	}
	return 2
}
