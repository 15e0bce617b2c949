package v1

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"landwaiter.dev/image"
	"landwaiter.dev/server/problem"
)

// packagesOf gives the package types behind each content type that lists packages.
var packagesOf = map[string][]image.PackageType{
	"os":       {image.Deb, image.APK, image.RPM, image.ALPM, image.Ebuild, image.Opkg},
	"npm":      {image.NPM},
	"gem":      {image.Gem},
	"python":   {image.Python},
	"java":     {image.Maven},
	"go":       {image.Golang},
	"binary":   {image.Binary},
	"rust":     {image.Cargo},
	"composer": {image.Composer},
}

// namedAlike are package types whose content type has the same name.
var namedAlike = []image.PackageType{
	image.NuGet, image.Conda, image.CRAN, image.Hex, image.OTP, image.Pub, image.Hackage, image.Swift, image.Pods, image.LuaRocks,
	image.CPAN, image.Julia, image.Opam, image.Conan, image.Nix, image.PEAR, image.WordPress,
}

// The types of content and metadata, in the order in which they are listed. Those from rust on are ours.
var (
	contentTypes = slices.Concat(
		[]string{"os", "files", "npm", "gem", "python", "java", "binary", "go", "malware", "rust", "composer"}, v1Names(namedAlike))
	metadataTypes = []string{"manifest", "docker_history", "dockerfile"}
)

func v1Names(types []image.PackageType) []string {
	var names []string
	for _, t := range types {
		names = append(names, t.V1())
	}
	return names
}

// packageTypes are the types behind a content type; false when it lists no packages.
func packageTypes(content string) ([]image.PackageType, bool) {
	if types, ok := packagesOf[content]; ok {
		return types, true
	}
	t := image.PackageType(content)
	return []image.PackageType{t}, slices.Contains(namedAlike, t)
}

// ContentAnswer is the content of an image by type; the elements of content depend on it.
type ContentAnswer struct {
	Digest  string       `json:"imageDigest"`
	Type    string       `json:"content_type"`
	Content any          `json:"content" doc:"A list of packages or files by type; for manifest, docker_history and dockerfile one text in base64"`
	Gaps    *[]image.Gap `json:"gaps,omitempty" doc:"What the analysis could not see"`
}

// MetadataAnswer is one document about an image.
type MetadataAnswer struct {
	Digest   string `json:"imageDigest"`
	Type     string `json:"metadata_type"`
	Metadata string `json:"metadata" doc:"base64"`
}

type contentPath struct {
	ImagePath
	Type string `path:"ctype" doc:"Content type"`
}

type contentByIDPath struct {
	ImageIDPath
	Type string `path:"ctype" doc:"Content type"`
}

type metadataPath struct {
	ImagePath
	Type string `path:"mtype" doc:"manifest, docker_history or dockerfile"`
}

func (r *routes) content() {
	const tag = "Image content"
	add(r, "GET /images/{imageDigest}/content", tag, "List content types", func(ctx context.Context, in *ImagePath) ([]string, error) {
		return contentTypes, r.mustKnow(ctx, in.Digest)
	})
	add(r, "GET /images/by_id/{imageId}/content", tag, "List content types, by image id", func(ctx context.Context, in *ImageIDPath) ([]string, error) {
		_, err := r.byID(ctx, in.ID)
		return contentTypes, err
	})
	add(r, "GET /images/{imageDigest}/content/{ctype}", tag, "Get content of one type", func(ctx context.Context, in *contentPath) (ContentAnswer, error) {
		d, err := digestOf(in.Digest)
		if err != nil {
			return ContentAnswer{}, err
		}
		return r.contentOf(ctx, in.Digest, d, in.Type)
	})
	add(r, "GET /images/by_id/{imageId}/content/{ctype}", tag, "Get content of one type, by image id", func(ctx context.Context, in *contentByIDPath) (ContentAnswer, error) {
		img, err := r.byID(ctx, in.ID)
		if err != nil {
			return ContentAnswer{}, err
		}
		return r.contentOf(ctx, string(img.Digest), img.Digest, in.Type)
	})
	add(r, "GET /images/{imageDigest}/metadata", tag, "List metadata types", func(ctx context.Context, in *ImagePath) ([]string, error) {
		return metadataTypes, r.mustKnow(ctx, in.Digest)
	})
	add(r, "GET /images/{imageDigest}/metadata/{mtype}", tag, "Get a document about an image", r.getMetadata)
}

// mustKnow refuses images that are not known here.
func (r *routes) mustKnow(ctx context.Context, digest string) error {
	d, err := digestOf(digest)
	if err != nil {
		return err
	}
	_, err = r.Images.Get(ctx, account(ctx), d)
	return err
}

