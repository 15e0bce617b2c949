package catalog

import (
	"bytes"
	"debug/buildinfo"
	"io"
	"regexp"
	"strings"

	"landwaiter.dev/internal/execfile"
)

// goProgram is a row of the table of well-known programs in Go. They need no pattern: the path of the package that was
// built says for sure which program it is.
type goProgram struct {
	// path of the main package or a parent of it, without the major versions in module paths.
	path string
	// name of the package; empty for the last element of the main package's own path.
	name string
	// cpes as in [classifier]; one that ends in a colon goes on with the name.
	cpes string
	// plain says that the builders write the version without a leading "v".
	plain bool
}

// goPrograms is looked through from its beginning.
var goPrograms = []goProgram{
	{"code.gitea.io/gitea", "gitea", "gitea:gitea", true},
	{"github.com/argoproj/argo-cd/cmd", "argo-cd", "argoproj:argo_cd", false},
	{"github.com/caddyserver/caddy/cmd/caddy", "caddy", "caddyserver:caddy", false},
	{"github.com/cilium/cilium/daemon", "cilium", "cilium:cilium", false},
	{"github.com/containerd/containerd/cmd/containerd", "containerd", "linuxfoundation:containerd", false},
	{"github.com/coredns/coredns", "coredns", "coredns.io:coredns", false},
	{"github.com/docker/docker/cmd/dockerd", "dockerd", "docker:docker mobyproject:moby", false},
	{"github.com/moby/moby/cmd/dockerd", "dockerd", "docker:docker mobyproject:moby", false},
	{"github.com/elastic/beats/x-pack", "", "elastic:", false},
	{"github.com/elastic/beats", "", "elastic:", false},
	{"github.com/elastic/elastic-agent", "elastic-agent", "elastic:elastic_agent", false},
	{"github.com/grafana/grafana/pkg/cmd", "grafana", "grafana:grafana", true},
	{"github.com/grafana/loki/cmd/loki", "loki", "grafana:loki", false},
	{"github.com/hashicorp/consul", "consul", "hashicorp:consul", false},
	{"github.com/hashicorp/nomad", "nomad", "hashicorp:nomad", false},
	{"github.com/hashicorp/packer", "packer", "hashicorp:packer", false},
	{"github.com/hashicorp/terraform", "terraform", "hashicorp:terraform", false},
	{"github.com/hashicorp/vault", "vault", "hashicorp:vault", true},
	{"github.com/minio/minio", "minio", "minio:minio", false},
	{"github.com/opencontainers/runc", "runc", "linuxfoundation:runc", false},
	{"github.com/prometheus/alertmanager/cmd", "alertmanager", "prometheus:alertmanager", false},
	{"github.com/prometheus/prometheus/cmd", "prometheus", "prometheus:prometheus", false},
	{"github.com/traefik/traefik/cmd/traefik", "traefik", "traefik:traefik", true},
	{"go.etcd.io/etcd/server", "etcd", "etcd:etcd", false},
	{"helm.sh/helm/cmd/helm", "helm", "helm:helm", false},
	{"istio.io/istio", "istio", "istio:istio", true},
	{"k8s.io/ingress-nginx/cmd/nginx", "ingress-nginx", "kubernetes:ingress-nginx", false},
	{"k8s.io/kubernetes/cmd", "", "kubernetes:kubernetes", false},
}

// goMajor is the element of a path that gives a module's major version.
var goMajor = regexp.MustCompile(`/v[0-9]{1,3}(/|$)`)

// addGoProgram makes a package of a program in the table, beside those of its modules: the main module is seldom known
// to have a version, the program often has one.
func addGoProgram(x *execfile.File, f *File, info *buildinfo.BuildInfo, found *Found) error {
	path := goMajor.ReplaceAllString(info.Path, "$1")
	for _, row := range goPrograms {
		rest, ok := strings.CutPrefix(path, row.path)
		if !ok || rest != "" && rest[0] != '/' {
			continue
		}
		name := row.name
		if name == "" {
			name = path[strings.LastIndexByte(path, '/')+1:]
		}
		name, okName := declaredName(name)
		version, evidence, err := goProgramVersion(x, f, info, row.plain)
		if !okName || version == "" {
			return err
		}
		cpes := strings.TrimSuffix(row.cpes, ":")
		if cpes != row.cpes {
			cpes = row.cpes + name
		}
		p := knownPackage(name, version, cpes, evidence, f.Path)
		p.Extra[classifierFact] = "go-program"
		found.Packages = append(found.Packages, p)
		return err
	}
	return nil
}

