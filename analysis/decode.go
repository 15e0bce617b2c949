package analysis

import (
	"fmt"
	"math"
	"slices"

	"landwaiter.dev/analysis/catalog"
	"landwaiter.dev/analysis/license"
	"landwaiter.dev/image"
)

// DecodeReport puts a report together from kept parts; parts with names that it does not know are left out. A part that
// is damaged is an error, never a smaller report.
func DecodeReport(layer image.LayerID, kept []Part) (*Report, error) {
	r := &Report{Layer: layer, Revisions: map[string]string{}}
	for _, p := range kept {
		at := slices.IndexFunc(parts, func(known part) bool { return known.name == p.Name })
		if at < 0 {
			continue
		}
		d, err := unseal(p.Data)
		if err == nil {
			parts[at].decode(d, r)
			err = d.done()
		}
		if err != nil {
			return nil, fmt.Errorf("layer %s, part %s: %w", layer.Blob.Short(), p.Name, err)
		}
		r.Revisions[p.Name] = p.Revision
	}
	return r, nil
}

func (d *decoder) packages(r *Report) {
	r.Found = read(d, d.found)
	r.Borrowed = read(d, func() Borrowed { return Borrowed{As: d.path(), Found: d.found()} })
}

func (d *decoder) keptFiles(r *Report) { r.Kept = read(d, d.kept) }

func (d *decoder) searched(r *Report) {
	r.Searched = Searched{Secrets: read(d, d.match), Matches: read(d, d.match), Gaps: read(d, d.gap)}
}

func (d *decoder) retrieved(r *Report) {
	r.Retrieved.Files = read(d, func() image.RetrievedFile { return image.RetrievedFile{Path: d.path(), Content: d.bytes()} })
	r.Retrieved.Gaps = read(d, d.gap)
}

func (d *decoder) scanned(r *Report) {
	r.Scanned.Findings = read(d, func() image.MalwareFinding { return image.MalwareFinding{Path: d.path(), Signature: d.string()} })
	r.Scanned.Gaps = read(d, d.gap)
}

func (d *decoder) match() image.TextMatch {
	return image.TextMatch{
		Rule: d.string(), Pattern: d.string(), Path: d.path(), Line: int(d.limited(math.MaxInt)), HMAC: d.string(), More: int(d.limited(math.MaxInt)),
	}
}

func (d *decoder) files(r *Report) {
	r.Compression = Compression(d.string())
	r.Size, r.TarSize = d.int(), d.int()
	last := image.Path("")
	r.Files = read(d, func() image.File {
		f := d.file(last)
		if d.err == nil && f.Path <= last {
			d.fail() // Files are sorted, and none has the root's empty path.
		}
		last = f.Path
		return f
	})
	r.Whiteouts, r.Opaques = d.paths(), d.paths()
	r.Gaps = read(d, d.gap)
}

func (d *decoder) file(last image.Path) image.File {
	flags, kind, shared := d.byte(), d.byte(), d.uint()
	if shared > uint64(len(last)) {
		d.fail()
		return image.File{}
	}
	f := image.File{Type: image.FileType(kind), Path: d.checked(string(last[:shared]) + d.string())}
	if f.Type < image.Regular || f.Type > image.UnknownType {
		d.fail()
	}
	f.Mode = uint16(d.limited(0o7777))
	f.UID, f.GID, f.Size, f.ModTime = int(d.int()), int(d.int()), d.int(), d.time()
	if flags&hasLink != 0 {
		f.Link = d.string()
	}
	f.HardLink = flags&isHardLink != 0
	if n := digestBytes(flags); n > 0 {
		// One allocation for all digests of a file.
		sums := append(make([]byte, 0, n), d.take(n)...)
		cut := func(bit byte, n int) []byte {
			if flags&bit == 0 || len(sums) < n {
				return nil
			}
			s := sums[:n:n]
			sums = sums[n:]
			return s
		}
		f.SHA256, f.MD5, f.SHA1 = cut(hasSHA256, 32), cut(hasMD5, 16), cut(hasSHA1, 20)
	}
	if flags&hasXattrs != 0 {
		f.Xattrs = d.strings()
	}
	return f
}

func digestBytes(flags byte) (n int) {
	if flags&hasSHA256 != 0 {
		n += 32
	}
	if flags&hasMD5 != 0 {
		n += 16
	}
	if flags&hasSHA1 != 0 {
		n += 20
	}
	return n
}

func (d *decoder) limited(most uint64) uint64 {
	v := d.uint()
	if v > most {
		d.fail()
		return 0
	}
	return v
}

func (d *decoder) gap() image.Gap {
	return image.Gap{Kind: image.GapKind(d.string()), Path: d.path(), Layer: int(d.int()), Detail: d.string(), Count: int(d.limited(math.MaxInt32))}
}

func (d *decoder) kept() Kept {
	return Kept{Path: d.path(), As: d.path(), Fact: d.string(), Data: d.bytes()}
}

func (d *decoder) found() catalog.Found {
	f := catalog.Found{Cataloger: d.string(), Path: d.path(), Packages: read(d, d.pkg), Declared: read(d, d.pkg)}
	f.Lists = read(d, func() catalog.FileList {
		return catalog.FileList{Package: d.string(), Files: read(d, d.ownedFile)}
	})
	f.Texts = read(d, d.text)
	f.Gaps = read(d, d.gap)
	return f
}

func (d *decoder) text() license.Text {
	return license.Text{
		Path: d.path(), Expression: d.string(), Confidence: int(d.limited(100)), Form: d.string(), Refs: d.strings(), Names: d.strings(),
	}
}

func (d *decoder) pkg() image.Package {
	var p image.Package
	p.Type = image.PackageType(d.string())
	for _, s := range []*string{&p.Name, &p.Namespace, &p.Version, &p.Arch, &p.SourceName, &p.SourceVersion, &p.SourceRPM, &p.Modularity, &p.Origin, &p.Homepage, &p.Inner} {
		*s = d.string()
	}
	p.Location = d.path()
	p.Licenses, p.CPEs = d.strings(), d.strings()
	p.InstalledSize = d.int()
	p.Embedded = d.bool()
	p.Files = read(d, d.ownedFile)
	p.Extra = d.stringMap()
	return p
}

func (d *decoder) ownedFile() image.OwnedFile {
	return image.OwnedFile{
		Path: d.path(), Algorithm: d.string(), Digest: d.string(), Mode: uint32(d.limited(math.MaxUint32)), Size: d.int(),
		User: d.string(), Group: d.string(), Config: d.bool(), Optional: d.bool(),
	}
}
