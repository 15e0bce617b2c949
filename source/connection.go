package source

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// connection is one repository of a registry, signed in for pulling. It may be used by several at the same time.
type connection struct {
	host       string // as the user knows it
	registry   name.Registry
	repository string
	client     *http.Client
	base       http.RoundTripper
	ownBase    bool // base was made for this connection and its idle connections are ours to close
}

// connect finds out how the registry wants to be spoken to and signs in. repository may be empty.
func connect(ctx context.Context, host, repository string, o RegistryOptions) (*connection, error) {
	plain := o.PlainHTTP || isLoopback(host)
	options := []name.Option{name.WeakValidation}
	if plain {
		options = append(options, name.Insecure)
	}
	registry, err := name.NewRegistry(host, options...)
	if err != nil || strings.ContainsAny(host, "/@") {
		return nil, fail(CodeInvalidReference, "%.100q is not a registry's host name", host)
	}
	c := &connection{host: host, registry: registry}
	var target authn.Resource = registry
	var scopes []string
	if repository != "" {
		repo := registry.Repo(repository)
		c.repository = repo.RepositoryStr() // adds Docker Hub's library/ where the name has no slash
		target, scopes = repo, []string{repo.Scope(transport.PullScope)}
	}
	auth := authn.Anonymous
	if o.Keychain != nil {
		if auth, err = authn.Resolve(ctx, o.Keychain, target); err != nil {
			return nil, fail(CodeUnauthorised, "the credentials for %.100q cannot be read: %w", host, err)
		}
	}
	if c.base, c.ownBase, err = baseTransport(o); err != nil {
		return nil, err
	}
	var t http.RoundTripper = &guard{inner: c.base, plain: plain}
	t = &realm{inner: t, host: registry.RegistryStr()}
	t = transport.NewRetry(t, transport.WithRetryBackoff(transport.Backoff{Duration: 300 * time.Millisecond, Factor: 3, Jitter: 0.2, Steps: 3}),
		transport.WithRetryPredicate(worthRetry), transport.WithRetryStatusCodes(retryStatus...))
	t = transport.NewUserAgent(t, "landwaiter")
	signed, err := transport.NewWithContext(ctx, registry, auth, t, scopes)
	if err != nil {
		c.Close()
		return nil, unreachable(ctx, host, err)
	}
	c.client = &http.Client{Transport: signed, CheckRedirect: checkRedirect}
	return c, nil
}

// baseTransport dials with limits of its own, or with those of the one that was given.
func baseTransport(o RegistryOptions) (http.RoundTripper, bool, error) {
	given, isHTTP := o.Transport.(*http.Transport)
	special := o.SkipVerify || o.CAFile != ""
	switch {
	case o.Transport != nil && !special:
		return o.Transport, false, nil
	case o.Transport != nil && !isHTTP:
		return nil, false, fail(CodeUnsupported, "a certificate file and skipping verification do not work with this transport (%T)", o.Transport)
	case o.Transport == nil:
		given = &http.Transport{
			Proxy:       http.ProxyFromEnvironment,
			DialContext: (&net.Dialer{Timeout: 15 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
			// More connections than one are what makes parallel layers fast; HTTP/2 is used where it is offered.
			ForceAttemptHTTP2: true, MaxIdleConns: 20, MaxIdleConnsPerHost: 10, IdleConnTimeout: 30 * time.Second,
			TLSHandshakeTimeout: 15 * time.Second, ResponseHeaderTimeout: answerTimeout,
		}
	default:
		given = given.Clone()
	}
	if !special {
		return given, true, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if given.TLSClientConfig != nil {
		config = given.TLSClientConfig.Clone()
	}
	config.InsecureSkipVerify = o.SkipVerify
	if o.CAFile != "" {
		pem, err := os.ReadFile(o.CAFile)
		if err != nil {
			return nil, false, fail(CodeUnreachable, "the certificate file cannot be read: %w", err)
		}
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		if !pool.AppendCertsFromPEM(pem) {
			return nil, false, fail(CodeUnreachable, "the file %.200q holds no certificate in PEM form", o.CAFile)
		}
		config.RootCAs = pool
	}
	given.TLSClientConfig = config
	return given, true, nil
}

// Close ends idle connections. Downloads that are under way go on.
func (c *connection) Close() error {
	if t, ok := c.base.(*http.Transport); ok && c.ownBase {
		t.CloseIdleConnections()
	}
	return nil
}

// path of something in the repository. Tags and digests were parsed and need no escaping.
func (c *connection) path(kind, identifier string) string {
	return "/v2/" + c.repository + "/" + kind + "/" + identifier
}

// do sends one request and returns whatever answer came; the caller closes its body.
func (c *connection) do(ctx context.Context, method, path string, header http.Header) (*http.Response, error) {
	// The signed transport chooses between http and https by what it learned of the registry.
	req, err := http.NewRequestWithContext(ctx, method, "https://"+c.registry.RegistryStr()+path, nil)
	if err != nil {
		return nil, fail(CodeInvalidReference, "the registry's address cannot be built: %w", err)
	}
	for k, v := range header {
		req.Header[k] = v
	}
	// What is stored is wanted, byte for byte: no compression on the way.
	req.Header.Set("Accept-Encoding", "identity")
	resp, err := c.client.Do(req)
	if err != nil {
		return nil, unreachable(ctx, c.host, err)
	}
	return resp, nil
}

// errPlain is why a request without TLS was not sent.
var errPlain = errors.New("plain HTTP is refused unless it is asked for")

// guard keeps requests without TLS from leaving the machine.
type guard struct {
	inner http.RoundTripper
	plain bool
}

func (g *guard) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" && !g.plain && !isLoopback(r.URL.Host) {
		return nil, errPlain
	}
	return g.inner.RoundTrip(r)
}

// checkRedirect lets registries send to their storage, but not from TLS to plain HTTP nor from elsewhere to this machine.
func checkRedirect(r *http.Request, via []*http.Request) error {
	first := via[0].URL
	switch {
	case len(via) >= maxRedirects:
		return fmt.Errorf("more than %d redirects", maxRedirects)
	case r.URL.Scheme != "https" && via[len(via)-1].URL.Scheme == "https":
		return fmt.Errorf("the registry redirects to %.100q without TLS", r.URL.Host)
	case isInternal(r.URL.Host) && !isInternal(first.Host):
		return fmt.Errorf("the registry redirects to the internal address %.100q", r.URL.Host)
	}
	return nil
}

// isLoopback says whether host, with or without a port, can only be this machine.
func isLoopback(host string) bool {
	h := hostname(host)
	if h == "localhost" || strings.HasSuffix(h, ".localhost") {
		return true
	}
	a, err := netip.ParseAddr(h)
	return err == nil && a.Unmap().IsLoopback()
}

// isInternal says whether host is written as an address that means nothing outside.
func isInternal(host string) bool {
	a, err := netip.ParseAddr(hostname(host))
	if err != nil {
		return isLoopback(host)
	}
	a = a.Unmap()
	return a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsUnspecified()
}

func hostname(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		return h
	}
	return strings.Trim(host, "[]")
}
