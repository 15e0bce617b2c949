// Package cases tests policies: a case names an image, a bundle and a moment, and says what the verdict must be. Cases are
// files, in YAML or JSON, that users keep beside their bundles and run in their own builds.
package cases

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/yamldoc"
)

// MaxCase is the largest file of a case in bytes.
const MaxCase = 4 << 20

// Case is one test of a policy. Paths in it are relative to its file.
type Case struct {
	// Name is the file's when it is empty.
	Name string `json:"name"`
	// Image is a result as landwaiter analyze or scan write it with -o json, or an image as these commands take it.
	Image string `json:"image"`
	// Bundle is a file, or builtin:NAME.
	Bundle string `json:"bundle"`
	// Tag to evaluate for; that of the result when it is empty.
	Tag string `json:"tag"`
	// At is the moment of the verdict; that of the result when it is zero.
	At Moment `json:"at"`
	// Dockerfile is the file that was given with the image; "" for none.
	Dockerfile string `json:"dockerfile"`
	// Findings is a list, or the name of a file with one or with a result of a scan; absent for those of the result.
	Findings json.RawMessage `json:"findings"`
	// Files are those of the image, for rules that look at them; absent when the image itself is read, or when no rule does.
	Files []File `json:"files"`
	// Feed is the state of the advisory data; absent for data that is there and of the moment of the verdict.
	Feed *Feed `json:"feed"`
	// Facts from outside of the image; absent for those of the result.
	Facts  *Facts  `json:"facts"`
	Expect *Expect `json:"expect"`
}

