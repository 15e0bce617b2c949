package client

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// FeedArchive is the file from which advisory data was imported last.
type FeedArchive struct {
	Name       string    `json:"name"`
	MadeAt     time.Time `json:"made_at,omitzero"`
	MadeBy     string    `json:"made_by"`
	Revision   int64     `json:"feed_revision"`
	ImportedAt time.Time `json:"imported_at,omitzero"`
	Signer     string    `json:"signer,omitempty"`
	// Parts that are still as the file had them.
	Parts []string `json:"parts"`
}

// ImportFeeds says how a file of advisory data is taken.
type ImportFeeds struct {
	// Name of the file, for people.
	Name                                     string
	AllowUnsigned, AcceptShrink, AcceptOlder bool
}

// ExportFeeds writes all advisory data of the server to w as one file, which nobody signed yet.
func (c *Client) ExportFeeds(ctx context.Context, w io.Writer) error {
	res, err := c.send(ctx, http.MethodGet, c.address(at("system", "feeds", "archive")), nil, "")
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return c.read(res, nil)
	}
	defer res.Body.Close()
	if _, err := io.Copy(w, res.Body); err != nil {
		return fmt.Errorf("the file did not arrive completely: %w", err)
	}
	return nil
}

// ImportFeeds sends a file of advisory data and answers when it is in force.
func (c *Client) ImportFeeds(ctx context.Context, file io.Reader, r ImportFeeds) ([]SyncResult, error) {
	to := at("system", "feeds", "archive").with("name", r.Name)
	for name, on := range map[string]bool{"allow_unsigned": r.AllowUnsigned, "accept_shrink": r.AcceptShrink, "accept_older": r.AcceptOlder} {
		if on {
			to = to.flag(name, true)
		}
	}
	res, err := c.send(ctx, http.MethodPost, c.address(to), file, "application/octet-stream")
	if err != nil {
		return nil, err
	}
	var list []SyncResult
	return list, c.read(res, &list)
}
