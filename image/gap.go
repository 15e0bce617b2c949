package image

// Gap is something that an analysis could not see: skipped, unsupported, over a limit, broken or stale. A result with
// gaps is complete but for what they name; policy can act on them.
type Gap struct {
	Kind GapKind `json:"kind"`
	// Path of the file concerned; "" when the whole image or layer is meant.
	Path Path `json:"path,omitempty"`
	// Layer index, or -1 when no single layer is meant.
	Layer int `json:"layer"`
	// Detail is one sentence for people.
	Detail string `json:"detail"`
	// Count is how many more of the same kind were folded into this one; 0 for a single one.
	Count int `json:"count,omitempty"`
}

// GapKind is a stable word for the cause of a gap.
type GapKind string

// GapKinds are all of them, in the order in which they are documented.
func GapKinds() []GapKind {
	return []GapKind{
		GapFileSkipped, GapParserFailed, GapLimit, GapMediaType, GapUnknownDistro, GapNoPackageDatabase, GapDatabaseRemoved, GapNotRead, GapUnidentified, GapNoAdvisories,
		GapStaleAdvisories, GapUncomparable, GapHistory, GapPlatform, GapAttestations, GapUnsupportedContent, GapNotCompared, GapMalwareScanner, GapHints,
	}
}

// The causes of gaps.
const (
	GapFileSkipped        GapKind = "file_skipped"         // over a limit, unreadable name, unsupported entry
	GapParserFailed       GapKind = "parser_failed"        // a cataloguer refused or panicked on a file
	GapLimit              GapKind = "limit_hit"            // a limit of the table ended some work early
	GapMediaType          GapKind = "media_type_mismatch"  // a layer's bytes disagree with its declared media type
	GapUnknownDistro      GapKind = "unknown_distribution" // a package database without a distribution that we know
	GapNoPackageDatabase  GapKind = "no_package_database"  // a known distribution without a package database
	GapDatabaseRemoved    GapKind = "package_database_removed"
	GapUnidentified       GapKind = "unidentified_package" // an archive without usable coordinates
	GapNoAdvisories       GapKind = "no_advisories"        // an ecosystem or release without advisory data
	GapStaleAdvisories    GapKind = "stale_advisories"
	GapUncomparable       GapKind = "version_not_understood"
	GapHistory            GapKind = "history_mismatch" // history and layers do not fit together
	GapPlatform           GapKind = "platform_fallback"
	GapNotCompared        GapKind = "not_compared"    // a packaged file that could not be verified
	GapMalwareScanner     GapKind = "malware_scanner" // the scanner did not answer, or met a limit of its own
	GapHints              GapKind = "hints"           // packages are listed because the image's hints file says so
	GapNotRead            GapKind = "not_read"        // an image that came as documents: its layers were never here
	GapAttestations       GapKind = "attestations"    // VEX documents next to the image could not be read
	GapUnsupportedContent GapKind = "unsupported_content"
)
