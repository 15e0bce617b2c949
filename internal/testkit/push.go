package testkit

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"landwaiter.dev/image"
)

// Push puts the image under repository and tag and returns the manifest's digest. It speaks the distribution protocol
// plainly, so that what is pushed is byte for byte what the test made.
func (i *ImageBuild) Push(t testing.TB, r *Registry, repository, tag string) image.Digest {
	t.Helper()
	return r.Push(t, repository, tag, i.Document())
}

// Push puts a document with all that lies below it.
func (r *Registry) Push(t testing.TB, repository, tag string, root *Document) image.Digest {
	t.Helper()
	root.Walk(func(d *Document) {
		for digest, blob := range d.Blobs {
			r.pushBlob(t, repository, digest, blob)
		}
		name := string(d.Digest())
		if d == root {
			name = tag
		}
		r.PushManifest(t, repository, name, d.MediaType, d.Raw)
	})
	return root.Digest()
}

// PushManifest puts one manifest under a tag or its digest.
func (r *Registry) PushManifest(t testing.TB, repository, name, mediaType string, raw []byte) {
	t.Helper()
	u := r.URL() + "/v2/" + repository + "/manifests/" + name
	r.do(t, repository, http.MethodPut, u, mediaType, raw, http.StatusCreated)
}

// Delete removes a blob or a manifest: kind is "blobs" or "manifests".
func (r *Registry) Delete(t testing.TB, repository, kind string, d image.Digest) {
	t.Helper()
	r.do(t, repository, http.MethodDelete, r.URL()+"/v2/"+repository+"/"+kind+"/"+string(d), "", nil, http.StatusAccepted)
}

func (r *Registry) pushBlob(t testing.TB, repository string, d image.Digest, blob []byte) {
	t.Helper()
	where := r.do(t, repository, http.MethodPost, r.URL()+"/v2/"+repository+"/blobs/uploads/", "", nil, http.StatusAccepted)
	sep := "?"
	if strings.Contains(where, "?") {
		sep = "&"
	}
	r.do(t, repository, http.MethodPut, where+sep+"digest="+url.QueryEscape(string(d)), "application/octet-stream", blob, http.StatusCreated)
}

// do sends one request as [User] and returns the Location of the answer.
func (r *Registry) do(t testing.TB, repository, method, u, mediaType string, body []byte, want int) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, u, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if mediaType != "" {
		req.Header.Set("Content-Type", mediaType)
	}
	switch r.auth {
	case BasicAuth:
		req.SetBasicAuth(User, Password)
	case TokenAuth:
		access := []any{Object{"type": "repository", "name": repository, "actions": []string{"pull", "push", "delete"}}}
		req.Header.Set("Authorization", "Bearer "+r.tokens.Sign(User, access))
	}
	resp, err := r.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	said, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
	if resp.StatusCode != want {
		t.Fatal(fmt.Errorf("%s %s: %s: %s", method, u, resp.Status, said))
	}
	return resp.Header.Get("Location")
}
