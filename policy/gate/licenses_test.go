package gate_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
	"landwaiter.dev/policy/gate"
)

func TestLicenses(t *testing.T) {
	t.Parallel()
	c := &gate.Context{Analysis: &image.Analysis{Packages: []image.Package{
		{Type: image.Deb, Name: "zlib", Licenses: []string{"Zlib"}},
		{Type: image.Deb, Name: "bash", Licenses: []string{"GPL-3+", "GFDL-1.3 or later", "GPL-3+"}},
		{Type: image.Python, Name: "pip", Licenses: []string{"MIT License"}, Location: "b"},
		{Type: image.Python, Name: "pip", Licenses: []string{"GPL-3+"}, Location: "a"},
		{Type: image.Deb, Name: "odd"},
		{Type: image.APK, Name: "none"},
		{Type: image.NPM, Name: "blank", Licenses: []string{" ", ""}},
	}}}
	const exact, partial = "|LICFULLMATCH Packages are installed that have blacklisted licenses: ", "|LICSUBMATCH Packages are installed that have blacklisted licenses: "
	for _, tc := range []struct{ trigger, licenses, want string }{
		{"blacklist_exact_match", "GPL-3+", exact + "bash(GPL-3+), bash(GPL-3+), pip(GPL-3+)"},
		{"blacklist_exact_match", " or , GPL-3+", exact + "bash(GPL-3+), bash(or), bash(GPL-3+), pip(GPL-3+)"},
		{"blacklist_exact_match", "gpl-3+", ""},
		{"blacklist_exact_match", "GPL", ""},
		{"blacklist_exact_match", "MIT License", ""}, // words never hold a blank
		{"blacklist_exact_match", "N/A,Unknown", exact + "blank(N/A), none(N/A), odd(Unknown)"},
		{"blacklist_partial_match", "GPL", partial + "bash(GPL-3+), bash(GPL-3+), pip(GPL-3+)"},
		{"blacklist_partial_match", "GPL, 3+", partial + "bash(GPL-3+), bash(GPL-3+), bash(GPL-3+), bash(GPL-3+), pip(GPL-3+), pip(GPL-3+)"},
		{"blacklist_partial_match", "gpl", ""},
		{"blacklist_partial_match", "lib.", ""}, // no expression
	} {
		var want []string
		if tc.want != "" {
			want = []string{tc.want}
		}
		if diff := cmp.Diff(want, run(t, c, "licenses/"+tc.trigger, "licenses="+tc.licenses)); diff != "" {
			t.Errorf("%s %s: %s", tc.trigger, tc.licenses, diff)
		}
	}
	if got := run(t, &gate.Context{}, "licenses/blacklist_exact_match", "licenses=MIT"); got != nil {
		t.Errorf("no packages: got %q", got)
	}
}

func TestManyLicenses(t *testing.T) {
	t.Parallel()
	var words, packages = make([]string, 10_000), make([]image.Package, 10_000)
	for i := range words {
		words[i] = fmt.Sprintf("License-%d", i)
		packages[i] = image.Package{Type: image.NPM, Name: fmt.Sprintf("package-%05d", i), Licenses: []string{words[i]}}
	}
	c := &gate.Context{Analysis: &image.Analysis{Packages: packages}, Deadline: time.Now().Add(time.Minute)}
	got := run(t, c, "licenses/blacklist_exact_match", "licenses="+strings.Join(words, ","))
	if len(got) != 1 || strings.Count(got[0], ", ") != 9999 || !strings.HasSuffix(got[0], "package-09999(License-9999)") {
		t.Errorf("got %.200q", got)
	}
	// Each word holds some of these; all of them together are too much for one message.
	got = run(t, c, "licenses/blacklist_partial_match", "licenses="+strings.Repeat("i,c,e,n,s,", 40)+"L")
	if len(got) != 1 || !strings.HasPrefix(got[0], "error: the list of packages with these licences is longer than 8 MiB") {
		t.Errorf("got %.200q", got)
	}
	c = &gate.Context{Analysis: &image.Analysis{Packages: packages}, Deadline: time.Now()}
	if got = run(t, c, "licenses/blacklist_partial_match", "licenses=x"); len(got) != 1 || got[0] != "error: "+gate.ErrTooLong.Error() {
		t.Errorf("got %.200q", got)
	}
}
