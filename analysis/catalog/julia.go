package catalog

import (
	"fmt"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/tomlscan"
)

// Julia reads the Project.toml of packages in a depot: packages/NAME/SLUG/Project.toml.
func Julia() Cataloger {
	return Cataloger{
		Name:     "julia",
		Revision: 1,
		Doc:      "Installed Julia packages: packages/NAME/SLUG/Project.toml of a depot.",
		Want:     Want{Names: []string{"Project.toml", "JuliaProject.toml"}},
		Read:     readJuliaProject,
	}
}

func readJuliaProject(f *File, found *Found) error {
	dir := f.Path.Dir()
	if dir.Dir().Dir().Base() != "packages" {
		return nil // a project's own settings
	}
	data, ok, err := metadata(f, found)
	if !ok {
		return err
	}
	var top tomlscan.Table
	_ = tomlscan.Tables(data, func(t tomlscan.Table) bool {
		if t.Name == "" {
			top = t
		}
		return false
	})
	if top.String("name") != dir.Dir().Base() || top.Fields["uuid"] == nil {
		return nil
	}
	p := image.Package{Type: image.Julia, Location: f.Path}
	var okName, okVersion bool
	p.Name, okName = declaredName(top.String("name"))
	p.Version, okVersion = declaredVersion(top.String("version"))
	if !okName || !okVersion {
		return fmt.Errorf("a package without a valid name and version")
	}
	extra(&p, "uuid", top.String("uuid"))
	found.Packages = append(found.Packages, p)
	return nil
}
