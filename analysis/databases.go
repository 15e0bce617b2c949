package analysis

import (
	"landwaiter.dev/image"
)

// attribution follows the package databases from layer to layer. A package belongs to the layer since which the
// database has had this version of it.
type attribution struct {
	// sources are the files, in any layer so far, that list operating-system packages.
	sources map[image.Path]source
	since   map[packageKey]int
	// last is the newest layer after which there was a package of the type.
	last map[image.PackageType]int
}

type source struct {
	layer    int
	packages []packageKey
}

type packageKey struct {
	kind                            image.PackageType
	name, version, arch, modularity string
}

func keyOf(p *image.Package) packageKey {
	return packageKey{p.Type, p.Name, p.Version, p.Arch, p.Modularity}
}

func newAttribution() *attribution {
	return &attribution{sources: map[image.Path]source{}, since: map[packageKey]int{}, last: map[image.PackageType]int{}}
}

// layer is told the state after layer i.
func (a *attribution) layer(i int, r *Report, o *overlay) {
	changed := false
	for p, s := range a.sources {
		if n := o.nodes[p]; n == nil || n.layer != s.layer {
			delete(a.sources, p)
			changed = true
		}
	}
	fresh := map[image.Path]source{}
	for k := range r.Found {
		collect(fresh, r.Found[k].Path, r.Found[k].Packages, i)
	}
	for k := range r.Borrowed {
		collect(fresh, r.Borrowed[k].Found.Path, r.Borrowed[k].Found.Packages, i)
	}
	for p, s := range fresh {
		if n := o.nodes[p]; n != nil && n.layer == i {
			a.sources[p] = s
			changed = true
		}
	}
	if changed {
		now := map[packageKey]int{}
		for _, s := range a.sources {
			for _, k := range s.packages {
				if first, ok := a.since[k]; ok {
					now[k] = first
				} else {
					now[k] = i
				}
			}
		}
		a.since = now
	}
	for _, s := range a.sources {
		if len(s.packages) > 0 {
			a.last[s.packages[0].kind] = i
		}
	}
}

func collect(into map[image.Path]source, path image.Path, packages []image.Package, layer int) {
	s := into[path]
	for i := range packages {
		if packages[i].Type.OS() {
			s.packages = append(s.packages, keyOf(&packages[i]))
		}
	}
	if len(s.packages) > 0 {
		s.layer = layer
		into[path] = s
	}
}

// database says whether a path belongs to a package database, which nobody owns though packages list it.
func database(p image.Path) bool {
	for _, dir := range databaseDirs {
		if p.Under(dir) {
			return true
		}
	}
	return false
}

var databaseDirs = []image.Path{
	"var/lib/dpkg", "var/lib/chisel",
	"lib/apk/db", "usr/lib/apk/db", "var/lib/apk/db",
	"var/lib/rpm", "usr/lib/sysimage/rpm", "usr/share/rpm", "var/lib/rpmmanifest",
	"var/lib/pacman", "var/db/pkg", "usr/lib/opkg", "var/lib/opkg",
}

// databaseTypes are the packages whose database may get lost: when it was there in one layer and is gone in a later one,
// that is a gap.
var databaseTypes = []image.PackageType{image.APK, image.Deb, image.RPM, image.ALPM, image.Ebuild, image.Opkg}
