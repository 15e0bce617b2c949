package cli

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"landwaiter.dev/client"
	"landwaiter.dev/image"
	"landwaiter.dev/internal/signkey"
	"landwaiter.dev/internal/terminal"
	"landwaiter.dev/policy/attest"
)

func (a *app) attestCommand() *cobra.Command {
	var keyFile, output, tag, policyID string
	c := a.reaches(&cobra.Command{
		Use: "attest IMAGE|EVALUATION", Short: "Write a verdict as a signed statement (in-toto, SLSA verification summary)", Args: cobra.ExactArgs(1), GroupID: remote,
		Long: `Has an image evaluated, or takes a stored evaluation by its number, and writes the verdict as an in-toto statement with a SLSA
verification summary, in an envelope (DSSE) signed with --key: an Ed25519 key as landwaiter feeds keygen writes it, or an
Ed25519 or ECDSA P-256 key as PEM without a passphrase. The key stays on this machine.`,
		RunE: func(c *cobra.Command, args []string) error {
			if keyFile == "" {
				return usage(c, fmt.Errorf("say with --key which private key signs; landwaiter feeds keygen makes one"))
			}
			text, err := readBounded(keyFile, maxKeys)
			if err != nil {
				return err
			}
			key, err := signkey.ParsePrivate(string(text))
			if err != nil {
				return fmt.Errorf("%s: %w", keyFile, err)
			}
			s, err := a.client()
			if err != nil {
				return err
			}
			e, err := a.toAttest(c, s, args[0], tag, policyID)
			if err != nil {
				return err
			}
			a.again(c.Context(), s, e)
			envelope, err := attest.Sign(c.Context(), statementOf(e, a.version), key)
			if err != nil {
				return err
			}
			if output == "" || output == "-" {
				_, err = a.out.Write(envelope)
				return err
			}
			if err := os.WriteFile(output, envelope, 0o644); err != nil {
				return unreadable(output, err)
			}
			fmt.Fprintf(a.err, "evaluation %d, %s, is attested in %s\n", e.ID, strings.ToUpper(e.Status), output)
			return nil
		},
	})
	f := c.Flags()
	f.StringVar(&keyFile, "key", "", "file with the private key")
	f.StringVarP(&output, "output", "o", "", "file to write (default: standard output)")
	f.StringVar(&tag, "tag", "", "tag to evaluate an image for (default: the one asked with, else the image's newest)")
	f.StringVar(&policyID, "policy", "", "id of the policy to evaluate an image by (default: the active one)")
	return c
}

// toAttest is the stored evaluation with a number, or a new one of an image.
func (a *app) toAttest(c *cobra.Command, s *client.Client, arg, tag, policyID string) (*client.EvaluationRecord, error) {
	ctx := c.Context()
	id, err := strconv.ParseInt(arg, 10, 64)
	if err != nil {
		img, err := s.Image(ctx, arg)
		if err != nil {
			return nil, err
		}
		if tag == "" {
			if tag, err = tagFor(arg, &img); err != nil {
				return nil, err
			}
		}
		list, err := s.Check(ctx, client.CheckRequest{Digest: img.Digest, Tag: tag, PolicyID: policyID})
		if err != nil {
			return nil, err
		}
		if id = list[0].Stored; id == 0 {
			return nil, fmt.Errorf("the server did not store the evaluation of %s", arg)
		}
	} else if tag != "" || policyID != "" {
		return nil, usage(c, fmt.Errorf("--tag and --policy are for images: evaluation %d has its own", id))
	}
	e, err := s.Evaluation(ctx, id)
	return &e.EvaluationRecord, err
}

// again has the verdict made again: what is signed says "reproducible" only where the same came out now.
func (a *app) again(ctx context.Context, s *client.Client, e *client.EvaluationRecord) {
	if !e.Reproducible {
		return
	}
	p, err := s.Reproduce(ctx, e.ID)
	switch {
	case err != nil:
		e.Reproducible = false
		fmt.Fprintln(a.err, terminal.Escape(fmt.Sprintf("evaluation %d is attested as not reproducible: it could not be made again: %v", e.ID, err)))
	case !p.Equal:
		e.Reproducible = false
		fmt.Fprintf(a.err, "evaluation %d is attested as not reproducible: another verdict comes out now (landwaiter evaluation reproduce %d)\n", e.ID, e.ID)
	}
}

func statementOf(e *client.EvaluationRecord, version string) *attest.Statement {
	return attest.NewStatement(attest.Verdict{
		Image: image.Digest(e.Digest), Tag: e.FullTag, Passed: e.Status == "pass", At: e.EvaluatedAt, Policy: image.Digest(e.BundleDigest), Version: version,
		Details: attest.Details{
			Evaluation: e.ID, PolicyID: e.PolicyID, FinalAction: e.FinalAction, FinalReason: e.FinalReason, Analysis: image.Digest(e.AnalysisDigest),
			Dockerfile: image.Digest(e.DockerfileDigest), VEX: image.Digest(e.VEXDigest), Result: image.Digest(e.ResultDigest), Revision: e.Revision,
			Facts: e.Facts, Reproducible: e.Reproducible,
		},
	})
}
