package analysis

import (
	"fmt"

	"landwaiter.dev/analysis/catalog"
	"landwaiter.dev/analysis/license"
	"landwaiter.dev/image"
)

// Parts encodes the parts that the report holds, each to be kept under the layer, its name and its revision.
func (r *Report) Parts() ([]Part, error) {
	var out []Part
	// One buffer serves all parts; file names and digests are most of what there is.
	buffer := make([]byte, 0, 64*kib+100*len(r.Files))
	for _, p := range parts {
		rev, ok := r.Revisions[p.name]
		if !ok {
			continue
		}
		e := &encoder{b: buffer[:0]}
		p.encode(e, r)
		buffer = e.b
		data, err := e.seal()
		if err != nil {
			return nil, fmt.Errorf("encoding part %s: %w", p.name, err)
		}
		out = append(out, Part{Name: p.name, Revision: rev, Data: data})
	}
	return out, nil
}

func (e *encoder) packages(r *Report) {
	list(e, r.Found, e.found)
	list(e, r.Borrowed, func(b Borrowed) { e.path(b.As); e.found(b.Found) })
}

func (e *encoder) keptFiles(r *Report) { list(e, r.Kept, e.kept) }

func (e *encoder) searched(r *Report) {
	list(e, r.Searched.Secrets, e.match)
	list(e, r.Searched.Matches, e.match)
	list(e, r.Searched.Gaps, e.gap)
}

func (e *encoder) retrieved(r *Report) {
	list(e, r.Retrieved.Files, func(f image.RetrievedFile) { e.path(f.Path); e.bytes(f.Content) })
	list(e, r.Retrieved.Gaps, e.gap)
}

func (e *encoder) scanned(r *Report) {
	list(e, r.Scanned.Findings, func(f image.MalwareFinding) { e.path(f.Path); e.string(f.Signature) })
	list(e, r.Scanned.Gaps, e.gap)
}

func (e *encoder) match(m image.TextMatch) {
	e.string(m.Rule)
	e.string(m.Pattern)
	e.path(m.Path)
	e.count(m.Line)
	e.string(m.HMAC)
	e.count(m.More)
}

func (e *encoder) files(r *Report) {
	e.string(string(r.Compression))
	e.int(r.Size)
	e.int(r.TarSize)
	last := image.Path("")
	list(e, r.Files, func(f image.File) { e.file(&f, last); last = f.Path })
	e.paths(r.Whiteouts)
	e.paths(r.Opaques)
	list(e, r.Gaps, e.gap)
}

// Flags of a file.
const (
	hasLink = 1 << iota
	isHardLink
	hasSHA256
	hasMD5
	hasSHA1
	hasXattrs
)

// file writes the path as the length that it shares with the one before and the rest.
func (e *encoder) file(f *image.File, last image.Path) {
	shared := 0
	for shared < min(len(f.Path), len(last)) && f.Path[shared] == last[shared] {
		shared++
	}
	flags := byte(0)
	for _, x := range []struct {
		on  bool
		bit byte
	}{{f.Link != "", hasLink}, {f.HardLink, isHardLink}, {f.SHA256 != nil, hasSHA256}, {f.MD5 != nil, hasMD5}, {f.SHA1 != nil, hasSHA1}, {f.Xattrs != nil, hasXattrs}} {
		if x.on {
			flags |= x.bit
		}
	}
	e.b = append(e.b, flags, byte(f.Type))
	e.uint(uint64(shared))
	e.path(f.Path[shared:])
	e.uint(uint64(f.Mode))
	e.int(int64(f.UID))
	e.int(int64(f.GID))
	e.int(f.Size)
	e.time(f.ModTime)
	if f.Link != "" {
		e.string(f.Link)
	}
	e.b = append(e.b, f.SHA256...)
	e.b = append(e.b, f.MD5...)
	e.b = append(e.b, f.SHA1...)
	if f.Xattrs != nil {
		e.strings(f.Xattrs)
	}
}

func (e *encoder) gap(g image.Gap) {
	e.string(string(g.Kind))
	e.path(g.Path)
	e.int(int64(g.Layer))
	e.string(g.Detail)
	e.count(g.Count)
}

func (e *encoder) kept(k Kept) {
	e.path(k.Path)
	e.path(k.As)
	e.string(k.Fact)
	e.bytes(k.Data)
}

func (e *encoder) found(f catalog.Found) {
	e.string(f.Cataloger)
	e.path(f.Path)
	list(e, f.Packages, e.pkg)
	list(e, f.Declared, e.pkg)
	list(e, f.Lists, func(l catalog.FileList) { e.string(l.Package); list(e, l.Files, e.ownedFile) })
	list(e, f.Texts, e.text)
	list(e, f.Gaps, e.gap)
}

func (e *encoder) text(t license.Text) {
	e.path(t.Path)
	e.string(t.Expression)
	e.count(t.Confidence)
	e.string(t.Form)
	e.strings(t.Refs)
	e.strings(t.Names)
}

func (e *encoder) pkg(p image.Package) {
	for _, s := range []string{string(p.Type), p.Name, p.Namespace, p.Version, p.Arch, p.SourceName, p.SourceVersion, p.SourceRPM, p.Modularity, p.Origin, p.Homepage, p.Inner} {
		e.string(s)
	}
	e.path(p.Location)
	e.strings(p.Licenses)
	e.strings(p.CPEs)
	e.int(p.InstalledSize)
	e.bool(p.Embedded)
	list(e, p.Files, e.ownedFile)
	e.stringMap(p.Extra)
}

func (e *encoder) ownedFile(o image.OwnedFile) {
	e.path(o.Path)
	e.string(o.Algorithm)
	e.string(o.Digest)
	e.uint(uint64(o.Mode))
	e.int(o.Size)
	e.string(o.User)
	e.string(o.Group)
	e.bool(o.Config)
	e.bool(o.Optional)
}
