package gate_test

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/pyregex"
	"landwaiter.dev/policy/gate"
)

// withFiles is a context that has the files, which must be sorted.
func withFiles(files ...image.File) *gate.Context {
	return &gate.Context{Files: func() []image.File { return files }}
}

func regular(path string, mode uint16, content string) image.File {
	sum := sha256.Sum256([]byte(content))
	return image.File{Path: image.Path(path), Type: image.Regular, Mode: mode, Size: int64(len(content)), SHA256: sum[:]}
}

func someFiles() *gate.Context {
	return withFiles(
		image.File{Path: "dev/null", Type: image.CharDevice, Mode: 0o666},
		image.File{Path: "etc", Type: image.Directory, Mode: 0o755},
		regular("etc/passwd", 0o644, "root"),
		image.File{Path: "link.pem", Type: image.Symlink, Mode: 0o777, Link: "etc/passwd"},
		image.File{Path: "srv/drop", Type: image.Directory, Mode: 0o2775},
		regular("tmp/\xff\n.pem", 0o600, ""),
		image.File{Path: "unread", Type: image.Regular, Mode: 0o600},
		regular("usr/bin/both", 0o6755, "x"),
		regular("usr/bin/su", 0o4755, "x"),
	)
}

func TestFileNames(t *testing.T) {
	t.Parallel()
	row := func(path, regex string) string {
		return "|Application of regex matched file found in container: file=" + path + " regexp=" + regex
	}
	for regex, want := range map[string][]string{
		`/usr/bin/s`:   {row("/usr/bin/su", `/usr/bin/s`)}, // from the start, not to the end
		`usr/bin`:      nil,
		`/etc$`:        {row("/etc", `/etc$`)},
		`.*\.pem`:      {row("/link.pem", `.*\.pem`)}, // "." stops at the line end
		`(?s).*\.pem$`: {row("/link.pem", `(?s).*\.pem$`), row("/tmp/\xff\n.pem", `(?s).*\.pem$`)},
		`/(?!usr)[du]`: {row("/dev/null", `/(?!usr)[du]`), row("/unread", `/(?!usr)[du]`)},
	} {
		if diff := cmp.Diff(want, run(t, someFiles(), "files/name_match", "regex="+regex)); diff != "" {
			t.Errorf("%s: %s", regex, diff)
		}
	}
	if got := run(t, &gate.Context{}, "files/name_match", "regex=.*"); got != nil {
		t.Errorf("without files: got %q", got)
	}
}

func TestFileAttributes(t *testing.T) {
	t.Parallel()
	sum := fmt.Sprintf("%x", sha256.Sum256([]byte("root")))
	for _, tc := range []struct{ params, want string }{
		{"filename=/etc/passwd", ""},
		{"filename=/etc/passwd checksum=" + sum, "|filename=/etc/passwd and checksum=" + sum + " op=equals specified_checksum=" + sum},
		{"filename=/etc/passwd checksum=" + strings.ToUpper(sum), ""},
		{"filename=/etc/passwd checksum=0 checksum_match=equals", ""},
		{"filename=/etc/passwd checksum=0 checksum_match=not_equals checksum_algorithm=sha256", "|filename=/etc/passwd and checksum=" + sum + " op=not_equals specified_checksum=0"},
		{"filename=/etc/passwd mode=00644", "|filename=/etc/passwd and mode=0o644 op=equals specified_mode=0o644"},
		{"filename=/etc/passwd mode=0o644 mode_op=equals", "|filename=/etc/passwd and mode=0o644 op=equals specified_mode=0o644"},
		{"filename=/etc/passwd mode=0644 mode_op=not_equals", ""},
		{"filename=/etc/passwd mode=0600 mode_op=not_equals checksum=" + sum, "|filename=/etc/passwd and checksum=" + sum + " op=equals specified_checksum=" + sum + " and mode=0o644 op=not_equals specified_mode=0o600"},
		{"filename=/etc/passwd mode=0600 mode_op=not_equals checksum=0", ""}, // every test must hold
		{"filename=/etc/passwd mode=0600 checksum=" + sum, ""},
		{"filename=/etc/passwd mode= checksum=", ""},
		{"filename=/usr/bin/su mode=4755", "|filename=/usr/bin/su and mode=0o4755 op=equals specified_mode=0o4755"},
		{"filename=/usr/bin/su mode=755", ""},
		{"filename=/link.pem checksum=DIRECTORY_OR_OTHER", "|filename=/link.pem and checksum=DIRECTORY_OR_OTHER op=equals specified_checksum=DIRECTORY_OR_OTHER"},
		{"filename=/link.pem checksum=" + sum, ""},
		{"filename=/etc checksum=x checksum_match=not_equals", "|filename=/etc and checksum=DIRECTORY_OR_OTHER op=not_equals specified_checksum=x"},
		{"filename=/unread checksum=x", "error: the content of /unread was not read, so that its checksum is not known"},
		{"filename=/unread mode=600", "|filename=/unread and mode=0o600 op=equals specified_mode=0o600"},
		{"filename=/none mode=644 checksum=x", ""},
		{"filename=/none mode=644 skip_missing=TRUE", ""},
		{"filename=/none mode=644 skip_missing=false", "|filename=/none and skip_missing=False"},
		{"filename=/none skip_missing=false", "|filename=/none and skip_missing=False"},
		{"filename=etc/passwd skip_missing=false", "|filename=etc/passwd and skip_missing=False"},
		{"filename= mode=644", ""},
	} {
		if got := strings.Join(run(t, someFiles(), "files/attribute_match", strings.Fields(tc.params)...), "\n"); got != tc.want {
			t.Errorf("%s:\n got %s\nwant %s", tc.params, got, tc.want)
		}
	}
	if got := run(t, &gate.Context{}, "files/attribute_match", "filename=/none", "skip_missing=false"); got != nil {
		t.Errorf("of files that are not known: got %q", got)
	}
	for _, mode := range []string{"rw-r--r--", "0888", "-1", "0o", "1777777777777777777777777"} {
		if _, errs := newCheck(t, "files/attribute_match", "filename=/x", "mode="+mode); len(errs) != 1 || !strings.Contains(errs[0].Error(), "octal digits") {
			t.Errorf("mode %s: got %v", mode, errs)
		}
	}
}

