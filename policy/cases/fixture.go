package cases

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
	"landwaiter.dev/internal/yamldoc"
	"landwaiter.dev/policy/gate"
)

// Fixture is an image as a case judges it.
type Fixture struct {
	Analysis  *image.Analysis
	Reference string
	// Findings are nil when nobody looked for them.
	Findings []advisory.ImageFinding
	Gaps     []image.Gap
	At       time.Time
	// Base is the image below; nil when none is known.
	Base *image.KnownBase
	// Facts are those that a scan has kept; nil when there are none. Then Threats by CVE are the scores of the findings.
	Facts   *gate.Facts
	Threats map[string]gate.Threat
	// Files of the tree; nil when they are not known.
	Files func() ([]image.File, error)
	// unseen says that there are findings that the scan did not have, of which its facts say nothing.
	unseen bool
}

// ParseFixture reads a result as landwaiter analyze and scan write it with -o json, or an analysis alone.
func ParseFixture(document []byte) (*Fixture, error) {
	var result struct {
		Reference string             `json:"reference"`
		At        time.Time          `json:"at"`
		Analysis  *image.Analysis    `json:"analysis"`
		Findings  *[]json.RawMessage `json:"findings"`
		Ignored   []json.RawMessage  `json:"ignored"`
		Gaps      []image.Gap        `json:"gaps"`
		Base      *image.KnownBase   `json:"base_image"`
		Facts     *gate.Facts        `json:"facts"`
	}
	if err := json.Unmarshal(document, &result); err != nil {
		return nil, fmt.Errorf("it is no result of landwaiter analyze -o json: %s", plainly(err))
	}
	f := &Fixture{Analysis: result.Analysis, Reference: result.Reference, At: result.At, Gaps: result.Gaps, Base: result.Base, Threats: map[string]gate.Threat{}}
	if f.Analysis == nil {
		f.Analysis = &image.Analysis{}
		if err := json.Unmarshal(document, f.Analysis); err != nil || f.Analysis.Schema == 0 {
			return nil, errors.New("it is no result of landwaiter analyze -o json: there is no analysis in it")
		}
		f.Gaps = f.Analysis.Gaps
	}
	if f.Analysis.Schema > image.AnalysisSchema {
		return nil, fmt.Errorf("it is of a newer version of Landwaiter (schema %d)", f.Analysis.Schema)
	}
	if result.Findings == nil {
		return f, nil
	}
	f.know(result.Facts, *result.Findings)
	var err error
	f.Findings, err = f.findings(slices.Concat(*result.Findings, result.Ignored))
	return f, err
}

// know takes the facts of a result, of an old one the scores of its findings.
func (f *Fixture) know(facts *gate.Facts, findings []json.RawMessage) {
	f.Facts, f.Threats = facts, nil
	if facts == nil {
		f.Threats = threats(findings)
	} else if f.Threats = facts.Threats; f.Threats == nil {
		f.Threats = map[string]gate.Threat{}
	}
}

// threats are the scores that stand with findings, by CVE.
func threats(findings []json.RawMessage) map[string]gate.Threat {
	found := map[string]gate.Threat{}
	for _, raw := range findings {
		var scored struct {
			IDs  []string `json:"ids"`
			EPSS *Threat  `json:"epss"`
		}
		if json.Unmarshal(raw, &scored) == nil && scored.EPSS != nil {
			for _, id := range scored.IDs {
				found[id] = scored.EPSS.threat()
			}
		}
	}
	return found
}

// With is the image with findings of another source: a list, or a result of a scan of the same image, whose moment, scores and
// gaps then count, too. The package of a finding may be its name alone.
func (f *Fixture) With(source []byte) (*Fixture, error) {
	document := json.RawMessage(source)
	if !yamldoc.IsJSON(source) {
		var err error
		if document, err = yamldoc.JSON(source, yamldoc.Options{Text: func(key string) bool { return texts[key] }}); err != nil {
			return nil, err
		}
	}
	with := *f
	var list []json.RawMessage
	if json.Unmarshal(document, &list) == nil {
		var err error
		with.Findings, err = f.findings(list)
		with.unseen = slices.ContainsFunc(with.Findings, func(one advisory.ImageFinding) bool {
			return gate.HasCVE(&one.Finding) && !slices.ContainsFunc(f.Findings, func(seen advisory.ImageFinding) bool { return seen.ID == one.ID })
		})
		return &with, err
	}
	var result struct {
		At       time.Time          `json:"at"`
		Findings *[]json.RawMessage `json:"findings"`
		Ignored  []json.RawMessage  `json:"ignored"`
		Gaps     []image.Gap        `json:"gaps"`
		Facts    *gate.Facts        `json:"facts"`
		Analysis struct {
			Digest image.Digest `json:"digest"`
		} `json:"analysis"`
	}
	if err := json.Unmarshal(document, &result); err != nil || result.Findings == nil {
		return nil, errors.New("it is neither a list of findings nor a result of landwaiter scan -o json, which has one")
	}
	if is, want := result.Analysis.Digest, f.Analysis.Digest; is != "" && want != "" && is != want {
		return nil, fmt.Errorf("the result is of another image: of %s, and the case judges %s", is, want)
	}
	if with.At.IsZero() {
		with.At = result.At
	}
	with.know(result.Facts, *result.Findings)
	with.unseen = false
	with.Gaps = slices.Clone(f.Gaps)
	for _, g := range result.Gaps {
		if !slices.Contains(with.Gaps, g) {
			with.Gaps = append(with.Gaps, g)
		}
	}
	var err error
	with.Findings, err = f.findings(slices.Concat(*result.Findings, result.Ignored))
	return &with, err
}

