package feed

import (
	"bytes"
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
)

func TestALASParts(t *testing.T) {
	t.Parallel()
	repomd := string(fixture(t, "alas/repomd.xml"))
	const sum = "e6f569f8ed2246a6b06c0fef7cfd71560df02781327e31c38396ed358d591d48"
	const guid = "al2023/core/guids/46ff4933b89b948580f3b223b826fee3c1830b85885db3f7f90502c0ac99698c/x86_64"
	const hash = "2/core/2.0/x86_64/221a4af09d96ac4e34202cc7bdfa252410419542548cc685dc86ed1c17ca4204"
	cdn := &place{files: map[string]string{
		"2/core/latest/x86_64/mirror.list":              "https://cdn.amazonlinux.com/" + hash + "\n",
		hash + "/repodata/repomd.xml":                   strings.ReplaceAll(repomd, "repodata/updateinfo", "../../../../blobstore/1/updateinfo"),
		"al2023/core/mirrors/latest/x86_64/mirror.list": "\n# one\nhttps://cdn.amazonlinux.com/" + guid + "/\nhttps://other.example/x\n",
		guid + "/repodata/repomd.xml":                   repomd,
	}}
	beside := &place{files: map[string]string{"2/core/latest/x86_64/repodata/repomd.xml": repomd}}
	part2, part2023 := Part{"alas/2", "2/blobstore/1/updateinfo.xml.gz", sum}, Part{"alas/2023", guid + "/repodata/updateinfo.xml.gz", sum}
	for _, c := range []struct {
		name   string
		source *place
		wanted []string
		want   []Part
	}{
		{"all", cdn, nil, []Part{part2, part2023}},
		{"one", cdn, []string{"Debian:12", "Amazon Linux:2023"}, []Part{part2023}},
		{"none", cdn, []string{"Debian:12"}, nil},
		{"the index beside the list", beside, nil, []Part{{"alas/2", "2/core/latest/x86_64/repodata/updateinfo.xml.gz", sum}}},
		{"missing", beside, []string{"Amazon Linux:2023"}, []Part{{"alas/2023", "al2023/core/mirrors/latest/x86_64/repodata/updateinfo.xml.gz", ""}}},
	} {
		parts, err := alasParts(t.Context(), c.source, c.wanted)
		if diff := cmp.Diff(c.want, parts); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", c.name, err, diff)
		}
	}
	for name, c := range map[string]struct{ list, index, want string }{
		"no list":           {"\n", repomd, "its list of mirrors is empty"},
		"page":              {"<html>", repomd, `its list of mirrors names "<html>"`},
		"way up":            {"https://x.example/../../etc", repomd, "its list of mirrors names"},
		"no index":          {"https://x.example/a", "<html>", "its index repomd.xml is"},
		"no advisories":     {"https://x.example/a", "<repomd></repomd>", "its index names no advisories"},
		"outside":           {"https://x.example/a", strings.ReplaceAll(repomd, "repodata/updateinfo", "../../updateinfo"), "its index names the file"},
		"checksum":          {"https://x.example/a", strings.ReplaceAll(repomd, sum, "e6f5"), "its index names the checksum"},
		"index of no bound": {"https://x.example/a", repomd + strings.Repeat(" ", maxIndexFile), "too large"},
	} {
		source := &place{files: map[string]string{"2/core/latest/x86_64/mirror.list": c.list, "a/repodata/repomd.xml": c.index}}
		parts, err := alasParts(t.Context(), source, []string{"Amazon Linux:2"})
		if err == nil || !strings.HasPrefix(err.Error(), "the repository of Amazon Linux 2: "+c.want) || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %+v, %v; want %q", name, parts, err, c.want)
		}
	}
	if part, err := updateInfo([]byte(strings.ReplaceAll(repomd, `"sha256"`, `"sha1"`)), "a"); err != nil || part.SHA256 != "" {
		t.Errorf("another checksum: %+v, %v", part, err)
	}
}