func TestSetIDFiles(t *testing.T) {
	t.Parallel()
	want := []string{
		"|SUID or SGID found set on file /srv/drop. Mode: 0o42775",
		"|SUID or SGID found set on file /usr/bin/both. Mode: 0o106755",
		"|SUID or SGID found set on file /usr/bin/su. Mode: 0o104755",
	}
	if diff := cmp.Diff(want, run(t, someFiles(), "files/suid_or_guid_set")); diff != "" {
		t.Error(diff)
	}
	if got := run(t, withFiles(regular("a", 0o1777, "")), "files/suid_or_guid_set"); got != nil {
		t.Errorf("got %q", got)
	}
}

func TestContentMatches(t *testing.T) {
	t.Parallel()
	c := &gate.Context{Analysis: &image.Analysis{Matches: []image.TextMatch{
		{Rule: "HOST", Pattern: `.*\.corp`, Path: "srv/b", Line: 2},
		{Rule: "HOST", Pattern: `.*\.corp`, Path: "srv/b", Line: 9},
		{Pattern: `TODO`, Path: "srv/b", Line: 2},
		{Rule: "HOST", Pattern: `.*\.corp`, Path: "srv/a", Line: 2},
		{Rule: "HOST", Pattern: `.*\.corp`, Path: "srv/gone", Line: 2, Removed: true},
	}}}
	row := func(path, regex string) string {
		return "|File content analyzer found regexp match in container: file=" + path + " regexp=" + regex
	}
	for _, tc := range []struct {
		params []string
		want   []string
	}{
		{nil, []string{row("/srv/a", `HOST=.*\.corp`), row("/srv/b", `TODO`), row("/srv/b", `HOST=.*\.corp`)}},
		{[]string{"regex_name=HOST"}, []string{row("/srv/a", `HOST=.*\.corp`), row("/srv/b", `HOST=.*\.corp`)}},
		{[]string{`regex_name=.*\.corp`}, []string{row("/srv/a", `HOST=.*\.corp`), row("/srv/b", `HOST=.*\.corp`)}},
		{[]string{"regex_name=TODO"}, []string{row("/srv/b", `TODO`)}},
		{[]string{"regex_name=HOS"}, nil},
		{[]string{"regex_name=OTHER"}, nil},
	} {
		if diff := cmp.Diff(tc.want, run(t, c, "files/content_regex_match", tc.params...)); diff != "" {
			t.Errorf("%q: %s", tc.params, diff)
		}
	}
}

func TestFilesAreAskedForOnce(t *testing.T) {
	t.Parallel()
	asked := 0
	c := &gate.Context{Files: func() []image.File { asked++; return nil }}
	if run(t, c, "always/always"); asked != 0 {
		t.Error("asked for nothing")
	}
	for range 2 {
		run(t, c, "files/name_match", "regex=x")
		run(t, c, "files/suid_or_guid_set")
	}
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
}

// TestTimeIsOver is about the limit of the whole evaluation: also expressions that are quick end with it.
func TestTimeIsOver(t *testing.T) {
	t.Parallel()
	var files []image.File
	for i := range 1000 {
		files = append(files, image.File{Path: image.Path(fmt.Sprintf("%04d", i)), Type: image.Regular})
	}
	for _, regex := range []string{"/x", `/(?=x)`} {
		c := withFiles(files...)
		c.Deadline = time.Now()
		if got := run(t, c, "files/name_match", "regex="+regex); len(got) != 1 || got[0] != "error: "+pyregex.ErrTimeout.Error() {
			t.Errorf("%s: got %q", regex, got)
		}
	}
}
