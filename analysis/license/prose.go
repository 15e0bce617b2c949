package license

import (
	"bytes"
	"slices"
	"strings"

	"landwaiter.dev/internal/spdx"
)

// maxRefs bounds the references of one file.
const maxRefs = 64

const commonDir = "/usr/share/common-licenses/"

// readProse reads a copyright file in free text: the licences and notices that it holds, and those in
// usr/share/common-licenses that it points to.
func readProse(data []byte) (Text, bool) {
	f := scan(data, false)
	refs := references(data)
	found := f.expression()
	t := Text{Confidence: f.percent, Form: FormText}
	list := []*spdx.Node{found}
	have := found.Licenses()
	for _, name := range refs {
		e, known := Common(name)
		if known && told(have, e) {
			continue
		}
		t.Refs = append(t.Refs, name)
		if known {
			if bytes.Contains(f.folded, []byte("any later version")) || bytes.Contains(f.folded, []byte("or later")) {
				e = strings.Replace(e, "-only", "-or-later", 1)
			}
			list = append(list, spdx.One(e))
		}
	}
	e := spdx.Join(spdx.And, list)
	if e == nil && len(t.Refs) == 0 {
		return Text{}, false
	}
	if found == nil {
		t.Form, t.Confidence = FormReference, 100
	}
	if e != nil {
		var ok bool
		if t.Expression, ok = e.Text(true); !ok {
			return Text{}, false
		}
	}
	// The names are what a reader of the file finds: the references as they stand, and what was recognised.
	t.Names = append(t.Names, refs...)
	for _, id := range have {
		if !told(t.Names, id) && !slices.ContainsFunc(refs, func(r string) bool { c, ok := Common(r); return ok && told([]string{id}, c) }) {
			t.Names = append(t.Names, strings.Fields(id)[0])
		}
	}
	slices.Sort(t.Names)
	t.Names = slices.Compact(t.Names)
	return t, true
}

// references are the names of common licences that a text mentions, in order, each once.
func references(data []byte) []string {
	var list []string
	for len(list) < maxRefs {
		_, rest, ok := bytes.Cut(data, []byte(commonDir))
		if !ok {
			break
		}
		end := 0
		for end < len(rest) && end < maxRef && (digit(rest[end]) || letter(rest[end]|0x20) || rest[end] == '.' || rest[end] == '-' || rest[end] == '_') {
			end++
		}
		name := strings.TrimRight(string(rest[:end]), ".-_")
		if name != "" && !slices.Contains(list, name) {
			list = append(list, name)
		}
		data = rest
	}
	return list
}

// told says whether a licence of the list already says what the reference e says: it is the same one, or the same family
// and e has no version of its own, or a later one that "or later" reaches.
func told(have []string, e string) bool {
	family, version, later := takeApart(e)
	for _, h := range have {
		hf, hv, hl := takeApart(h)
		switch {
		case h == e:
			return true
		case hf != family:
		case later, hv == version, hl && hv < version:
			return true
		}
	}
	return false
}

// takeApart cuts "LGPL-2.1-or-later" into family, version and whether later versions are meant.
func takeApart(id string) (family, version string, later bool) {
	id, _, _ = strings.Cut(id, " ")
	id, later = strings.CutSuffix(id, "-or-later")
	id = strings.TrimSuffix(id, "-only")
	family, rest, _ := strings.Cut(id, "-")
	if family != "GPL" && family != "LGPL" && family != "GFDL" && family != "AGPL" {
		return id, "", false
	}
	return family, rest, later
}
