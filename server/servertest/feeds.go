package servertest

import (
	"bytes"
	"context"
	"io"

	"landwaiter.dev/advisory/archive"
	"landwaiter.dev/engine"
)

// Export gives a file of advisory data with one record.
func (f feeds) Export(_ context.Context, w io.Writer) error {
	if f.e.Unloaded > 0 {
		return engine.Errorf(engine.ClassConflict, "no_advisory_data", "there is no advisory data here yet")
	}
	out, err := archive.NewWriter(w, archive.Contents{MadeAt: Start, MadeBy: "1.2.3", Revision: 3})
	if err != nil {
		return err
	}
	err = out.Records(archive.Section{Part: "Debian", SyncedAt: Start}, func(yield func([]byte, error) bool) {
		yield([]byte(`{"id":"DSA-1","affected":[{"ecosystem":"Debian:12","package":"openssl","versions":["1"]}]}`), nil)
	})
	if err == nil {
		_, err = out.Close(nil)
	}
	return err
}

// Import takes any file that is whole, when unsigned ones are allowed.
func (f feeds) Import(_ context.Context, body io.Reader, r engine.ImportFeeds) ([]engine.SyncResult, error) {
	data, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	a, err := archive.Open(bytes.NewReader(data), int64(len(data)), r.Name, archive.Trust{Unsigned: r.AllowUnsigned})
	if err != nil {
		return nil, engine.Errorf(engine.ClassInvalid, "archive_refused", "%w", err)
	}
	return []engine.SyncResult{{Feed: "vulnerabilities", OK: true, Groups: []engine.SyncedGroup{{Group: "debian:12", OK: true, Records: int(a.Rows(archive.Records))}}}}, nil
}
