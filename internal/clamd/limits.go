package clamd

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"strings"
)

// deepest is deeper than any MaxRecursion that the daemon accepts (100).
const deepest = 128

// TellsLimits says whether the daemon tells when a file hits its limits on size, depth, count or time ("AlertExceedsMax
// yes"). Without that it calls clean what it did not look into. It is found out by a small archive that is nested too
// deeply for every daemon; one that looks into no archives at all does not tell either.
func (c *Client) TellsLimits(ctx context.Context) (bool, error) {
	probe, err := nested(deepest)
	if err != nil {
		return false, err
	}
	s, err := c.Begin(ctx, int64(len(probe)))
	if err != nil {
		return false, err
	}
	defer s.Abort()
	if _, err := s.Write(probe); err != nil {
		return false, err
	}
	result, err := s.End()
	return strings.HasPrefix(result.Limit, limitPrefix), err
}

// nested makes a zip archive of a zip archive and so on.
func nested(depth int) ([]byte, error) {
	content := []byte("nothing\n")
	for range depth {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		w, err := z.CreateHeader(&zip.FileHeader{Name: "a", Method: zip.Store})
		if err == nil {
			_, err = w.Write(content)
		}
		if err == nil {
			err = z.Close()
		}
		if err != nil {
			return nil, fmt.Errorf("nested archive: %w", err)
		}
		content = b.Bytes()
	}
	return content, nil
}
