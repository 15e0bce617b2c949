package feed

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/flate"

	"landwaiter.dev/advisory"
)

// osvParts names one bundle for each ecosystem wanted, without its release; where all are wanted, those that are in the
// directory, and of a URL those that its list of ecosystems has.
func osvParts(ctx context.Context, l Lister, ecosystems []string) ([]Part, error) {
	var folders []string
	for _, eco := range ecosystems {
		if folder := advisory.FolderOf(eco); folder != "" && advisory.InOSV(eco) {
			folders = append(folders, folder)
		}
	}
	if ecosystems == nil {
		var err error
		if folders, err = osvFolders(ctx, l); err != nil {
			return nil, err
		}
	}
	slices.Sort(folders)
	var parts []Part
	for _, folder := range slices.Compact(folders) {
		parts = append(parts, Part{Name: folder, Path: folder + "/all.zip"})
	}
	return parts, nil
}

// maxOSVList bounds the list of ecosystems and the folders of a mirror.
const maxOSVList = 1 << 20

func osvFolders(ctx context.Context, l Lister) ([]string, error) {
	entries, err := l.List(ctx, "")
	if errors.Is(err, errors.ErrUnsupported) {
		text, err := l.Read(ctx, "ecosystems.txt", maxOSVList)
		if err != nil {
			return nil, fmt.Errorf("the list of ecosystems: %w", err)
		}
		var folders []string
		for line := range strings.Lines(string(text)) {
			if folder := advisory.FolderOf(strings.TrimSpace(line)); folder != "" && !strings.ContainsAny(folder, "/\\") {
				folders = append(folders, folder)
			}
		}
		return folders, nil
	}
	var folders []string
	for _, name := range entries {
		if inside, err := l.List(ctx, name); err == nil && slices.Contains(inside, "all.zip") {
			folders = append(folders, name)
		}
	}
	return folders, err
}

// ReadOSV reads the bundle of one ecosystem (all.zip, a JSON file for each record) record by record, in the order of the
// bundle. Beside a record, or instead of one, it yields a [*Problem]; a [*Refused] is the last thing that it yields, and
// means that nothing of the bundle may be used.
//
// An id comes twice only when the bundle holds it twice: then the later one yielded is the one to keep, and what was
// modified earlier never follows what was modified later. A record counts by its content: neither its file name nor the
// folder decides what it is about.
func ReadOSV(r io.ReaderAt, size int64, folder string) iter.Seq2[*advisory.Record, error] {
	return func(yield func(*advisory.Record, error) bool) {
		file := folder + "/all.zip"
		archive, err := openBundle(r, size)
		if err != nil {
			yield(nil, &Refused{file, err.Error()})
			return
		}
		b := bundle{seen: make(map[string]time.Time, len(archive.File))}
		for _, entry := range archive.File {
			record, err := b.read(entry)
			var damaged *damage
			if errors.As(err, &damaged) {
				yield(nil, &Refused{file, damaged.Error()})
				return
			}
			if (record != nil || err != nil) && !yield(record, err) {
				return
			}
		}
		if len(b.seen) == 0 {
			yield(nil, &Refused{file, fmt.Sprintf("there is no record among its %d entries", len(archive.File))})
		}
	}
}

// openBundle reads the directory of the zip file, within bounds, or says in words what the file is instead.
func openBundle(r io.ReaderAt, size int64) (*zip.Reader, error) {
	if size == 0 {
		return nil, errors.New("it is empty")
	}
	head := make([]byte, min(size, 512))
	if _, err := r.ReadAt(head, 0); err != nil && err != io.EOF {
		return nil, fmt.Errorf("it could not be read: %w", err)
	}
	if bytes.HasPrefix(bytes.TrimLeft(head, "\xef\xbb\xbf \t\r\n"), []byte("<")) {
		return nil, errors.New("it is a web page, not a zip file; the source, or a proxy before it, answered with an error page")
	}
	archive, err := zip.NewReader(&budget{r, maxDirectory}, size)
	switch {
	case errors.Is(err, errBudget), err == nil && len(archive.File) > maxEntries:
		return nil, fmt.Errorf("it has more than %d entries", maxEntries)
	case err != nil && bytes.HasPrefix(head, []byte("PK")):
		return nil, errors.New("it is truncated or damaged: the directory at the end of the zip file cannot be read")
	case err != nil:
		return nil, errors.New("it is not a zip file")
	}
	// From here on entries are read one by one, each within its own bounds.
	archive, err = zip.NewReader(&window{file: r, buf: make([]byte, 0, windowBytes)}, size)
	if err != nil {
		return nil, errors.New("it changed while it was read")
	}
	archive.RegisterDecompressor(zip.Deflate, inflater())
	return archive, nil
}

