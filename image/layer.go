package image

// LayerID names a layer by what we verified ourselves by reading it: the digest of the blob as stored and
// the digest of its uncompressed tar. What a manifest or config claims is a LayerID only after that.
type LayerID struct {
	Blob   Digest `json:"digest"`
	DiffID Digest `json:"diff_id"`
}

// Layer is one layer of an analysed image.
type Layer struct {
	LayerID
	MediaType string `json:"media_type"`
	// Size of the blob in bytes, as stored.
	Size int64 `json:"size"`
	// TarSize of the uncompressed tar in bytes.
	TarSize int64 `json:"tar_size"`
	// CreatedBy is the history line that made the layer, when the history can be aligned.
	CreatedBy string `json:"created_by,omitempty"`
}
