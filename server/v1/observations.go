package v1

import (
	"context"
	"strings"

	"landwaiter.dev/analysis"
	"landwaiter.dev/engine"
	"landwaiter.dev/image"
)

// TextMatches is where rules found their texts, in all layers and in the config.
type TextMatches struct {
	Digest  string       `json:"imageDigest"`
	Matches []TextMatch  `json:"matches" doc:"Also of files that a later layer removed, and of the config"`
	Gaps    *[]image.Gap `json:"gaps,omitempty" doc:"What the analysis could not see"`
}

// TextMatch is one place of a text. The text itself is not kept.
type TextMatch struct {
	Rule    string `json:"rule"`
	Regex   string `json:"regex" doc:"Its regular expression, or builtin:NAME for a detector"`
	Path    string `json:"path,omitempty"`
	Place   string `json:"place,omitempty" doc:"Where in the config; absent for files"`
	Line    int    `json:"line" doc:"Counted from 1"`
	Layer   int    `json:"layer" doc:"Index; -1 for the config"`
	Removed bool   `json:"removed,omitempty" doc:"A later layer deleted or replaced the file; who pulls the image has it all the same"`
	HMAC    string `json:"hmac,omitempty" doc:"Keyed digest of the secret: equal secrets have equal ones"`
	More    int    `json:"more,omitempty" doc:"Further matches of the rule in the file that are not listed"`
}

// Verification is the outcome of comparing files with package databases.
type Verification struct {
	Digest      string           `json:"imageDigest"`
	Compared    int              `json:"compared" doc:"Files whose content was compared"`
	Uncompared  int              `json:"uncompared" doc:"Files for which the database or the analysis has no digest"`
	Differences []FileDifference `json:"differences"`
	Gaps        *[]image.Gap     `json:"gaps,omitempty" doc:"What the analysis could not see"`
}

// FileDifference is a file that is not as its package brought it.
type FileDifference struct {
	Path    string           `json:"path"`
	Package image.PackageRef `json:"package"`
	Status  image.FileStatus `json:"status" doc:"changed, missing or mode_changed"`
	Config  bool             `json:"config,omitempty" doc:"A configuration file, which users may change"`
	Detail  string           `json:"detail,omitempty"`
}

// SpecialFiles are files that give their caller rights.
type SpecialFiles struct {
	Digest string        `json:"imageDigest"`
	Files  []SpecialFile `json:"special_files"`
	Gaps   *[]image.Gap  `json:"gaps,omitempty" doc:"What the analysis could not see"`
}

// SpecialFile is one of them.
type SpecialFile struct {
	Path         string `json:"path"`
	Mode         string `json:"mode" doc:"Octal, with its set-ID bits"`
	Capabilities bool   `json:"capabilities,omitempty"`
	UID          int    `json:"uid"`
	GID          int    `json:"gid"`
	Layer        int    `json:"layer"`
}

// Declared are packages that a lock file pins and nothing proves to be installed.
type Declared struct {
	Digest   string           `json:"imageDigest"`
	Packages []map[string]any `json:"packages" doc:"As content types show packages; they are matched with nothing"`
	Gaps     *[]image.Gap     `json:"gaps,omitempty" doc:"What the analysis could not see"`
}

// Gaps are what the analysis could not see, and what of it could not be matched, as the vulnerabilities have them.
type Gaps struct {
	Digest string       `json:"imageDigest"`
	Gaps   *[]image.Gap `json:"gaps"`
}

// Layers are the layers of an image, from the base up.
type Layers struct {
	Digest string  `json:"imageDigest"`
	Layers []Layer `json:"layers"`
}

// Layer is one of them.
type Layer struct {
	Index      int          `json:"index"`
	Blob       image.Digest `json:"digest"`
	DiffID     image.Digest `json:"diff_id"`
	MediaType  string       `json:"media_type"`
	Size       int64        `json:"size" doc:"Bytes as stored"`
	TarSize    int64        `json:"tar_size" doc:"Bytes uncompressed"`
	CreatedBy  string       `json:"created_by,omitempty" doc:"Its line of the history"`
	Dockerfile string       `json:"dockerfile_line,omitempty" doc:"The same as an instruction"`
}

