package report

import (
	"strings"

	"github.com/package-url/packageurl-go"

	"landwaiter.dev/image"
)

// PURL is the package URL of an installed package (package-url/purl-spec).
func PURL(p *image.Package, d image.Distro) string {
	kind, namespace, name, version := string(p.Type), p.Namespace, p.Name, p.Version
	var q []packageurl.Qualifier
	add := func(key, value string) {
		if value != "" {
			q = append(q, packageurl.Qualifier{Key: key, Value: value})
		}
	}
	add("arch", p.Arch)
	switch p.Type {
	case image.Deb, image.APK, image.RPM:
		namespace = d.ID
		if d.ID != "" && d.VersionID != "" {
			add("distro", d.ID+"-"+d.VersionID)
		}
		if p.Type == image.RPM {
			if epoch, rest, ok := strings.Cut(version, ":"); ok {
				version = rest
				add("epoch", epoch)
			}
			add("rpmmod", p.Modularity)
			add("upstream", p.SourceRPM)
		} else if p.SourceName != "" && p.SourceName != p.Name {
			upstream := p.SourceName
			if p.SourceVersion != "" && p.SourceVersion != p.Version {
				upstream += "@" + p.SourceVersion
			}
			add("upstream", upstream)
		}
	case image.Python:
		name = strings.ToLower(strings.ReplaceAll(name, "_", "-"))
	case image.NPM, image.Golang, image.Composer:
		if i := strings.LastIndexByte(name, '/'); i >= 0 {
			namespace, name = name[:i], name[i+1:]
		}
	}
	return packageurl.NewPackageURL(kind, namespace, name, version, q, "").ToString()
}
