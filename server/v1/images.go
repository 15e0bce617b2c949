package v1

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"

	"landwaiter.dev/engine"
	"landwaiter.dev/image"
	"landwaiter.dev/store"
)

// ImagePath names an image in a path.
type ImagePath struct {
	Digest string `path:"imageDigest" doc:"Digest of the image's manifest, or of the index it was chosen from"`
}

// ImageIDPath names an image by its id in a path.
type ImageIDPath struct {
	ID string `path:"imageId" doc:"Image id: the 64 hexadecimal digits of the config's digest"`
}

// Image is an image record.
type Image struct {
	Digest       image.Digest      `json:"imageDigest"`
	ParentDigest image.Digest      `json:"parentDigest"`
	UserID       string            `json:"userId"`
	Type         string            `json:"image_type"`
	Status       string            `json:"analysis_status"`
	State        string            `json:"image_status"`
	Annotations  map[string]string `json:"annotations"`
	CreatedAt    clock             `json:"created_at"`
	UpdatedAt    clock             `json:"last_updated"`
	AnalyzedAt   clock             `json:"analyzed_at"`
	Content      ImageContent      `json:"image_content"`
	Detail       []ImageDetail     `json:"image_detail"`
	// Error says why the analysis failed; absent otherwise.
	Error     string `json:"analysis_error,omitempty" doc:"Why the analysis failed"`
	ErrorCode string `json:"analysis_error_code,omitempty"`
	// Base and DeclaredBase are absent from lists.
	Base         *image.KnownBase `json:"base_image,omitempty" doc:"The image known here that has the longest part of the lowest layers"`
	DeclaredBase *image.BaseImage `json:"declared_base,omitempty" doc:"What the image itself says of its base"`
}

// ImageContent holds the facts that lists show.
type ImageContent struct {
	Metadata ImageMetadata `json:"metadata"`
}

// ImageMetadata is null in every part until the image is analysed.
type ImageMetadata struct {
	Arch           *string `json:"arch"`
	Distro         *string `json:"distro"`
	DistroVersion  *string `json:"distro_version"`
	DockerfileMode *string `json:"dockerfile_mode"`
	Size           *int64  `json:"image_size"`
	LayerCount     *int    `json:"layer_count"`
}

// ImageDetail is one tag of an image.
type ImageDetail struct {
	FullTag    string       `json:"fulltag"`
	FullDigest string       `json:"fulldigest"`
	Registry   string       `json:"registry"`
	Repo       string       `json:"repo"`
	Tag        string       `json:"tag"`
	Digest     image.Digest `json:"digest"`
	ImageID    string       `json:"imageId"`
	UserID     string       `json:"userId"`
	Dockerfile *string      `json:"dockerfile" doc:"As supplied, base64; null in lists"`
	CreatedAt  clock        `json:"created_at"`
	UpdatedAt  clock        `json:"last_updated"`
	DetectedAt clock        `json:"tag_detected_at"`
	// ImageDigest repeats Digest.
	ImageDigest image.Digest `json:"imageDigest"`
}

// DeletedImage is the outcome of one deletion.
type DeletedImage struct {
	Digest string  `json:"digest"`
	Status string  `json:"status" enum:"deleting,not_found,delete_failed"`
	Detail *string `json:"detail"`
}

func (r *routes) images() {
	const tag = "Images"
	add(r, "GET /images", tag, "List images", r.listImages)
	add(r, "POST /images", tag, "Add an image and analyse it", r.addImage, takes[addBody](r))
	add(r, "DELETE /images", tag, "Delete several images", r.deleteImages)
	add(r, "GET /images/{imageDigest}", tag, "Get an image", r.getImage)
	add(r, "DELETE /images/{imageDigest}", tag, "Delete an image", r.deleteImage)
	add(r, "GET /images/by_id/{imageId}", tag, "Get the newest image with an id", r.getImageByID)
	add(r, "DELETE /images/by_id/{imageId}", tag, "Delete the newest image with an id", r.deleteImageByID)
}

type listImages struct {
	History bool   `query:"history" doc:"With fulltag: all images that ever had it"`
	FullTag string `query:"fulltag" doc:"A tag, short or full, repository@digest, or an image id"`
	State   string `query:"image_status" enum:"all,active,deleting" default:"active"`
	Status  string `query:"analysis_status" enum:"not_analyzed,analyzing,analyzed,analysis_failed"`
}

func (r *routes) listImages(ctx context.Context, in *listImages) ([]Image, error) {
	found, err := r.Images.List(ctx, account(ctx), engine.ImageFilter{
		FullTag: in.FullTag, History: in.History, State: in.State, Status: store.AnalysisStatus(in.Status),
	})
	if err != nil {
		return nil, err
	}
	if in.FullTag != "" && len(found) == 0 {
		return nil, notFound("image_not_found", fmt.Sprintf("image not found in DB: no image %.200q in account %s", in.FullTag, account(ctx)))
	}
	list := make([]Image, 0, len(found))
	for i := range found {
		img := newImage(&found[i], false)
		if in.FullTag != "" { // few images, and how clients ask for one
			if err := r.setBase(ctx, &img, found[i]); err != nil {
				return nil, err
			}
		}
		list = append(list, img)
	}
	return list, nil
}

// setBase says what an image was built on.
func (r *routes) setBase(ctx context.Context, img *Image, found store.Image) error {
	l, err := r.Bases.Of(ctx, found)
	img.Base, img.DeclaredBase = l.Base, l.Declared
	return err
}

// single is an image as one that was asked for alone.
func (r *routes) single(ctx context.Context, found store.Image) (Image, error) {
	img := newImage(&found, true)
	return img, r.setBase(ctx, &img, found)
}

