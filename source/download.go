package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"landwaiter.dev/image"
)

// download is a blob that comes over the network. When the connection breaks or stalls, it is taken up where it ended.
type download struct {
	ctx    context.Context
	cancel context.CancelFunc
	from   *connection
	desc   image.Descriptor

	body    io.ReadCloser
	stop    context.CancelFunc // ends the request that body belongs to
	stall   *time.Timer
	offset  int64 // bytes handed out
	resumes int
	failed  error // what every later Read returns
}

// download opens a blob. The first answer is awaited, so that what is missing or refused is told at once.
func (c *connection) download(ctx context.Context, d image.Descriptor) (io.ReadCloser, error) {
	ctx, cancel := context.WithCancel(ctx)
	r := &download{ctx: ctx, cancel: cancel, from: c, desc: d}
	if err := r.request(); err != nil {
		cancel()
		return nil, err
	}
	return r, nil
}

// request asks for the blob from offset on.
func (r *download) request() error {
	ctx, stop := context.WithCancel(r.ctx)
	header := http.Header{}
	if r.offset > 0 {
		header.Set("Range", fmt.Sprintf("bytes=%d-", r.offset))
	}
	resp, err := r.from.do(ctx, http.MethodGet, r.from.path("blobs", string(r.desc.Digest)), header)
	if err != nil {
		stop()
		return err
	}
	if err := r.accept(resp); err != nil {
		resp.Body.Close()
		stop()
		return err
	}
	r.body, r.stop = resp.Body, stop
	r.stall = time.AfterFunc(stallTimeout, stop)
	r.stall.Stop()
	return nil
}

// accept checks an answer and brings its body to offset.
func (r *download) accept(resp *http.Response) error {
	skip, rest := int64(0), r.desc.Size-r.offset
	switch {
	case resp.StatusCode == http.StatusPartialContent && r.offset > 0:
		if !strings.HasPrefix(resp.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", r.offset)) {
			return fail(CodeUnreachable, "the registry %.100q continued a download at the wrong place", r.from.host)
		}
	case resp.StatusCode == http.StatusOK: // from the start: it does not know ranges
		skip, rest = r.offset, r.desc.Size
	case resp.StatusCode == http.StatusNotFound:
		return fail(CodeNotAnImage, "the image is incomplete: the registry %.100q does not have %s", r.from.host, r.desc.Digest)
	default:
		return refused(resp, resp.Body, r.from.host)
	}
	if resp.ContentLength >= 0 && resp.ContentLength != rest {
		return fail(CodeDigestMismatch, "%s has %d bytes in the registry, but the manifest says %d", r.desc.Digest, resp.ContentLength-rest+r.desc.Size, r.desc.Size)
	}
	if _, err := io.CopyN(io.Discard, resp.Body, skip); err != nil {
		return unreachable(r.ctx, r.from.host, err)
	}
	return nil
}

func (r *download) Read(p []byte) (int, error) {
	if r.failed != nil {
		return 0, r.failed
	}
	for {
		r.stall.Reset(stallTimeout) // only waiting for the network counts
		n, err := r.body.Read(p)
		r.stall.Stop()
		if r.offset += int64(n); r.offset > r.desc.Size {
			r.failed = fail(CodeDigestMismatch, "%s has more bytes in the registry than the %d of the manifest", r.desc.Digest, r.desc.Size)
			return 0, r.failed
		}
		switch {
		case err == nil:
			return n, nil
		case errors.Is(err, io.EOF) && r.offset == r.desc.Size:
			r.failed = io.EOF
			return n, io.EOF
		}
		r.failed = r.resume(err)
		switch {
		case n > 0:
			return n, nil // what failed is told by the next call
		case r.failed != nil:
			return 0, r.failed
		}
	}
}

// resume opens the rest of a download that broke with cause.
func (r *download) resume(cause error) error {
	r.end()
	for {
		if err := r.ctx.Err(); err != nil {
			return unreachable(r.ctx, r.from.host, err)
		}
		if r.resumes++; r.resumes > maxResumes {
			e := fail(CodeUnreachable, "the download of %s from %.100q broke off %d times: %w", r.desc.Digest, r.from.host, r.resumes, cause)
			e.Temporary = true
			return e
		}
		select {
		case <-r.ctx.Done():
			continue
		case <-time.After(resumePause * time.Duration(r.resumes)):
		}
		err := r.request()
		if err == nil {
			return nil
		}
		var e *Error
		if errors.As(err, &e) && !e.Temporary {
			return err
		}
		cause = err
	}
}

func (r *download) end() {
	r.stall.Stop()
	r.stop()
	r.body.Close()
}

// Close ends the download, wherever it stands.
func (r *download) Close() error {
	r.end()
	r.cancel()
	return nil
}
