package sbom

import (
	"io"
	"strings"

	"github.com/package-url/packageurl-go"
)

// gitHubSnapshot is a snapshot of GitHub's dependency submission API (POST /repos/{owner}/{repo}/dependency-graph/snapshots).
// The commit, the ref and the job are its user's: they are empty, and are to be filled in before it is sent.
type gitHubSnapshot struct {
	Version   int                       `json:"version"`
	Job       gitHubJob                 `json:"job"`
	SHA       string                    `json:"sha"`
	Ref       string                    `json:"ref"`
	Detector  gitHubDetector            `json:"detector"`
	Metadata  map[string]any            `json:"metadata,omitempty"`
	Manifests map[string]gitHubManifest `json:"manifests"`
	Scanned   string                    `json:"scanned"`
}

type gitHubJob struct {
	ID         string `json:"id"`
	Correlator string `json:"correlator"`
}

type gitHubDetector struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	URL     string `json:"url"`
}

// gitHubManifest is one file that proves packages.
type gitHubManifest struct {
	Name     string                      `json:"name"`
	File     gitHubFile                  `json:"file"`
	Metadata map[string]any              `json:"metadata,omitempty"`
	Resolved map[string]gitHubDependency `json:"resolved"`
}

type gitHubFile struct {
	Location string `json:"source_location"`
}

type gitHubDependency struct {
	PURL         string         `json:"package_url"`
	Relationship string         `json:"relationship"`
	Scope        string         `json:"scope"`
	Metadata     map[string]any `json:"metadata,omitempty"`
}

// encodeGitHub writes a dependency snapshot: a manifest for each file that proves packages. Packages without a package URL
// have no place in it; metadata may have eight keys.
func encodeGitHub(w io.Writer, d *Document) error {
	tool, version := d.toolOf()
	name := clean(orName(d.Name, "image"))
	s := gitHubSnapshot{
		Job:       gitHubJob{Correlator: tool + " " + name},
		Detector:  gitHubDetector{tool, version, "https://landwaiter.dev"},
		Metadata:  map[string]any{},
		Manifests: map[string]gitHubManifest{}, Scanned: d.created(),
	}
	if a := d.Analysis; a.Digest != "" {
		s.Metadata[prefix+"digest"] = string(a.Digest)
	}
	if distro := d.Analysis.Distro; distro.ID != "" {
		u := packageurl.NewPackageURL("generic", "", clean(distro.ID), clean(distro.VersionID), nil, "")
		s.Metadata[prefix+"distro"] = u.ToString()
	}
	if n := len(d.Gaps); n > 0 {
		s.Metadata[prefix+"gaps"] = n
	}
	for _, e := range d.entries(expressions{}) {
		if e.purl == "" {
			continue
		}
		place := name + ":" + clean(e.Location.Abs())
		m, ok := s.Manifests[place]
		if !ok {
			m = gitHubManifest{Name: place, File: gitHubFile{place}, Metadata: gitHubNotes("layer:digest", e.layer), Resolved: map[string]gitHubDependency{}}
			s.Manifests[place] = m
		}
		owner := ""
		if e.OwnedBy != nil {
			owner = e.OwnedBy.Name + " " + e.OwnedBy.Version
		}
		cpe := ""
		if len(e.CPEs) > 0 {
			cpe = e.CPEs[0]
		}
		m.Resolved[e.purl] = gitHubDependency{
			PURL: e.purl, Relationship: "direct", Scope: "runtime", Metadata: gitHubNotes(
				"license", e.License, "licenses", strings.Join(e.Licenses, ", "), "inner", e.Inner, "owned_by", owner, "cpe", cpe,
				"embedded", yes(e.Embedded), "declared", yes(e.declared), "inherited", yes(e.inherited),
			),
		}
	}
	return d.jsonEncoder(w).Encode(s)
}

// gitHubNotes makes metadata of names and values; those that are empty are left out.
func gitHubNotes(pairs ...string) map[string]any {
	var m map[string]any
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			if m == nil {
				m = map[string]any{}
			}
			m[prefix+pairs[i]] = clean(pairs[i+1])
		}
	}
	return m
}