func (f *Fixture) findings(list []json.RawMessage) ([]advisory.ImageFinding, error) {
	findings := make([]advisory.ImageFinding, 0, len(list))
	for i, raw := range list {
		one, err := f.finding(raw)
		if err != nil {
			return nil, fmt.Errorf("finding %d: %w", i+1, err)
		}
		findings = append(findings, one)
	}
	return findings, nil
}

func (f *Fixture) finding(raw json.RawMessage) (advisory.ImageFinding, error) {
	var short struct {
		Package json.RawMessage `json:"package"`
	}
	if err := json.Unmarshal(raw, &short); err != nil {
		return advisory.ImageFinding{}, plainly(err)
	}
	var one advisory.ImageFinding
	var name string
	byName := len(short.Package) > 0 && json.Unmarshal(short.Package, &name) == nil
	if byName {
		var keys map[string]json.RawMessage
		if err := json.Unmarshal(raw, &keys); err != nil {
			return one, plainly(err)
		}
		delete(keys, "package")
		raw, _ = json.Marshal(keys) // texts as they came
	}
	if err := json.Unmarshal(raw, &one); err != nil {
		return one, plainly(err)
	}
	if one.ID == "" {
		return one, errors.New("it has no id")
	}
	if byName {
		i := slices.IndexFunc(f.Analysis.Packages, func(p image.Package) bool { return p.Name == name })
		if i < 0 {
			return one, fmt.Errorf("the image has no package %q", name)
		}
		one.Package = f.Analysis.Packages[i]
	}
	if one.Package.Name == "" {
		return one, errors.New("it has no package")
	}
	if len(one.IDs) == 0 {
		one.IDs = []string{one.ID}
	}
	if one.State == "" {
		if one.State = advisory.NotFixed; len(one.Fixes) > 0 {
			one.State = advisory.Fixed
		}
	}
	if one.Distinct == (advisory.Package{}) {
		one.Distinct = advisory.DistinctOf(&one.Package, f.Analysis.Distro)
	}
	return one, nil
}

// tree makes files of those that a case lists.
func tree(list []File) ([]image.File, error) {
	files := make([]image.File, 0, len(list))
	for _, f := range list {
		path := image.Path(strings.TrimPrefix(f.Path, "/"))
		if path == "" {
			return nil, errors.New("a file has no path")
		}
		one := image.File{Path: path, Size: f.Size, Mode: 0o644}
		switch f.Type {
		case "", "file":
			one.Type = image.Regular
		case "dir":
			one.Type, one.Mode = image.Directory, 0o755
		case "link":
			one.Type = image.Symlink
		default:
			return nil, fmt.Errorf("%s: %.40q is no type: use file, dir or link", f.Path, f.Type)
		}
		if f.Mode != "" {
			n, err := strconv.ParseUint(f.Mode, 8, 12)
			if err != nil {
				return nil, fmt.Errorf("%s: %.40q is no mode: want octal digits up to 7777", f.Path, f.Mode)
			}
			one.Mode = uint16(n)
		}
		if f.SHA256 != "" {
			d, err := image.ParseDigest("sha256:" + strings.TrimPrefix(f.SHA256, "sha256:"))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", f.Path, err)
			}
			if one.SHA256, err = hexBytes(d.Hex()); err != nil {
				return nil, err
			}
		}
		files = append(files, one)
	}
	slices.SortFunc(files, func(a, b image.File) int { return strings.Compare(string(a.Path), string(b.Path)) })
	return files, nil
}
