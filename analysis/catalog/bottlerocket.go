package catalog

import (
	"landwaiter.dev/image"
)

const bottlerocketInventory image.Path = "usr/share/bottlerocket/application-inventory.json"

// Bottlerocket reads the inventory of AWS' system for hosts of containers, which is built of rpm packages and has no
// database of them.
func Bottlerocket() Cataloger {
	return Cataloger{
		Name: "bottlerocket", Revision: 1,
		Doc:  "rpm packages of Bottlerocket, from its inventory",
		Want: Want{Paths: []image.Path{bottlerocketInventory}},
		Read: readBottlerocket,
	}
}

func readBottlerocket(f *File, found *Found) error {
	var list struct {
		Content []struct {
			Name, Publisher, Version, Release, Epoch, Architecture, URL string
		}
	}
	if err := decodeInventory(f, &list); err != nil {
		return err
	}
	d := &database{file: f, found: found}
	for _, e := range list.Content {
		p := image.Package{
			Type: image.RPM, Name: e.Name, Arch: onlyWord(e.Architecture), Origin: declaredText(e.Publisher), Homepage: declaredText(e.URL),
		}
		if e.Version != "" {
			p.Version = rpmVersion(e.Epoch, e.Version, e.Release)
		}
		if err := d.add(p); err != nil {
			return ignoreFull(err)
		}
	}
	return nil
}
