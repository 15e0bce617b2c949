package image

// KnownBase is an image whose layers are the lowest ones of another image, which was built on it.
type KnownBase struct {
	Digest Digest `json:"digest"`
	// Tags of the base, newest first.
	Tags []string `json:"tags"`
	// Layers is how many it has; the other image has more.
	Layers int `json:"layer_count"`
}

// Inherits says whether what the layer of this index brought comes from the base. Nothing does where no base is known.
func (b *KnownBase) Inherits(layer int) bool { return b != nil && layer >= 0 && layer < b.Layers }

// Count is how many layers the base has; 0 where no base is known.
func (b *KnownBase) Count() int {
	if b == nil {
		return 0
	}
	return b.Layers
}

// ChainIDs names each prefix of a list of layers, the shortest first: two images whose first n layers have equal content
// have an equal n-th chain ID (OCI image specification, config.md, "Layer ChainID"). It gives none when a layer was not
// read: what nobody verified proves no kinship.
func ChainIDs(layers []Layer) []Digest {
	chain := make([]Digest, 0, len(layers))
	for i := range layers {
		id := layers[i].DiffID
		switch {
		case id == "" || layers[i].Blob == "":
			return nil
		case i > 0:
			id = DigestOf([]byte(string(chain[i-1]) + " " + string(id)))
		}
		chain = append(chain, id)
	}
	return chain
}
