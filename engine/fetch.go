package engine

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"landwaiter.dev/image"
)

// maxFeedBytes bounds one file of a feed; OSV's largest is a few hundred megabytes.
const maxFeedBytes = 2 << 30

// fetched is a feed's file at hand.
type fetched struct {
	file *os.File
	size int64
	// fingerprint tells this content from another: the digest of the bytes.
	fingerprint string
	remove      bool
}

func (f *fetched) Close() {
	f.file.Close()
	if f.remove {
		os.Remove(f.file.Name())
	}
}

var (
	// errUnchanged means that the source has what was loaded before.
	errUnchanged = errors.New("unchanged")
	// errAbsent means that the source does not have this file.
	errAbsent = errors.New("the source does not have it")
)

// fetcher gets the files of feeds from directories and URLs.
type fetcher struct {
	client *http.Client
	temp   string
}

func newFetcher(temp string) *fetcher {
	return &fetcher{client: &http.Client{Timeout: 30 * time.Minute}, temp: temp}
}

func isURL(s string) bool { return strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://") }

// folders lists what a directory of ecosystems holds.
func (f *fetcher) folders(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("the advisory directory: %w", err)
	}
	var out []string
	for _, e := range entries {
		if st, err := os.Stat(filepath.Join(dir, e.Name(), "all.zip")); err == nil && st.Mode().IsRegular() {
			out = append(out, e.Name())
		}
	}
	return out, nil
}

// osv opens the bundle of one ecosystem.
func (f *fetcher) osv(ctx context.Context, base, folder, known string) (*fetched, error) {
	if isURL(base) {
		return f.get(ctx, strings.TrimSuffix(base, "/")+"/"+url.PathEscape(folder)+"/all.zip", known)
	}
	return f.open(filepath.Join(base, folder, "all.zip"), known)
}

// at opens a file named by a URL or path.
func (f *fetcher) at(ctx context.Context, place, known string) (*fetched, error) {
	if isURL(place) {
		return f.get(ctx, place, known)
	}
	return f.open(place, known)
}

func (f *fetcher) open(path, known string) (*fetched, error) {
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, errAbsent
	}
	if err != nil {
		return nil, err
	}
	h := sha256.New()
	n, err := io.Copy(h, io.LimitReader(file, maxFeedBytes+1))
	if err == nil && n > maxFeedBytes {
		err = fmt.Errorf("%s is larger than %d MiB", filepath.Base(path), maxFeedBytes>>20)
	}
	out := &fetched{file: file, size: n, fingerprint: string(image.DigestOfSum(h.Sum(nil)))}
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err == nil && out.fingerprint == known {
		err = errUnchanged
	}
	if err != nil {
		out.Close()
		return nil, err
	}
	return out, nil
}

// get downloads to a bounded temporary file. The fingerprint is "etag" and the source's entity tag where it gives one, so
// that the next time is one conditional request.
func (f *fetcher) get(ctx context.Context, address, known string) (*fetched, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "landwaiter")
	tag, conditional := strings.CutPrefix(known, "etag ")
	if conditional {
		req.Header.Set("If-None-Match", tag)
	}
	resp, err := f.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusNotModified && conditional:
		return nil, errUnchanged
	case resp.StatusCode == http.StatusNotFound:
		return nil, errAbsent
	case resp.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("%s answered %s", req.URL.Redacted(), resp.Status)
	}
	file, err := os.CreateTemp(f.temp, "feed-*")
	if err != nil {
		return nil, err
	}
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(file, h), io.LimitReader(resp.Body, maxFeedBytes+1))
	out := &fetched{file: file, size: n, fingerprint: string(image.DigestOfSum(h.Sum(nil))), remove: true}
	switch {
	case err != nil:
		err = fmt.Errorf("%s: the download broke off: %w", req.URL.Redacted(), err)
	case n > maxFeedBytes:
		err = fmt.Errorf("%s is larger than %d MiB", req.URL.Redacted(), maxFeedBytes>>20)
	case resp.ContentLength >= 0 && n != resp.ContentLength:
		err = fmt.Errorf("%s: the download is cut: %d of %d bytes", req.URL.Redacted(), n, resp.ContentLength)
	case out.fingerprint == known:
		err = errUnchanged
	default:
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil {
		out.Close()
		return nil, err
	}
	if etag := resp.Header.Get("ETag"); etag != "" {
		out.fingerprint = "etag " + etag
	}
	return out, nil
}
