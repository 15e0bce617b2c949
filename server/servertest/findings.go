package servertest

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"landwaiter.dev/advisory"
	"landwaiter.dev/engine"
	"landwaiter.dev/image"
	"landwaiter.dev/store"
)

type content struct{ e *Engine }

// Packages is what every analysed image holds.
func Packages() []image.Package {
	return []image.Package{
		{Type: image.Deb, Name: "openssl", Version: "3.0.9-1", SourceName: "openssl", SourceVersion: "3.0.9-1", Arch: "amd64", Origin: "Debian OpenSSL Team", Licenses: []string{"Apache-2.0", "Artistic"}, InstalledSize: 2300000, Location: "var/lib/dpkg/status"},
		{Type: image.APK, Name: "musl", Version: "1.2.4-r2", SourceName: "musl", Location: "lib/apk/db/installed"},
		{Type: image.RPM, Name: "bash", Version: "5.1.8-6.el9", SourceName: "bash", SourceRPM: "bash-5.1.8-6.el9.src.rpm", Licenses: []string{"GPLv3+"}, Location: "var/lib/rpm/rpmdb.sqlite"},
		{Type: image.Python, Name: "requests", Version: "2.28.0", Location: "usr/lib/python3/dist-packages/requests-2.28.0.dist-info/METADATA"},
		{Type: image.NPM, Name: "@scope/left-pad", Version: "1.3.0", Location: "app/node_modules/@scope/left-pad/package.json", Licenses: []string{"WTFPL"}},
		{Type: image.Gem, Name: "rake", Version: "13.0.6", Location: "usr/share/rubygems/specifications/rake-13.0.6.gemspec"},
		{Type: image.Maven, Namespace: "org.apache.logging.log4j", Name: "log4j-core", Version: "2.14.1", Location: "app/app.war", Layer: 1, Inner: "WEB-INF/lib/log4j-core-2.14.1.jar", Extra: map[string]string{"maven-version": "2.14.1"}},
		{Type: image.Golang, Name: "golang.org/x/net", Version: "v0.7.0", Location: "usr/local/bin/tool"},
		{Type: image.Cargo, Name: "regex", Version: "1.5.4", Location: "usr/local/bin/rg"},
		{Type: image.Composer, Name: "guzzlehttp/psr7", Version: "2.4.3", Location: "srv/vendor/composer/installed.json"},
		{Type: image.Binary, Name: "redis", Version: "7.2.1", Location: "usr/local/bin/redis-server"},
		{Type: image.NuGet, Name: "Newtonsoft.Json", Version: "12.0.1", Location: "app/web.deps.json"},
	}
}

func (c content) Analyzed(ctx context.Context, account string, d image.Digest) (*engine.Analyzed, error) {
	img, err := c.e.analyzed(ctx, account, d)
	if err != nil {
		return nil, err
	}
	layer := func(s string, n int64) image.Layer {
		return image.Layer{LayerID: image.LayerID{Blob: image.DigestOf([]byte("blob " + s)), DiffID: image.DigestOf([]byte("diff " + s))}, Size: n}
	}
	a := &engine.Analyzed{Image: img, Dockerfile: img.Dockerfile, Mode: "Actual", Analysis: &image.Analysis{
		Digest: img.Digest, ID: img.ImageID, Packages: Packages(), Layers: []image.Layer{layer("a", 100), layer("b", 200)},
		History: []image.History{{CreatedBy: "ADD rootfs"}, {CreatedBy: "ENV A=b", EmptyLayer: true}, {CreatedBy: "RUN make"}},
		Gaps:    []image.Gap{{Kind: image.GapUnidentified, Path: "app/lib/x.jar", Layer: 1, Detail: "no coordinates"}},
	}}
	for i, line := range []string{"ADD rootfs", "RUN /bin/sh -c make # buildkit"} {
		a.Analysis.Layers[i].CreatedBy, a.Analysis.Layers[i].TarSize = line, 1000
	}
	if !strings.Contains(img.Tags[0].Repository, "bare") {
		observe(a.Analysis)
	}
	if img.Dockerfile == "" {
		a.Dockerfile, a.Mode = "FROM scratch\nADD rootfs\n", "Guessed"
	}
	a.Lineage, err = bases(c).Of(ctx, img)
	return a, err
}

type bases struct{ e *Engine }

