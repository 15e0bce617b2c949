package v1

import (
	"encoding/hex"
	"fmt"
	"path"
	"strconv"
	"strings"

	"landwaiter.dev/image"
)

// packageRow is a package as its content type shows it; words for what is unknown differ by type.
func packageRow(p *image.Package) map[string]any {
	row := map[string]any{
		"package": p.Name, "version": p.Version, "cpes": []string{}, "purl_type": string(p.Type),
	}
	if p.OwnedBy != nil {
		row["owned_by"] = p.OwnedBy
	}
	switch {
	case p.Type.OS():
		osRow(row, p)
	case p.Type == image.Maven:
		javaRow(row, p)
	default:
		row["type"] = strings.ToUpper(p.Type.V1())
		row["location"] = p.V1Path()
		row["origin"] = or(p.Origin, "Unknown")
		row["license"], row["licenses"] = licences(p.Licenses, "Unknown")
		if p.Type == image.Golang || p.Type == image.Binary {
			row["origin"] = or(p.Origin, "N/A")
			row["license"], row["licenses"] = licences(p.Licenses, "N/A")
		}
	}
	return row
}

func osRow(row map[string]any, p *image.Package) {
	unknown := "N/A"
	origin := p.Origin
	source := p.SourceName
	switch p.Type {
	case image.Deb:
		unknown = "Unknown"
		if origin != "" {
			origin += " (maintainer)"
		}
	case image.RPM:
		source = or(p.SourceRPM, p.SourceName)
	}
	row["type"] = p.Type.V1()
	row["origin"] = or(origin, "N/A")
	row["sourcepkg"] = or(source, "N/A")
	row["size"] = nil
	if p.InstalledSize > 0 {
		row["size"] = strconv.FormatInt(p.InstalledSize, 10)
	}
	row["license"], row["licenses"] = licences(p.Licenses, unknown)
	row["arch"] = p.Arch
}

func javaRow(row map[string]any, p *image.Package) {
	inside := p.Inner[strings.LastIndexByte(p.Inner, '!')+1:]
	ext := strings.TrimPrefix(path.Ext(or(inside, string(p.Location))), ".")
	if ext == "" || len(ext) > 4 {
		ext = "jar"
	}
	row["type"] = "JAVA-" + strings.ToUpper(ext)
	row["location"] = p.V1Path()
	row["origin"] = or(or(p.Namespace, p.Origin), "N/A")
	for _, key := range []string{"specification-version", "implementation-version", "maven-version"} {
		row[key] = or(p.Extra[key], "N/A")
	}
	row["version"] = or(p.Version, "N/A")
	row["license"], row["licenses"] = licences(p.Licenses, "Unknown")
	metadata := map[string]string{}
	if p.Namespace != "" {
		metadata["pom.properties"] = fmt.Sprintf("\ngroupId=%s\nartifactId=%s\nversion=%s\n", p.Namespace, p.Name, p.Version)
	}
	row["metadata"] = metadata
}

// licences gives the text and the list; clients need both, and every entry a text.
func licences(list []string, unknown string) (string, []string) {
	if len(list) == 0 {
		return unknown, []string{unknown}
	}
	return strings.Join(list, " "), list
}

// fileRow is a file as the content type "files" shows it.
type fileRow struct {
	Filename string  `json:"filename"`
	Type     string  `json:"type"`
	Size     int64   `json:"size"`
	Mode     string  `json:"mode"`
	LinkDest *string `json:"linkdest"`
	SHA256   *string `json:"sha256"`
	UID      int     `json:"uid"`
	GID      int     `json:"gid"`
}

func newFileRow(f *image.File) fileRow {
	row := fileRow{Filename: f.Path.Abs(), Type: fileWord(f.Type), Size: f.Size, Mode: fmt.Sprintf("%05o", f.Mode), UID: f.UID, GID: f.GID}
	if f.Type == image.Symlink {
		row.LinkDest = &f.Link
	}
	if len(f.SHA256) > 0 {
		sum := hex.EncodeToString(f.SHA256)
		row.SHA256 = &sum
	}
	return row
}

func fileWord(t image.FileType) string {
	switch t {
	case image.Regular:
		return "file"
	case image.Directory:
		return "dir"
	case image.Symlink:
		return "slink"
	case image.CharDevice, image.BlockDevice:
		return "dev"
	default:
		return "UNKNOWN"
	}
}
