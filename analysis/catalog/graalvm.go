package catalog

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/execfile"
	"landwaiter.dev/internal/jsonscan"
)

// readNativeImage reads the SBOM that GraalVM's native-image puts into ELF programs (--enable-sbom): CycloneDX in
// JSON, compressed by gzip, where the symbol "sbom" points; the symbol "sbom_length" points to its length. An image
// that was built without it tells nothing of the jars that it was made of, which is a gap.
func readNativeImage(x *execfile.File, f *File, found *Found) error {
	if _, ok := x.Section(".svm_heap"); !ok {
		return nil
	}
	symbols := x.Symbols("sbom", "sbom_length")
	at, ok1 := symbols["sbom"]
	length, ok2 := symbols["sbom_length"]
	if !ok1 || !ok2 {
		found.Gap(image.GapUnsupportedContent, "a GraalVM native image without an SBOM: the jars that it was made of cannot be seen")
		return nil
	}
	n, ok := x.Uint(length)
	if !ok || n > uint64(f.Limits.MetadataBytes) {
		return errors.New("the length of the native image's SBOM makes no sense")
	}
	data, ok := x.At(at, int64(n))
	if !ok {
		return errors.New("the native image's SBOM lies outside the file")
	}
	text, ok, err := inflated(data, f.Limits.MetadataBytes)
	switch {
	case err != nil:
		return fmt.Errorf("the native image's SBOM: %w", err)
	case !ok:
		found.Gap(image.GapLimit, fmt.Sprintf("the native image's SBOM inflates to more than %d bytes: it is not read", f.Limits.MetadataBytes))
		return nil
	}
	return parseNativeSBOM(text, f.Path, found)
}

// inflated decompresses data; false when there is more than limit.
func inflated(data []byte, limit int64) ([]byte, bool, error) {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, false, err
	}
	defer z.Close()
	text, err := io.ReadAll(io.LimitReader(z, limit+1))
	return text, int64(len(text)) <= limit, err
}

// parseNativeSBOM takes the components that are jars.
func parseNativeSBOM(data []byte, location image.Path, found *Found) error {
	var list []byte
	if err := jsonscan.Fields(data, func(key, value []byte) bool {
		if string(key) == "components" {
			list = value
		}
		return true
	}); err != nil {
		return err
	}
	if list == nil {
		return nil
	}
	bad, before := 0, len(found.Packages)
	err := jsonscan.Elements(list, func(entry []byte) bool {
		p, ok := nativeComponent(entry)
		if !ok {
			bad++
			return true
		}
		p.Location = location
		found.Packages = append(found.Packages, p)
		return len(found.Packages)-before < maxListed
	})
	if len(found.Packages)-before >= maxListed {
		found.Gap(image.GapLimit, fmt.Sprintf("more than %d components listed: the rest is left out", maxListed))
	}
	if bad > 0 {
		found.Gap(image.GapParserFailed, fmt.Sprintf("%d components without a valid name and version", bad))
	}
	return err
}

func nativeComponent(entry []byte) (image.Package, bool) {
	p := image.Package{Type: image.Maven, Embedded: true}
	var group, name, version, purl string
	err := jsonscan.Fields(entry, func(key, value []byte) bool {
		switch string(key) {
		case "group":
			group, _ = jsonscan.String(value)
		case "name":
			name, _ = jsonscan.String(value)
		case "version":
			version, _ = jsonscan.String(value)
		case "purl":
			purl, _ = jsonscan.String(value)
		}
		return true
	})
	if g, ok := purlNamespace(purl, "maven"); ok && group == "" {
		group = g
	}
	var okName, okVersion bool
	p.Name, okName = declaredName(name)
	p.Version, okVersion = declaredVersion(version)
	if g, ok := declaredName(group); ok {
		p.Namespace = g
	}
	return p, err == nil && okName && okVersion
}

// purlNamespace is the namespace of a package URL of the given type.
func purlNamespace(purl, kind string) (string, bool) {
	rest, ok := strings.CutPrefix(purl, "pkg:"+kind+"/")
	space, _, ok2 := strings.Cut(rest, "/")
	if !ok || !ok2 {
		return "", false
	}
	s, err := url.PathUnescape(space)
	return s, err == nil
}
