package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"landwaiter.dev/advisory"
	"landwaiter.dev/engine"
	"landwaiter.dev/image"
	"landwaiter.dev/policy"
	"landwaiter.dev/report"
)

// scanCommand is `landwaiter scan`: everything at once, without a server.
func (a *app) scanCommand() *cobra.Command {
	o := &localOptions{}
	var policyFile, failOn, tag string
	var offline, allowNoData bool
	var vexFiles []string
	cmd := &cobra.Command{
		GroupID: here,
		Use:     "scan IMAGE",
		Short:   "Analyse an image, match it with advisories and evaluate a policy, without a server",
		Long: `Analyses an image (see landwaiter analyze), matches its packages with advisories and evaluates a policy.
Where there is no advisory data yet it is fetched first, for the ecosystems that the image has. Data older than
LANDWAITER_FEEDS_INTERVAL (6h) is refreshed; when that fails, the data at hand counts and the result has a gap.

Exit codes: 0 the policy passes (warnings and gaps are shown), 1 it says stop, 2 could not do it.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			document, err := a.readBundle(orWord(policyFile, builtin+"default"))
			if err != nil {
				return err
			}
			bundle, err := policy.Parse(document)
			if err != nil {
				return fmt.Errorf("%s: %w", orWord(policyFile, "the default policy"), err)
			}
			if tag != "" { // as a check over the API has it
				ref, err := image.ParseReference(tag)
				if err != nil || ref.Tag == "" {
					return usage(cmd, fmt.Errorf("--tag %q: want a tag like registry.example.com/shop/web:1.4", tag))
				}
				tag = ref.FullTag()
			}
			var threshold advisory.Severity
			if failOn != "" {
				var ok bool
				if threshold, ok = advisory.ParseSeverity(failOn); !ok {
					return usage(cmd, fmt.Errorf("--fail-on %q: want negligible, low, medium, high or critical", failOn))
				}
			}
			run, err := a.startLocal(cmd, o)
			if err != nil {
				return err
			}
			defer run.done()
			documents, err := run.readVEX(vexFiles)
			if err != nil {
				return err
			}
			result, err := run.analyze(cmd, args[0])
			if err != nil {
				return err
			}
			if err := run.local.Prepare(cmd.Context(), result.Analysis, offline); err != nil {
				if !errors.Is(err, engine.ErrNoData) || !allowNoData {
					return err
				}
				run.progress.say("%v", "no advisory data: packages were not matched")
			}
			if err := run.judge(cmd, result, bundle, documents, orWord(tag, result.Reference)); err != nil {
				return err
			}
			stop := stopped(result, failOn != "", threshold)
			if stop != nil && result.Verdict.Action != "stop" {
				result.StoppedBy = "--fail-on " + failOn
			}
			if err := run.write(result); err != nil {
				return err
			}
			if result.StoppedBy != "" {
				run.progress.say("stopped by %s", result.StoppedBy)
			}
			return stop
		},
	}
	o.flags(cmd, report.Formats())
	f := cmd.Flags()
	f.StringVar(&policyFile, "policy", "", "policy bundle to evaluate: a file (JSON or YAML), or "+builtin+"NAME for one of landwaiter policy bundles (default: "+builtin+"default)")
	f.StringVar(&failOn, "fail-on", "", "also stop on any vulnerability of this severity or above")
	f.StringVar(&tag, "tag", "", "full tag to evaluate the policy for, where the image comes from a file")
	f.StringArrayVar(&vexFiles, "vex", nil, "VEX document to count (OpenVEX, CSAF 2.0, CycloneDX); may be repeated")
	f.BoolVar(&offline, "offline", false, "fetch no advisory data")
	f.BoolVar(&allowNoData, "allow-no-data", false, "go on where there is no advisory data and none may be fetched")
	return cmd
}

// maxPolicy bounds a policy bundle.
const maxPolicy = 16 << 20

// judge adds findings and verdict to a result.
func (r *localRun) judge(cmd *cobra.Command, result *report.Result, bundle *policy.Bundle, documents []engine.LocalVEX, tag string) error {
	r.progress.step("matching and evaluating")
	j, err := r.local.Judge(cmd.Context(), result.Analysis)
	if err != nil {
		return err
	}
	r.layVEX(cmd, result, j, documents, tag, result.Reference)
	j.Signatures = r.local.SignaturesNextTo(cmd.Context(), r.image, r.settings.Signers)
	result.Matched, result.Findings, result.FeedRevision = true, j.Findings, j.Revision.ID
	result.Gaps = slices.Concat(result.Gaps, j.Gaps)
	result.Scores = make(map[string]report.EPSS, len(j.Scores))
	for cve, s := range j.Scores {
		result.Scores[cve] = report.EPSS{Score: s.Score, Percentile: s.Percentile, Day: s.Day}
	}
	if tag == "" || strings.Contains(tag, "@") {
		tag = "localhost/image:latest" // files have no tag; mappings by * apply
	}
	e, err := r.local.Verdict(cmd.Context(), bundle, result.Analysis, j, tag)
	if err != nil {
		return err
	}
	result.Verdict = verdictOf(bundle, e)
	facts, err := r.local.Facts(cmd.Context(), result.Analysis, j)
	if err != nil {
		return err
	}
	result.Facts = &facts
	result.Checked = &report.Checked{Digest: e.ImageDigest, FullTag: e.Tag, Evaluations: []report.Evaluation{{
		PolicyID: e.BundleID, FinalAction: e.FinalAction, At: e.At, Revision: j.Revision.ID, Document: e.Document(), Bundle: e.Bundle,
	}}}
	return nil
}

// verdictOf is an evaluation as reports show it.
func verdictOf(b *policy.Bundle, e *policy.Evaluation) *report.Verdict {
	v := &report.Verdict{Policy: orWord(b.Name, b.ID), Action: e.FinalAction, Reason: e.FinalReason, Rows: []report.Row{}}
	for _, r := range e.Rows {
		row := report.Row{Gate: r.Gate, Trigger: r.Trigger, TriggerID: r.TriggerID, Message: r.Message, Action: r.Action}
		if a := r.Allowed; a != nil {
			row.Allowed, row.AllowedReason, row.AllowedUntil = "an allowlist", a.Reason, a.Until
			if a.Name != nil {
				row.Allowed = *a.Name
			}
			if a.ItemID != nil {
				row.AllowedItem = *a.ItemID
			}
		}
		v.Rows = append(v.Rows, row)
	}
	for _, p := range e.Problems {
		v.Problems = append(v.Problems, p.Details)
	}
	return v
}

// stopped is the error that makes exit code 1, or nil.
func stopped(r *report.Result, useThreshold bool, threshold advisory.Severity) error {
	if r.Verdict.Action == "stop" {
		return &Exit{Code: ExitStop}
	}
	if useThreshold {
		for i := range r.Findings {
			if f := &r.Findings[i]; f.Ignored == "" && f.Severity >= threshold {
				return &Exit{Code: ExitStop}
			}
		}
	}
	return nil
}

func orWord(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// readBounded reads a file of the user's, whatever kind of file it is: one without an end is no reason to run out of memory.
func readBounded(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, unreadable(name, err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, unreadable(name, err)
	}
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("%s is larger than %d MiB", name, limit>>20)
	}
	return b, nil
}

// readRegular reads a file that is found, or that another file names: only a regular file ends by itself.
func readRegular(name string, limit int64) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, unreadable(name, err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("cannot read %s: it is not a regular file", name)
	}
	return readBounded(name, limit)
}

// unreadable says which file cannot be read, and why, without the name of a system call.
func unreadable(name string, err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		err = e.Err
	}
	return fmt.Errorf("cannot read %s: %w", name, err)
}
