package sbom

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"landwaiter.dev/image"
)

// syftRead is as much of an artifact as is read, from schema 1.1.0 on; what changed its form since is read by hand.
type syftRead struct {
	Name      string            `json:"name"`
	Version   string            `json:"version"`
	Type      string            `json:"type"`
	Locations []syftLocation    `json:"locations"`
	Licenses  []json.RawMessage `json:"licenses"`
	CPEs      []json.RawMessage `json:"cpes"`
	PURL      string            `json:"purl"`
	Metadata  json.RawMessage   `json:"metadata"`
}

func decodeSyft(raw []byte, in *reader) error {
	var doc struct {
		Artifacts  []json.RawMessage `json:"artifacts"`
		Source     json.RawMessage   `json:"source"`
		Distro     json.RawMessage   `json:"distro"`
		Descriptor json.RawMessage   `json:"descriptor"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		return err
	}
	syftDescription(doc.Descriptor, in)
	syftOrigin(doc.Source, in)
	syftRelease(doc.Distro, in)
	x := expressions{}
	for _, one := range doc.Artifacts {
		var a syftRead
		if err := json.Unmarshal(one, &a); err != nil {
			in.failed(orName(a.Name, a.PURL), err.Error())
			continue
		}
		a.read(in, x)
	}
	return nil
}

// syftDescription reads what made the document, and what we ourselves put there.
func syftDescription(raw json.RawMessage, r *reader) {
	var d struct {
		Name          string          `json:"name"`
		Version       string          `json:"version"`
		Configuration json.RawMessage `json:"configuration"`
	}
	if json.Unmarshal(raw, &d) != nil {
		return
	}
	r.doc.Tool, r.doc.Version = d.Name, d.Version
	var c syftConfiguration
	if d.Name != toolName || json.Unmarshal(d.Configuration, &c) != nil {
		return
	}
	r.doc.At, _ = time.Parse(time.RFC3339, c.Created)
	for _, line := range c.Facts {
		readFactLines(line, r.fact)
	}
	for _, g := range c.Gaps {
		r.known(g.Kind, g.Detail)
	}
}

// syftOrigin reads what was analysed.
func syftOrigin(raw json.RawMessage, r *reader) {
	var s struct {
		Name     string          `json:"name"`
		Type     string          `json:"type"`
		Metadata json.RawMessage `json:"metadata"`
		Target   json.RawMessage `json:"target"`
	}
	if json.Unmarshal(raw, &s) != nil {
		return
	}
	r.doc.Name = s.Name
	if len(s.Metadata) == 0 {
		s.Metadata = s.Target
	}
	var path string
	if json.Unmarshal(s.Metadata, &path) == nil { // a directory or file, in old schemas
		r.doc.Name = path
		return
	}
	var img syftImage
	if s.Type != "image" || json.Unmarshal(s.Metadata, &img) != nil {
		return
	}
	a := r.doc.Analysis
	r.doc.Name = orName(img.UserInput, s.Name)
	a.ID, a.Digest, a.MediaType = digestIn(img.ImageID), digestIn(img.ManifestDigest), img.MediaType
	if img.OS != "" && img.Architecture != "" {
		a.Platform = image.Platform{OS: img.OS, Architecture: img.Architecture, Variant: img.Variant}
	}
	if img.ImageSize > 0 && img.ImageSize <= image.MaxBlobSize {
		a.Size = img.ImageSize
	}
	if len(a.Layers) > 0 {
		return // we said more of them ourselves
	}
	for _, l := range img.Layers {
		r.layer(image.Layer{LayerID: image.LayerID{DiffID: digestIn(l.Digest)}, MediaType: l.MediaType, TarSize: max(0, l.Size)})
	}
}

// syftRelease reads the distribution; old schemas have a name and a version alone, and idLike as one text.
func syftRelease(raw json.RawMessage, r *reader) {
	var d map[string]json.RawMessage
	if json.Unmarshal(raw, &d) != nil {
		return
	}
	r.os(orName(textIn(d["id"]), strings.ToLower(textIn(d["name"]))), orName(textIn(d["versionID"]), textIn(d["version"])), textIn(d["prettyName"]))
	distro := &r.doc.Analysis.Distro
	if distro.ID == "" {
		return
	}
	if s := textIn(d["versionCodename"]); s != "" {
		distro.Codename = s
	}
	var like []string
	if json.Unmarshal(d["idLike"], &like) != nil {
		like = strings.Fields(textIn(d["idLike"]))
	}
	if len(like) > 0 && len(like) < maxValues {
		distro.Like = like
	}
}

// textIn is a text in JSON; "" when it is none.
func textIn(raw json.RawMessage) string {
	var s string
	_ = json.Unmarshal(raw, &s)
	return s
}

func (a *syftRead) read(r *reader, x expressions) {
	i := identify(a.PURL, a.Name, a.Version)
	i.kind = syftKinds[a.Type]
	for _, raw := range a.CPEs {
		var cpe syftCPE
		if json.Unmarshal(raw, &cpe) != nil {
			cpe.CPE = textIn(raw)
		}
		if cpe.CPE != "" && len(i.p.CPEs) < maxValues {
			i.p.CPEs = append(i.p.CPEs, cpe.CPE)
		}
	}
	a.licenses(&i.p, x)
	for n, l := range a.Locations {
		if n > 0 && l.Annotations["evidence"] != "primary" || n > 0 && i.p.Location != "" {
			continue
		}
		i.p.Location, _ = image.CleanPath(l.Path)
		i.layer = l.LayerID
	}
	a.metadata(i)
	if len(a.Locations) > 0 {
		for name, value := range a.Locations[0].Annotations {
			if name, ok := strings.CutPrefix(name, prefix); ok && name != "layer:digest" {
				i.read(name, value)
			}
		}
	}
	r.add(i)
}

// licenses are texts in old schemas, objects since.
func (a *syftRead) licenses(p *image.Package, x expressions) {
	var declared, concluded []string
	for _, raw := range a.Licenses {
		var l struct {
			Value      string `json:"value"`
			Expression string `json:"spdxExpression"`
			Type       string `json:"type"`
		}
		if json.Unmarshal(raw, &l) != nil {
			l.Value = textIn(raw)
		}
		switch s := orName(l.Value, l.Expression); {
		case s == "":
		case l.Type == "concluded":
			concluded = append(concluded, s)
		default:
			declared = append(declared, s)
		}
	}
	x.declare(p, declared)
	if len(concluded) > 0 {
		x.conclude(p, x.implied(concluded))
	}
}

// metadata reads what package URLs may leave out.
func (a *syftRead) metadata(i *item) {
	var m map[string]json.RawMessage
	if json.Unmarshal(a.Metadata, &m) != nil {
		return
	}
	p := &i.p
	get := func(key string) string { return textIn(m[key]) }
	if p.Arch == "" {
		p.Arch = get("architecture")
	}
	switch kind := orType(p.Type, i.kind); kind {
	case image.Deb:
		p.Origin, p.InstalledSize = get("maintainer"), sizeIn(m["installedSize"])*1024
		i.source(get("source"), get("sourceVersion"))
	case image.APK:
		p.Origin, p.InstalledSize, p.Homepage = get("maintainer"), sizeIn(m["installedSize"]), get("url")
		i.source(get("originPackage"), "")
	case image.RPM:
		p.Origin, p.InstalledSize, p.Modularity = get("vendor"), sizeIn(m["size"]), get("modularityLabel")
		if file := get("sourceRpm"); file != "" && p.SourceRPM == "" {
			p.SourceRPM = file
			if name, version, ok := image.ParseSourceRPM(file); ok {
				i.source(name, version)
			}
		}
	case image.Maven:
		if place := get("virtualPath"); place != "" {
			p.Location, p.Inner = splitPlace(place)
		}
		var pom struct {
			GroupID    string `json:"groupId"`
			ArtifactID string `json:"artifactId"`
		}
		if json.Unmarshal(m["pomProperties"], &pom) == nil && pom.GroupID != "" && pom.ArtifactID == i.name && p.Namespace == "" {
			p.Namespace = pom.GroupID
		}
	}
}

// source sets the source package that metadata name, with the epoch of the binary where only that differs.
func (i *item) source(name, version string) {
	if name == "" {
		return
	}
	i.p.SourceName = name
	if version != "" && !strings.HasSuffix(i.p.Version, ":"+version) {
		i.p.SourceVersion = version
	}
}

func orType(t, otherwise image.PackageType) image.PackageType {
	if t == "" {
		return otherwise
	}
	return t
}

// sizeIn is a number of bytes in JSON, as a number or a text; 0 when it is none.
func sizeIn(raw json.RawMessage) int64 {
	var n int64
	if json.Unmarshal(raw, &n) != nil {
		n, _ = strconv.ParseInt(textIn(raw), 10, 64)
	}
	if n < 0 || n > image.MaxBlobSize/1024 {
		return 0
	}
	return n
}