func (r *routes) getMetadata(ctx context.Context, in *metadataPath) (MetadataAnswer, error) {
	d, err := digestOf(in.Digest)
	if err != nil {
		return MetadataAnswer{}, err
	}
	if !slices.Contains(metadataTypes, in.Type) {
		return MetadataAnswer{}, noSuchType("metadata", in.Type, metadataTypes)
	}
	text, err := r.document(ctx, d, in.Type)
	return MetadataAnswer{Digest: in.Digest, Type: in.Type, Metadata: text}, err
}

func (r *routes) contentOf(ctx context.Context, asked string, d image.Digest, typ string) (ContentAnswer, error) {
	answer := ContentAnswer{Digest: asked, Type: typ}
	types, packages := packageTypes(typ)
	switch {
	case packages:
		a, err := r.Content.Analyzed(ctx, account(ctx), d)
		if err != nil {
			return answer, err
		}
		rows := make([]map[string]any, 0, 16)
		for i := range a.Analysis.Packages {
			if p := &a.Analysis.Packages[i]; slices.Contains(types, p.Type) {
				rows = append(rows, packageRow(p))
			}
		}
		answer.Content, answer.Gaps = rows, gaps(a.Analysis.Gaps)
	case typ == "files":
		files, err := r.Content.Files(ctx, account(ctx), d)
		if err != nil {
			return answer, err
		}
		rows := make([]fileRow, 0, len(files))
		for i := range files {
			rows = append(rows, newFileRow(&files[i]))
		}
		answer.Content = rows
	case typ == "malware":
		a, err := r.Content.Analyzed(ctx, account(ctx), d)
		if err != nil {
			return answer, err
		}
		answer.Content, answer.Gaps = malwareRows(a.Analysis.Malware), gaps(a.Analysis.Gaps)
	case slices.Contains(metadataTypes, typ):
		text, err := r.document(ctx, d, typ)
		if err != nil {
			return answer, err
		}
		answer.Content = text
	default:
		return answer, noSuchType("content", typ, slices.Concat(contentTypes, metadataTypes))
	}
	return answer, nil
}

func gaps(list []image.Gap) *[]image.Gap {
	if list == nil {
		list = []image.Gap{}
	}
	return &list
}

func noSuchType(kind, typ string, known []string) error {
	return problem.New(http.StatusNotFound, "no_such_type", fmt.Sprintf("%s type (%.60s) not available: use one of %s", kind, typ, strings.Join(known, ", ")))
}

// document is one of the metadata documents in base64, in lines of 76.
func (r *routes) document(ctx context.Context, d image.Digest, typ string) (string, error) {
	if typ == "manifest" {
		raw, err := r.Content.Manifest(ctx, account(ctx), d)
		return base64Lines(raw), err
	}
	a, err := r.Content.Analyzed(ctx, account(ctx), d)
	if err != nil {
		return "", err
	}
	if typ == "dockerfile" {
		if a.Mode != "Actual" {
			return "", nil
		}
		return base64Lines([]byte(a.Dockerfile)), nil
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false) // "<missing>" is for people to read
	err = enc.Encode(history(a.Analysis))
	return base64Lines(bytes.TrimSpace(text.Bytes())), err
}

// historyRow is one line of the history, joined with the layer it made.
type historyRow struct {
	Created   string
	CreatedBy string
	Comment   string
	ID        string `json:"Id"`
	Size      int64
	Tags      []string
}

// history aligns the config's history with the layers: lines that made none have the id <missing>. Layers without a line
// follow at the end.
func history(a *image.Analysis) []historyRow {
	rows := make([]historyRow, 0, len(a.History))
	next := 0
	for _, h := range a.History {
		row := historyRow{Created: h.Created, CreatedBy: h.CreatedBy, Comment: h.Comment, ID: "<missing>", Tags: []string{}}
		if !h.EmptyLayer && next < len(a.Layers) {
			row.ID, row.Size = string(a.Layers[next].Blob), a.Layers[next].Size
			next++
		}
		rows = append(rows, row)
	}
	for ; next < len(a.Layers); next++ {
		rows = append(rows, historyRow{ID: string(a.Layers[next].Blob), Size: a.Layers[next].Size, Tags: []string{}})
	}
	return rows
}

func base64Lines(data []byte) string {
	text := base64.StdEncoding.EncodeToString(data)
	var b strings.Builder
	for len(text) > 76 {
		b.WriteString(text[:76])
		b.WriteByte('\n')
		text = text[76:]
	}
	b.WriteString(text)
	return b.String()
}

func isNotFound(err error) bool {
	return err != nil && (problemStatus(err) == http.StatusNotFound)
}

func problemStatus(err error) int { return problem.From(err).HTTPCode }
