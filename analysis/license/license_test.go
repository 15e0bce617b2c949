package license

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/spdx"
)

const copyrightPath = image.Path("usr/share/doc/thing/copyright")

func TestClassifyCopyright(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, in string
		want     Text
		no       bool
	}{
		{
			name: "a well-made file: what all its files say, each once",
			in: "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: thing\n\n" +
				"Files: *\nCopyright: 2020 A\nLicense: GPL-2+\n\nFiles: lib/*\nCopyright: 2021 B\nLicense: BSD-3-clause or Expat\n\n" +
				"Files: debian/*\nCopyright: 2022 C\nLicense: GPL-2+\n\nLicense: GPL-2+\n On Debian systems see /usr/share/common-licenses/GPL-2.\n",
			want: Text{Expression: "(BSD-3-Clause OR MIT) AND GPL-2.0-or-later", Confidence: 100, Form: FormDEP5, Names: []string{"BSD-3-clause", "Expat", "GPL-2+"}},
		},
		{
			name: "a name that SPDX does not have is what its text is",
			in:   "Format: 1.0\n\nFiles: *\nLicense: other\n\nLicense: other\n " + strings.ReplaceAll(strings.ReplaceAll(isc, "\n\n", "\n.\n"), "\n", "\n ") + "\n",
			want: Text{Expression: "ISC", Confidence: 100, Form: FormDEP5, Names: []string{"other"}},
		},
		{
			name: "a name without a text stays",
			in:   "Format: 1.0\n\nFiles: *\nLicense: public-domain\n Nobody claims it.\n\nFiles: b\nLicense: RRA-keep~this notice\n",
			want: Text{Expression: "LicenseRef-RRA-keep-this-notice AND LicenseRef-public-domain", Confidence: 100, Form: FormDEP5,
				Names: []string{"RRA-keep~this", "notice", "public-domain"}},
		},
		{
			name: "exceptions",
			in:   "Format: 1.0\n\nFiles: *\nLicense: GPL-3+ with Bison exception\n",
			want: Text{Expression: "GPL-3.0-or-later WITH Bison-exception-2.2", Confidence: 100, Form: FormDEP5, Names: []string{"GPL-3+"}},
		},
		{
			name: "no format, carriage returns, names on the next line, case of fields",
			in:   "files: *\r\nlicense:\r\n Apache-2.0\r\n The text.\r\n",
			want: Text{Expression: "Apache-2.0", Confidence: 100, Form: FormDEP5, Names: []string{"Apache-2.0"}},
		},
		{
			name: "only licence paragraphs",
			in:   "Format-Specification: http://dep.debian.net/deps/dep5\nLicense: MIT\n\nLicense: Zlib\n text\n",
			want: Text{Expression: "MIT AND Zlib", Confidence: 100, Form: FormDEP5, Names: []string{"MIT", "Zlib"}},
		},
		{
			name: "prose where a name should be",
			in: "Format: 1.0\n\nFiles: *\nLicense: Permission to use, copy, modify, and/or distribute this software for any\n" +
				" purpose with or without fee is hereby granted, provided that the above copyright notice and this permission notice appear in all copies.\n" +
				isc[strings.Index(isc, "THE SOFTWARE"):],
			want: Text{Expression: "ISC", Form: FormText, Names: []string{"ISC"}},
		},
		{name: "a format and nothing else", in: "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n", no: true},
		{name: "no licence at all", in: "This package was debianised by A. Person.\n", no: true},
		{
			name: "free text with a notice",
			in:   "This package was debianised by A. Person.\n\nCopyright 1999 B.\n\n" + gplNotice + "\nSee /usr/share/common-licenses/GPL-2.\n",
			want: Text{Expression: "GPL-2.0-or-later", Form: FormText, Names: []string{"GPL-2"}},
		},
		{
			name: "a reference alone",
			in:   "It is under the terms of the LGPL, see `/usr/share/common-licenses/LGPL-2.1'.\nAnd the artistic one: /usr/share/common-licenses/Artistic.",
			want: Text{Expression: "Artistic-1.0-Perl AND LGPL-2.1-only", Confidence: 100, Form: FormReference,
				Refs: []string{"LGPL-2.1", "Artistic"}, Names: []string{"Artistic", "LGPL-2.1"}},
		},
		{
			name: "a reference in words that allow later versions",
			in:   "GPL version 3, or (at your option) any later version, in /usr/share/common-licenses/GPL-3",
			want: Text{Expression: "GPL-3.0-or-later", Confidence: 100, Form: FormReference, Refs: []string{"GPL-3"}, Names: []string{"GPL-3"}},
		},
		{
			name: "a reference to what only this distribution has",
			in:   "see /usr/share/common-licenses/House",
			want: Text{Confidence: 100, Form: FormReference, Refs: []string{"House"}, Names: []string{"House"}},
		},
		{
			name: "a text and a reference beside each other",
			in:   mit + "\nThe packaging is under /usr/share/common-licenses/GPL.\n",
			want: Text{Expression: "GPL-1.0-or-later AND MIT", Form: FormText, Refs: []string{"GPL"}, Names: []string{"GPL", "MIT"}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, ok := Classify(copyrightPath, []byte(c.in))
			if ok == c.no {
				t.Fatalf("classified: %v, %+v", ok, got)
			}
			if !ok {
				return
			}
			c.want.Path = copyrightPath
			if c.want.Confidence == 0 && got.Confidence > 0 && got.Confidence <= 100 {
				got.Confidence = 0
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
			if got.Expression != "" {
				valid(t, got.Expression)
			}
		})
	}
}

