package catalog

import (
	"path"
	"strconv"
	"strings"

	"landwaiter.dev/image"
)

// opkgDirs are where OpenWrt, and the Yocto project older and newer, keep opkg's database.
var opkgDirs = []image.Path{"usr/lib/opkg", "var/lib/opkg"}

// Opkg reads the packages of OpenWrt and Yocto images: opkg's status file, which is like dpkg's, and beside it the control
// file of each package, which knows licence and source, and its list of files.
func Opkg() Cataloger {
	var want Want
	for _, dir := range opkgDirs {
		want.Paths = append(want.Paths, dir+"/status")
		want.In = append(want.In, dir+"/info")
	}
	return Cataloger{
		Name: "opkg", Revision: 1,
		Doc:  "OpenWrt and Yocto packages, from opkg's status file, with their file lists",
		Want: want,
		Read: readOpkg,
		Join: joinOpkg,
	}
}

func readOpkg(f *File, found *Found) error {
	d := &database{file: f, found: found}
	base := f.Path.Base()
	switch {
	case base == "status" && f.Path.Dir().Base() != "info":
		if err := readStatus(d, true); err != nil {
			return err
		}
	case strings.HasSuffix(base, ".control"):
		if err := readStatus(d, false); err != nil {
			return err
		}
	case strings.HasSuffix(base, ".list"):
		return readOpkgList(d, strings.TrimSuffix(base, ".list"))
	}
	for i := range found.Packages {
		p := &found.Packages[i]
		p.Type = image.Opkg
		p.InstalledSize /= 1000 // opkg counts bytes, where dpkg counts thousands
		if p.SourceName = opkgSource(p.SourceName); p.SourceName == "" {
			p.SourceName = p.Name
		}
	}
	return nil
}

// opkgSource is the name of the source package in what the field says: OpenWrt names the directory in its tree,
// "package/libs/openssl", Yocto the recipe, "openssl_3.0.8.bb".
func opkgSource(s string) string {
	s = path.Base(s)
	if recipe, ok := strings.CutSuffix(s, ".bb"); ok {
		s, _, _ = strings.Cut(recipe, "_")
	}
	if s == "." || s == "/" {
		return ""
	}
	return onlyWord(s)
}

// readOpkgList reads info/NAME.list: a path a line, with newer versions a mode and the target of a link after tabs.
func readOpkgList(d *database, owner string) error {
	text, err := textOf(d.file)
	if err != nil {
		return err
	}
	list := FileList{Package: owner}
	for line := range strings.SplitSeq(text, "\n") {
		f := image.OwnedFile{Size: -1}
		name, rest, _ := strings.Cut(strings.TrimRight(line, "\r"), "\t")
		mode, _, _ := strings.Cut(rest, "\t")
		if n, err := strconv.ParseUint(mode, 8, 16); err == nil && n&0o170000 != 0 {
			if f.Mode = uint32(n); n&0o170000 == 0o040000 {
				continue // directories belong to many packages
			}
		}
		if name == "" || strings.HasSuffix(name, "/") {
			continue
		}
		var ok bool
		if f.Path, ok = d.own("", name); ok && f.Path != "" {
			list.Files = append(list.Files, f)
		}
	}
	d.found.Lists = append(d.found.Lists, list)
	return nil
}

// joinOpkg takes the packages of the status files, and lays on each what its control file and its list say.
func joinOpkg(found []Found) ([]image.Package, []image.Gap) {
	lists := map[string][]FileList{}
	control := map[image.PackageRef]*image.Package{}
	for i := range found {
		for _, l := range found[i].Lists {
			lists[l.Package] = append(lists[l.Package], l)
		}
		for k := range found[i].Packages {
			if p := &found[i].Packages[k]; p.Location.Base() != "status" {
				control[p.Ref()] = p
			}
		}
	}
	var packages []image.Package
	known := map[image.PackageRef]bool{}
	at := map[image.Path]int{}
	for i := range found {
		for _, p := range found[i].Packages {
			if p.Location.Base() != "status" || known[p.Ref()] {
				continue
			}
			known[p.Ref()] = true
			if c := control[p.Ref()]; c != nil {
				if p.Licenses == nil {
					p.Licenses = c.Licenses
				}
				if p.SourceName == p.Name {
					p.SourceName, p.SourceVersion = c.SourceName, c.SourceVersion
				}
				p.Origin, p.Homepage = firstOf(p.Origin, c.Origin), firstOf(p.Homepage, c.Homepage)
				p.InstalledSize = max(p.InstalledSize, c.InstalledSize)
			}
			p.Files = joinFiles(p.Files, lists[p.Name], at)
			packages = append(packages, p)
		}
	}
	return packages, nil
}
