package feed

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"

	"landwaiter.dev/advisory"
)

// NVD publishes a file for each year of CVE ids, nvdcve-2.0-2024.json.gz, that of 2002 with all before it. The .meta
// file beside each names the SHA-256 of the JSON inside, not of the file, so it cannot be [Part.SHA256]; gzip's own
// checksum tells a file that was cut or changed. The files "modified" and "recent" repeat what the years have.
const (
	firstNVDYear = advisory.FirstNVDYear
	// knownNVDYear is one that NVD is known to have; whether there are later ones it is asked.
	knownNVDYear = 2026
)

var nvdYear = regexp.MustCompile(`^nvdcve-2\.0-(\d{4})\.json(?:\.gz)?$`)

// nvdParts names one part for each year ("nvd/2024"). In a directory it is the files that are there; JSON files with
// other names are taken for pages as NVD's API gives them ("nvd/page-3.json"). What is wanted does not matter: NVD has
// something to say of the CVEs of all ecosystems.
func nvdParts(ctx context.Context, l Lister, _ []string) ([]Part, error) {
	names, err := l.List(ctx, "")
	if errors.Is(err, errors.ErrUnsupported) {
		return nvdYears(ctx, l)
	}
	if err != nil {
		return nil, err
	}
	slices.Sort(names) // "….json" before "….json.gz", which replaces it
	var parts []Part
	for _, name := range names {
		m := nvdYear.FindStringSubmatch(name)
		switch {
		case m != nil && len(parts) > 0 && parts[len(parts)-1].Name == "nvd/"+m[1]:
			parts[len(parts)-1].Path = name
		case m != nil:
			parts = append(parts, Part{Name: "nvd/" + m[1], Path: name})
		case plain(name) && strings.HasSuffix(name, ".json") && !strings.HasPrefix(name, "nvdcve-"):
			parts = append(parts, Part{Name: "nvd/" + name, Path: name})
		}
	}
	return parts, nil
}

// nvdYears names the years that a server has.
func nvdYears(ctx context.Context, l Lister) ([]Part, error) {
	last := knownNVDYear
	for ; last < knownNVDYear+100; last++ {
		_, err := l.Read(ctx, fmt.Sprintf("nvdcve-2.0-%d.meta", last+1), 4096)
		if errors.Is(err, fs.ErrNotExist) {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	var parts []Part
	for year := firstNVDYear; year <= last; year++ {
		parts = append(parts, Part{Name: fmt.Sprintf("nvd/%d", year), Path: fmt.Sprintf("nvdcve-2.0-%d.json.gz", year)})
	}
	return parts, nil
}

// ReadNVD reads a file of NVD's JSON 2.0, plain or compressed with gzip, CVE by CVE. It yields as [ReadOSV] does; an id
// comes twice only where the file holds it twice, the one that was changed last at the end.
func ReadNVD(r io.ReaderAt, size int64, part string) iter.Seq2[*advisory.Record, error] {
	return func(yield func(*advisory.Record, error) bool) {
		n := nvdReader{seen: map[string]time.Time{}, year: yearOf(part), yield: yield}
		if err := n.read(io.NewSectionReader(r, 0, size)); err != nil && !n.stopped {
			yield(nil, &Refused{"NVD's file " + strings.TrimPrefix(part, "nvd/"), err.Error()})
		}
	}
}

// yearOf is the year that a part is for; 0 for pages.
func yearOf(part string) int {
	year, err := strconv.Atoi(strings.TrimPrefix(part, "nvd/"))
	if err != nil || year < firstNVDYear {
		return 0
	}
	return year
}

// nvdReader is the state of reading one file.
type nvdReader struct {
	seen    map[string]time.Time // ids yielded, with their date of change
	year    int
	number  int
	yield   func(*advisory.Record, error) bool
	stopped bool // by who asks
	fence   fence
}

// errStopped ends the reading because nobody wants more.
var errStopped = errors.New("stopped")

func (n *nvdReader) read(r io.Reader) error {
	text, err := unzipped(r)
	if err != nil {
		return err
	}
	n.fence = fence{Reader: text, total: maxTotal}
	n.fence.allow()
	d := json.NewDecoder(&n.fence)
	if err := expect(d, json.Delim('{')); err != nil {
		return err
	}
	var format, version string
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return cut(err)
		}
		n.fence.allow()
		switch key {
		case "format":
			err = d.Decode(&format)
		case "version":
			err = d.Decode(&version)
		case "vulnerabilities":
			err = n.list(d)
		default:
			var skipped json.RawMessage
			err = d.Decode(&skipped)
		}
		if err != nil {
			return cut(err)
		}
	}
	if err := expect(d, json.Delim('}')); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		if err == nil {
			return errors.New("there is something behind its end")
		}
		return cut(err)
	}
	switch {
	case format != "NVD_CVE" || !strings.HasPrefix(version, "2."):
		return fmt.Errorf("it says to be %.20q, version %.20q, and not NVD_CVE, version 2.0", format, version)
	case len(n.seen) == 0:
		return errors.New("there is no CVE in it")
	}
	return nil
}

