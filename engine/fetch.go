package engine

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"landwaiter.dev/image"
)

// maxFeedBytes bounds one file of a feed; the largest that is published has a few hundred megabytes.
const maxFeedBytes = 2 << 30

// version tells one content of a file from another, and makes the next look at it one conditional request.
type version struct {
	// Fingerprint is the digest of the bytes.
	Fingerprint string `json:"fingerprint,omitempty"`
	// Address that gave ETag and LastModified; another one does not know them.
	Address      string `json:"address,omitempty"`
	ETag         string `json:"etag,omitempty"`
	LastModified string `json:"last_modified,omitempty"`
}

// fetched is a feed's file at hand.
type fetched struct {
	file    *os.File
	size    int64
	version version
	// place is the number of the mirror that had it.
	place  int
	remove bool
}

// Close lets go of the file, and removes one that was downloaded.
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
	temp  string
	proxy map[string]string
	max   int64
	// tries is how often one address is asked for one file; idle is how long nothing may come before a try is given up.
	tries int
	idle  time.Duration
	now   func() time.Time
	sleep func(context.Context, time.Duration) error
	// jitter gives a number from 0 to 1, so that many nodes that failed together do not come again together.
	jitter func() float64
}

func newFetcher(temp string, c FeedConfig, now func() time.Time) *fetcher {
	return &fetcher{temp: temp, proxy: c.Proxy, max: maxFeedBytes, tries: 4, idle: time.Minute, now: now, sleep: pause, jitter: rand.Float64}
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// client speaks for one driver, through its proxy. There is no limit for the whole of a download: it is given up when
// nothing comes any more.
func (f *fetcher) client(driver string) (*http.Client, error) {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.ResponseHeaderTimeout = f.idle
	proxy, ok := f.proxy[driver]
	if !ok {
		proxy = f.proxy[""]
	}
	switch proxy {
	case "": // what HTTPS_PROXY and NO_PROXY say
	case "none":
		t.Proxy = nil
	default:
		u, err := url.Parse(proxy)
		if err != nil {
			return nil, errors.New("the proxy of the feed is no URL")
		}
		t.Proxy = http.ProxyURL(u)
	}
	return &http.Client{Transport: t}, nil
}

func isURL(s string) bool { return strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://") }

// open opens a file of a directory.
func (f *fetcher) open(path, known string) (*fetched, error) {
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil, errAbsent
	}
	if err != nil {
		return nil, err
	}
	h := sha256.New()
	n, err := io.Copy(h, io.LimitReader(file, f.max+1))
	if err == nil && n > f.max {
		err = tooLarge(filepath.Base(path), f.max)
	}
	out := &fetched{file: file, size: n, version: version{Fingerprint: string(image.DigestOfSum(h.Sum(nil)))}}
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err == nil && out.version.Fingerprint == known {
		err = errUnchanged
	}
	if err != nil {
		out.Close()
		return nil, err
	}
	return out, nil
}

func tooLarge(name string, limit int64) error {
	if limit < 1<<20 {
		return fmt.Errorf("%s is larger than %d bytes", name, limit)
	}
	return fmt.Errorf("%s is larger than %d MiB", name, limit>>20)
}
