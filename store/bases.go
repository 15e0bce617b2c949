package store

import (
	"context"
	"math"
	"time"

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
// [ErrNotFound] when there is none. With a moment, only images that were analysed by then count; zero is now.
func (q *Queries) BaseOf(ctx context.Context, account string, prefixes []image.Digest, at time.Time) (Image, error) {
	if len(prefixes) == 0 {
		return Image{}, describe(ErrNotFound, "a base image")
	}
	until := int64(math.MaxInt64)
	if !at.IsZero() {
		until = micros(at)
	}
	i, err := first(ctx, q, scanImage, "SELECT "+imageColumns+` FROM analyses a JOIN images i ON i.analysis_id = a.id
		WHERE a.chain {in texts} AND i.account = ? AND i.state = 'active' AND i.status = 'analyzed' AND i.analyzed_at <= ?
		ORDER BY i.layer_count DESC, i.created_at, i.id LIMIT 1`, list(prefixes), account, until)
	return q.complete(ctx, i, describe(err, "a base image"))
}

// BuiltOn lists the numbers of the active, analysed images of an account whose layers begin with those of a chain, and have
// more. It looks at every analysis of the account.
func (q *Queries) BuiltOn(ctx context.Context, account string, chain image.Digest) ([]int64, error) {
	if chain == "" || chain == NoChain {
		return nil, nil
	}
	ids, err := all(ctx, q, scalar[int64], `SELECT i.id FROM images i JOIN analyses a ON a.id = i.analysis_id
		WHERE i.account = ? AND i.state = 'active' AND i.status = 'analyzed' AND a.prefixes LIKE ? ORDER BY i.id`,
		account, `%"`+string(chain)+`"%`)
	return ids, describe(err, "looking for images built on another one")
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
