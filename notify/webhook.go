package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"
)

// SignatureHeader carries "sha256=" and the hexadecimal HMAC-SHA256 of the body under the installation's webhook key.
const SignatureHeader = "Landwaiter-Signature"

// General names the endpoint that receives every type.
const General = "general"

// ErrPrivateAddress refuses an endpoint that resolves to an address of this machine or network.
var ErrPrivateAddress = errors.New("the webhook's address is private: allow it with LANDWAITER_WEBHOOKS_ALLOW_PRIVATE")

// WebhookConfig says where notices go.
type WebhookConfig struct {
	// URLs by endpoint: [General] and the types of notices. <userId> and <notification_type> in them are replaced.
	URLs map[string]string
	// AllowPrivate lets endpoints lie at loopback and private addresses: "false" or "", "true", or a comma-separated list
	// of the hosts for which it is allowed.
	AllowPrivate string
	// Key signs the bodies.
	Key []byte
}

// Webhooks posts notices. It is safe for concurrent use.
type Webhooks struct {
	urls   map[string]string
	key    []byte
	client *http.Client
}

// NewWebhooks checks the configuration.
func NewWebhooks(c WebhookConfig) (*Webhooks, error) {
	w := &Webhooks{urls: map[string]string{}, key: c.Key}
	for name, raw := range c.URLs {
		if raw == "" {
			continue
		}
		if name != General && !slices.Contains(Types(), name) {
			return nil, fmt.Errorf("webhook %q: no such type; there are %s and %s", name, General, strings.Join(Types(), ", "))
		}
		u, err := url.Parse(strings.NewReplacer("<userId>", "x", "<notification_type>", "x").Replace(raw))
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
			return nil, fmt.Errorf("webhook %q: its address must be an http or https URL", name)
		}
		w.urls[name] = raw
	}
	named := strings.Split(c.AllowPrivate, ",")
	for i := range named {
		named[i] = strings.ToLower(strings.TrimSpace(named[i]))
	}
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	guarded := &net.Dialer{Timeout: 5 * time.Second, Control: func(_, address string, _ syscall.RawConn) error {
		// The check sees the resolved address, so a name cannot point somewhere else afterwards.
		if addr, err := netip.ParseAddrPort(address); err != nil || !public(addr.Addr()) {
			return ErrPrivateAddress
		}
		return nil
	}}
	w.client = &http.Client{
		Timeout:       5 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			MaxIdleConnsPerHost: 2, IdleConnTimeout: 30 * time.Second,
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				host, _, _ := net.SplitHostPort(address)
				if slices.Contains(named, "true") || slices.Contains(named, strings.ToLower(host)) {
					return dialer.DialContext(ctx, network, address)
				}
				return guarded.DialContext(ctx, network, address)
			},
		},
	}
	return w, nil
}

func public(a netip.Addr) bool {
	a = a.Unmap()
	return a.IsGlobalUnicast() && !a.IsPrivate() && !a.IsLoopback() && !a.IsLinkLocalUnicast() &&
		!netip.MustParsePrefix("100.64.0.0/10").Contains(a)
}

// Endpoints are the names of the endpoints that want a type, its own first; empty when there is none.
func (w *Webhooks) Endpoints(kind string) []string {
	var names []string
	for _, name := range []string{kind, General} {
		if w.urls[name] != "" {
			names = append(names, name)
		}
	}
	return names
}

// Send posts m to one endpoint and returns nil when it answered 2xx. Every other outcome is an error worth another try.
func (w *Webhooks) Send(ctx context.Context, endpoint string, m Message) error {
	raw := w.urls[endpoint]
	if raw == "" {
		return fmt.Errorf("no webhook is configured for %q", endpoint)
	}
	address := strings.NewReplacer("<userId>", url.PathEscape(m.Account), "<notification_type>", url.PathEscape(m.Type)).Replace(raw)
	body, err := m.body()
	if err != nil {
		return fmt.Errorf("writing the notice: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("webhook %q: %w", endpoint, redact(err))
	}
	mac := hmac.New(sha256.New, w.key)
	mac.Write(body)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "landwaiter")
	req.Header.Set(SignatureHeader, "sha256="+hex.EncodeToString(mac.Sum(nil)))
	resp, err := w.client.Do(req)
	if err != nil {
		return fmt.Errorf("webhook %q: %w", endpoint, redact(err))
	}
	defer resp.Body.Close()
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10)
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("webhook %q answered %s", endpoint, resp.Status)
	}
	return nil
}

// redact drops the address from an error: it may hold credentials.
func redact(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}