// File is an entry of the image's tree.
type File struct {
	Path string `json:"path"`
	// Mode in octal digits, as in 4755; 0644 when empty.
	Mode string `json:"mode"`
	// Type is file, dir or link; file when empty.
	Type   string `json:"type"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Feed is the state of the advisory data for the image's distribution.
type Feed struct {
	Present bool `json:"present"`
	// LastSync is the moment of the verdict when it is zero.
	LastSync Moment `json:"last_sync"`
}

// Facts are what rules may ask besides, see [gate.Facts].
type Facts struct {
	// Threats by CVE.
	Threats    map[string]Threat `json:"threats"`
	Base       *image.KnownBase  `json:"base"`
	Newer      []Newer           `json:"newer_bases"`
	Sources    []Source          `json:"sources"`
	Signatures []Signature       `json:"signatures"`
}

// Threat is the EPSS score of a vulnerability, and what CISA's catalogue says of it beside the day of a finding.
type Threat struct {
	Score      float64 `json:"score"`
	Percentile float64 `json:"percentile"`
	Day        string  `json:"day"`
	Due        string  `json:"due"`
	Ransomware bool    `json:"ransomware"`
}

// Newer is a tag of the base image that has moved on.
type Newer struct {
	Tag   string `json:"tag"`
	Since Moment `json:"since"`
}

// Source of advisory data, and when it was last brought up to date.
type Source struct {
	Name     string `json:"name"`
	LastSync Moment `json:"last_sync"`
}

// Signature beside the image; one with a PredicateType is an attestation.
type Signature struct {
	PredicateType string `json:"predicate_type"`
	Trust         string `json:"trust"`
	Identity      string `json:"identity"`
	Issuer        string `json:"issuer"`
	Problem       string `json:"problem"`
	Origin        string `json:"origin"`
}

// Moment is a time as a case writes it: 2026-01-31T12:00:00Z, or 2026-01-31 for its beginning in UTC.
type Moment struct{ time.Time }

// UnmarshalText reads either form.
func (m *Moment) UnmarshalText(text []byte) error {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, string(text)); err == nil {
			m.Time = t
			return nil
		}
	}
	return fmt.Errorf("%.40q is no moment: write 2026-01-31T12:00:00Z or 2026-01-31", text)
}

// UnmarshalJSON reads either form, and null.
func (m *Moment) UnmarshalJSON(raw []byte) error {
	var s *string
	if err := json.Unmarshal(raw, &s); err != nil || s == nil {
		return err
	}
	return m.UnmarshalText([]byte(*s))
}

// Expect is what a verdict must be. What is not said is not looked at.
type Expect struct {
	// Action is the final one: go, warn or stop.
	Action string `json:"action,omitempty"`
	// Reason is policy_evaluation, whitelisted or blacklisted.
	Reason string `json:"reason,omitempty"`
	// Only says that there must be no other rows than these.
	Only bool  `json:"only,omitempty"`
	Rows []Row `json:"rows,omitempty"`
	// Absent are rows that must not be there.
	Absent []Row `json:"absent,omitempty"`
}

// Row is what is asked of a row; what is empty is not asked.
type Row struct {
	Gate      string `json:"gate,omitempty"`
	Trigger   string `json:"trigger,omitempty"`
	TriggerID string `json:"trigger_id,omitempty"`
	Action    string `json:"action,omitempty"`
	Message   string `json:"message,omitempty"`
	Policy    string `json:"policy,omitempty"`
	// Allowed is the name of the allowlist that covers it, or its id where it has none.
	Allowed string `json:"allowed,omitempty"`
}

// texts are the keys of a case whose values are texts however they are written.
var texts = map[string]bool{
	"name": true, "image": true, "bundle": true, "tag": true, "at": true, "dockerfile": true, "path": true, "mode": true, "type": true, "sha256": true,
	"last_sync": true, "action": true, "reason": true, "gate": true, "trigger": true, "trigger_id": true, "message": true, "policy": true, "allowed": true,
	"day": true, "due": true, "since": true, "digest": true, "tags": true, "predicate_type": true, "trust": true,
	"problem": true, "origin": true, "id": true, "version": true, "severity": true, "fixes": true, "package": true, "known_exploited": true, "location": true, "ids": true,
}

// Parse reads the file of a case. A key that it does not know is an error, since a misspelt one would test nothing.
func Parse(source []byte) (*Case, error) {
	if len(source) > MaxCase {
		return nil, fmt.Errorf("it has %d bytes; %d are allowed", len(source), MaxCase)
	}
	document := json.RawMessage(source)
	if !yamldoc.IsJSON(source) {
		var err error
		if document, err = yamldoc.JSON(source, yamldoc.Options{MaxBytes: 4 * MaxCase, Text: func(key string) bool { return texts[key] }}); err != nil {
			return nil, err
		}
	}
	var c Case
	d := json.NewDecoder(bytes.NewReader(document))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return nil, fmt.Errorf("it is no case: %w", plainly(err))
	}
	return &c, c.check()
}

func (c *Case) check() error {
	if c.Image == "" {
		return fmt.Errorf("it names no image")
	}
	if c.Expect == nil {
		return nil
	}
	c.Expect.Action = strings.ToLower(c.Expect.Action)
	actions := []string{c.Expect.Action}
	for i, list := 0, [][]Row{c.Expect.Rows, c.Expect.Absent}; i < len(list); i++ {
		for j := range list[i] {
			r := &list[i][j]
			if *r == (Row{}) {
				return fmt.Errorf("an expected row says nothing: give it a gate, a trigger or a trigger_id")
			}
			r.Gate, r.Trigger, r.Action = strings.ToLower(r.Gate), strings.ToLower(r.Trigger), strings.ToLower(r.Action)
			actions = append(actions, r.Action)
		}
	}
	for _, a := range actions {
		if a != "" && a != "go" && a != "warn" && a != "stop" {
			return fmt.Errorf("%.40q is no action: use go, warn or stop", a)
		}
	}
	return nil
}

// FindingsFile is the name of the file of findings, when the case names one.
func (c *Case) FindingsFile() (name string, named bool) {
	named = len(c.Findings) > 0 && json.Unmarshal(c.Findings, &name) == nil && name != ""
	return name, named
}
