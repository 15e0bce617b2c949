// Package client is the Go client of Landwaiter's REST API. It needs nothing of the server: any program may use it.
//
//	c, err := client.New(client.Config{URL: "http://localhost:8228", User: "admin", Password: "…"})
//	images, err := c.Images(ctx, client.ImageFilter{})
//
// Every refusal of the server is an [*Error]; everything else is a failure to reach it.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// DefaultURL is where a server listens unless told otherwise.
const DefaultURL = "http://localhost:8228"

// Config of a [Client]. The zero value asks [DefaultURL] without credentials.
type Config struct {
	// URL of the server, with or without /v1.
	URL            string
	User, Password string
	// APIKey is sent instead of user and password when it is set.
	APIKey string
	// Account to work in, for administrators; "" means the user's own.
	Account string
	// HTTP does the requests; nil means a client with a limit for connecting and none for answers, because a feed sync
	// answers when it has ended.
	HTTP *http.Client
	// Retries of a GET that met a 503 or no connection; 0 means three, negative none.
	Retries int
	// Wait before the first retry; 0 means 200 ms. It doubles with each.
	Wait time.Duration
	// UserAgent is sent with each request.
	UserAgent string
}

// Client asks one server. Safe for concurrent use.
type Client struct {
	base *url.URL // ends in /v1
	conf Config
}

// MaxAnswer is the largest answer that is read, in bytes.
const MaxAnswer = 1 << 30

// New makes a client. It asks nothing yet.
func New(c Config) (*Client, error) {
	if c.URL == "" {
		c.URL = DefaultURL
	}
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, fmt.Errorf("server address %q: want http://host:port or https://host:port", redact(c.URL))
	}
	if u.User != nil {
		if c.User == "" {
			c.User = u.User.Username()
			c.Password, _ = u.User.Password()
		}
		u.User = nil
	}
	u.Path = strings.TrimSuffix(strings.TrimSuffix(u.Path, "/"), "/v1") + "/v1"
	u.RawQuery, u.Fragment = "", ""
	if c.Retries == 0 {
		c.Retries = 3
	}
	if c.Wait == 0 {
		c.Wait = 200 * time.Millisecond
	}
	if c.HTTP == nil {
		c.HTTP = &http.Client{CheckRedirect: sameHost}
	}
	return &Client{base: u, conf: c}, nil
}

// redact leaves user and password out of an address.
func redact(s string) string {
	if scheme, rest, ok := strings.Cut(s, "://"); ok {
		return scheme + "://" + rest[strings.LastIndexByte(rest, '@')+1:]
	}
	return s[strings.LastIndexByte(s, '@')+1:]
}

// sameHost refuses redirects elsewhere: credentials are for one server.
func sameHost(r *http.Request, via []*http.Request) error {
	if r.URL.Host != via[0].URL.Host || len(via) > 5 {
		return fmt.Errorf("the server redirects to %s: is the address right?", r.URL.Host)
	}
	return nil
}

// URL of the server, without credentials.
func (c *Client) URL() string { return c.base.String() }

// User who asks.
func (c *Client) User() string { return c.conf.User }

// Error is a refusal of the server.
type Error struct {
	// Status is the HTTP status, Code the stable word for it ("image_not_found").
	Status int
	Code   string
	// Message is one sentence for people.
	Message string
	Detail  map[string]any
}

func (e *Error) Error() string { return e.Message }

// Unreachable is a failure to get an answer.
type Unreachable struct {
	URL string
	Err error
}

func (e *Unreachable) Error() string {
	return fmt.Sprintf("cannot reach the server at %s: %v", e.URL, e.Err)
}
func (e *Unreachable) Unwrap() error { return e.Err }

// route is a path below /v1 with its query.
type route struct {
	path  []string
	query url.Values
}

func at(path ...string) route { return route{path: path, query: url.Values{}} }

// with adds a query parameter; empty values are left out.
func (r route) with(key, value string) route {
	if value != "" {
		r.query.Set(key, value)
	}
	return r
}

func (r route) flag(key string, value bool) route {
	r.query.Set(key, fmt.Sprint(value))
	return r
}

