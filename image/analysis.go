package image

import "time"

// Analysis is all that one reading of an image says but for its file tree, which is merged from the layer reports when
// somebody asks for it. Equal layers, config and revisions give an equal analysis, byte for byte in JSON.
type Analysis struct {
	// Schema of this document; [AnalysisSchema] today.
	Schema int `json:"schema"`
	// Digest of the platform's manifest.
	Digest Digest `json:"digest"`
	// ID is the digest of the config.
	ID        Digest   `json:"id"`
	MediaType string   `json:"media_type"`
	Platform  Platform `json:"platform"`
	Layers    []Layer  `json:"layers"`
	// CompressedSize is the sum of the blobs, Size the bytes of the merged tree as a tar.
	CompressedSize int64           `json:"compressed_size"`
	Size           int64           `json:"size"`
	Created        time.Time       `json:"created,omitzero"`
	Config         ContainerConfig `json:"config"`
	History        []History       `json:"history"`
	// Dockerfile guessed from the history. A Dockerfile that a user gave belongs to the image record, not here.
	Dockerfile string    `json:"dockerfile"`
	Distro     Distro    `json:"distro"`
	Files      FileCount `json:"files"`
	Packages   []Package `json:"packages"`
	// Declared are packages that a lock file pins and nothing proves to be installed. They are matched with nothing.
	Declared []Package `json:"declared,omitempty"`
	// Secrets and Matches are places of texts, by path, line and rule: those that rules for secrets found and those that
	// the user searches for.
	Secrets []TextMatch `json:"secrets,omitempty"`
	Matches []TextMatch `json:"matches,omitempty"`
	// Retrieved are the files that the settings ask for.
	Retrieved []RetrievedFile `json:"retrieved,omitempty"`
	// Verification compares the files of operating-system packages with what their databases say.
	Verification Verification `json:"verification,omitzero"`
	// Malware is nil when no scanner was asked.
	Malware *Malware `json:"malware,omitempty"`
	// Special are files with set-user-ID, set-group-ID or capabilities, by path.
	Special []SpecialFile `json:"special,omitempty"`
	// Base is what the image says of the image that it was built on.
	Base *BaseImage `json:"base,omitempty"`
	Gaps []Gap      `json:"gaps"`
	// Revisions of the parts that made this analysis, by part name.
	Revisions map[string]string `json:"revisions"`
}

// AnalysisSchema is the current value of [Analysis.Schema].
const AnalysisSchema = 1

// FileCount counts the entries of the merged tree.
type FileCount struct {
	Total       int   `json:"total"`
	Regular     int   `json:"regular"`
	Directories int   `json:"directories"`
	Symlinks    int   `json:"symlinks"`
	Other       int   `json:"other"`
	SUID        int   `json:"suid"`
	Bytes       int64 `json:"bytes"`
}

// Distro is the distribution that the image says it is (os-release(5) and its older kin). The zero value means that
// nothing was found.
type Distro struct {
	ID        string   `json:"id"`
	VersionID string   `json:"version_id"`
	Codename  string   `json:"codename,omitempty"`
	Like      []string `json:"like,omitempty"`
	Name      string   `json:"name,omitempty"`
	// Source is the file that said so.
	Source Path `json:"source,omitempty"`
}