func TestALAS(t *testing.T) {
	t.Parallel()
	for part, want := range map[string][]string{
		"alas/2023": {"ALAS2023-2023-001" +
			"\n  Amazon Linux:2023 rsyslog-elasticsearch < 8.2204.0-3.amzn2023.0.2" +
			"\n  Amazon Linux:2023 rsyslog-doc < 8.2204.0-3.amzn2023.0.2" +
			"\n  Amazon Linux:2023 rsyslog < 8.2204.0-3.amzn2023.0.2"},
		"alas/2": {
			"ALAS2-2018-942\n  Amazon Linux:2 qemu-kvm < 10:1.5.3-141.amzn2.5.3\n  Amazon Linux:2 qemu-img < 10:1.5.3-141.amzn2.5.3",
			"ALAS2-2018-949\n  Amazon Linux:2 java-1.8.0-openjdk < 1:1.8.0.161-0.b14.amzn2",
		},
	} {
		records, problems, refused := gather(ReadALAS, fixture(t, "alas/al"+strings.TrimPrefix(part, "alas/")+".xml"), part)
		if diff := cmp.Diff(want, spokenAll(records)); diff != "" || problems != nil || refused != "" {
			t.Errorf("%s: problems %q, refused %q\n%s", part, problems, refused, diff)
		}
	}
	records, _, _ := gather(ReadALAS, fixture(t, "alas/al2023.xml"), "alas/2023")
	r := records[0]
	if diff := cmp.Diff([]string{"CVE-2014-3634", "CVE-2022-24903"}, r.Upstream); diff != "" {
		t.Error(diff)
	}
	if r.Word != "Important" || r.Published.Format("2006-01-02 15:04") != "2023-02-17 20:41" || r.Modified.Day() != 22 || r.Links[0].URL != "https://alas.aws.amazon.com/AL2023/ALAS-2023-001.html" {
		t.Errorf("%+v", r)
	}
	for id, want := range map[string]string{"ALAS2-2018-939": "AL2/ALAS-2018-939.html", "ALAS2LIVEPATCH-2021-064": "AL2/ALASLIVEPATCH-2021-064.html"} {
		if got := alasPage(id, "Amazon Linux:2"); got != "https://alas.aws.amazon.com/"+want {
			t.Errorf("%s: %s", id, got)
		}
	}
	if got := alasPage("ALAS-2018-939", "Amazon Linux:2018.03"); got != "https://alas.aws.amazon.com/ALAS-2018-939.html" {
		t.Error(got)
	}
}

func TestALASFindings(t *testing.T) {
	t.Parallel()
	records, _, _ := gather(ReadALAS, fixture(t, "alas/al2.xml"), "alas/2")
	more, _, _ := gather(ReadALAS, fixture(t, "alas/al2023.xml"), "alas/2023")
	records = append(records, more...)
	rpm := func(name, version, arch string) image.Package {
		return image.Package{Type: image.RPM, Name: name, Version: version, Arch: arch}
	}
	both := []string{"CVE-2014-3634 fixed 8.2204.0-3.amzn2023.0.2 (ALAS2023-2023-001)", "CVE-2022-24903 fixed 8.2204.0-3.amzn2023.0.2 (ALAS2023-2023-001)"}
	for _, c := range []struct {
		pkg     image.Package
		release string
		want    []string
	}{
		{rpm("qemu-img", "10:1.5.3-141.amzn2.5.2", "x86_64"), "2", []string{"CVE-2017-5715 fixed 10:1.5.3-141.amzn2.5.3 (ALAS2-2018-942)"}},
		{rpm("qemu-img", "1.5.3-142.amzn2", "x86_64"), "2", []string{"CVE-2017-5715 fixed 10:1.5.3-141.amzn2.5.3 (ALAS2-2018-942)"}}, // no epoch is the lowest
		{rpm("qemu-img", "10:1.5.3-141.amzn2.5.3", "x86_64"), "2", nil},
		{rpm("rsyslog", "8.2204.0-3.amzn2023.0.1", "aarch64"), "2023", both},
		{rpm("rsyslog", "0:8.2204.0-3.amzn2023.0.1", "x86_64"), "2023", both},
		{rpm("rsyslog-doc", "8.2204.0-1.amzn2023", "noarch"), "2023", both},
		{rpm("rsyslog", "8.2204.0-3.amzn2023.0.2", "x86_64"), "2023", nil},
		{rpm("rsyslog", "0:8.2204.0-3.amzn2023.0.2", "x86_64"), "2023", nil},
		{rpm("rsyslog", "1:8.0-1", "x86_64"), "2023", nil},
		{rpm("rsyslog", "8.2204.0-3.amzn2.0.1", "x86_64"), "2", nil},
	} {
		if diff := cmp.Diff(c.want, matched(c.pkg, image.Distro{ID: "amzn", VersionID: c.release}, records...)); diff != "" {
			t.Errorf("%s %s on %s:\n%s", c.pkg.Name, c.pkg.Version, c.release, diff)
		}
	}
	doc := rpm("rsyslog", "8.2204.0-1.amzn2023", "x86_64")
	findings, _ := advisory.Match(advisory.DistinctOf(&doc, image.Distro{ID: "amzn", VersionID: "2023"}), records, nil)
	if len(findings) != 2 || findings[0].Severity != advisory.High || findings[0].URL != "https://alas.aws.amazon.com/AL2023/ALAS-2023-001.html" {
		t.Errorf("%+v", findings)
	}
}