type getImage struct {
	ImagePath
	Detail bool `query:"detail" default:"true" doc:"false leaves image_detail empty"`
}

func (r *routes) getImage(ctx context.Context, in *getImage) ([]Image, error) {
	d, err := digestOf(in.Digest)
	if err != nil {
		return nil, err
	}
	found, err := r.Images.Get(ctx, account(ctx), d)
	if err != nil {
		return nil, err
	}
	img, err := r.single(ctx, found)
	if !in.Detail {
		img.Detail = []ImageDetail{}
	}
	return []Image{img}, err
}

func (r *routes) getImageByID(ctx context.Context, in *ImageIDPath) ([]Image, error) {
	found, err := r.byID(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	img, err := r.single(ctx, found)
	return []Image{img}, err
}

// byID finds an image by its id; what is a digest is taken as one.
func (r *routes) byID(ctx context.Context, id string) (store.Image, error) {
	if d, err := image.ParseDigest(id); err == nil {
		return r.Images.Get(ctx, account(ctx), d)
	}
	return r.Images.ByID(ctx, account(ctx), id)
}

type deleteImage struct {
	ImagePath
	Force bool `query:"force"`
}

func (r *routes) deleteImage(ctx context.Context, in *deleteImage) (DeletedImage, error) {
	return r.deleteOne(ctx, in.Digest, in.Force)
}

type deleteImages struct {
	Digests []string `query:"imageDigests" required:"true" maxItems:"1000" doc:"Digests, separated by commas"`
	Force   bool     `query:"force"`
}

func (r *routes) deleteImages(ctx context.Context, in *deleteImages) ([]DeletedImage, error) {
	list := make([]DeletedImage, 0, len(in.Digests))
	for _, d := range in.Digests {
		one, err := r.deleteOne(ctx, strings.TrimSpace(d), in.Force)
		if err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return list, nil
}

type deleteImageByID struct {
	ImageIDPath
	Force bool `query:"force"`
}

func (r *routes) deleteImageByID(ctx context.Context, in *deleteImageByID) (DeletedImage, error) {
	found, err := r.byID(ctx, in.ID)
	if isNotFound(err) {
		return noSuchImage(in.ID), nil
	}
	if err != nil {
		return DeletedImage{}, err
	}
	return r.deleteOne(ctx, string(found.Digest), in.Force)
}

// deleteOne never refuses for what a client may get wrong: the outcome is in the status, as clients expect.
func (r *routes) deleteOne(ctx context.Context, digest string, force bool) (DeletedImage, error) {
	d, err := image.ParseDigest(digest)
	if err != nil {
		return noSuchImage(digest), nil
	}
	done, err := r.Images.Delete(ctx, account(ctx), d, force)
	if isNotFound(err) {
		return noSuchImage(digest), nil
	}
	if err != nil {
		return DeletedImage{}, err
	}
	return DeletedImage{Digest: digest, Status: done.Status, Detail: orNull(done.Detail)}, nil
}

func noSuchImage(digest string) DeletedImage {
	detail := "No image found with digest: " + digest
	return DeletedImage{Digest: digest, Status: "not_found", Detail: &detail}
}

func newImage(i *store.Image, single bool) Image {
	img := Image{
		Digest: i.Digest, ParentDigest: i.ParentDigest, UserID: i.Account, Type: "docker", Status: string(i.Status), State: i.State,
		Annotations: i.Annotations, CreatedAt: clock(i.CreatedAt), UpdatedAt: clock(i.UpdatedAt), AnalyzedAt: clock(i.AnalyzedAt),
		Detail: make([]ImageDetail, 0, len(i.Tags)),
	}
	if img.ParentDigest == "" {
		img.ParentDigest = i.Digest
	}
	if img.Annotations == nil {
		img.Annotations = map[string]string{}
	}
	if i.Status == store.AnalysisFailed {
		img.Error, img.ErrorCode = i.Error, i.ErrorCode
	}
	mode := "Guessed"
	if i.Dockerfile != "" || i.DockerfileDigest != "" {
		mode = "Actual"
		img.Content.Metadata.DockerfileMode = &mode
	}
	if i.Status == store.Analyzed {
		size, layers := i.Size, i.LayerCount
		arch, distro, version := or(i.Architecture, "unknown"), or(i.Distro, "unknown"), or(i.DistroVersion, "unknown")
		img.Content.Metadata = ImageMetadata{Arch: &arch, Distro: &distro, DistroVersion: &version, DockerfileMode: &mode, Size: &size, LayerCount: &layers}
	}
	var dockerfile *string
	if single && i.Dockerfile != "" {
		text := base64.StdEncoding.EncodeToString([]byte(i.Dockerfile))
		dockerfile = &text
	}
	for _, t := range i.Tags {
		img.Detail = append(img.Detail, ImageDetail{
			FullTag: t.FullTag(), FullDigest: t.Registry + "/" + t.Repository + "@" + string(i.Digest),
			Registry: t.Registry, Repo: t.Repository, Tag: t.Tag, Digest: i.Digest, ImageDigest: i.Digest, ImageID: idOf(i), UserID: i.Account,
			Dockerfile: dockerfile, CreatedAt: clock(t.DetectedAt), UpdatedAt: clock(i.UpdatedAt), DetectedAt: clock(t.DetectedAt),
		})
	}
	return img
}

// idOf is the image id: the config's digest, or the image's own while no config is known.
func idOf(i *store.Image) string {
	if i.ImageID != "" {
		return i.ImageID.Hex()
	}
	return i.Digest.Hex()
}
