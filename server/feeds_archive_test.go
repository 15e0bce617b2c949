package server_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"landwaiter.dev/advisory/archive"
	"landwaiter.dev/server"
	"landwaiter.dev/server/servertest"
)

func TestAdvisoryDataAsAFile(t *testing.T) {
	t.Parallel()
	e := servertest.New()
	h := e.Handler()
	const route = "/v1/system/feeds/archive"
	status, headers, file := ask(t, h, "GET "+route, "")
	if status != http.StatusOK || headers.Get("Content-Type") != "application/octet-stream" || !strings.HasPrefix(headers.Get("Content-Disposition"), "attachment") {
		t.Fatalf("download: %d %v", status, headers)
	}
	a, err := archive.Open(strings.NewReader(file), int64(len(file)), "it", archive.Trust{Unsigned: true})
	if err != nil || a.Rows(archive.Records) != 1 {
		t.Fatalf("what came is no archive: %v", err)
	}
	binary := header("Content-Type", "application/octet-stream")
	for _, tc := range []struct {
		name, route, body, want string
		status                  int
		change                  []func(*http.Request)
	}{
		{"unsigned", "POST " + route, file, "archive_refused", 400, []func(*http.Request){binary}},
		{"allowed", "POST " + route + "?allow_unsigned=true&name=x", file, `"updated_record_count":1`, 200, []func(*http.Request){binary}},
		{"without a media type", "POST " + route + "?allow_unsigned=1", file, `"status":"success"`, 200, nil},
		{"nothing", "POST " + route, "", "it is empty", 400, []func(*http.Request){binary}},
		{"an option that is none", "POST " + route + "?accept_older=perhaps", file, "accept_older must be true or false", 400, []func(*http.Request){binary}},
		{"sent by a user", "POST " + route, file, "importFeeds", 403, []func(*http.Request){binary, as(servertest.User, servertest.Password)}},
		{"asked for by a user", "GET " + route, "", "exportFeeds", 403, []func(*http.Request){as(servertest.User, servertest.Password)}},
		{"by nobody", "GET " + route, "", "unauthorized", 401, []func(*http.Request){without}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			status, _, body := ask(t, h, tc.route, tc.body, tc.change...)
			if status != tc.status || tc.status != 401 && !strings.Contains(body, tc.want) {
				t.Errorf("%d %s, want %d with %q", status, body, tc.status, tc.want)
			}
		})
	}
}

// A file may be larger than any other body.
func TestALargeArchiveIsTaken(t *testing.T) {
	t.Parallel()
	var file bytes.Buffer
	w, err := archive.NewWriter(&file, archive.Contents{MadeAt: servertest.Start, MadeBy: "1"})
	if err != nil {
		t.Fatal(err)
	}
	noise := rand.New(rand.NewPCG(1, 2))
	row := func() []byte {
		text := make([]byte, 1<<20)
		for i := range text {
			text[i] = byte(' ' + noise.IntN(90))
		}
		line, _ := json.Marshal(map[string]string{"id": "A-1", "details": string(text)})
		return line
	}
	err = w.Records(archive.Section{Part: "Debian"}, func(yield func([]byte, error) bool) {
		for range 24 {
			if !yield(row(), nil) {
				return
			}
		}
	})
	if err == nil {
		_, err = w.Close(nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	if file.Len() <= server.MaxBody {
		t.Fatalf("the file has %d bytes only", file.Len())
	}
	status, _, body := ask(t, servertest.New().Handler(), "POST /v1/system/feeds/archive?allow_unsigned=true", file.String(), header("Content-Type", "application/octet-stream"))
	if status != http.StatusOK || !strings.Contains(body, `"updated_record_count":24`) {
		t.Errorf("%d %.300s", status, body)
	}
}
