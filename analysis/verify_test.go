package analysis

import (
	"context"
	"crypto/md5"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/analysis/catalog"
	"landwaiter.dev/image"
)

func md5Of(s string) string { h := md5.Sum([]byte(s)); return hex.EncodeToString(h[:]) }

func q1Of(s string) string {
	h := sha1.Sum([]byte(s))
	return "Q1" + base64.StdEncoding.EncodeToString(h[:])
}

// differences are lines "path package status[ config]".
func differences(a *image.Analysis) []string {
	out := []string{}
	for _, d := range a.Verification.Differences {
		s := fmt.Sprintf("%s %s %s", d.Path, d.Package.Name, d.Status)
		if d.Config {
			s += " config"
		}
		out = append(out, s)
	}
	return out
}

func verified(t *testing.T, ls layers) *image.Analysis {
	t.Helper()
	r := NewReader(Options{TempDir: t.TempDir(), Catalogers: catalog.All()})
	a, _, err := r.Image(context.Background(), imageOf(t, ls).Input, nil)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestVerifyDebian(t *testing.T) {
	t.Parallel()
	status := "Package: tool\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\nConffiles:\n /etc/tool.conf " + md5Of("conf\n") + "\n\n"
	sums := strings.Join([]string{md5Of("same") + "  usr/bin/same", md5Of("was") + "  usr/bin/changed", md5Of("gone") + "  usr/bin/gone", md5Of("moved") + "  lib/moved", ""}, "\n")
	list := "/.\n/usr\n/usr/bin\n/usr/bin/same\n/usr/bin/changed\n/usr/bin/gone\n/lib/moved\n/etc/tool.conf\n/usr/share/nothing\n"
	base := []entry{
		file("etc/os-release", debian), dir("usr"), dir("usr/lib"), symlink("lib", "usr/lib"), file("usr/lib/moved", "moved"),
		file("usr/bin/same", "same"), file("usr/bin/changed", "was"), file("usr/bin/gone", "gone"), file("etc/tool.conf", "conf\n"),
		file("var/lib/dpkg/status", status), file("var/lib/dpkg/info/tool.md5sums", sums), file("var/lib/dpkg/info/tool.list", list),
	}
	a := verified(t, layers{base})
	if got := differences(a); len(got) != 0 || a.Verification.Compared != 5 {
		t.Errorf("an untouched image differs: %v, %d compared", got, a.Verification.Compared)
	}
	a = verified(t, layers{base, {file("usr/bin/changed", "is"), file("usr/bin/.wh.gone", ""), file("etc/tool.conf", "mine\n")}})
	want := []string{"etc/tool.conf tool changed config", "usr/bin/changed tool changed", "usr/bin/gone tool missing"}
	if d := cmp.Diff(want, differences(a)); d != "" {
		t.Error(d)
	}
}

func TestVerifyAlpine(t *testing.T) {
	t.Parallel()
	db := "P:tool\nV:1-r0\nA:x86_64\nF:usr\nF:usr/bin\nR:tool\na:0:0:755\nZ:" + q1Of("tool") + "\nR:suid\na:0:0:4755\nZ:" + q1Of("s") +
		"\nR:link\na:0:0:777\nZ:" + q1Of("tool") + "\nF:etc\nR:passwd\nZ:" + q1Of("root") + "\n\n"
	base := []entry{
		file("etc/os-release", "ID=alpine\nVERSION_ID=3.20\n"), file("lib/apk/db/installed", db), dir("usr"), dir("usr/bin"),
		file("usr/bin/tool", "tool").mode(0o755), file("usr/bin/suid", "s").mode(0o4755), symlink("usr/bin/link", "tool"), file("etc/passwd", "root"),
	}
	if got := differences(verified(t, layers{base})); len(got) != 0 {
		t.Errorf("an untouched image differs: %v", got)
	}
	a := verified(t, layers{base, {file("usr/bin/tool", "evil").mode(0o755), file("usr/bin/suid", "s").mode(0o755), file("etc/passwd", "root").mode(0o666)}})
	want := []string{"etc/passwd tool mode_changed", "usr/bin/suid tool mode_changed", "usr/bin/tool tool changed"}
	if d := cmp.Diff(want, differences(a)); d != "" {
		t.Error(d)
	}
}

func TestVerificationIsBounded(t *testing.T) {
	t.Parallel()
	var db, sums strings.Builder
	db.WriteString("Package: p\nStatus: install ok installed\nArchitecture: all\nVersion: 1\n\n")
	for i := range 30 {
		fmt.Fprintf(&sums, "%s  usr/f%d\n", md5Of("x"), i)
	}
	r := NewReader(Options{TempDir: t.TempDir(), Limits: Limits{Differences: 10}})
	in := imageOf(t, layers{{file("etc/os-release", debian), file("var/lib/dpkg/status", db.String()), file("var/lib/dpkg/info/p.md5sums", sums.String())}})
	a, _, err := r.Image(context.Background(), in.Input, nil)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(a.Verification.Differences); n != 10 {
		t.Errorf("%d differences", n)
	}
	if len(a.Gaps) != 1 || !strings.HasPrefix(a.Gaps[0].Detail, "20 more files") {
		t.Errorf("gaps: %v", a.Gaps)
	}
}

// TestVerifyWithoutDigests is about what the databases of rpm alone say: sizes, and types of files.
func TestVerifyWithoutDigests(t *testing.T) {
	t.Parallel()
	tree := &Tree{files: []image.File{
		{Path: "a", Type: image.Regular, Mode: 0o644, Size: 5},
		{Path: "b", Type: image.Symlink, Mode: 0o777, Link: "a"},
		{Path: "c", Type: image.Directory, Mode: 0o644},
	}}
	v := &verification{t: tree, max: 100}
	owned := func(name image.Path, at int32, o image.OwnedFile) {
		o.Path = name
		v.file(image.PackageRef{Name: "p"}, &o, at, true)
	}
	owned("size", 0, image.OwnedFile{Mode: 0o100644, Size: 6})
	owned("size too", 0, image.OwnedFile{Mode: 0o100644, Size: 6, Algorithm: "sha512", Digest: "00"})
	owned("same", 0, image.OwnedFile{Mode: 0o100644, Size: 5})
	owned("not known", 0, image.OwnedFile{Mode: 0o100644, Size: -1})
	owned("empty", 0, image.OwnedFile{Mode: 0o100644})
	owned("ghost", 0, image.OwnedFile{Mode: 0o100644, Size: 6, Optional: true})
	owned("link", 1, image.OwnedFile{Mode: 0o100644, Size: 6})
	owned("directory", 2, image.OwnedFile{Mode: 0o100644, Size: 6})
	var got []string
	for _, d := range v.out.Differences {
		got = append(got, fmt.Sprintf("%s %s symlink=%v: %s", d.Path, d.Status, d.Symlink, d.Detail))
	}
	want := []string{
		"size changed symlink=false: 5 bytes, the package has 6",
		"size too changed symlink=false: 5 bytes, the package has 6",
		"link changed symlink=true: the package has a file, the image a symlink",
		"directory changed symlink=false: the package has a file, the image a directory",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
