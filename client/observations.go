package client

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
)

// TextMatches is where rules found their texts.
type TextMatches struct {
	Digest  string      `json:"imageDigest"`
	Matches []TextMatch `json:"matches"`
	Gaps    []Gap       `json:"gaps"`
}

// TextMatch is one place of a text, which itself is not kept.
type TextMatch struct {
	Rule  string `json:"rule"`
	Regex string `json:"regex"`
	Path  string `json:"path,omitempty"`
	// Place in the config; "" for files.
	Place string `json:"place,omitempty"`
	// Line from 1; Layer from 0, -1 for the config.
	Line  int `json:"line"`
	Layer int `json:"layer"`
	// Removed says that a later layer deleted or replaced the file.
	Removed bool   `json:"removed,omitempty"`
	HMAC    string `json:"hmac,omitempty"`
	// More counts matches that are not listed.
	More int `json:"more,omitempty"`
}

// Secrets lists where secrets are, also in removed files and in the config.
func (c *Client) Secrets(ctx context.Context, digest string) (TextMatches, error) {
	var a TextMatches
	err := c.get(ctx, at("images", digest, "secrets"), &a)
	return a, err
}

// Matches lists where the texts are that the server's settings search for.
func (c *Client) Matches(ctx context.Context, digest string) (TextMatches, error) {
	var a TextMatches
	err := c.get(ctx, at("images", digest, "matches"), &a)
	return a, err
}

// RetrievedFile is a file that the server's settings ask for.
type RetrievedFile struct {
	Path string `json:"path"`
	// Content in base64; see [RetrievedFile.Bytes].
	Content string `json:"b64_content"`
}

// Bytes is the content.
func (f *RetrievedFile) Bytes() ([]byte, error) {
	content, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(f.Content, "\n", ""))
	if err != nil {
		return nil, fmt.Errorf("content of %s: %w", f.Path, err)
	}
	return content, nil
}

// Retrieved reads the files that the server's settings ask for.
func (c *Client) Retrieved(ctx context.Context, digest string) ([]RetrievedFile, error) {
	var list []RetrievedFile
	err := c.get(ctx, at("images", digest, "artifacts", "retrieved_files"), &list)
	return list, err
}

// Verification is the outcome of comparing files with package databases.
type Verification struct {
	Digest string `json:"imageDigest"`
	// Compared counts files whose content was compared, Uncompared those for which there is no digest.
	Compared    int              `json:"compared"`
	Uncompared  int              `json:"uncompared"`
	Differences []FileDifference `json:"differences"`
	Gaps        []Gap            `json:"gaps"`
}

// FileDifference is a file that is not as its package brought it.
type FileDifference struct {
	Path    string     `json:"path"`
	Package PackageRef `json:"package"`
	// Status is changed, missing or mode_changed.
	Status string `json:"status"`
	// Config marks a configuration file, which users may change.
	Config bool   `json:"config,omitempty"`
	Detail string `json:"detail,omitempty"`
}

// PackageRef names a package.
type PackageRef struct {
	Type    string `json:"type"`
	Name    string `json:"name"`
	Version string `json:"version"`
	Arch    string `json:"arch,omitempty"`
}

// Verification reads which packaged files are not as their packages brought them.
func (c *Client) Verification(ctx context.Context, digest string) (Verification, error) {
	var a Verification
	err := c.get(ctx, at("images", digest, "verification"), &a)
	return a, err
}

// SpecialFiles are files that give their caller rights.
type SpecialFiles struct {
	Digest string        `json:"imageDigest"`
	Files  []SpecialFile `json:"special_files"`
	Gaps   []Gap         `json:"gaps"`
}

// SpecialFile has set-user-ID, set-group-ID or capabilities.
type SpecialFile struct {
	Path string `json:"path"`
	// Mode in octal, with its set-ID bits.
	Mode         string `json:"mode"`
	Capabilities bool   `json:"capabilities,omitempty"`
	UID          int    `json:"uid"`
	GID          int    `json:"gid"`
	Layer        int    `json:"layer"`
}

// SpecialFiles lists them.
func (c *Client) SpecialFiles(ctx context.Context, digest string) (SpecialFiles, error) {
	var a SpecialFiles
	err := c.get(ctx, at("images", digest, "special_files"), &a)
	return a, err
}

// DeclaredAnswer lists packages of lock files.
type DeclaredAnswer struct {
	Digest   string            `json:"imageDigest"`
	Packages []DeclaredPackage `json:"packages"`
	Gaps     []Gap             `json:"gaps"`
}

// DeclaredPackage is pinned by a lock file; nothing proves that it is installed.
type DeclaredPackage struct {
	Name     string `json:"package"`
	Version  string `json:"version"`
	Type     string `json:"type"`
	Location string `json:"location"`
}

// Declared lists packages that lock files pin and nothing proves to be installed.
func (c *Client) Declared(ctx context.Context, digest string) (DeclaredAnswer, error) {
	var a DeclaredAnswer
	err := c.get(ctx, at("images", digest, "declared"), &a)
	return a, err
}

// Gaps lists what the analysis could not see.
func (c *Client) Gaps(ctx context.Context, digest string) ([]Gap, error) {
	var a struct {
		Gaps []Gap `json:"gaps"`
	}
	err := c.get(ctx, at("images", digest, "gaps"), &a)
	return a.Gaps, err
}

// Layer of an image.
type Layer struct {
	Index     int    `json:"index"`
	Digest    string `json:"digest"`
	DiffID    string `json:"diff_id"`
	MediaType string `json:"media_type"`
	// Size in bytes as stored, TarSize uncompressed.
	Size    int64 `json:"size"`
	TarSize int64 `json:"tar_size"`
	// CreatedBy is its line of the history, Dockerfile the same as an instruction.
	CreatedBy  string `json:"created_by,omitempty"`
	Dockerfile string `json:"dockerfile_line,omitempty"`
}

// Layers lists the layers, from the base up.
func (c *Client) Layers(ctx context.Context, digest string) ([]Layer, error) {
	var a struct {
		Layers []Layer `json:"layers"`
	}
	err := c.get(ctx, at("images", digest, "layers"), &a)
	return a.Layers, err
}

// MalwareScan is an element of the content type "malware": what one scanner said.
type MalwareScan struct {
	Scanner string `json:"scanner"`
	Version string `json:"version"`
	// Findings in the image, Removed in files that a later layer deleted or replaced.
	Findings []MalwareFinding `json:"findings"`
	Removed  []MalwareFinding `json:"removed_findings"`
}

// MalwareFinding is one signature in one file.
type MalwareFinding struct {
	Path      string `json:"path"`
	Signature string `json:"signature"`
	Layer     int    `json:"layer"`
}
