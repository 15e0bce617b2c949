package server

import (
	"net/http"
	"net/url"
	"strings"
)

// canonicalPath makes the forms in which clients write a path one: /v1 in front is optional, a slash at the end too, and
// what follows /registries/ is one segment, slashes included. Routing goes by the escaped form, so that an escaped slash
// stays inside its segment.
func canonicalPath(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		escaped := canonical(r.URL.EscapedPath())
		plain, err := url.PathUnescape(escaped)
		if err != nil { // cannot happen: EscapedPath is valid
			plain = escaped
		}
		// A shallow copy, because handlers above us own the request.
		copied := *r
		u := *r.URL
		u.Path, u.RawPath = plain, escaped
		copied.URL = &u
		next.ServeHTTP(w, &copied)
	})
}

const registries = "/v1/registries/"

func canonical(escaped string) string {
	p := "/" + strings.Trim(escaped, "/")
	if first, _, _ := strings.Cut(p[1:], "/"); first != "v1" {
		p = strings.TrimSuffix("/v1"+p, "/")
	}
	if rest, ok := strings.CutPrefix(p, registries); ok {
		p = registries + strings.ReplaceAll(rest, "/", "%2F")
	}
	return p
}