// Of says that images of repositories with "derived" in their name are built on the newest of team/base, and say so.
func (b bases) Of(_ context.Context, img store.Image) (engine.Lineage, error) {
	if img.Status != store.Analyzed || len(img.Tags) == 0 || !strings.Contains(img.Tags[0].Repository, "derived") {
		return engine.Lineage{}, nil
	}
	b.e.mu.Lock()
	defer b.e.mu.Unlock()
	l := engine.Lineage{Declared: &image.BaseImage{Name: "docker.io/team/base:1", Digest: DigestOf("docker.io/team/base:1")}}
	if base := b.e.find(img.Account, func(i *fakeImage) bool { return i.Tags[0].Repository == "team/base" }); base != nil {
		l.Base = &image.KnownBase{Digest: base.Digest, Tags: []string{base.Tags[0].FullTag()}, Layers: 1}
	}
	return l, nil
}

func (c content) Files(ctx context.Context, account string, d image.Digest) ([]image.File, error) {
	if _, err := c.e.analyzed(ctx, account, d); err != nil {
		return nil, err
	}
	sum := make([]byte, 32)
	return []image.File{
		{Path: "bin", Type: image.Symlink, Mode: 0o777, Link: "usr/bin", Size: 7},
		{Path: "etc", Type: image.Directory, Mode: 0o755},
		{Path: "etc/passwd", Type: image.Regular, Mode: 0o644, Size: 12, SHA256: sum},
		{Path: "usr/bin/su", Type: image.Regular, Mode: 0o4755, Size: 70000, SHA256: sum, GID: 50},
	}, nil
}

func (c content) Manifest(ctx context.Context, account string, d image.Digest) ([]byte, error) {
	img, err := c.e.Get(ctx, account, d)
	if err != nil {
		return nil, err
	}
	return []byte(`{"schemaVersion":2,"config":{"digest":"` + string(img.ImageID) + `"}}`), nil
}

// analyzed refuses images without an analysis; it does not move them on.
func (e *Engine) analyzed(_ context.Context, account string, d image.Digest) (store.Image, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	i := e.find(account, func(i *fakeImage) bool { return i.Digest == d || i.ParentDigest == d })
	switch {
	case i == nil:
		return store.Image{}, engine.Errorf(engine.ClassNotFound, "image_not_found", "image not found in DB: %s", d)
	case i.Status != store.Analyzed:
		return store.Image{}, engine.Errorf(engine.ClassNotAnalyzed, "not_analyzed", "image is not analyzed - analysis_status: %s", i.Status).With("analysis_status", string(i.Status))
	}
	return clone(i), nil
}

