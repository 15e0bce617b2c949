package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"landwaiter.dev/advisory/feed"
)

// mirrors is where a driver reads: the same files at one place or at several, asked in order. It is the driver's
// [feed.Lister].
type mirrors struct {
	fetcher *fetcher
	places  []string
	client  *http.Client
	// tired are places that did not answer for all patience: they are asked once for what else they should have.
	tired map[string]bool
}

func (f *fetcher) mirrors(driver string, places []string) (*mirrors, error) {
	client, err := f.client(driver)
	return &mirrors{f, places, client, map[string]bool{}}, err
}

// remote says whether the first place is a URL, which cannot be listed.
func (m *mirrors) remote() bool { return isURL(m.places[0]) }

// open gives one part from the first of the places, beginning with number from, that has it; [errUnchanged] when that is
// what was known, [errAbsent] when none has it.
func (m *mirrors) open(ctx context.Context, p feed.Part, known version, from int) (*fetched, error) {
	digest := ""
	if p.SHA256 != "" {
		digest = "sha256:" + strings.ToLower(p.SHA256)
		if known.Fingerprint == digest {
			return nil, errUnchanged
		}
	}
	var failed error
	for i := from; i < len(m.places); i++ {
		f, err := m.at(ctx, m.places[i], p.Path, known, m.fetcher.max)
		if err == nil && digest != "" && f.version.Fingerprint != digest {
			f.Close()
			err = fmt.Errorf("%s is not the file that its publisher names: its SHA-256 is %s, not %s", shown(m.places[i], p.Path), f.version.Fingerprint, digest)
		}
		if err == nil {
			f.place = i
			return f, nil
		}
		if errors.Is(err, errUnchanged) || ctx.Err() != nil || errors.Is(err, errNoSpace) {
			return nil, err
		}
		if failed == nil || errors.Is(failed, errAbsent) {
			failed = err
		}
	}
	return nil, failed
}

func (m *mirrors) at(ctx context.Context, place, path string, known version, limit int64) (*fetched, error) {
	if isURL(place) {
		tries := m.fetcher.tries
		if m.tired[place] {
			tries = 1
		}
		f, err := m.fetcher.get(ctx, m.client, join(place, path), known, limit, tries)
		_, m.tired[place] = errors.AsType[*temporary](err)
		return f, err
	}
	return m.fetcher.open(filepath.Join(place, filepath.FromSlash(path)), known.Fingerprint)
}

// Read gives a small file of the source.
func (m *mirrors) Read(ctx context.Context, path string, limit int64) ([]byte, error) {
	var failed error
	for _, place := range m.places {
		b, err := m.read(ctx, place, path, limit)
		if err == nil || ctx.Err() != nil {
			return b, err
		}
		if failed == nil || errors.Is(failed, errAbsent) {
			failed = err
		}
	}
	return nil, failed
}

func (m *mirrors) read(ctx context.Context, place, path string, limit int64) ([]byte, error) {
	f, err := m.at(ctx, place, path, version{}, limit)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if f.size > limit {
		return nil, tooLarge(shown(place, path), limit)
	}
	return io.ReadAll(f.file)
}

// List names the entries of a directory of the source.
func (m *mirrors) List(_ context.Context, dir string) ([]string, error) {
	failed := fmt.Errorf("a URL cannot be listed: %w", errors.ErrUnsupported)
	for _, place := range m.places {
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

// shown is a file of a place as messages name it, without passwords.
func shown(place, path string) string {
	if !isURL(place) {
		return filepath.Join(place, filepath.FromSlash(path))
	}
	return redacted(join(place, path))
}

func redacted(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "the address"
	}
	return u.Redacted()
}
