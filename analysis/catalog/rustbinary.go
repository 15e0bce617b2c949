package catalog

import (
	"compress/zlib"
	"fmt"
	"io"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/execfile"
	"landwaiter.dev/internal/jsonscan"
)

// auditableNames are the section's names; Mach-O has no leading dot in some linkers' output.
var auditableNames = []string{".dep-v0", "__dep-v0", "rust-deps-v0"}

// readRustBinary reads what "cargo auditable" puts into a program: a section of zlib-compressed JSON that lists the
// crates of the build. A Rust program that was built without it tells nothing, and nothing is guessed. Crates that only
// the build needed are listed too, marked in Extra["kind"]: some of them, like openssl-src, carry the code that ends up
// in the program.
func readRustBinary(x *execfile.File, f *File, found *Found) error {
	for _, name := range auditableNames {
		s, ok := x.Section(name)
		if !ok {
			continue
		}
		data, ok, err := inflateAuditable(f, s, found)
		if !ok {
			return err
		}
		return parseAuditable(data, f.Path, found)
	}
	return nil
}

// inflateAuditable decompresses the section within the limit for metadata.
func inflateAuditable(f *File, s execfile.Section, found *Found) ([]byte, bool, error) {
	z, err := zlib.NewReader(io.NewSectionReader(f.Content, s.Offset, s.Size))
	if err != nil {
		return nil, false, fmt.Errorf("section %s: %w", s.Name, err)
	}
	defer z.Close()
	data, err := io.ReadAll(io.LimitReader(z, f.Limits.MetadataBytes+1))
	if err != nil {
		return nil, false, fmt.Errorf("section %s: %w", s.Name, err)
	}
	if int64(len(data)) > f.Limits.MetadataBytes {
		found.Gap(image.GapLimit, fmt.Sprintf("section %s inflates to more than %d bytes: it is not read", s.Name, f.Limits.MetadataBytes))
		return nil, false, nil
	}
	return data, true, nil
}

func parseAuditable(data []byte, location image.Path, found *Found) error {
	var list []byte
	if err := jsonscan.Fields(data, func(key, value []byte) bool {
		if string(key) == "packages" {
			list = value
		}
		return true
	}); err != nil {
		return err
	}
	bad := 0
	err := jsonscan.Elements(list, func(entry []byte) bool {
		p, ok := auditableCrate(entry)
		if !ok {
			bad++
			return true
		}
		p.Location = location
		found.Packages = append(found.Packages, p)
		return len(found.Packages) < maxListed
	})
	if len(found.Packages) >= maxListed {
		found.Gap(image.GapLimit, fmt.Sprintf("more than %d crates listed: the rest is left out", maxListed))
	}
	if bad > 0 {
		found.Gap(image.GapParserFailed, fmt.Sprintf("%d entries without a valid name and version", bad))
	}
	return err
}

func auditableCrate(entry []byte) (image.Package, bool) {
	p := image.Package{Type: image.Cargo, Extra: map[string]string{}}
	var name, version string
	err := jsonscan.Fields(entry, func(key, value []byte) bool {
		switch string(key) {
		case "name":
			name, _ = jsonscan.String(value)
		case "version":
			version, _ = jsonscan.String(value)
		case "source", "kind":
			if s, _ := jsonscan.String(value); s != "" && s != "runtime" {
				p.Extra[string(key)] = declaredText(s)
			}
		case "root":
			if string(value) == "true" {
				p.Extra["root"] = "true"
			}
		}
		return true
	})
	if len(p.Extra) == 0 {
		p.Extra = nil
	}
	var okName, okVersion bool
	p.Name, okName = declaredName(name)
	p.Version, okVersion = declaredVersion(version)
	return p, err == nil && okName && okVersion
}
