package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// imageRegistry is a registry in this process: images in memory, on a loopback address. It counts what is fetched.
type imageRegistry struct {
	host string
	srv  *http.Server

	mu   sync.Mutex
	seen fetched
}

// fetched is what a registry gave away.
type fetched struct {
	Requests int
	Bytes    int64
	Blobs    map[string]bool // their paths
}

func startRegistry() (*imageRegistry, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &imageRegistry{host: listener.Addr().String()}
	r.srv = &http.Server{
		Handler:           r.counting(registry.New(registry.Logger(log.New(io.Discard, "", 0)))),
		ReadHeaderTimeout: 10 * time.Second,
	}
	go func() { _ = r.srv.Serve(listener) }()
	return r, nil
}

func (r *imageRegistry) close() { _ = r.srv.Close() }

// push stores an image, blobs before the manifest that names them, and gives its full tag.
func (r *imageRegistry) push(ctx context.Context, repository, tag string, img *builtImage) (string, error) {
	base := "http://" + r.host + "/v2/" + repository
	for digest, blob := range img.Blobs {
		if err := send(ctx, http.MethodPost, base+"/blobs/uploads/?digest="+digest.String(), "application/octet-stream", blob); err != nil {
			return "", err
		}
	}
	if err := send(ctx, http.MethodPut, base+"/manifests/"+tag, string(types.OCIManifestSchema1), img.Manifest); err != nil {
		return "", err
	}
	r.take() // what was sent is not what is fetched
	return r.host + "/" + repository + ":" + tag, nil
}

func send(ctx context.Context, method, address, mediaType string, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", mediaType)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		return fmt.Errorf("%s %s: %s", method, req.URL.Path, resp.Status)
	}
	return nil
}

// take gives what was fetched since the last call.
func (r *imageRegistry) take() fetched {
	r.mu.Lock()
	defer r.mu.Unlock()
	f := r.seen
	r.seen = fetched{}
	return f
}

func (r *imageRegistry) counting(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body := &countingWriter{ResponseWriter: w}
		next.ServeHTTP(body, req)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.seen.Requests++
		r.seen.Bytes += body.n
		if req.Method == http.MethodGet && strings.Contains(req.URL.Path, "/blobs/") {
			if r.seen.Blobs == nil {
				r.seen.Blobs = map[string]bool{}
			}
			r.seen.Blobs[req.URL.Path] = true
		}
	})
}

type countingWriter struct {
	http.ResponseWriter
	n int64
}

func (w *countingWriter) Write(p []byte) (int, error) {
	n, err := w.ResponseWriter.Write(p)
	w.n += int64(n)
	return n, err
}
