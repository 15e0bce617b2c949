package image

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Platform that an image is made for (OCI image index specification).
type Platform struct {
	OS           string `json:"os"`
	Architecture string `json:"architecture"`
	Variant      string `json:"variant,omitempty"`
}

// DefaultPlatform is asked for when the user names none.
var DefaultPlatform = Platform{OS: "linux", Architecture: "amd64"}

// ParsePlatform reads "os/arch" or "os/arch/variant".
func ParsePlatform(s string) (Platform, error) {
	parts := strings.Split(s, "/")
	if len(parts) < 2 || len(parts) > 3 || parts[0] == "" || parts[1] == "" {
		return Platform{}, fmt.Errorf("platform %q: want os/architecture or os/architecture/variant, for example linux/arm64", s)
	}
	p := Platform{OS: parts[0], Architecture: parts[1]}
	if len(parts) == 3 {
		p.Variant = parts[2]
	}
	return p, nil
}

func (p Platform) String() string {
	s := p.OS + "/" + p.Architecture
	if p.Variant != "" {
		s += "/" + p.Variant
	}
	return s
}

// Matches says whether p satisfies the wanted platform; an empty wanted variant accepts any.
func (p Platform) Matches(want Platform) bool {
	return p.OS == want.OS && p.Architecture == want.Architecture && (want.Variant == "" || p.Variant == want.Variant)
}

// Descriptor points at content (OCI image specification, descriptor.md).
type Descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      Digest            `json:"digest"`
	Size        int64             `json:"size"`
	URLs        []string          `json:"urls,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
	Platform    *Platform         `json:"platform,omitempty"`
	// ArtifactType is set when the content is no image.
	ArtifactType string `json:"artifactType,omitempty"`
}

// Manifest is one platform's manifest, verified: Digest is the digest of Raw.
type Manifest struct {
	Raw       []byte
	Digest    Digest
	MediaType string
	Config    Descriptor
	Layers    []Descriptor
}

// Config is an image config, verified: Digest is the digest of Raw. Fields that a hostile or sloppy builder wrote with
// a wrong type are left at their zero value and named in Odd.
type Config struct {
	Raw       []byte
	Digest    Digest
	Platform  Platform
	Created   time.Time
	Container ContainerConfig
	History   []History
	DiffIDs   []Digest
	// Odd names the fields that could not be read as the specification has them.
	Odd []string
}

// ContainerConfig is the execution part of a config (OCI image specification, config.md, "config").
type ContainerConfig struct {
	User         string              `json:"User,omitempty"`
	ExposedPorts map[string]struct{} `json:"ExposedPorts,omitempty"`
	Env          []string            `json:"Env,omitempty"`
	Entrypoint   []string            `json:"Entrypoint,omitempty"`
	Cmd          []string            `json:"Cmd,omitempty"`
	Volumes      map[string]struct{} `json:"Volumes,omitempty"`
	WorkingDir   string              `json:"WorkingDir,omitempty"`
	Labels       map[string]string   `json:"Labels,omitempty"`
	StopSignal   string              `json:"StopSignal,omitempty"`
	Healthcheck  json.RawMessage     `json:"Healthcheck,omitempty"`
	OnBuild      []string            `json:"OnBuild,omitempty"`
	Shell        []string            `json:"Shell,omitempty"`
}

// History is one line of an image's history (OCI image specification, config.md).
type History struct {
	Created    string `json:"created,omitempty"`
	CreatedBy  string `json:"created_by,omitempty"`
	Author     string `json:"author,omitempty"`
	Comment    string `json:"comment,omitempty"`
	EmptyLayer bool   `json:"empty_layer,omitempty"`
}
