package catalog

import (
	"fmt"
	"regexp"
	"strings"

	"landwaiter.dev/image"
)

// LuaRocks reads the rockspec of each installed rock: rocks-5.1/NAME/VERSION/NAME-VERSION.rockspec. A rockspec is Lua
// code, which is never run: name and version come from its place, the rest from plain assignments.
func LuaRocks() Cataloger {
	return Cataloger{
		Name:     "luarocks",
		Revision: 1,
		Doc:      "Installed Lua rocks: rocks-*/NAME/VERSION/*.rockspec.",
		Want:     Want{Suffixes: []string{".rockspec"}},
		Read:     readRockspec,
	}
}

// luaField is "key = value" where the value is a plain string.
var luaField = regexp.MustCompile(`(?m)^[ \t]*(license|homepage|maintainer)[ \t]*=[ \t]*(?:"([^"\n\\]*)"|'([^'\n\\]*)'|\[\[([^\]\n]*)\]\])`)

func readRockspec(f *File, found *Found) error {
	dir := f.Path.Dir()
	name, version, tree := dir.Dir().Base(), dir.Base(), dir.Dir().Dir().Base()
	if tree != "rocks" && !strings.HasPrefix(tree, "rocks-") || !strings.EqualFold(f.Path.Base(), name+"-"+version+".rockspec") {
		return nil // of a source tree
	}
	data, ok, err := metadata(f, found)
	if !ok {
		return err
	}
	p := image.Package{Type: image.LuaRocks, Location: f.Path}
	var okName, okVersion bool
	p.Name, okName = declaredName(name)
	p.Version, okVersion = declaredVersion(version)
	if !okName || !okVersion {
		return fmt.Errorf("the rock's place gives no valid name and version")
	}
	for _, m := range luaField.FindAllSubmatch(data, 20) {
		value := declaredText(string(m[2]) + string(m[3]) + string(m[4]))
		switch string(m[1]) {
		case "license":
			p.Licenses = declaredTexts([]string{value})
		case "homepage":
			p.Homepage = firstOf(p.Homepage, value)
		case "maintainer":
			p.Origin = firstOf(p.Origin, value)
		}
	}
	found.Packages = append(found.Packages, p)
	return nil
}