// goProgramVersion is what the program itself says, without a leading "v": the main module's version where the builder
// had one, a version that the linker was told to set, or, where the flags were left out of the build information, the
// one text of that form among the data.
func goProgramVersion(x *execfile.File, f *File, info *buildinfo.BuildInfo, plain bool) (version, evidence string, err error) {
	if v, _, _ := strings.Cut(info.Main.Version, "+"); v != "" && v != "(devel)" && !strings.HasPrefix(v, "v0.0.0-") {
		if v, ok := declaredVersion(strings.TrimPrefix(v, "v")); ok {
			return v, "mod " + info.Main.Path + " " + info.Main.Version, nil
		}
	}
	flags := false
	for _, s := range info.Settings {
		if s.Key == "-ldflags" {
			if v := linkedVersion(s.Value); v != "" {
				return strings.TrimPrefix(v, "v"), "-ldflags " + v, nil
			}
			flags = true
		}
	}
	if flags {
		return "", "", nil
	}
	major := strings.Trim(goMajor.FindString(info.Path), "/")
	return linkedText(x, f, plain, major)
}

// goLinkedText is a version as -X sets it. The linker ends such strings with a zero byte, which those of the compiler
// do not have; anything may stand before.
var goLinkedText = regexp.MustCompile(`v?([0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}(?:[-+](?:alpha|beta|rc|security)[-0-9.]{0,5})?)$`)

const (
	maxLinkedText = 32
	// maxLinkedData bounds the data that is searched.
	maxLinkedData = 512 << 20
)

// linkedText searches the data of an ELF file for the version, with or without a leading "v", of the major version that
// the program's path tells ("v3"), where it tells one, and the text that it was found in; "" when there is none or more than one.
func linkedText(x *execfile.File, f *File, plain bool, major string) (version, text string, err error) {
	several, left := false, int64(maxLinkedData)
	look := func(window []byte, _ bool) bool {
		for at := 0; ; at++ {
			n := bytes.IndexByte(window[at:], 0)
			if n < 0 {
				return false
			}
			at += n
			run := versionRun(window[max(0, at-maxLinkedText):at])
			if bytes.Count(run, []byte(".")) < 2 {
				continue
			}
			m := goLinkedText.FindSubmatch(run)
			if m == nil || (m[0][0] == 'v') == plain || major != "" && !bytes.HasPrefix(m[1], []byte(major[1:]+".")) {
				continue
			}
			if v := string(m[1]); version != "" && v != version {
				several = true
				return true
			}
			version, text = string(m[1]), string(m[0])
		}
	}
	for _, name := range []string{".rodata", ".noptrdata", ".data"} {
		s, ok := x.Section(name)
		if left -= s.Size; !ok || left < 0 {
			continue
		}
		err := windows(io.NewSectionReader(f.Content, s.Offset, s.Size), maxLinkedText+2, look)
		if err != nil || several {
			return "", "", err
		}
	}
	return version, text, nil
}

// versionRun is the end of b that has nothing but what stands in versions.
func versionRun(b []byte) []byte {
	i := len(b)
	for i > 0 && (b[i-1] >= '0' && b[i-1] <= '9' || b[i-1] >= 'a' && b[i-1] <= 'z' || strings.IndexByte(".+-", b[i-1]) >= 0) {
		i--
	}
	return b[i:]
}

// linkedNames are the variables, in lower case, that builders set to a program's version.
var linkedNames = map[string]bool{"version": true, "gitversion": true, "buildversion": true, "fullversion": true, "release": true, "gitdescribe": true}

// linkedVersion is a version that -ldflags sets ("-X main.version=1.4.2"): a hint, for builders may set anything.
func linkedVersion(flags string) string {
	fields := strings.Fields(flags)
	for i, f := range fields {
		if f == "-X" && i+1 < len(fields) {
			f = fields[i+1]
		}
		name, value, ok := strings.Cut(strings.Trim(strings.TrimPrefix(f, "-X="), `"'`), "=")
		short := name[strings.LastIndexByte(name, '.')+1:]
		if !ok || !linkedNames[strings.ToLower(short)] {
			continue
		}
		v, ok := declaredVersion(strings.Trim(value, `"'`))
		if digit := strings.TrimPrefix(v, "v"); ok && digit != "" && digit[0] >= '0' && digit[0] <= '9' {
			return v
		}
	}
	return ""
}
