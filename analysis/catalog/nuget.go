package catalog

import (
	"fmt"
	"strings"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/jsonscan"
)

// NuGet reads the *.deps.json that .NET puts beside a program and beside its shared frameworks: the packages whose
// files were copied there. What the target lists without any file is declared, not installed.
func NuGet() Cataloger {
	return Cataloger{
		Name:     "nuget",
		Revision: 1,
		Doc:      "Installed .NET packages: *.deps.json beside a program.",
		Want:     Want{Suffixes: []string{".deps.json"}},
		Read:     readDepsJSON,
	}
}

func readDepsJSON(f *File, found *Found) error {
	data, ok, err := metadata(f, found)
	if !ok {
		return err
	}
	var target string
	var targets, libraries []byte
	err = jsonscan.Fields(data, func(key, value []byte) bool {
		switch string(key) {
		case "runtimeTarget":
			target = npmMember(value, "name")
		case "targets":
			targets = value
		case "libraries":
			libraries = value
		}
		return true
	})
	files := depsFiles(targets, target)
	bad := 0
	fieldsErr := jsonscan.Fields(libraries, func(id, entry []byte) bool {
		if kind := npmMember(entry, "type"); kind != "package" && kind != "runtimepack" {
			return true // the program itself and its projects
		}
		name, version, _ := strings.Cut(strings.TrimPrefix(string(id), "runtimepack."), "/")
		name, okName := declaredName(name)
		version, okVersion := declaredVersion(version)
		if !okName || !okVersion {
			bad++
			return true
		}
		p := image.Package{Type: image.NuGet, Name: name, Version: version, Location: f.Path}
		if has, known := files[string(id)]; known && !has {
			found.Declared = append(found.Declared, p)
		} else {
			found.Packages = append(found.Packages, p)
		}
		return len(found.Packages)+len(found.Declared) < maxListed
	})
	if len(found.Packages)+len(found.Declared) >= maxListed {
		found.Gap(image.GapLimit, fmt.Sprintf("more than %d packages listed: the rest is left out", maxListed))
	}
	if bad > 0 {
		found.Gap(image.GapParserFailed, fmt.Sprintf("%d entries without a valid name and version", bad))
	}
	if err == nil && libraries != nil {
		err = fieldsErr
	}
	return err
}

// depsFiles says of each library of the target whether it brings a file.
func depsFiles(targets []byte, target string) map[string]bool {
	files := map[string]bool{}
	_ = jsonscan.Fields(targets, func(name, libraries []byte) bool {
		if string(name) != target {
			return true
		}
		_ = jsonscan.Fields(libraries, func(id, entry []byte) bool {
			has := false
			_ = jsonscan.Fields(entry, func(kind, list []byte) bool {
				switch string(kind) {
				case "runtime", "runtimeTargets", "native", "resources":
					has = has || len(list) > 2
				}
				return true
			})
			files[string(id)] = has
			return len(files) < maxListed
		})
		return true
	})
	return files
}
