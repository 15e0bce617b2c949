package engine

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"hash"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"landwaiter.dev/image"
)

// Waits between two tries at one address. A server that asks for more patience than the longest is given up, and the next
// mirror asked.
const (
	firstWait   = time.Second
	longestWait = time.Minute
)

// errNoSpace says that the disk is full, which no other try and no other mirror mends.
var errNoSpace = errors.New("no space is left on the disk")

// temporary is a failure after which the same address may answer.
type temporary struct {
	error
	// after is how long the server asks to wait; 0 when it does not say.
	after time.Duration
}

func (t *temporary) Unwrap() error { return t.error }

// download is one file on its way; several tries may bring parts of it.
type download struct {
	client  *http.Client
	address string
	known   version
	limit   int64
	idle    time.Duration
	now     func() time.Time

	file *os.File
	hash hash.Hash
	size int64
	// version of what has come so far.
	version version
}

// get downloads to a bounded temporary file. What broke off is continued where it broke.
func (f *fetcher) get(ctx context.Context, client *http.Client, address string, known version, limit int64, tries int) (*fetched, error) {
	file, err := os.CreateTemp(f.temp, "feed-*")
	if err != nil {
		return nil, writing(address, err)
	}
	d := &download{client: client, address: address, known: known, limit: limit, idle: f.idle, now: f.now, file: file, hash: sha256.New()}
	out := &fetched{file: file, remove: true}
	if err = f.patiently(ctx, tries, d.try); err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	out.size, out.version = d.size, d.version
	out.version.Fingerprint = string(image.DigestOfSum(d.hash.Sum(nil)))
	if err == nil && out.version.Fingerprint == known.Fingerprint {
		err = errUnchanged
	}
	if err != nil {
		out.Close()
		return nil, err
	}
	return out, nil
}

// patiently tries until it works, the failure is lasting, or it was tried often enough: then the failure is a *temporary.
func (f *fetcher) patiently(ctx context.Context, tries int, try func(context.Context) error) error {
	wait := firstWait
	for n := 1; ; n++ {
		err := try(ctx)
		t, again := errors.AsType[*temporary](err)
		if !again || ctx.Err() != nil {
			return errors.Join(ctx.Err(), err)
		}
		if n >= tries || t.after > longestWait {
			return t
		}
		// Half of the wait is certain, the other half spreads.
		d := max(t.after, wait/2+time.Duration(f.jitter()*float64(wait/2)))
		if err := f.sleep(ctx, d); err != nil {
			return err
		}
		wait = min(2*wait, longestWait)
	}
}

// try asks once, for what is missing.
func (d *download) try(parent context.Context) error {
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.address, nil)
	if err != nil {
		return fmt.Errorf("%q is no address", d.address)
	}
	name := req.URL.Redacted()
	req.Header.Set("User-Agent", "landwaiter")
	req.Header.Set("Accept-Encoding", "identity") // digests, lengths and ranges are of the file itself
	conditional := false
	if d.size > 0 {
		req.Header.Set("Range", "bytes="+strconv.FormatInt(d.size, 10)+"-")
		req.Header.Set("If-Range", d.version.strong())
	} else if d.known.Address == d.address {
		if d.known.ETag != "" {
			req.Header.Set("If-None-Match", d.known.ETag)
			conditional = true
		} else if d.known.LastModified != "" {
			req.Header.Set("If-Modified-Since", d.known.LastModified)
			conditional = true
		}
	}
	resp, err := d.client.Do(req)
	if err != nil {
		return unreachable(err)
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusNotModified && conditional:
		return errUnchanged
	case resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusGone:
		return errAbsent
	case resp.StatusCode == http.StatusPartialContent && d.size > 0 && strings.HasPrefix(resp.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", d.size)):
		// It goes on where it broke off.
	case resp.StatusCode == http.StatusOK:
		if err := d.restart(resp.Header); err != nil {
			return err
		}
	case resp.StatusCode == http.StatusRequestedRangeNotSatisfiable || resp.StatusCode == http.StatusPartialContent:
		if err := d.restart(nil); err != nil {
			return err
		}
		return &temporary{error: fmt.Errorf("%s does not continue a download: %s", name, resp.Status)}
	case resp.StatusCode >= 500 || resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusRequestTimeout:
		return &temporary{fmt.Errorf("%s answered %s", name, resp.Status), retryAfter(resp.Header.Get("Retry-After"), d.now())}
	default:
		return fmt.Errorf("%s answered %s", name, resp.Status)
	}
	if resp.ContentLength > d.limit-d.size {
		return tooLarge(name, d.limit)
	}
	return d.read(ctx, cancel, resp, name)
}

