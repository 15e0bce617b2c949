package archive

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/klauspost/compress/zstd"

	"landwaiter.dev/advisory"
	"landwaiter.dev/advisory/feed"
)

// Records reads the advisories of a section of that kind, as a driver reads a publisher's file: a [*feed.Problem] is a
// record that is skipped, a [*feed.Refused] the last thing yielded, after which nothing of the section may be used.
func (a *Archive) Records(s Section) iter.Seq2[*advisory.Record, error] {
	return func(yield func(*advisory.Record, error) bool) {
		for number, text := range a.rows(s, func(err error) { yield(nil, err) }) {
			record := new(advisory.Record)
			err := json.Unmarshal(text, record)
			if err == nil {
				err = feed.Check(record)
			}
			if err != nil {
				var known knownID
				entry := fmt.Sprintf("line %d", number)
				if json.Unmarshal(text, &known) == nil && known.ID != "" && len(known.ID) <= maxName {
					entry = known.ID
				}
				record, err = nil, &feed.Problem{Entry: entry, Reason: "it is not a record: " + err.Error() + "; skipped"}
			}
			if !yield(record, err) {
				return
			}
		}
	}
}

// Exploited reads the catalogue of exploited vulnerabilities; nil when the file has none.
func (a *Archive) Exploited() (*feed.Catalog, error) {
	i := a.find(Exploited)
	if i < 0 {
		return nil, nil
	}
	var failed error
	c := &feed.Catalog{Added: map[string]string{}, Released: a.Sections[i].SyncedAt}
	for number, text := range a.rows(a.Sections[i], func(err error) { failed = err }) {
		var r row
		err := json.Unmarshal(text, &r)
		if err == nil && !feed.IsCVE(r.CVE) {
			err = fmt.Errorf("%.40q is no CVE", r.CVE)
		}
		if err == nil {
			_, err = time.Parse(time.DateOnly, r.Added)
		}
		if err != nil {
			c.Problems = append(c.Problems, &feed.Problem{Entry: fmt.Sprintf("line %d", number), Reason: err.Error() + "; skipped"})
			continue
		}
		c.Added[r.CVE] = r.Added
		c.Detail(r.CVE, r.Due, r.Ransomware)
	}
	return c, failed
}

// Scores reads the scores; it yields as [feed.ReadEPSS] does, and nothing when the file has none.
func (a *Archive) Scores() iter.Seq2[feed.Score, error] {
	return func(yield func(feed.Score, error) bool) {
		i := a.find(Scores)
		if i < 0 {
			return
		}
		if _, err := time.Parse(time.DateOnly, a.Sections[i].Day); err != nil {
			yield(feed.Score{}, &feed.Refused{File: a.Name, Reason: "the scores do not say of which day they are"})
			return
		}
		for number, text := range a.rows(a.Sections[i], func(err error) { yield(feed.Score{}, err) }) {
			var r row
			err := json.Unmarshal(text, &r)
			score := feed.Score{CVE: r.CVE, EPSS: r.EPSS, Percentile: r.Percentile, Day: a.Sections[i].Day}
			switch {
			case err != nil:
			case !feed.IsCVE(r.CVE):
				err = fmt.Errorf("%.40q is no CVE", r.CVE)
			case r.EPSS < 0 || r.EPSS > 1 || r.Percentile < 0 || r.Percentile > 1:
				err = errors.New("its score is not from 0 to 1")
			}
			if err != nil {
				score, err = feed.Score{}, &feed.Problem{Entry: fmt.Sprintf("line %d", number), Reason: err.Error() + "; skipped"}
			}
			if !yield(score, err) {
				return
			}
		}
	}
}

// find gives the place of the first section of a kind; -1 when there is none.
func (a *Archive) find(kind string) int {
	for i := range a.Sections {
		if a.Sections[i].Kind == kind {
			return i
		}
	}
	return -1
}

// rows yields the lines of a section with their numbers, each valid until the next. When they end before they should,
// failed is told why, unless whoever ranges over them stopped.
func (a *Archive) rows(s Section, failed func(error)) iter.Seq2[int64, []byte] {
	return func(yield func(int64, []byte) bool) {
		refuse := func(reason string) { failed(&feed.Refused{File: a.Name, Reason: s.title() + " " + reason}) }
		sum := sha256.New()
		packed := io.TeeReader(io.NewSectionReader(a.r, s.Offset, s.Size), sum)
		z, err := zstd.NewReader(packed, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true))
		if err != nil {
			refuse("cannot be decompressed")
			return
		}
		defer z.Close()
		in := bufio.NewReaderSize(z, 64<<10)
		var long []byte
		var n, unpacked int64
		for {
			line, err := in.ReadSlice('\n')
			unpacked += int64(len(line))
			if unpacked > maxUnpacked {
				refuse(fmt.Sprintf("are more than %d GiB", maxUnpacked>>30))
				return
			}
			if errors.Is(err, bufio.ErrBufferFull) || len(long) > 0 {
				if long = append(long, line...); len(long) > maxRow+1 {
					refuse(fmt.Sprintf("have a row of more than %d MiB", maxRow>>20))
					return
				}
				if errors.Is(err, bufio.ErrBufferFull) {
					continue
				}
				line = long
			}
			if err != nil && err != io.EOF {
				refuse("are damaged")
				return
			}
			if line = bytes.TrimSuffix(line, []byte("\n")); len(line) > 0 {
				if n++; n > s.Rows {
					break
				}
				if !yield(n, line) {
					return
				}
			}
			long = long[:0]
			if err == io.EOF {
				break
			}
		}
		if n != s.Rows {
			refuse(fmt.Sprintf("are not the %d rows that its directory names", s.Rows))
			return
		}
		if _, err := io.Copy(io.Discard, packed); err != nil || hex.EncodeToString(sum.Sum(nil)) != s.SHA256 {
			refuse("changed while they were read")
		}
	}
}
