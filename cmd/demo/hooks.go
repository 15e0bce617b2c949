package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// notice is what the demo reads of a notice.
type notice struct {
	Type   string `json:"subscription_type"`
	Key    string `json:"subscription_key"`
	Before struct {
		FinalAction string `json:"final_action"`
	} `json:"last_eval"`
	Now struct {
		FinalAction string `json:"final_action"`
	} `json:"curr_eval"`
	Diff struct {
		Added, Updated, Removed []noticeRow
	} `json:"diff_vulnerability_result"`
}

type noticeRow struct {
	ID             string `json:"CVE_ID"`
	Package        string `json:"Package_Name"`
	Version        string `json:"Package_Version"`
	KnownExploited string `json:"Known_Exploited"`
}

// hooks receives webhooks on a loopback address.
type hooks struct {
	url string
	got chan notice
	srv *http.Server
}

func startHooks() (*hooks, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	h := &hooks{url: "http://" + listener.Addr().String() + "/", got: make(chan notice, 64)}
	h.srv = &http.Server{Handler: http.HandlerFunc(h.receive), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = h.srv.Serve(listener) }()
	return h, nil
}

func (h *hooks) close() { _ = h.srv.Close() }

func (h *hooks) receive(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Data struct {
			Payload json.RawMessage `json:"notification_payload"`
		} `json:"data"`
	}
	var n notice
	text, err := io.ReadAll(io.LimitReader(r.Body, 16<<20))
	if err == nil {
		err = json.Unmarshal(text, &body)
	}
	if err == nil {
		// Evaluations are objects, digests of a tag are lists: what has another shape stays empty.
		_ = json.Unmarshal(body.Data.Payload, &n)
	}
	if err != nil || n.Type == "" {
		http.Error(w, "this is no notice", http.StatusBadRequest)
		return
	}
	select {
	case h.got <- n:
	default: // nobody reads them any more
	}
}

// wait reads notices until there is one of each type, shows each, and fails when ctx ends before.
func (h *hooks) wait(ctx context.Context, show func(notice), types ...string) error {
	missing := map[string]bool{}
	for _, t := range types {
		missing[t] = true
	}
	for len(missing) > 0 {
		select {
		case n := <-h.got:
			delete(missing, n.Type)
			show(n)
		case <-ctx.Done():
			for t := range missing {
				return fmt.Errorf("no %s came: %w", t, context.Cause(ctx))
			}
		}
	}
	return nil
}

// told is a notice in one sentence.
func (n *notice) told() string {
	switch n.Type {
	case "policy_eval":
		return fmt.Sprintf("the verdict was %s and is %s now", n.Before.FinalAction, n.Now.FinalAction)
	case "vuln_update":
		text := fmt.Sprintf("%d added, %d updated, %d removed", len(n.Diff.Added), len(n.Diff.Updated), len(n.Diff.Removed))
		for _, r := range n.Diff.Added {
			text += fmt.Sprintf("; new %s in %s %s", r.ID, r.Package, r.Version)
		}
		for _, r := range n.Diff.Updated {
			if r.KnownExploited != "" {
				text += fmt.Sprintf("; %s in %s is exploited, known since %s", r.ID, r.Package, r.KnownExploited)
			}
		}
		return text
	case "analysis_update":
		return "the analysis ended"
	}
	return "about " + n.Key
}
