package cli

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"landwaiter.dev/advisory/vex"
	"landwaiter.dev/engine"
	"landwaiter.dev/image"
	"landwaiter.dev/report"
)

// readVEX reads the documents that the user names.
func (r *localRun) readVEX(files []string) ([]engine.LocalVEX, error) {
	var docs []engine.LocalVEX
	for _, name := range files {
		raw, err := readBounded(name, vex.MaxSize)
		if err != nil {
			return nil, err
		}
		doc, err := vex.Parse(raw)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		for _, p := range doc.Problems {
			r.progress.say("%s: not used: %s", name, p)
		}
		docs = append(docs, engine.LocalVEX{Name: name, Document: doc, Counts: true})
	}
	return docs, nil
}

// layVEX lays the user's documents, and those next to an image of a registry, on what was found.
func (r *localRun) layVEX(cmd *cobra.Command, result *report.Result, j *engine.Judgement, docs []engine.LocalVEX, names ...string) {
	if r.image.Remote && r.settings.Analysis.Attestations {
		next, gaps := r.local.VEXNextTo(cmd.Context(), r.image, r.settings.TrustAttestations, r.settings.Signers)
		docs = slices.Concat(next, docs)
		result.Gaps = slices.Concat(result.Gaps, gaps)
	}
	var refs []image.Reference
	for _, name := range names {
		if ref, err := image.ParseReference(name); name != "" && err == nil {
			refs = append(refs, ref)
		}
	}
	a := result.Analysis
	digests := slices.DeleteFunc([]image.Digest{a.Digest, r.image.Parent, a.ID}, func(d image.Digest) bool { return d == "" })
	result.VEXUnmatched = j.LayVEX(a, digests, refs, docs)
}
