package engine

import (
	"context"

	"landwaiter.dev/advisory/vex"
	"landwaiter.dev/image"
	"landwaiter.dev/internal/cosign"
	"landwaiter.dev/source"
)

// LocalVEX is a VEX document for one run.
type LocalVEX struct {
	// Name of its file, or where it was found.
	Name     string
	Document *vex.Document
	// Counts says that its statements may hide findings.
	Counts bool
	// SignedBy names those who verifiably signed it.
	SignedBy []string
}

// LayVEX lays documents on the findings of an image that has these digests and references, and gives the statements that
// matched nothing.
func (j *Judgement) LayVEX(a *image.Analysis, digests []image.Digest, refs []image.Reference, docs []LocalVEX) []vex.Unmatched {
	s := &vex.Subject{Digests: digests, References: refs, Platform: a.Platform, Distro: a.Distro}
	list := make([]vex.Attached, len(docs))
	for i, d := range docs {
		list[i] = vex.Attached{Document: d.Document, Ref: d.Name, Counts: d.Counts, SignedBy: d.SignedBy}
	}
	return vex.Apply(j.Findings, a.Packages, s, list)
}

// VEXNextTo reads the VEX documents that lie next to an open image of a registry, and says as gaps what could not be read.
// Those of the signers count; trust says whether others do all the same.
func (l *Local) VEXNextTo(ctx context.Context, src *source.Image, trust bool, signers []cosign.Signer) ([]LocalVEX, []image.Gap) {
	found := lookForVEX(ctx, src, []image.Digest{src.Manifest.Digest, src.Parent}, signers, l.Now())
	var docs []LocalVEX
	for _, d := range found.docs {
		docs = append(docs, LocalVEX{Name: d.origin, Document: d.doc, Counts: trust || d.signed != nil, SignedBy: d.signed.Names()})
	}
	if failure := found.failure(); failure != "" {
		return docs, []image.Gap{{Kind: image.GapAttestations, Layer: -1, Detail: failure}}
	}
	return docs, nil
}