// read takes the body, and gives up when nothing comes for a while.
func (d *download) read(ctx context.Context, cancel context.CancelCauseFunc, resp *http.Response, name string) error {
	silence := time.AfterFunc(d.idle, func() { cancel(fmt.Errorf("nothing came for %s", d.idle)) })
	defer silence.Stop()
	want := d.size + resp.ContentLength
	sink := &sink{to: io.MultiWriter(d.file, d.hash)}
	n, err := io.Copy(sink, &heard{io.LimitReader(resp.Body, d.limit+1-d.size), silence, d.idle})
	d.size += n
	switch {
	case sink.err != nil:
		return writing(d.address, sink.err)
	case err != nil:
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		err = fmt.Errorf("%s: the download broke off after %d bytes: %w", name, d.size, err)
	case d.size > d.limit:
		return tooLarge(name, d.limit)
	case resp.ContentLength >= 0 && d.size != want:
		err = fmt.Errorf("%s: the download is cut: %d of %d bytes", name, d.size, want)
	default:
		return nil
	}
	if d.version.strong() == "" { // nobody could say whether the rest belongs to it
		if again := d.restart(nil); again != nil {
			return again
		}
	}
	return &temporary{error: err}
}

// unreachable is a failure to get an answer. An unknown host and a certificate that is not trusted stay so.
func unreachable(err error) error {
	if dns, ok := errors.AsType[*net.DNSError](err); ok && dns.IsNotFound {
		return err
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return err
	}
	return &temporary{error: err}
}

// restart forgets what has come; header is of the answer that begins anew.
func (d *download) restart(header http.Header) error {
	d.version = version{Address: d.address, ETag: header.Get("ETag"), LastModified: settled(header, d.now())}
	if d.size == 0 {
		return nil
	}
	d.size = 0
	d.hash.Reset()
	_, err := d.file.Seek(0, io.SeekStart)
	return errors.Join(err, d.file.Truncate(0))
}

// settled is the date of a file, unless it may have changed again within the same second and kept its date.
func settled(header http.Header, now time.Time) string {
	changed, err := http.ParseTime(header.Get("Last-Modified"))
	if err != nil {
		return ""
	}
	if sent, err := http.ParseTime(header.Get("Date")); err == nil {
		now = sent
	}
	if now.Before(changed.Add(time.Second)) {
		return ""
	}
	return header.Get("Last-Modified")
}

// strong is what If-Range may hold: only a strong entity tag, or else a date, says that bytes are the same.
func (v version) strong() string {
	if v.ETag != "" && !strings.HasPrefix(v.ETag, "W/") {
		return v.ETag
	}
	return v.LastModified
}

// retryAfter reads seconds or a date; 0 when it is neither.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.Atoi(value); err == nil && seconds >= 0 {
		return time.Duration(min(seconds, 1<<30)) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

// writing tells a full disk from other failures to write a download.
func writing(address string, err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%w for the download of %s: make room below the data directory; the data in place stays in force", errNoSpace, redacted(address))
	}
	return fmt.Errorf("keeping the download of %s: %w", redacted(address), err)
}

// sink remembers that writing failed, not reading.
type sink struct {
	to  io.Writer
	err error
}

func (s *sink) Write(p []byte) (int, error) {
	n, err := s.to.Write(p)
	s.err = err
	return n, err
}

// heard puts off the end of patience with each byte that comes.
type heard struct {
	io.Reader
	silence *time.Timer
	idle    time.Duration
}

func (h *heard) Read(p []byte) (int, error) {
	n, err := h.Reader.Read(p)
	if n > 0 {
		h.silence.Reset(h.idle)
	}
	return n, err
}