func TestClassifyTexts(t *testing.T) {
	t.Parallel()
	apache, err := os.ReadFile("../../LICENSE")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, in, want string }{
		{"MIT", mit, "MIT"},
		{"ISC", isc, "ISC"},
		{"a byte order mark and capitals", "\uFEFF" + strings.ToUpper(mit), "MIT"},
		{"Apache", string(apache), "Apache-2.0"},
		{"two licences", mit + "\n\n" + isc, "ISC AND MIT"},
		{"a notice", gplNotice, "GPL-2.0-or-later"},
		{"half of it is something else", mit + strings.Repeat("Thou shalt feed the cat of the author every other day. ", 40), ""},
		{"no licence", strings.Repeat("The quick brown fox jumps over the lazy dog. ", 50), ""},
		{"a program", "package license\n\nimport \"strings\"\n", ""},
		{"nothing", "", ""},
		{"binary", mit + "\x00", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, ok := Classify("app/LICENSE", []byte(c.in))
			if ok != (c.want != "") || got.Expression != c.want {
				t.Errorf("%v %q, want %q", ok, got.Expression, c.want)
			}
			if ok && (got.Confidence < Threshold || got.Form != FormText || got.Path != "app/LICENSE") {
				t.Errorf("%+v", got)
			}
		})
	}
}

// An answer must not depend on what was read before.
func TestClassifyRemembersRight(t *testing.T) {
	t.Parallel()
	first, _ := Classify("a/LICENSE", []byte(mit))
	again, _ := Classify("a/LICENSE", []byte(strings.ReplaceAll(mit, "\n", "\r\n   ")))
	if d := cmp.Diff(first, again); d != "" {
		t.Error(d)
	}
}

