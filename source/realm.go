package source

import (
	"net/http"
	"net/url"
	"regexp"
	"sync"
)

// realm lets a registry that is reached by an internal address have its token service on another port of the same host.
// The library refuses every internal token service but one with the registry's own host and port, to keep a registry
// outside from sending requests inside; the same host is no new reach. So the library is shown a place on the registry
// that stands for the service, and requests to that place go where they belong.
type realm struct {
	inner http.RoundTripper
	host  string

	mu    sync.Mutex
	place *url.URL
}

const realmPath = "/.landwaiter-token-service"

var realmParameter = regexp.MustCompile(`realm="([^"]*)"`)

func (t *realm) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host == t.host && r.URL.Path == realmPath {
		t.mu.Lock()
		place := t.place
		t.mu.Unlock()
		if place != nil {
			r = r.Clone(r.Context())
			r.URL.Scheme, r.URL.Host, r.URL.Path, r.Host = place.Scheme, place.Host, place.Path, place.Host
		}
		return t.inner.RoundTrip(r)
	}
	resp, err := t.inner.RoundTrip(r)
	if err != nil || resp.StatusCode != http.StatusUnauthorized || r.URL.Host != t.host {
		return resp, err
	}
	challenges := resp.Header.Values("Www-Authenticate")
	for i, c := range challenges {
		m := realmParameter.FindStringSubmatch(c)
		if m == nil {
			continue
		}
		place, err := url.Parse(m[1])
		if err != nil || place.Host == t.host || place.User != nil || !isInternal(place.Host) || !sameMachine(place.Host, t.host) {
			continue
		}
		t.mu.Lock()
		t.place = place
		t.mu.Unlock()
		shown := *place
		shown.Host, shown.Path = t.host, realmPath
		challenges[i] = realmParameter.ReplaceAllLiteralString(c, `realm="`+shown.String()+`"`)
	}
	return resp, nil
}

func sameMachine(a, b string) bool {
	return hostname(a) == hostname(b) || isLoopback(a) && isLoopback(b)
}
