package clamd

import (
	"archive/zip"
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/internal/testkit"
)

func TestRealClamd(t *testing.T) {
	t.Parallel()
	c := client(t, testkit.StartClamd(t, "AlertExceedsMax yes", "MaxFileSize 500K"), Options{})
	if v, err := c.Version(context.Background()); err != nil || !strings.HasPrefix(v, "ClamAV ") {
		t.Errorf("version %q, %v", v, err)
	}
	if tells, err := c.TellsLimits(context.Background()); err != nil || !tells {
		t.Errorf("tells limits: %v, %v", tells, err)
	}
	var packed bytes.Buffer
	z := zip.NewWriter(&packed)
	w, err := z.Create("inner.txt")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("so " + testkit.MalwareMarker)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	marked := Result{Signatures: []string{testkit.MalwareName}}
	for range 2 { // the second time over sessions that were used before
		for _, test := range []struct {
			name    string
			content []byte
			want    Result
		}{
			{"empty", nil, Result{}},
			{"clean", []byte("hello\n"), Result{}},
			{"marker", []byte("so " + testkit.MalwareMarker + "\n"), marked},
			{"test file", []byte(testkit.EICAR), Result{Signatures: []string{testkit.EICARName}}},
			{"archive", packed.Bytes(), marked},
			{"marker at the end", append(bytes.Repeat([]byte{'x', '\n'}, 200_000), testkit.MalwareMarker...), marked},
			{"over MaxFileSize", bytes.Repeat([]byte{'x', '\n'}, 300_000), Result{Limit: "Heuristics.Limits.Exceeded.MaxFileSize"}},
			{"over StreamMaxLength", bytes.Repeat([]byte{'x', '\n'}, 5_000_000), Result{Limit: SizeLimit}},
		} {
			got, err := scan(c, test.content, 30_000)
			if err != nil {
				t.Fatalf("%s: %v", test.name, err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", test.name, diff)
			}
		}
	}
}

// A daemon that was left as it comes calls clean what it did not look into, and that can be told.
func TestRealClamdThatTellsNoLimits(t *testing.T) {
	t.Parallel()
	c := client(t, testkit.StartClamd(t, "MaxFileSize 500K"), Options{})
	if tells, err := c.TellsLimits(context.Background()); err != nil || tells {
		t.Errorf("tells limits: %v, %v", tells, err)
	}
	got, err := scan(c, bytes.Repeat([]byte{'x', '\n'}, 300_000), 30_000)
	if diff := cmp.Diff(Result{}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}
