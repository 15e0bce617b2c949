package sbom

import (
	"io"
	"strconv"
	"strings"

	"landwaiter.dev/image"
)

// syftSchema is the version of Syft's JSON that we write.
const syftSchema = "16.1.13"

// syftDocument is Syft's JSON as we write it.
type syftDocument struct {
	Artifacts     []syftArtifact     `json:"artifacts"`
	Relationships []syftRelationship `json:"artifactRelationships"`
	Source        syftSource         `json:"source"`
	Distro        syftDistro         `json:"distro"`
	Descriptor    syftDescriptor     `json:"descriptor"`
	Schema        syftSchemaRef      `json:"schema"`
}

type syftArtifact struct {
	ID           string         `json:"id"`
	Name         string         `json:"name"`
	Version      string         `json:"version"`
	Type         string         `json:"type"`
	FoundBy      string         `json:"foundBy"`
	Locations    []syftLocation `json:"locations"`
	Licenses     []syftLicense  `json:"licenses"`
	Language     string         `json:"language"`
	CPEs         []syftCPE      `json:"cpes"`
	PURL         string         `json:"purl"`
	MetadataType string         `json:"metadataType,omitempty"`
	Metadata     any            `json:"metadata,omitempty"`
}

type syftLocation struct {
	Path        string            `json:"path"`
	LayerID     string            `json:"layerID,omitempty"`
	AccessPath  string            `json:"accessPath"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

type syftLicense struct {
	Value      string   `json:"value"`
	Expression string   `json:"spdxExpression"`
	Type       string   `json:"type"`
	URLs       []string `json:"urls"`
	Locations  []string `json:"locations"`
}

type syftCPE struct {
	CPE    string `json:"cpe"`
	Source string `json:"source,omitempty"`
}

type syftRelationship struct {
	Parent string `json:"parent"`
	Child  string `json:"child"`
	Type   string `json:"type"`
}

// syftSource says what was read, under both names that Syft's releases give it.
type syftSource struct {
	ID       string     `json:"id"`
	Name     string     `json:"name"`
	Version  string     `json:"version"`
	Type     string     `json:"type"`
	Metadata *syftImage `json:"metadata"`
	Target   *syftImage `json:"target"`
}

type syftImage struct {
	UserInput      string      `json:"userInput"`
	ImageID        string      `json:"imageID"`
	ManifestDigest string      `json:"manifestDigest"`
	MediaType      string      `json:"mediaType"`
	Tags           []string    `json:"tags"`
	ImageSize      int64       `json:"imageSize"`
	Layers         []syftLayer `json:"layers"`
	RepoDigests    []string    `json:"repoDigests"`
	Architecture   string      `json:"architecture"`
	Variant        string      `json:"architectureVariant,omitempty"`
	OS             string      `json:"os"`
}

type syftLayer struct {
	MediaType string `json:"mediaType"`
	Digest    string `json:"digest"`
	Size      int64  `json:"size"`
}

type syftDistro struct {
	PrettyName string   `json:"prettyName,omitempty"`
	Name       string   `json:"name,omitempty"`
	ID         string   `json:"id,omitempty"`
	IDLike     []string `json:"idLike,omitempty"`
	Version    string   `json:"version,omitempty"`
	VersionID  string   `json:"versionID,omitempty"`
	Codename   string   `json:"versionCodename,omitempty"`
}

type syftDescriptor struct {
	Name          string            `json:"name"`
	Version       string            `json:"version"`
	Configuration syftConfiguration `json:"configuration"`
}

// syftConfiguration is the place of the descriptor that each tool fills as it likes.
type syftConfiguration struct {
	Created string     `json:"created"`
	Facts   []string   `json:"facts,omitempty"`
	Gaps    []syftGaps `json:"gaps,omitempty"`
}

type syftGaps struct {
	Kind   string `json:"kind"`
	Detail string `json:"detail"`
}

type syftSchemaRef struct {
	Version string `json:"version"`
	URL     string `json:"url"`
}

// encodeSyft writes what Syft writes: installed packages, for it has no place for those that are only declared.
func encodeSyft(w io.Writer, d *Document) error {
	a := d.Analysis
	tool, version := d.toolOf()
	img := syftImageOf(d)
	doc := syftDocument{
		Artifacts: []syftArtifact{}, Relationships: []syftRelationship{},
		Source: syftSource{
			ID: image.DigestOf([]byte(d.uuid())).Hex(), Name: clean(d.Name), Version: string(a.Digest), Type: "image", Metadata: img, Target: img,
		},
		Distro: syftDistro{
			PrettyName: clean(a.Distro.Name), Name: clean(a.Distro.ID), ID: clean(a.Distro.ID), IDLike: a.Distro.Like,
			Version: clean(a.Distro.VersionID), VersionID: clean(a.Distro.VersionID), Codename: clean(a.Distro.Codename),
		},
		Descriptor: syftDescriptor{tool, version, syftConfiguration{Created: d.created()}},
		Schema: syftSchemaRef{
			syftSchema, "https://raw.githubusercontent.com/anchore/syft/main/schema/json/schema-" + syftSchema + ".json",
		},
	}
	if lines := factLines(d.facts()); lines != "" {
		doc.Descriptor.Configuration.Facts = strings.Split(lines, "\n")
	}
	for _, g := range d.Gaps {
		doc.Descriptor.Configuration.Gaps = append(doc.Descriptor.Configuration.Gaps, syftGaps{string(g.Kind), clean(GapText(g))})
	}
	ids := map[image.PackageRef]string{}
	x := expressions{}
	entries := d.entries(x)
	for i := range entries {
		if e := &entries[i]; !e.declared {
			one := syftEntry(d, e, i, x)
			doc.Artifacts = append(doc.Artifacts, one)
			if ids[e.Ref()] == "" {
				ids[e.Ref()] = one.ID
			}
		}
	}
	for i := range doc.Artifacts {
		if o := entries[i].OwnedBy; o != nil && ids[*o] != "" {
			doc.Relationships = append(doc.Relationships, syftRelationship{ids[*o], doc.Artifacts[i].ID, "ownership-by-file-overlap"})
		}
	}
	return d.jsonEncoder(w).Encode(doc)
}

func syftImageOf(d *Document) *syftImage {
	a := d.Analysis
	img := &syftImage{
		UserInput: clean(d.Name), ImageID: string(a.ID), ManifestDigest: string(a.Digest), MediaType: a.MediaType, Tags: []string{},
		ImageSize: a.Size, Layers: []syftLayer{}, RepoDigests: []string{},
		Architecture: a.Platform.Architecture, Variant: a.Platform.Variant, OS: a.Platform.OS,
	}
	if d.Reference != "" {
		repository, _, isDigest := strings.Cut(d.Reference, "@")
		if !isDigest {
			img.Tags = append(img.Tags, clean(d.Reference))
			if i := strings.LastIndexByte(repository, ':'); i > strings.LastIndexByte(repository, '/') {
				repository = repository[:i]
			}
		}
		if a.Digest != "" {
			img.RepoDigests = append(img.RepoDigests, clean(repository)+"@"+string(a.Digest))
		}
	}
	for i, l := range a.Layers {
		img.Layers = append(img.Layers, syftLayer{l.MediaType, syftLayerID(a, i), l.TarSize})
	}
	return img
}

// syftLayerID names a layer by its content, as Syft does.
func syftLayerID(a *image.Analysis, i int) string {
	if i < 0 || i >= len(a.Layers) {
		return ""
	}
	return orName(string(a.Layers[i].DiffID), string(a.Layers[i].Blob))
}

func syftEntry(d *Document, e *entry, i int, x expressions) syftArtifact {
	known := e.plain()
	kind := syftTypes[e.Type]
	one := syftArtifact{
		ID:   image.DigestOf([]byte(strconv.Itoa(i) + " " + e.purl + " " + placeText(e.Package))).Hex()[:16],
		Name: clean(e.Name), Version: clean(e.Version), Type: orName(kind.name, "UnknownPackage"), FoundBy: toolName + "-" + clean(string(e.Type)),
		Locations: []syftLocation{}, Licenses: syftLicenses(e, x, &known), Language: kind.language, CPEs: []syftCPE{}, PURL: e.purl,
	}
	for _, cpe := range e.CPEs {
		if isCPE(cpe) {
			one.CPEs = append(one.CPEs, syftCPE{CPE: cpe, Source: toolName})
			known.CPEs = append(known.CPEs, cpe)
		}
	}
	one.MetadataType, one.Metadata = syftMetadata(e, &known)
	facts := e.facts(&known)
	if e.Location != "" || len(facts) > 0 {
		path := clean(locationText(e.Location))
		notes := map[string]string{"evidence": "primary"}
		for _, f := range facts {
			notes[prefix+clean(f.name)] = clean(f.value)
		}
		one.Locations = append(one.Locations, syftLocation{path, syftLayerID(d.Analysis, e.Layer), path, notes})
	}
	return one
}

// syftLicenses gives the licences of a package; known becomes what a reader knows by that.
func syftLicenses(e *entry, x expressions, known *image.Package) []syftLicense {
	list := []syftLicense{}
	declared := sayable(e.Licenses)
	for _, s := range declared {
		l := syftLicense{Value: s, Type: "declared", URLs: []string{}, Locations: []string{}}
		if x.valid(s) {
			l.Expression = s
		}
		list = append(list, l)
	}
	x.declare(known, declared)
	if x.valid(e.License) && e.License != known.License {
		list = append(list, syftLicense{Value: e.License, Expression: e.License, Type: "concluded", URLs: []string{}, Locations: []string{}})
		x.conclude(known, e.License)
	}
	return list
}