func TestHostileTexts(t *testing.T) {
	t.Parallel()
	paragraphs := "Format: 1.0\n\n" + strings.Repeat("Files: *\nLicense: x\n\n", 10_000)
	var names strings.Builder
	names.WriteString("Format: 1.0\n\n")
	for i := range 10_000 {
		names.WriteString("Files: *\nLicense: n" + strings.Repeat("i", i%97) + string(rune('a'+i%26)) + "\n\n")
	}
	for name, in := range map[string]string{
		"over the limit":    strings.Repeat("a ", MaxText),
		"one line":          strings.Repeat("license ", MaxText/8),
		"paragraphs":        paragraphs,
		"names":             names.String(),
		"no blanks":         strings.Repeat("x", MaxText),
		"references":        strings.Repeat("/usr/share/common-licenses/a", MaxText/40),
		"not UTF-8":         "Format: 1.0\n\nFiles: *\nLicense: \xff\xfe(((\n \xff\n",
		"deep":              "Format: 1.0\n\nFiles: *\nLicense: " + strings.Repeat("(", 500) + "\n",
		"many beginnings":   strings.Repeat("Permission is hereby granted, free of charge, to any person obtaining ", 3000),
		"many matches":      strings.Repeat("This program is under the GPL version 2 or later. Licensed under the Apache License, Version 2.0. ", 2000),
		"copyright signs":   strings.Repeat("(c) © copyright ", 10_000),
		"all the families":  strings.Repeat("gnu general public license mozilla public creative commons openldap ", 3000),
		"every second line": strings.Repeat("Redistribution and use in source and binary forms, with or without\nx\n", 3000),
	} {
		for _, path := range []image.Path{copyrightPath, "x/LICENSE"} {
			start := time.Now()
			got, ok := Classify(path, []byte(in))
			if d := time.Since(start); d > 20*time.Second {
				t.Errorf("%s took %v", name, d)
			}
			if ok && got.Expression != "" {
				valid(t, got.Expression)
			}
			if len(in) > MaxText && ok {
				t.Errorf("%s: read although it is too large", name)
			}
			if len(got.Names) > 2*spdx.MaxLicenses || len(got.Refs) > maxRefs {
				t.Errorf("%s: %d names, %d references", name, len(got.Names), len(got.Refs))
			}
		}
	}
}

func FuzzClassify(f *testing.F) {
	for _, s := range []string{mit, isc, gplNotice, "Format: 1.0\n\nFiles: *\nLicense: GPL-2+ or Artistic, and Expat\n",
		"License: a\n b\n", "see /usr/share/common-licenses/GPL-2.", "Files:\n*\n", "\xff\n: \n"} {
		f.Add([]byte(s), true)
		f.Add([]byte(s), false)
	}
	f.Fuzz(func(t *testing.T, data []byte, debian bool) {
		path := image.Path("x/LICENSE")
		if debian {
			path = copyrightPath
		}
		a, ok := Classify(path, data)
		b, again := Classify(path, bytes.Clone(data))
		if d := cmp.Diff(a, b); d != "" || ok != again {
			t.Fatalf("two answers: %s", d)
		}
		if ok && a.Expression == "" && len(a.Refs) == 0 {
			t.Fatal("an answer that says nothing")
		}
		if a.Expression != "" {
			valid(t, a.Expression)
			if a.Confidence < 0 || a.Confidence > 100 {
				t.Fatalf("confidence %d", a.Confidence)
			}
		}
	})
}

func FuzzExpression(f *testing.F) {
	for _, s := range []string{"MIT", "GPLv2+ and (LGPLv2+ or MIT)", "MIT/Apache-2.0", "|| ( GPL-2 MIT )", "GPL (>= 2) | MIT + file LICENSE", "x with y",
		"LicenseRef-a AND DocumentRef-b:LicenseRef-c", "License :: OSI Approved :: MIT License", "http://a/b", "GPL-2+-with-x-exception", "ANDY ORIGIN WITHOUT", "İİİİİİ-with-x", "MIT-WITH-İ-exception"} {
		for i := range uint8(3) {
			f.Add(s, "BSD", i)
		}
	}
	kinds := []image.PackageType{image.NPM, image.Gem, image.Ebuild}
	f.Fuzz(func(t *testing.T, a, b string, kind uint8) {
		got, known := Expression([]string{a, b}, kinds[int(kind)%len(kinds)])
		if known != (got != "") {
			t.Fatalf("%q, %v", got, known)
		}
		if got == "" {
			return
		}
		valid(t, got)
		again, _ := Expression([]string{got}, image.NPM)
		if again != got {
			t.Fatalf("%q read again is %q", got, again)
		}
	})
}
