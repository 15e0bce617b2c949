package engine

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"landwaiter.dev/image"
	"landwaiter.dev/store"
)

// Bases says on which image another one was built. It is asked whenever somebody wants to know and never kept: bases are
// added and deleted later.
type Bases struct{ store *store.Store }

// Lineage is what is known of the image below another one.
type Lineage struct {
	// Base is the image of the same account whose layers are the longest proper prefix; nil when there is none.
	Base *image.KnownBase
	// Declared is what the image itself says; nil when it says nothing. Nobody checked it.
	Declared *image.BaseImage
}

// Of gives the lineage of an image by the analysis now in force; nothing is known of an image without one.
func (u *Bases) Of(ctx context.Context, img store.Image) (Lineage, error) {
	if img.Status != store.Analyzed {
		return Lineage{}, nil
	}
	return u.of(ctx, img.Account, img.AnalysisID)
}

// of gives the lineage by one analysis of an account's image.
func (u *Bases) of(ctx context.Context, account string, analysisID int64) (Lineage, error) {
	row, err := u.store.AnalysisByID(ctx, analysisID)
	if err != nil {
		return Lineage{}, err
	}
	var l Lineage
	if row.Declared != (image.BaseImage{}) {
		l.Declared = &row.Declared
	}
	l.Base, err = u.find(ctx, account, row.Chains)
	return l, err
}

func (u *Bases) find(ctx context.Context, account string, c store.Chains) (*image.KnownBase, error) {
	found, err := u.store.BaseOf(ctx, account, c.Prefixes, time.Time{})
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	base := &image.KnownBase{Digest: found.Digest, Tags: []string{}, Layers: found.LayerCount}
	for _, t := range found.Tags {
		if name := t.FullTag(); !slices.Contains(base.Tags, name) {
			base.Tags = append(base.Tags, name)
		}
	}
	return base, nil
}

// Base gives the base of an image that was just read here, among the images of a server that shares the data directory.
func (l *Local) Base(ctx context.Context, a *image.Analysis) (*image.KnownBase, error) {
	if l.Store == nil {
		return nil, nil
	}
	bases := &Bases{store: l.Store}
	return bases.find(ctx, store.AdminAccount, store.ChainsOf(a.Layers))
}

// chainsBatch is how many analyses are looked for at once.
const chainsBatch = 100

// chains computes the chains of what was analysed before they were kept. A document that cannot be read any more has
// none.
func (u *System) chains(ctx context.Context) error {
	var errs error
	for after := int64(0); ; {
		rows, err := u.store.AnalysesWithoutChains(ctx, after, chainsBatch)
		if err != nil || len(rows) == 0 {
			return errors.Join(errs, err)
		}
		for _, row := range rows {
			after = row.ID
			errs = errors.Join(errs, u.chainsOf(ctx, row))
		}
		if ctx.Err() != nil {
			return errs
		}
	}
}

func (u *System) chainsOf(ctx context.Context, row store.Analysis) error {
	var a struct{ Layers []image.Layer }
	raw, err := u.store.Blobs().Get(ctx, row.Document)
	if err == nil {
		err = json.Unmarshal(raw, &a)
	}
	if err != nil && ctx.Err() != nil {
		return err
	}
	if err != nil {
		u.log.Warn("a stored analysis cannot be read: it is no base of others", "analysis", row.ID, "err", err.Error())
		a.Layers = nil
	}
	return u.store.Write(ctx, func(tx *store.Tx) error { return tx.SetChains(ctx, row.ID, store.ChainsOf(a.Layers)) })
}
