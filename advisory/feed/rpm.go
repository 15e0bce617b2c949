package feed

import "landwaiter.dev/advisory"

// rpmBuild is the build of a package that mends what an advisory is about.
type rpmBuild struct {
	ecosystem, name, module string
	// variant keeps builds apart that are never compared; "" where there are none.
	variant string
	// arch of the packages, or of the machines that they are for; "" for all.
	arch string
	evr  string
}

// rpmFixes gathers the builds that one advisory names. Of several builds for one architecture the last one counts: whoever
// has an earlier one still lacks something.
type rpmFixes struct {
	// arches says which architectures of packages an entry is limited to, by those that were named with the build; only
	// says that no other build was named for others.
	arches func(named []string, only bool) []string

	list []rpmBuild
	at   map[rpmBuild]int // without evr
}

func (f *rpmFixes) add(b rpmBuild) {
	key := b
	key.evr = ""
	if f.at == nil {
		f.at = map[rpmBuild]int{}
	}
	i, twice := f.at[key]
	switch {
	case !twice:
		f.at[key] = len(f.list)
		f.list = append(f.list, b)
	case newer(b.ecosystem, b.evr, f.list[i].evr):
		f.list[i].evr = b.evr
	}
}

// affected makes the entries, in the order in which the packages were named first.
func (f *rpmFixes) affected() []advisory.Affected {
	type group struct {
		rpmBuild
		arches []string
	}
	var groups []group
	at, builds := map[rpmBuild]int{}, map[rpmBuild]int{}
	for _, b := range f.list {
		key := b
		key.arch = ""
		i, known := at[key]
		if !known {
			i = len(groups)
			at[key] = i
			groups = append(groups, group{rpmBuild: key})
			key.evr = ""
			builds[key]++
		}
		groups[i].arches = append(groups[i].arches, b.arch)
	}
	out := make([]advisory.Affected, 0, len(groups))
	for _, g := range groups {
		a := advisory.Affected{
			Ecosystem: g.ecosystem, Package: g.name, Module: g.module,
			Ranges: []advisory.Range{{Type: "ECOSYSTEM", Events: []advisory.Event{{Introduced: "0"}, {Fixed: g.evr}}}},
		}
		key := g.rpmBuild
		key.evr = ""
		a.Arches = f.arches(g.arches, builds[key] == 1)
		out = append(out, a)
	}
	return some(out)
}
