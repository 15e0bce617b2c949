package image

// TextMatch is a place where a rule found its text. What was found is not kept: for a secret only a keyed digest is, by
// which equal secrets can be told to be equal.
type TextMatch struct {
	// Rule by its name.
	Rule string `json:"rule"`
	// Pattern is the regular expression of a rule that has one; "" for a detector of the library.
	Pattern string `json:"pattern,omitempty"`
	Path    Path   `json:"path,omitempty"`
	// Place is where in the image's config the text stands, for example "env PASSWORD"; "" for files.
	Place string `json:"place,omitempty"`
	// Line from 1.
	Line int `json:"line"`
	// Layer index, or -1 for the config.
	Layer int `json:"layer"`
	// Removed says that a later layer deleted or replaced the file: who pulls the image has it all the same.
	Removed bool `json:"removed,omitempty"`
	// HMAC-SHA256 of the secret with the installation's key, hexadecimal.
	HMAC string `json:"hmac,omitempty"`
	// More counts further matches of the rule in the file that are not listed.
	More int `json:"more,omitempty"`
}

// RetrievedFile is a file that the settings ask for, with its content.
type RetrievedFile struct {
	Path    Path   `json:"path"`
	Content []byte `json:"content"`
}

// Verification is the outcome of comparing files with package databases.
type Verification struct {
	// Compared counts files whose content agreed or differed, Uncompared those for which database or analysis has no
	// digest.
	Compared   int `json:"compared"`
	Uncompared int `json:"uncompared"`
	// Differences by path, then package.
	Differences []FileDifference `json:"differences"`
}

// FileDifference is a file that is not as its package brought it.
type FileDifference struct {
	Path    Path       `json:"path"`
	Package PackageRef `json:"package"`
	// Status is [FileChanged], [FileMissing] or [FileModeChanged].
	Status FileStatus `json:"status"`
	// Config marks a configuration file, which users may change.
	Config bool `json:"config,omitempty"`
	// Symlink says that a symlink is in the file's place.
	Symlink bool `json:"symlink,omitempty"`
	// Detail says what was expected and what is there.
	Detail string `json:"detail,omitempty"`
}

// FileStatus is how a file differs from its package.
type FileStatus string

// The ways in which a file differs.
const (
	FileChanged     FileStatus = "changed"
	FileMissing     FileStatus = "missing"
	FileModeChanged FileStatus = "mode_changed"
)

// Malware is what a scanner said.
type Malware struct {
	Scanner string `json:"scanner"`
	// Version of the scanner and its signatures, as it says.
	Version  string           `json:"version"`
	Findings []MalwareFinding `json:"findings"`
}

// MalwareFinding is one signature in one file.
type MalwareFinding struct {
	Path      Path   `json:"path"`
	Signature string `json:"signature"`
	Layer     int    `json:"layer"`
	// Removed says that a later layer deleted or replaced the file.
	Removed bool `json:"removed,omitempty"`
}

// SpecialFile is a file that gives its caller rights.
type SpecialFile struct {
	Path Path `json:"path"`
	// Mode in octal with its set-ID bits, for example "4755".
	Mode string `json:"mode"`
	// Capabilities says that the file has capabilities (security.capability).
	Capabilities bool `json:"capabilities,omitempty"`
	UID          int  `json:"uid"`
	GID          int  `json:"gid"`
	Layer        int  `json:"layer"`
}

// BaseImage is what an image says of the image that it was built on (OCI annotations org.opencontainers.image.base.*).
type BaseImage struct {
	Name   string `json:"name,omitempty"`
	Digest Digest `json:"digest,omitempty"`
}