// Findings are what is known of [Packages].
func Findings() []advisory.ImageFinding {
	p := Packages()
	return []advisory.ImageFinding{
		{
			Finding: advisory.Finding{
				ID: "CVE-2023-0464", IDs: []string{"CVE-2023-0464"}, Severity: advisory.High, SeveritySource: "Debian", Fixes: []string{"3.0.11-1"}, State: advisory.Fixed,
				URL: "https://security-tracker.debian.org/tracker/CVE-2023-0464", KnownExploited: "2023-06-01",
				CVSS:     []advisory.CVSS{{Source: "NVD", Version: "3.1", Vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", Base: 7.5, Exploitability: 3.9, Impact: 3.6}},
				Evidence: []advisory.Evidence{{Record: "DEBIAN-CVE-2023-0464", Ecosystem: "Debian:12", Package: "openssl", Compared: "3.0.9-1", Range: ">= 0, < 3.0.11-1", Fixed: "3.0.11-1"}},
			},
			Package: p[0], Distinct: advisory.Package{Type: image.Deb, Ecosystem: "Debian:12", Name: "openssl", Version: "3.0.9-1"}, Since: Start,
		},
		{
			Finding: advisory.Finding{ID: "CVE-2005-2541", IDs: []string{"CVE-2005-2541"}, Severity: advisory.Negligible, State: advisory.WontFix},
			Package: p[0], Distinct: advisory.Package{Ecosystem: "Debian:12"},
		},
		{
			Finding: advisory.Finding{
				ID: "GHSA-jfh8-c2jp-5v3q", IDs: []string{"CVE-2021-44228", "GHSA-jfh8-c2jp-5v3q"}, Severity: advisory.Critical, Fixes: []string{"2.15.0"}, State: advisory.Fixed,
				CVSS: []advisory.CVSS{{Source: "GHSA-jfh8-c2jp-5v3q", Version: "3.1", Base: 10, Exploitability: 3.9, Impact: 6}},
			},
			Package: p[6], Distinct: advisory.Package{Ecosystem: "Maven"},
		},
		{
			Finding: advisory.Finding{ID: "GHSA-x", IDs: []string{"GHSA-x"}, Severity: advisory.Medium, State: advisory.NotFixed},
			Package: p[3], Distinct: advisory.Package{Ecosystem: "PyPI"}, Ignored: "the distribution says that it is mended in python3-requests",
		},
	}
}

// Of answers [Findings] for analysed images. A moment before [Start] is refused unless retrospective.
func (e *Engine) Of(ctx context.Context, account string, d image.Digest, m engine.Moment) (*engine.Vulnerabilities, error) {
	img, err := e.analyzed(ctx, account, d)
	if err != nil {
		return nil, err
	}
	v := &engine.Vulnerabilities{Image: img, Findings: Findings(), Scores: Scores(), Revision: 3, AsOf: Start,
		Gaps: []image.Gap{{Kind: image.GapUnidentified, Path: "app/lib/x.jar", Layer: 1, Detail: "no coordinates"}, {Kind: image.GapNoAdvisories, Layer: -1, Detail: "no advisory data for Packagist"}}}
	l, err := bases{e}.Of(ctx, img)
	if v.Base = l.Base; err != nil || m.At.IsZero() {
		return v, err
	}
	if m.At.Before(Start) && !m.Retrospective {
		return nil, engine.Errorf(engine.ClassConflict, "not_known_then", "the image was not known here at %s", m.At.Format("2006-01-02"))
	}
	v.Revision, v.AsOf = 2, m.At
	return v, nil
}

// Check says stop for the active bundle, and pass for the bundle "lax".
func (e *Engine) Check(ctx context.Context, account string, r engine.CheckRequest) (*engine.Check, error) {
	img, err := e.analyzed(ctx, account, r.Digest)
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	id := r.PolicyID
	for _, p := range e.policies[account] {
		if id == "" && p.Active {
			id = p.ID
		}
	}
	p := e.policies[account][id]
	if p == nil {
		if r.PolicyID == "" {
			return nil, engine.Errorf(engine.ClassNotFound, "no_active_policy", "account %s has no active policy", account)
		}
		return nil, noSuch("policy", id)
	}
	action := "stop"
	if p.ID == "lax" {
		action = "warn"
	}
	doc := map[string]any{
		"user_id": account, "image_id": img.ImageID.Hex(), "tag": r.Tag, "final_action": action, "final_action_reason": "policy_evaluation", "evaluation_problems": []any{},
		"result": map[string]any{img.ImageID.Hex(): map[string]any{"result": map[string]any{
			"header": []string{"Image_Id", "Repo_Tag", "Trigger_Id", "Gate", "Trigger", "Check_Output", "Gate_Action", "Whitelisted", "Policy_Id"},
			"rows": [][]any{
				{img.ImageID.Hex(), r.Tag, "CVE-2023-0464+openssl", "vulnerabilities", "package", "HIGH Vulnerability found in os package type (dpkg) - openssl", action, false, p.ID},
				{img.ImageID.Hex(), r.Tag, "a1", "dockerfile", "instruction", "no HEALTHCHECK", "warn", map[string]any{"whitelist_name": "ours", "whitelist_id": "w1", "matched_rule_id": "r1"}, p.ID},
			},
			"row_count": 2, "final_action": action,
		}}, "policy_data": []any{}, "whitelist_data": []any{}, "policy_name": "", "whitelist_names": []any{}},
	}
	text, err := json.Marshal(doc)
	if err != nil {
		return nil, err
	}
	one := engine.CheckedEvaluation{PolicyID: p.ID, FinalAction: action, EvaluatedAt: Start, Document: text, Bundle: p.Document}
	if !r.Interactive {
		one.Header.ID, one.Header.FeedRevision = 1, 3
	}
	done := &engine.Check{Image: img, FullTag: r.Tag, Evaluations: []engine.CheckedEvaluation{one}, Revision: 3, AsOf: r.Moment.At}
	if r.History {
		before := one
		before.Header.ID, before.Header.FeedRevision, before.EvaluatedAt = 12, 2, Start.Add(-time.Hour)
		done.Evaluations = append(done.Evaluations, before)
	}
	return done, nil
}
