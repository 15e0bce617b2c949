package notify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestDiff(t *testing.T) {
	t.Parallel()
	a := VulnRow{ID: "CVE-1", PackageName: "a", Severity: "High", Fix: "None"}
	b := VulnRow{ID: "CVE-2", PackageName: "b", Severity: "Low", Fix: "None"}
	fixed := a
	fixed.Fix = "1.2"
	for name, c := range map[string]struct {
		last, current []VulnRow
		want          *VulnDiff
	}{
		"nothing changed":    {[]VulnRow{a, b}, []VulnRow{b, a}, nil},
		"both empty":         {nil, nil, nil},
		"one came":           {[]VulnRow{a}, []VulnRow{a, b}, &VulnDiff{Added: []VulnRow{b}, Updated: []VulnRow{}, Removed: []VulnRow{}}},
		"one went":           {[]VulnRow{a, b}, []VulnRow{b}, &VulnDiff{Added: []VulnRow{}, Updated: []VulnRow{}, Removed: []VulnRow{a}}},
		"a fix came":         {[]VulnRow{a}, []VulnRow{fixed}, &VulnDiff{Added: []VulnRow{}, Updated: []VulnRow{fixed}, Removed: []VulnRow{}}},
		"the same row twice": {[]VulnRow{a}, []VulnRow{a, a}, nil},
	} {
		if diff := cmp.Diff(c.want, Diff(c.last, c.current)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

type received struct {
	path, signature string
	body            []byte
}

func receiver(t *testing.T, status int) (string, chan received) {
	t.Helper()
	got := make(chan received, 8)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- received{r.URL.Path, r.Header.Get(SignatureHeader), body}
		w.WriteHeader(status)
	}))
	t.Cleanup(srv.Close)
	return srv.URL, got
}

func message() Message {
	return Message{ID: "n-1", Account: "team a", Email: "a@example.com", Type: PolicyEval, Key: "docker.io/x:1",
		Payload: json.RawMessage(`{"notificationId":"n-1"}`), CreatedAt: time.Unix(1700000000, 0), Attempt: 1, MaxAttempts: 8}
}

func TestSendSignsAndFillsPlaceholders(t *testing.T) {
	t.Parallel()
	url, got := receiver(t, http.StatusNoContent)
	w, err := NewWebhooks(WebhookConfig{URLs: map[string]string{General: url + "/<notification_type>/<userId>"}, AllowPrivate: "true", Key: []byte("k")})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Send(t.Context(), General, message()); err != nil {
		t.Fatal(err)
	}
	r := <-got
	if r.path != "/policy_eval/team a" {
		t.Errorf("path = %q", r.path)
	}
	mac := hmac.New(sha256.New, []byte("k"))
	mac.Write(r.body)
	if want := "sha256=" + hex.EncodeToString(mac.Sum(nil)); r.signature != want {
		t.Errorf("signature = %q, want %q", r.signature, want)
	}
	var body struct {
		DataID string `json:"dataId"`
		Data   struct {
			Type    string `json:"notification_type"`
			Payload struct {
				ID string `json:"notificationId"`
			} `json:"notification_payload"`
		} `json:"data"`
	}
	if err := json.Unmarshal(r.body, &body); err != nil || body.DataID != "n-1" || body.Data.Type != PolicyEval || body.Data.Payload.ID != "n-1" {
		t.Errorf("body = %s, %v", r.body, err)
	}
}

func TestSendRefusesPrivateAddressesUnlessNamed(t *testing.T) {
	t.Parallel()
	url, got := receiver(t, http.StatusOK)
	for allow, refused := range map[string]bool{"": true, "false": true, "hooks.example": true, "127.0.0.1": false, "a.example, 127.0.0.1": false, "true": false} {
		w, err := NewWebhooks(WebhookConfig{URLs: map[string]string{PolicyEval: url}, AllowPrivate: allow})
		if err != nil {
			t.Fatal(err)
		}
		err = w.Send(t.Context(), PolicyEval, message())
		if refused != errors.Is(err, ErrPrivateAddress) {
			t.Errorf("allow %q: %v", allow, err)
		}
		if !refused {
			<-got
		}
	}
	if len(got) > 0 {
		t.Error("a refused notice was delivered")
	}
}

func TestSendTellsFailure(t *testing.T) {
	t.Parallel()
	url, _ := receiver(t, http.StatusFound)
	w, _ := NewWebhooks(WebhookConfig{URLs: map[string]string{General: strings.Replace(url, "://", "://user:hush@", 1)}, AllowPrivate: "true"})
	if err := w.Send(t.Context(), General, message()); err == nil || strings.Contains(err.Error(), "hush") {
		t.Errorf("a redirect is no success, and no secret is told: %v", err)
	}
	if err := w.Send(t.Context(), TagUpdate, message()); err == nil {
		t.Error("an endpoint that is not there took a notice")
	}
}

func TestEndpoints(t *testing.T) {
	t.Parallel()
	w, err := NewWebhooks(WebhookConfig{URLs: map[string]string{General: "http://a.example", TagUpdate: "http://b.example", VulnUpdate: ""}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{TagUpdate, General}, w.Endpoints(TagUpdate)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{General}, w.Endpoints(VulnUpdate)); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []map[string]string{{"tag_updates": "http://a.example"}, {General: "ftp://a.example"}, {General: "a.example"}} {
		if _, err := NewWebhooks(WebhookConfig{URLs: bad}); err == nil {
			t.Errorf("%v was accepted", bad)
		}
	}
}
