package cli

import (
	"slices"
	"time"

	"github.com/spf13/cobra"

	"landwaiter.dev/image"
	"landwaiter.dev/report"
)

// analyzeCommand is `landwaiter analyze`: the first two phases alone.
func (a *app) analyzeCommand() *cobra.Command {
	o := &localOptions{}
	cmd := &cobra.Command{
		GroupID: here,
		Use:     "analyze IMAGE",
		Short:   "Say what is in an image, without a server, advisories or policy",
		Long: `Fetches an image and reads it in one pass over each layer; nothing is executed or unpacked.

IMAGE is registry/repository:tag, …@sha256:…, docker-archive:FILE[:TAG], oci-archive:FILE[:TAG], oci-dir:DIR[:TAG],
dir:DIR (skopeo's directory form), sbom:FILE (CycloneDX, SPDX or Syft's JSON, from any tool), or the path of one of those.

Exit codes: 0 done, 2 could not do it.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.output == report.EvaluationJSON {
				return usage(cmd, report.ErrNoEvaluation)
			}
			run, err := a.startLocal(cmd, o)
			if err != nil {
				return err
			}
			defer run.done()
			result, err := run.analyze(cmd, args[0])
			if err != nil {
				return err
			}
			return run.write(result)
		},
	}
	o.flags(cmd, slices.DeleteFunc(report.Formats(), func(form string) bool { return form == report.EvaluationJSON }))
	return cmd
}

// analyze makes the part of a result that needs no advisories.
func (r *localRun) analyze(cmd *cobra.Command, name string) (*report.Result, error) {
	started := time.Now()
	img, err := r.open(cmd, name)
	if err != nil {
		return nil, err
	}
	r.image = img
	r.close = append(r.close, img.Close)
	for _, g := range img.Gaps {
		r.progress.say("%s", g.Detail)
	}
	analysis, verified, err := r.local.Analyze(cmd.Context(), img)
	if err != nil {
		return nil, err
	}
	r.verified = verified
	result := &report.Result{Name: name, Analysis: analysis, Gaps: analysis.Gaps, At: time.Now(), Started: started, Version: r.app.version}
	if doc := img.SBOM; doc != nil {
		// What a document says of its layers nobody verified: it is asked for its own base, not the store.
		result.Name, result.Reference, result.Document = orWord(doc.Name, name), doc.Reference, true
		if doc.BaseLayers > 0 {
			result.Base = &image.KnownBase{Layers: doc.BaseLayers}
		}
		return result, nil
	}
	if img.Reference.Repository != "" {
		result.Reference = img.Reference.String()
	}
	result.Base, err = r.local.Base(cmd.Context(), analysis)
	return result, err
}
