package catalog

import (
	"errors"
	"fmt"
	"strings"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/zipdir"
)

// pythonMetadata is the metadata text of a distribution: the file itself, or EGG-INFO/PKG-INFO of a zipped egg.
func pythonMetadata(f *File, found *Found) ([]byte, bool, error) {
	if !strings.HasSuffix(strings.ToLower(f.Path.Base()), ".egg") {
		return metadata(f, found)
	}
	egg, err := zipdir.Open(f.Content, f.Size, f.Limits.ArchiveEntries, func(name []byte) bool { return string(name) == "EGG-INFO/PKG-INFO" })
	switch {
	case egg == nil:
		return nil, false, err
	case len(egg.Entries) == 0 && err != nil:
		return nil, false, err
	case len(egg.Entries) == 0:
		return nil, false, nil // some other archive of that name
	}
	data, err := egg.Read(&egg.Entries[0], f.Limits.MetadataBytes)
	if errors.Is(err, zipdir.ErrTooLarge) {
		found.Gap(image.GapLimit, fmt.Sprintf("EGG-INFO/PKG-INFO is over the limit of %d bytes", f.Limits.MetadataBytes))
		return nil, false, nil
	}
	return data, err == nil, err
}
