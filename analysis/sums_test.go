package analysis

import (
	"context"
	"crypto/md5"
	"crypto/sha1"
	"encoding/hex"
	"testing"

	"landwaiter.dev/analysis/catalog"
	"landwaiter.dev/image"
)

func TestSigns(t *testing.T) {
	t.Parallel()
	for p, want := range map[image.Path]sums{
		"usr/bin/ls":                      {md5: true, sha1: true},
		"etc/apk":                         {sha1: true, settled: true},
		"etc/apk/world":                   {sha1: true, settled: true},
		"etc/apkx":                        {md5: true, sha1: true},
		"usr/lib/x86_64-linux-gnu/libc.a": {md5: true, settled: true},
		"var/lib/dpkg/status":             {md5: true, settled: true},
		"usr/lib64/libc.so":               {settled: true},
	} {
		s := sums{md5: true, sha1: true}
		s.look(p)
		first := s
		s.look("etc/apk/world")
		if first != want || want.settled && s != first {
			t.Errorf("%s: %+v, then %+v; want %+v", p, first, s, want)
		}
	}
}

// A layer that pretends to be of another package manager must not escape verification: the digests that the database
// asks for are taken in a second look.
func TestDigestsThatThePackagesRecord(t *testing.T) {
	t.Parallel()
	list := []catalog.Cataloger{{Name: "db", Want: catalog.Want{Paths: []image.Path{"lib/apk/db"}}, Read: func(f *catalog.File, found *catalog.Found) error {
		found.Packages = []image.Package{{Type: image.APK, Name: "busybox", Version: "1", Location: f.Path, Files: []image.OwnedFile{
			{Path: "bin/busybox", Algorithm: "sha1", Digest: hexSum(sha1.Sum([]byte("evil")))},
			{Path: "bin/sh", Algorithm: "sha1", Digest: hexSum(sha1.Sum([]byte("shell")))},
			{Path: "bin/old", Algorithm: "md5", Digest: hexSum(md5.Sum([]byte("old")))},
		}}}
		return nil
	}}}
	b := imageOf(t, layers{
		{file("etc/apk/world", ""), file("lib/apk/db", "x"), file("bin/sh", "shell"), file("bin/old", "old")},
		{file("a-linux-gnu/x", ""), file("bin/busybox", "evil"), file("bin/other", "other")},
	})
	r, s, ctx := NewReader(Options{Catalogers: list, TempDir: t.TempDir()}), &shelf{}, context.Background()
	_, tree, err := r.Image(ctx, b.Input, s)
	if err != nil {
		t.Fatal(err)
	}
	check := func(tree *Tree) {
		t.Helper()
		for p, want := range map[image.Path]bool{"bin/busybox": true, "bin/sh": true, "bin/old": true, "bin/other": false} {
			f, _ := tree.Lookup(p)
			if p == "bin/old" && f.MD5 == nil || p != "bin/old" && (f.SHA1 != nil) != want {
				t.Errorf("%s: SHA-1 %x, MD5 %x", p, f.SHA1, f.MD5)
			}
			if _, owned := tree.Owner(p); owned != want {
				t.Errorf("%s: owned %v", p, owned)
			}
		}
	}
	check(tree)
	clear(b.opened)
	b.Remote = true
	if _, tree, err = r.Image(ctx, b.Input, s); err != nil || len(b.opened) > 0 {
		t.Errorf("once taken, they are kept: %v, %v", err, b.opened)
	}
	check(tree)
}

func hexSum[T [16]byte | [20]byte](sum T) string {
	switch s := any(sum).(type) {
	case [16]byte:
		return hex.EncodeToString(s[:])
	case [20]byte:
		return hex.EncodeToString(s[:])
	}
	return ""
}
