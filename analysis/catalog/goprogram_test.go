package catalog

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/testkit/binaries"
)

func goProgramFile(info, data string) []byte {
	return binaries.ELF(binary.LittleEndian, binaries.Section{Name: ".rodata", Data: []byte(data)},
		binaries.Section{Name: ".go.buildinfo", Data: binaries.GoBuildInfo("go1.22.7", info)})
}

// A well-known program is named for certain by its path; its version comes from the best place that has one.
func TestGoProgram(t *testing.T) {
	t.Parallel()
	const helm = "path\thelm.sh/helm/v3/cmd/helm\nmod\thelm.sh/helm/v3\t(devel)\t\nbuild\t-trimpath=true\n"
	const traefik = "path\tgithub.com/traefik/traefik/v2/cmd/traefik\nmod\tgithub.com/traefik/traefik/v2\t(devel)\t\n"
	for name, tc := range map[string]struct{ info, data, want string }{
		"main module":                {"path\tgithub.com/coredns/coredns\nmod\tgithub.com/coredns/coredns\tv1.11.1\th1:x=\n", "", "coredns 1.11.1 [cpe:2.3:a:coredns.io:coredns:1.11.1:*:*:*:*:*:*:*]"},
		"main module, changed":       {"path\tgithub.com/minio/minio\nmod\tgithub.com/minio/minio\tv0.4.0+dirty\t\n", "", "minio 0.4.0 [cpe:2.3:a:minio:minio:0.4.0:*:*:*:*:*:*:*]"},
		"no release":                 {"path\tgithub.com/minio/minio\nmod\tgithub.com/minio/minio\tv0.0.0-20240102030405-0123456789ab\t\n", "", ""},
		"linker flags":               {"path\tk8s.io/kubernetes/cmd/kubectl\nmod\tk8s.io/kubernetes\t(devel)\t\nbuild\t-ldflags=\"-X k8s.io/component-base/version.gitVersion=v1.28.0\"\n", "", "kubectl 1.28.0 [cpe:2.3:a:kubernetes:kubernetes:1.28.0:*:*:*:*:*:*:*]"},
		"flags without a version":    {"path\tk8s.io/kubernetes/cmd/kubectl\nbuild\t-ldflags=\"-s -X main.release=true\"\n", "x\x00v1.28.0\x00", ""},
		"linked text":                {helm, "10\x8f@v3.15.2\x00\x00go1.22.4\x00", "helm 3.15.2 [cpe:2.3:a:helm:helm:3.15.2:*:*:*:*:*:*:*]"},
		"linked text, twice":         {helm, "\x00v3.15.2\x00v3.15.2\x00v1.2.3\x003.9.9\x00", "helm 3.15.2 [cpe:2.3:a:helm:helm:3.15.2:*:*:*:*:*:*:*]"},
		"two linked texts":           {helm, "\x00v3.15.2\x00v3.9.9\x00", ""},
		"no zero byte behind":        {helm, "\x00v3.15.2v3.9.9", ""},
		"without a v":                {traefik, "\xbe2.10.7\x00\x003.54.1\x00v2.0.0\x00", "traefik 2.10.7 [cpe:2.3:a:traefik:traefik:2.10.7:*:*:*:*:*:*:*]"},
		"a name for each program":    {"path\tgithub.com/elastic/beats/v7/x-pack/filebeat\nmod\tgithub.com/elastic/beats/v7\tv7.17.0\t\n", "", "filebeat 7.17.0 [cpe:2.3:a:elastic:filebeat:7.17.0:*:*:*:*:*:*:*]"},
		"another program":            {"path\texample.test/helm\nmod\texample.test/helm\tv3.1.0\t\n", "", ""},
		"a path that begins like it": {"path\thelm.sh/helm/v3/cmd/helmet\nmod\thelm.sh/helm/v3\tv3.1.0\t\n", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found, err := readBytes(Executable(), "usr/local/bin/x", goProgramFile(tc.info, tc.data))
			if err != nil || len(found.Gaps) > 0 {
				t.Fatal(err, found.Gaps)
			}
			var got []string
			for _, p := range found.Packages {
				if p.Type == image.Binary {
					got = append(got, fmt.Sprint(p.Name, " ", p.Version, " ", p.CPEs))
				}
			}
			if strings.Join(got, "; ") != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}
