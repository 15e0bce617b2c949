package catalog

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNixNames(t *testing.T) {
	t.Parallel()
	const hash = "1ddf3x30m0z6kknmrmapsc7liz8npi1w"
	for _, tt := range []struct{ name, want, output string }{
		{hash + "-perl-5.38.2", "perl 5.38.2", ""},
		{hash + "-python3.11-requests-2.31.0", "python3.11-requests 2.31.0", ""},
		{hash + "-glibc-2.38-44-bin", "glibc 2.38-44", "bin"},
		{hash + "-openssl-3.0.13-dev", "openssl 3.0.13", "dev"},
		{hash + "-xz-5.6.0-rc1", "xz 5.6.0-rc1", ""},
		{hash + "-gtk+3-3.24.41", "gtk+3 3.24.41", ""},
		{hash + "-hook-unstable-2023-01-02", "hook-unstable 2023-01-02", ""},
		{hash + "-source", "", ""},
		{hash + "-bash-5.2.tar.gz.drv", "", ""},
		{hash + "-user-environment", "", ""},
		{hash + "--1", "", ""},
		{hash + "-", "", ""},
		{hash, "", ""},
		{strings.ToUpper(hash) + "-perl-5.38.2", "", ""},
		{"short-perl-5.38.2", "", ""},
		{hash + "-a b-1", "", ""},
		{hash + "-a-1\x1b[31m", "", ""},
		{hash + "-" + strings.Repeat("a", 1000) + "-1", "", ""},
		{".links", "", ""},
	} {
		p, ok := nixPackage(tt.name)
		got := ""
		if ok {
			got = p.Name + " " + p.Version
		}
		if diff := cmp.Diff(tt.want, got); diff != "" || ok && p.Extra["output"] != tt.output {
			t.Errorf("%.80q: output %q (-want +got):\n%s", tt.name, p.Extra["output"], diff)
		}
	}
}

func FuzzNixNames(f *testing.F) {
	f.Add("1ddf3x30m0z6kknmrmapsc7liz8npi1w-glibc-2.38-44-bin")
	f.Add("1ddf3x30m0z6kknmrmapsc7liz8npi1w--")
	f.Fuzz(func(t *testing.T, name string) {
		if p, ok := nixPackage(name); ok && (!isWord(p.Name) || !isWord(p.Version) || !strings.Contains(name, p.Name+"-"+p.Version)) {
			t.Errorf("%q: %+v", name, p)
		}
	})
}