func TestALASUpdatesThatAreBroken(t *testing.T) {
	t.Parallel()
	pkg := func(name, version, arch string) string {
		return `<package name="` + name + `" version="` + version + `" release="1.amzn2" epoch="" arch="` + arch + `"/>`
	}
	update := func(attrs, id, packages string) string {
		return `<update ` + attrs + `><id>` + id + `</id><issued date="soon"/><pkglist><collection>` + packages + `</collection></pkglist></update>`
	}
	records, problems, refused := gather(ReadALAS, []byte(`<updates><x><y/></x>`+
		update(`type="bugfix"`, "ALAS2-1", pkg("a", "1", "x86_64"))+
		update(`type="security"`, "ALAS2-2", pkg("a", "1", "x86_64")+pkg("a", "1", "src")+pkg("a", "2", "aarch64")+pkg("b", "1", "noarch")+pkg("b", "2", "noarch"))+
		update(``, "ALAS2 3", pkg("a", "1", "x86_64"))+
		update(``, "ALAS2-4", pkg("a", "1", "src"))+
		update(``, "ALAS2-5", pkg("a", "é", "x86_64")+pkg("b", "1", "x86_64"))+
		update(``, "ALAS2-6", pkg("", "1", "x86_64"))+`</updates>`), "alas/2")
	want := []string{
		"ALAS2-2\n  Amazon Linux:2 a < 1-1.amzn2 [x86_64]\n  Amazon Linux:2 a < 2-1.amzn2 [aarch64]\n  Amazon Linux:2 b < 2-1.amzn2",
		"ALAS2-5\n  Amazon Linux:2 b < 1-1.amzn2",
	}
	if diff := cmp.Diff(want, spokenAll(records)); diff != "" || refused != "" {
		t.Errorf("refused %q\n%s", refused, diff)
	}
	if diff := cmp.Diff([]string{
		"ALAS2 3: its id is not usable; skipped",
		"ALAS2-4: it names no package; skipped",
		`ALAS2-5: "a" in version "é-1.amzn2" cannot be compared; the rest is taken`,
		`ALAS2-6: "" in version "1-1.amzn2" cannot be compared; skipped`,
	}, problems); diff != "" {
		t.Error(diff)
	}
}

func TestALASFilesThatAreRefused(t *testing.T) {
	t.Parallel()
	whole := fixture(t, "alas/al2.xml")
	bomb := `<!DOCTYPE updates [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>`
	for name, c := range map[string]struct {
		data string
		want string
	}{
		"empty":            {"", "it is empty"},
		"page":             {"<!DOCTYPE html>\n<html><body>502</body></html>", "it is a web page"},
		"no XML":           {"not found", "it is cut off"},
		"another document": {string(fixture(t, "alas/repomd.xml")), `it is not what it should be: it begins with the element "repomd", not "updates"`},
		"nothing":          {"<updates></updates>", "it lists no advisory"},
		"cut":              {string(whole[:len(whole)/2]), "it is cut off"},
		"cut at the end":   {strings.TrimSuffix(string(whole), "</updates>\n"), "it is cut off"},
		"two":              {string(whole) + "<x/>", "something follows its end"},
		"entities":         {bomb + "<updates><update><id>&b;</id></update></updates>", "it is damaged: XML syntax error on line 1: invalid character entity &b;"},
		"deep":             {"<updates>" + strings.Repeat("<x>", maxElement), "its elements are nested more than"},
		"deep inside":      {"<updates><update>" + strings.Repeat("<x>", maxElement), "one entry of it is larger"},
		"long text":        {"<updates><update><id>" + strings.Repeat("x", 2*maxElement) + "</id></update></updates>", "one entry of it is larger"},
		"long attribute":   {`<updates a="` + strings.Repeat("x", 2*maxElement) + `">`, "one entry of it is larger"},
		"crossed":          {"<updates><update></updates></update>", "it is damaged"},
		"charset":          {`<?xml version="1.0" encoding="ebcdic"?>` + string(whole), "it is damaged"},
		"gzip, cut":        {string(zipped(t, string(whole))[:300]), "it is cut off"},
		"gzip, header":     {"\x1f\x8b\x00", "it is truncated or damaged"},
		"bzip2, damaged":   {"BZh9xxxxxxxxx", "it is damaged"},
	} {
		if _, _, refused := gather(ReadALAS, []byte(c.data), "alas/2"); !strings.Contains(refused, "alas/2 was refused: "+c.want) && !strings.Contains(refused, c.want) {
			t.Errorf("%s: %q, want %q", name, refused, c.want)
		}
	}
	var packed bytes.Buffer
	z, err := zstd.NewWriter(&packed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Write(whole); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	for _, data := range [][]byte{zipped(t, string(whole)), packed.Bytes()} {
		if records, problems, refused := gather(ReadALAS, data, "alas/2"); len(records) != 2 || problems != nil || refused != "" {
			t.Errorf("compressed: %d records, problems %q, refused %q", len(records), problems, refused)
		}
	}
}

func FuzzALAS(f *testing.F) {
	f.Add(fixture(f, "alas/al2.xml"))
	f.Add(fixture(f, "alas/al2023.xml"))
	f.Add([]byte(`<updates><update type="security"><id>A-1</id><pkglist><collection><package name="a" version="1" release="2"/></collection></pkglist></update></updates>`))
	f.Fuzz(func(t *testing.T, data []byte) {
		fuzzRecords(t, ReadALAS, data, "alas/2")
		if part, err := updateInfo(data, "a/b"); err == nil && !below(part.Path) {
			t.Fatalf("%+v", part)
		}
	})
}
