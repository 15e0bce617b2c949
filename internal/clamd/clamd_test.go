package clamd

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// scan sends content in pieces of a size.
func scan(c *Client, content []byte, piece int) (Result, error) {
	s, err := c.Begin(context.Background(), int64(len(content)))
	if err != nil {
		return Result{}, err
	}
	defer s.Abort()
	for part := range slices.Chunk(content, piece) {
		if n, err := s.Write(part); err != nil || n != len(part) {
			return Result{}, fmt.Errorf("%d of %d bytes: %w", n, len(part), err)
		}
	}
	return s.End()
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"unix:/run/clamav/clamd.ctl": "unix:/run/clamav/clamd.ctl",
		"tcp:127.0.0.1:3310":         "tcp:127.0.0.1:3310",
		"scanner.example:3310":       "tcp:scanner.example:3310",
		"[::1]:3310":                 "tcp:[::1]:3310",
	} {
		c, err := New(address, Options{})
		if err != nil || c.String() != want {
			t.Errorf("%s: %v, %v", address, c, err)
		}
	}
	for _, address := range []string{
		"", "unix:", "unix:clamd.ctl", "unix:/" + strings.Repeat("a", 200), "unix:/a\x00b", "tcp:", "host", "host:", ":3310", "host:0", "host:70000",
		"host:x", "http://host:1", "a b:1", "tcp:tcp:1:2",
	} {
		if c, err := New(address, Options{}); err == nil {
			t.Errorf("%q was taken as %s", address, c)
		} else if !strings.Contains(err.Error(), "want unix:/path") {
			t.Errorf("%q: %v", address, err)
		}
	}
}

func TestCommands(t *testing.T) {
	t.Parallel()
	f := &fake{t: t, answer: marker}
	c := client(t, f.serve(), Options{})
	if err := c.Ping(context.Background()); err != nil {
		t.Error(err)
	}
	v, err := c.Version(context.Background())
	if err != nil || v != "ClamAV 1.0.7/27100/Tue Nov 14 09:40:00 2023" {
		t.Errorf("%q, %v", v, err)
	}
	if f.sessions != 1 {
		t.Errorf("%d sessions for two commands", f.sessions)
	}
}

// One file after another over one session, in any pieces, of any size.
func TestFiles(t *testing.T) {
	t.Parallel()
	f := &fake{t: t, answer: marker}
	c := client(t, f.serve(), Options{})
	evil := Result{Signatures: []string{"Test.Evil"}}
	long := bytes.Repeat([]byte("0123456789abcdef"), 3*chunkSize/16)
	for _, test := range []struct {
		name    string
		content []byte
		piece   int
		want    Result
	}{
		{"empty", nil, 1, Result{}},
		{"small", []byte("hello"), 2, Result{}},
		{"small and bad", []byte("so EVIL"), 1, evil},
		{"a chunk", long[:chunkSize], 1000, Result{}},
		{"one byte more", long[:chunkSize+1], chunkSize, Result{}},
		{"bad across two chunks", append(append(bytes.Clone(long[:chunkSize-2]), "EVIL"...), long...), 7777, evil},
		{"long", long, len(long), Result{}},
	} {
		got, err := scan(c, test.content, test.piece)
		if err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
	if f.sessions != 1 {
		t.Errorf("%d sessions", f.sessions)
	}
}

// What the daemon gets is what was written, byte for byte.
func TestContentArrivesWhole(t *testing.T) {
	t.Parallel()
	var got []byte
	f := &fake{t: t, answer: func(_ int, content []byte) string {
		got = content
		return "stream: OK"
	}}
	c := client(t, f.serve(), Options{})
	want := make([]byte, 5*chunkSize/2)
	for i := range want {
		want[i] = byte(i * i >> 3)
	}
	if _, err := scan(c, want, 1234); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, got) {
		t.Errorf("%d bytes arrived, not the %d that were sent", len(got), len(want))
	}
}

// Answers in single bytes are answers.
func TestFragments(t *testing.T) {
	t.Parallel()
	f := &fake{t: t, answer: marker, send: func(w io.Writer, answer string) {
		for i := range len(answer) {
			_, _ = io.WriteString(w, answer[i:i+1])
			time.Sleep(time.Millisecond)
		}
	}}
	got, err := scan(client(t, f.serve(), Options{}), []byte("EVIL"), 4)
	if err != nil || len(got.Signatures) != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Result{
		"stream: OK":                         {},
		"stream: Win.Test.EICAR_HDB-1 FOUND": {Signatures: []string{"Win.Test.EICAR_HDB-1"}},
		"stream: Eicar-Signature(44d88612fea8a8f36de82e1278abb02f:68) FOUND":             {Signatures: []string{"Eicar-Signature"}},
		"stream: Mine.UNOFFICIAL FOUND":                                                  {Signatures: []string{"Mine.UNOFFICIAL"}},
		"stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND":                           {Limit: "Heuristics.Limits.Exceeded.MaxFileSize"},
		"stream: Heuristics.Limits.Exceeded FOUND":                                       {Limit: "Heuristics.Limits.Exceeded"},
		"INSTREAM size limit exceeded. ERROR":                                            {Limit: SizeLimit},
		"stream: Heuristics.Limits.Exceeded(44d88612fea8a8f36de82e1278abb02f:688) FOUND": {Limit: "Heuristics.Limits.Exceeded"},
	} {
		got, err := parseAnswer(text)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", text, err, diff)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{"stream: OK", "stream: A FOUND", "INSTREAM size limit exceeded. ERROR", "stream: x ERROR", "stream:  FOUND", "(", "\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := parseAnswer(text)
		if err != nil {
			if len(r.Signatures) > 0 || r.Limit != "" {
				t.Errorf("an error with a result: %+v", r)
			}
			return
		}
		for _, s := range append(r.Signatures, r.Limit) {
			if !printable(s) || len(s) > maxSignature {
				t.Errorf("%q", s)
			}
		}
		if text != "stream: OK" && len(r.Signatures) == 0 && r.Limit == "" {
			t.Errorf("%q passes for clean", text)
		}
	})
}
