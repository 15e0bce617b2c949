package synthetic

import (
	"context"
	"encoding/json"
	"fmt"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
	"landwaiter.dev/store"
)

// document keeps the analysis document of image n on base j, with what catalogues say of such packages.
func (v Inventory) document(ctx context.Context, s *store.Store, n, j int) (image.Digest, error) {
	sys := systemOf(j)
	a := image.Analysis{
		Schema: image.AnalysisSchema, Digest: digest("image", n), ID: digest("config", n), Platform: image.Platform{OS: "linux", Architecture: "amd64"},
		Size: 100 << 20, CompressedSize: 40 << 20, Distro: image.Distro{ID: sys.id, VersionID: sys.version, Source: "etc/os-release"},
		Dockerfile: "FROM scratch\nRUN apt-get update\nCOPY . /app\nEXPOSE 8080\nCMD /app/start\n",
		Config:     image.ContainerConfig{Cmd: []string{"/app/start"}, Env: []string{"PATH=/usr/bin:/bin"}, ExposedPorts: map[string]struct{}{"8080/tcp": {}}},
		Files:      image.FileCount{Total: 9000, Regular: 8000, Directories: 900, Symlinks: 100}, Gaps: []image.Gap{},
		Revisions: map[string]string{"files": "1", "packages": "1"},
	}
	for l := range 6 {
		a.Layers = append(a.Layers, image.Layer{LayerID: image.LayerID{Blob: digest("blob", n, l), DiffID: digest("diff", n, l)}, Size: 7 << 20, TarSize: 17 << 20})
	}
	add := func(list []advisory.Package, layer int, place string) {
		for _, p := range list {
			one := image.Package{
				Type: p.Type, Name: p.Name, Namespace: p.Namespace, Version: p.Version, Arch: p.Arch, SourceName: p.SourceName, SourceVersion: p.SourceVersion,
				Licenses: []string{"MIT"}, License: "MIT", LicenseSource: "declared", Origin: "Somebody <somebody@example.org>", InstalledSize: 123456,
				Location: image.Path(place), Layer: layer,
			}
			if !p.Type.OS() {
				one.Location = image.Path(fmt.Sprintf("app/packages/%s/package.json", p.Name))
			}
			a.Packages = append(a.Packages, one)
		}
	}
	add(v.base(j), 0, "var/lib/dpkg/status")
	add(v.app(n/buildsOfApp), 5, "")
	raw, err := json.Marshal(a)
	if err != nil {
		return "", err
	}
	return s.Blobs().Put(ctx, raw)
}
