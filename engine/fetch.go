package engine

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"landwaiter.dev/advisory/feed"
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
	errAbsent = fmt.Errorf("the source does not have it: %w", fs.ErrNotExist)
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

// mirrors is where a driver reads: the same files at one place or at several mirrors, asked in order.
type mirrors struct {
	fetcher *fetcher
	places  []string
}

func (f *fetcher) mirrors(places []string) *mirrors { return &mirrors{f, places} }

// remote says whether the first place is a URL, which cannot be listed.
func (s *mirrors) remote() bool { return isURL(s.places[0]) }

// open gives one part of the source; [errUnchanged] when it is what was known.
func (s *mirrors) open(ctx context.Context, p feed.Part, known string) (*fetched, error) {
	var failed error
	for _, place := range s.places {
		var f *fetched
		var err error
		if isURL(place) {
			f, err = s.fetcher.get(ctx, join(place, p.Path), known)
		} else {
			f, err = s.fetcher.open(filepath.Join(place, filepath.FromSlash(p.Path)), known)
		}
		if err == nil || errors.Is(err, errUnchanged) || ctx.Err() != nil {
			return f, err
		}
		if failed == nil || errors.Is(failed, errAbsent) {
			failed = err
		}
	}
	return nil, failed
}

// Read gives a small file of the source.
func (s *mirrors) Read(ctx context.Context, path string, limit int64) ([]byte, error) {
	f, err := s.open(ctx, feed.Part{Path: path}, "")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if f.size > limit {
		return nil, fmt.Errorf("%s is larger than %d bytes", path, limit)
	}
	return io.ReadAll(f.file)
}

// List names the entries of a directory of the source.
func (s *mirrors) List(_ context.Context, dir string) ([]string, error) {
	failed := errors.ErrUnsupported
	for _, place := range s.places {
		if isURL(place) {
			continue
		}
		entries, err := os.ReadDir(filepath.Join(place, filepath.FromSlash(dir)))
		if err != nil {
			failed = fmt.Errorf("the advisory directory: %w", err)
			continue
		}
		names := make([]string, len(entries))
		for i, e := range entries {
			names[i] = e.Name()
		}
		return names, nil
	}
	return nil, failed
}

// join adds a path to an address, its elements encoded.
func join(base, path string) string {
	if path == "" {
		return base
	}
	elements := strings.Split(path, "/")
	for i := range elements {
		elements[i] = url.PathEscape(elements[i])
	}
	return strings.TrimSuffix(base, "/") + "/" + strings.Join(elements, "/")
}

func (f *fetcher) open(path, known string) (*fetched, error) {
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
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