// windowBytes is how much is read at once: entries are small, and follow each other.
const windowBytes = 256 << 10

// window reads a file from the beginning to the end in large pieces, whatever is asked for. It serves one reader.
type window struct {
	file io.ReaderAt
	buf  []byte
	at   int64
}

func (w *window) ReadAt(p []byte, off int64) (int, error) {
	if len(p) > cap(w.buf) {
		return w.file.ReadAt(p, off)
	}
	if off < w.at || off+int64(len(p)) > w.at+int64(len(w.buf)) {
		n, err := w.file.ReadAt(w.buf[:cap(w.buf)], off)
		if w.buf, w.at = w.buf[:n], off; err != nil && err != io.EOF {
			return 0, err
		}
	}
	n := copy(p, w.buf[off-w.at:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// inflater makes decompressors for entries that are read one after the other: they share one, which is large.
func inflater() zip.Decompressor {
	var shared io.ReadCloser
	return func(r io.Reader) io.ReadCloser {
		if shared == nil {
			shared = flate.NewReader(r)
		} else if err := shared.(flate.Resetter).Reset(r, nil); err != nil {
			return flate.NewReader(r)
		}
		return io.NopCloser(shared)
	}
}

// budget ends the reading of a directory that has no end.
type budget struct {
	io.ReaderAt
	left int64
}

var errBudget = errors.New("too much to read")

func (b *budget) ReadAt(p []byte, off int64) (int, error) {
	if b.left -= int64(len(p)); b.left < 0 {
		return 0, errBudget
	}
	return b.ReaderAt.ReadAt(p, off)
}

// damage is a reason to refuse the whole bundle: what one entry says is proof that others cannot be trusted.
type damage struct{ entry, reason string }

func (d *damage) Error() string { return fmt.Sprintf("the entry %.120q %s", d.entry, d.reason) }

// bundle is the state of reading one.
type bundle struct {
	seen  map[string]time.Time // ids yielded, with their date of change
	buf   bytes.Buffer
	total int64
}

// read gives the record of an entry. Both results are nil for what is no record and no trouble: a directory.
func (b *bundle) read(entry *zip.File) (*advisory.Record, error) {
	name := entry.Name
	switch {
	case strings.HasSuffix(name, "/") && entry.UncompressedSize64 == 0 && plain(strings.TrimSuffix(name, "/")):
		return nil, nil
	case !plain(name):
		return nil, &Problem{name, "its name is not that of a record; skipped"}
	case !entry.Mode().IsRegular():
		return nil, &Problem{name, "it is not a regular file; skipped"}
	case !strings.HasSuffix(name, ".json"):
		return nil, &Problem{name, "it is not a JSON file; skipped"}
	case entry.UncompressedSize64 > maxEntry:
		return nil, &Problem{name, fmt.Sprintf("it is larger than %d MiB; skipped", maxEntry>>20)}
	}
	if err := b.load(entry); err != nil {
		return nil, err
	}
	record, err := parseRecord(b.buf.Bytes())
	if record == nil {
		return nil, &Problem{name, err.Error()}
	}
	if before, twice := b.seen[record.ID]; twice && !record.Modified.After(before) {
		return nil, &Problem{name, fmt.Sprintf("the bundle holds %s twice; this one was not changed later and is skipped", record.ID)}
	}
	b.seen[record.ID] = record.Modified
	if err != nil {
		return record, &Problem{name, err.Error()}
	}
	return record, nil
}

// load decompresses an entry into the buffer and so verifies its checksum.
func (b *bundle) load(entry *zip.File) error {
	content, err := entry.Open()
	if errors.Is(err, zip.ErrAlgorithm) {
		return &Problem{entry.Name, "it is compressed in a way that is not supported; skipped"}
	}
	if err != nil {
		return &damage{entry.Name, "cannot be opened"}
	}
	defer content.Close()
	b.buf.Reset()
	n, err := io.Copy(&b.buf, io.LimitReader(content, maxEntry+1))
	b.total += n
	switch {
	case n > maxEntry:
		return &damage{entry.Name, "is larger than it claims to be"}
	case errors.Is(err, zip.ErrChecksum):
		return &damage{entry.Name, "does not match its checksum"}
	case err != nil:
		return &damage{entry.Name, "is damaged or its size is not what it claims to be"}
	case b.total > maxTotal:
		return &damage{entry.Name, fmt.Sprintf("brings the bundle over %d GiB", maxTotal>>30)}
	}
	return nil
}

// plain says whether a name is a bare file name that can be shown: no directory, no way up, nothing unprintable.
func plain(name string) bool {
	return name != "" && name[0] != '.' && printable(name, maxName) && !strings.ContainsAny(name, `/\`)
}