// list reads the array of CVEs.
func (n *nvdReader) list(d *json.Decoder) error {
	if err := expect(d, json.Delim('[')); err != nil {
		return err
	}
	for d.More() {
		n.fence.allow()
		n.number++
		var item struct{ CVE nvdCVE }
		err := d.Decode(&item)
		var kind *json.UnmarshalTypeError
		if err != nil && !errors.As(err, &kind) {
			return err
		}
		if n.number > maxEntries {
			return fmt.Errorf("it has more than %d entries", maxEntries)
		}
		record, err := n.record(&item.CVE, err)
		if (record != nil || err != nil) && !n.yield(record, err) {
			n.stopped = true
			return errStopped
		}
	}
	return expect(d, json.Delim(']'))
}

// record gives the record of one entry, or says why there is none; failed is what was wrong with its JSON.
func (n *nvdReader) record(c *nvdCVE, failed error) (*advisory.Record, error) {
	entry := c.ID
	if !cvePattern.MatchString(c.ID) {
		entry = fmt.Sprintf("record %d", n.number)
		if failed == nil {
			failed = fmt.Errorf("its id %.40q is no CVE", c.ID)
		}
	}
	if failed != nil {
		return nil, &Problem{entry, fmt.Sprintf("%v; skipped", short(failed))}
	}
	if year, _ := strconv.Atoi(c.ID[4:8]); n.year != 0 && max(year, firstNVDYear) != n.year {
		return nil, &Problem{entry, fmt.Sprintf("it is none of %d; skipped", n.year)}
	}
	record, err := c.record()
	if record == nil {
		return nil, &Problem{entry, err.Error()}
	}
	if before, twice := n.seen[record.ID]; twice && !record.Modified.After(before) {
		return nil, &Problem{entry, "the file holds it twice; this one was not changed later and is skipped"}
	}
	n.seen[record.ID] = record.Modified
	if err != nil {
		return record, &Problem{entry, err.Error()}
	}
	return record, nil
}

// unzipped is the text of a file that may be compressed.
func unzipped(r io.Reader) (io.Reader, error) {
	buffered := bufio.NewReaderSize(r, 64<<10)
	head, err := buffered.Peek(2)
	if err == nil && bytes.Equal(head, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, errors.New("its gzip header is damaged")
		}
		buffered = bufio.NewReaderSize(z, 64<<10)
	}
	if head, err = buffered.Peek(1); err == io.EOF {
		return nil, errors.New("it is empty")
	}
	if err != nil {
		return nil, cut(err)
	}
	if head[0] == '<' {
		return nil, errors.New("it is a web page, not JSON; the source, or a proxy before it, answered with an error page")
	}
	return buffered, nil
}

func expect(d *json.Decoder, want json.Delim) error {
	t, err := d.Token()
	if err != nil {
		return cut(err)
	}
	if t != want {
		return fmt.Errorf("there is %.40q where %q should be", fmt.Sprint(t), want.String())
	}
	return nil
}

// cut says in words why reading cannot go on.
func cut(err error) error {
	switch {
	case errors.Is(err, errFence), errors.Is(err, errStopped):
		return err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("it is cut off")
	case errors.Is(err, gzip.ErrChecksum):
		return errors.New("it does not match its checksum")
	}
	return fmt.Errorf("it is damaged or not JSON: %w", short(err))
}

// fence bounds what is read for one entry, and for all.
type fence struct {
	io.Reader
	left, total int64
}

var errFence = fmt.Errorf("an entry of it is larger than %d MiB, or all of them than %d GiB", maxEntry>>20, maxTotal>>30)

// allow lets one more entry be read.
func (f *fence) allow() { f.left = maxEntry }

func (f *fence) Read(p []byte) (int, error) {
	if len(p) > int(f.left) {
		p = p[:f.left]
	}
	if len(p) == 0 || f.total <= 0 {
		return 0, errFence
	}
	n, err := f.Reader.Read(p)
	f.left -= int64(n)
	f.total -= int64(n)
	return n, err
}
