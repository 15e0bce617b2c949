package policy_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
	"landwaiter.dev/policy"
)

var update = flag.Bool("update", false, "write the golden documents anew")

// facts are the inputs of a golden case: input.json.
type facts struct {
	Account     string                  `json:"account"`
	ImageID     string                  `json:"image_id"`
	ImageDigest string                  `json:"image_digest"`
	Tag         string                  `json:"tag"`
	Dockerfile  string                  `json:"dockerfile"`
	Analysis    image.Analysis          `json:"analysis"`
	Files       []fileFact              `json:"files"`
	Findings    []advisory.ImageFinding `json:"findings"`
	LastSync    time.Time               `json:"last_sync"`
	At          time.Time               `json:"at"`
}

// fileFact is a file of the tree; its mode is in octal.
type fileFact struct {
	Path   image.Path `json:"path"`
	Type   string     `json:"type"`
	Mode   string     `json:"mode"`
	SHA256 string     `json:"sha256"`
}

func (f *facts) files() []image.File {
	types := map[string]image.FileType{
		"file": image.Regular, "hardlink": image.Regular, "dir": image.Directory, "symlink": image.Symlink, "char": image.CharDevice,
	}
	var files []image.File
	for _, one := range f.Files {
		mode, err := strconv.ParseUint(one.Mode, 8, 16)
		sum, err2 := hex.DecodeString(one.SHA256)
		if err != nil || err2 != nil || types[one.Type] == 0 {
			panic("the facts have no such file: " + string(one.Path))
		}
		files = append(files, image.File{Path: one.Path, Type: types[one.Type], Mode: uint16(mode), SHA256: sum})
	}
	return files
}

func (f *facts) input() policy.Input {
	return policy.Input{
		Account: f.Account, ImageID: f.ImageID, ImageDigest: f.ImageDigest, Tag: f.Tag, Dockerfile: f.Dockerfile, Analysis: &f.Analysis,
		Findings: f.Findings, Feed: policy.FeedFacts{Present: !f.LastSync.IsZero(), LastSync: f.LastSync}, At: f.At,
		Files: f.files,
	}
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// goldenCase reads a folder of testdata/golden; without a bundle of its own it is about the default bundle.
func goldenCase(t testing.TB, dir string) (doc []byte, f *facts) {
	t.Helper()
	doc, err := os.ReadFile(filepath.Join(dir, "bundle.json"))
	if err != nil {
		doc = policy.Default()
	}
	f = &facts{}
	if err := json.Unmarshal(read(t, filepath.Join(dir, "input.json")), f); err != nil {
		t.Fatal(err)
	}
	return doc, f
}

// TestGolden compares whole documents; the bundle inside is left out, since it is an input. Run it with -update to write
// them anew, and read the difference.
func TestGolden(t *testing.T) {
	t.Parallel()
	dirs, err := filepath.Glob("testdata/golden/*")
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no golden cases: %v", err)
	}
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			doc, f := goldenCase(t, dir)
			e := evaluated(mustParse(t, string(doc)), f.input())
			checkDocument(t, e)
			var got bytes.Buffer
			if err := json.Indent(&got, e.Evidence(), "", "  "); err != nil {
				t.Fatal(err)
			}
			want := filepath.Join(dir, "want.json")
			if *update {
				if err := os.WriteFile(want, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(read(t, want)), got.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSameInputsSameBytes(t *testing.T) {
	t.Parallel()
	doc, f := goldenCase(t, "testdata/golden/mixed")
	b := mustParse(t, string(doc))
	want := evaluated(b, f.input())
	if !bytes.Contains(want.Document(), bytes.TrimSpace(doc)) {
		t.Error("the bundle is not in the document as it came")
	}
	results := make(chan *policy.Evaluation)
	for i := range 8 {
		go func() {
			in := f.input()
			in.Findings = append(append([]advisory.ImageFinding{}, f.Findings[i%len(f.Findings):]...), f.Findings[:i%len(f.Findings)]...)
			results <- evaluated(b, in)
		}()
	}
	for range 8 {
		if diff := cmp.Diff(want, <-results); diff != "" {
			t.Error(diff)
		}
	}
}

func TestNamesThatAreNotUTF8(t *testing.T) {
	t.Parallel()
	in := policy.Input{Account: "a\"\\\n\x01", Tag: "a:b", At: now, Gaps: []image.Gap{{Kind: "k", Path: "x\xff\u2028ü", Detail: "<&>"}}}
	e := evaluated(mustParse(t, bundle(rule("GO", "analysis", "gaps"))), in)
	m := checkDocument(t, e)
	if m["user_id"] != in.Account {
		t.Errorf("got %q", m["user_id"])
	}
	if !bytes.Contains(e.Document(), []byte("k+/x\ufffd\u2028ü")) || !bytes.Contains(e.Document(), []byte("<&>")) {
		t.Errorf("got %s", e.Document())
	}
}

func TestEvalID(t *testing.T) {
	t.Parallel()
	e := &policy.Evaluation{BundleID: "p", Account: "admin", ImageDigest: "sha256:d", Tag: "docker.io/a:b", FinalAction: policy.Stop}
	// MD5 of "p:admin:sha256:d:docker.io/a:b:STOP".
	if got := e.EvalID(); got != "79f7e1c43d408b7195055d7a3633e91e" {
		t.Errorf("got %s", got)
	}
}
