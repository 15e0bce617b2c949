package store

import (
	"context"

	"landwaiter.dev/image"
)

// NoChain stands for the chain of an analysis whose layers were not all read.
const NoChain image.Digest = "none"

// Chains is where the layers of an analysis stand among those of others.
type Chains struct {
	// Full is the chain ID of all layers, [NoChain] when not all were read, "" when it is not computed yet.
	Full image.Digest
	// Prefixes are the chain IDs of all shorter lists of the layers, the longest first.
	Prefixes []image.Digest
}

// ChainsOf puts in order what [image.ChainIDs] says.
func ChainsOf(layers []image.Layer) Chains {
	ids := image.ChainIDs(layers)
	if len(ids) == 0 {
		return Chains{Full: NoChain}
	}
	c := Chains{Full: ids[len(ids)-1]}
	for i := len(ids) - 2; i >= 0; i-- {
		c.Prefixes = append(c.Prefixes, ids[i])
	}
	return c
}

// BaseOf returns the active, analysed image of an account whose layers are the longest of these lists of layers; of
// several with the same layers the one that was known first. Its LayerCount is how many layers that are. Tags are filled.
// [ErrNotFound] when there is none.
func (q *Queries) BaseOf(ctx context.Context, account string, prefixes []image.Digest) (Image, error) {
	if len(prefixes) == 0 {
		return Image{}, describe(ErrNotFound, "a base image")
	}
	i, err := first(ctx, q, scanImage, "SELECT "+imageColumns+` FROM analyses a JOIN images i ON i.analysis_id = a.id
		WHERE a.chain {in texts} AND i.account = ? AND i.state = 'active' AND i.status = 'analyzed'
		ORDER BY i.layer_count DESC, i.created_at, i.id LIMIT 1`, list(prefixes), account)
	return q.complete(ctx, i, describe(err, "a base image"))
}

// AnalysesWithoutChains lists analyses above a number whose chains are not computed, at most limit of them.
func (q *Queries) AnalysesWithoutChains(ctx context.Context, after int64, limit int) ([]Analysis, error) {
	rows, err := all(ctx, q, scanAnalysis, "SELECT "+analysisColumns+` FROM analyses a WHERE a.chain = '' AND a.id > ? ORDER BY a.id LIMIT ?`, after, limit)
	return rows, describe(err, "looking for analyses without chains")
}

// SetChains notes the chains of an analysis.
func (t *Tx) SetChains(ctx context.Context, analysis int64, c Chains) error {
	prefixes, err := jsonText(c.Prefixes)
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, "UPDATE analyses SET chain = ?, prefixes = ? WHERE id = ?", string(c.Full), prefixes, analysis)
	return describe(err, "noting the layers of analysis %d", analysis)
}