// address escapes every segment.
func (c *Client) address(r route) string {
	var b strings.Builder
	b.WriteString(c.base.String())
	for _, segment := range r.path {
		b.WriteByte('/')
		b.WriteString(url.PathEscape(segment))
	}
	if q := r.query.Encode(); q != "" {
		b.WriteString("?" + q)
	}
	return b.String()
}

// do sends one request, retries what may be retried and decodes the answer into out unless out is nil.
func (c *Client) do(ctx context.Context, method string, r route, body, out any) error {
	sent := document{mediaType: "application/json"}
	switch b := body.(type) {
	case nil:
	case []byte:
		sent.data = b
	case document:
		sent = b
	default:
		var err error
		if sent.data, err = json.Marshal(b); err != nil {
			return fmt.Errorf("request body: %w", err)
		}
	}
	wait := c.conf.Wait
	for try := 0; ; try++ {
		err := c.once(ctx, method, c.address(r), sent, out)
		if method != http.MethodGet || try >= c.conf.Retries || !temporary(err) || ctx.Err() != nil {
			return err
		}
		select {
		case <-time.After(wait + rand.N(wait/2+1)):
			wait *= 2
		case <-ctx.Done():
			return err
		}
	}
}

func temporary(err error) bool {
	var refusal *Error
	if errors.As(err, &refusal) {
		return refusal.Status == http.StatusServiceUnavailable || refusal.Status == http.StatusBadGateway || refusal.Status == http.StatusGatewayTimeout
	}
	var unreachable *Unreachable
	return errors.As(err, &unreachable)
}

func (c *Client) once(ctx context.Context, method, address string, body document, out any) error {
	var in io.Reader
	if len(body.data) > 0 {
		in = bytes.NewReader(body.data)
	}
	res, err := c.send(ctx, method, address, in, body.mediaType)
	if err != nil {
		return err
	}
	return c.read(res, out)
}

// send sends a request; in may be nil. The answer's body is the caller's to close.
func (c *Client) send(ctx context.Context, method, address string, in io.Reader, mediaType string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, in)
	if err != nil {
		return nil, fmt.Errorf("request: %w", err)
	}
	req.Header.Set("Accept", "application/json")
	if in != nil {
		req.Header.Set("Content-Type", mediaType)
	}
	if c.conf.UserAgent != "" {
		req.Header.Set("User-Agent", c.conf.UserAgent)
	}
	if c.conf.Account != "" {
		req.Header.Set("x-anchore-account", c.conf.Account)
	}
	switch {
	case c.conf.APIKey != "":
		req.Header.Set("Authorization", "Bearer "+c.conf.APIKey)
	case c.conf.User != "":
		req.SetBasicAuth(c.conf.User, c.conf.Password)
	}
	res, err := c.conf.HTTP.Do(req)
	if err != nil {
		var detail *url.Error
		if errors.As(err, &detail) { // its text repeats the whole address
			err = detail.Err
		}
		return nil, &Unreachable{URL: c.base.String(), Err: err}
	}
	return res, nil
}

// read decodes an answer into out unless out is nil, and closes it.
func (c *Client) read(res *http.Response, out any) error {
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, MaxAnswer+1))
	switch {
	case err != nil:
		return &Unreachable{URL: c.base.String(), Err: fmt.Errorf("the answer broke off: %w", err)}
	case len(text) > MaxAnswer:
		return fmt.Errorf("the answer of %s is larger than %d bytes", c.base.Host, MaxAnswer)
	case res.StatusCode < 200 || res.StatusCode > 299:
		return refused(res, text)
	case out == nil || len(text) == 0:
		return nil
	}
	if raw, ok := out.(*[]byte); ok {
		*raw = text
		return nil
	}
	if err := json.Unmarshal(text, out); err != nil {
		return fmt.Errorf("%s does not answer as a Landwaiter server does (%w): is the address right?", c.base.String(), err)
	}
	return nil
}

func refused(res *http.Response, text []byte) error {
	e := &Error{Status: res.StatusCode}
	var body struct {
		Message string
		Code    string
		Detail  json.RawMessage
	}
	if json.Unmarshal(text, &body) == nil {
		e.Message, e.Code = body.Message, body.Code
		_ = json.Unmarshal(body.Detail, &e.Detail) // other servers put text there
	}
	if e.Message == "" {
		e.Message = "the server answers " + res.Status
	}
	return e
}