func (r *routes) observations() {
	observed(r, "secrets", "Get the secrets found, also in removed files and in the config", func(d string, a *image.Analysis) TextMatches {
		return TextMatches{d, textMatches(a.Secrets), gaps(a.Gaps)}
	})
	observed(r, "matches", "Get the texts that are searched for, also in removed files", func(d string, a *image.Analysis) TextMatches {
		return TextMatches{d, textMatches(a.Matches), gaps(a.Gaps)}
	})
	observed(r, "verification", "Get the packaged files that are not as their packages brought them", newVerification)
	observed(r, "special_files", "Get the files with set-user-ID, set-group-ID or capabilities", func(d string, a *image.Analysis) SpecialFiles {
		rows := make([]SpecialFile, 0, len(a.Special))
		for _, f := range a.Special {
			rows = append(rows, SpecialFile{f.Path.Abs(), f.Mode, f.Capabilities, f.UID, f.GID, f.Layer})
		}
		return SpecialFiles{d, rows, gaps(a.Gaps)}
	})
	observed(r, "declared", "Get the packages that lock files pin and nothing proves to be installed", func(d string, a *image.Analysis) Declared {
		rows := make([]map[string]any, 0, len(a.Declared))
		for i := range a.Declared {
			rows = append(rows, packageRow(&a.Declared[i], nil))
		}
		return Declared{d, rows, gaps(a.Gaps)}
	})
	add(r, "GET /images/{imageDigest}/gaps", "Image content", "Get what the analysis could not see, and what no advisory data is there for", func(ctx context.Context, in *ImagePath) (Gaps, error) {
		d, err := digestOf(in.Digest)
		if err != nil {
			return Gaps{}, err
		}
		known, err := r.Vulnerabilities.Of(ctx, account(ctx), d, engine.Moment{})
		if err != nil {
			return Gaps{}, err
		}
		return Gaps{in.Digest, gaps(known.Gaps)}, nil
	})
	observed(r, "layers", "Get the layers with the history lines that made them", newLayers)
}

// observed adds a route that shows one part of an analysis.
func observed[T any](r *routes, name, summary string, show func(digest string, a *image.Analysis) T) {
	add(r, "GET /images/{imageDigest}/"+name, "Image content", summary, func(ctx context.Context, in *ImagePath) (T, error) {
		a, err := r.analysed(ctx, in)
		if err != nil {
			var none T
			return none, err
		}
		return show(in.Digest, a.Analysis), nil
	})
}

func (r *routes) analysed(ctx context.Context, in *ImagePath) (*engine.Analyzed, error) {
	d, err := digestOf(in.Digest)
	if err != nil {
		return nil, err
	}
	return r.Content.Analyzed(ctx, account(ctx), d)
}

func textMatches(list []image.TextMatch) []TextMatch {
	rows := make([]TextMatch, 0, len(list))
	for i := range list {
		m := &list[i]
		row := TextMatch{Rule: m.Rule, Regex: regexOf(m), Place: m.Place, Line: m.Line, Layer: m.Layer, Removed: m.Removed, HMAC: m.HMAC, More: m.More}
		if m.Path != "" {
			row.Path = m.Path.Abs()
		}
		rows = append(rows, row)
	}
	return rows
}

func newVerification(digest string, a *image.Analysis) Verification {
	v := &a.Verification
	rows := make([]FileDifference, 0, len(v.Differences))
	for i := range v.Differences {
		d := &v.Differences[i]
		rows = append(rows, FileDifference{d.Path.Abs(), d.Package, d.Status, d.Config, d.Detail})
	}
	return Verification{digest, v.Compared, v.Uncompared, rows, gaps(a.Gaps)}
}

func newLayers(digest string, a *image.Analysis) Layers {
	rows := make([]Layer, 0, len(a.Layers))
	for i := range a.Layers {
		l := &a.Layers[i]
		rows = append(rows, Layer{i, l.Blob, l.DiffID, l.MediaType, l.Size, l.TarSize, l.CreatedBy, analysis.Instruction(l.CreatedBy)})
	}
	return Layers{digest, rows}
}

// malwareRow is what one scanner said, in the shape of the content type "malware".
type malwareRow struct {
	Scanner  string           `json:"scanner"`
	Enabled  bool             `json:"enabled"`
	Findings []malwareFinding `json:"findings"`
	Metadata malwareMetadata  `json:"metadata"`
	Version  string           `json:"version"`
	// Removed are findings in files that a later layer deleted or replaced.
	Removed []malwareFinding `json:"removed_findings"`
}

type malwareFinding struct {
	Path      string `json:"path"`
	Signature string `json:"signature"`
	Layer     int    `json:"layer"`
}

type malwareMetadata struct {
	DBVersion map[string]string `json:"db_version"`
}

// malwareRows is empty when no scanner was asked; a scanner that found nothing has a row.
func malwareRows(m *image.Malware) []malwareRow {
	if m == nil {
		return []malwareRow{}
	}
	row := malwareRow{
		Scanner: m.Scanner, Enabled: true, Version: m.Version, Findings: []malwareFinding{}, Removed: []malwareFinding{},
		Metadata: malwareMetadata{map[string]string{"main": "", "daily": signaturesOf(m.Version), "bytecode": ""}},
	}
	for _, f := range m.Findings {
		shown := malwareFinding{f.Path.Abs(), f.Signature, f.Layer}
		if f.Removed {
			row.Removed = append(row.Removed, shown)
		} else {
			row.Findings = append(row.Findings, shown)
		}
	}
	return []malwareRow{row}
}

// signaturesOf reads the version of the daily signatures of "ClamAV 1.0.7/27100/Tue Nov 14 09:40:00 2023", all that a
// daemon says of its databases.
func signaturesOf(version string) string {
	_, rest, _ := strings.Cut(version, "/")
	daily, _, _ := strings.Cut(rest, "/")
	return daily
}
