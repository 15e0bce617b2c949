package feed

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path"
	"strings"

	"landwaiter.dev/advisory"
	"landwaiter.dev/internal/grypedb"
	"landwaiter.dev/internal/limit"
)

const grypePart = "grypedb/v6"

// grypeParts names the archive that latest.json speaks of.
func grypeParts(ctx context.Context, l Lister, ecosystems []string) ([]Part, error) {
	if ecosystems != nil && len(ecosystems) == 0 {
		return nil, nil
	}
	text, err := l.Read(ctx, "latest.json", maxIndex)
	if err != nil {
		return nil, fmt.Errorf("the name of the latest database of Grype: %w", err)
	}
	var latest struct{ Status, SchemaVersion, Path, Checksum string }
	if err := json.Unmarshal(text, &latest); err != nil {
		return nil, fmt.Errorf("latest.json is not JSON: %w", short(err))
	}
	if model, _, _ := strings.Cut(strings.TrimPrefix(latest.SchemaVersion, "v"), "."); model != fmt.Sprint(grypedb.Model) {
		return nil, fmt.Errorf("latest.json names a database of schema %.40q, and %d is what is read here", latest.SchemaVersion, grypedb.Model)
	}
	if !plain(latest.Path) {
		return nil, fmt.Errorf("latest.json names %.80q, which is no file beside it", latest.Path)
	}
	sum := strings.TrimPrefix(latest.Checksum, "sha256:")
	if !hexDigest.MatchString(sum) {
		return nil, fmt.Errorf("latest.json names the checksum %.80q, which is no SHA-256", latest.Checksum)
	}
	return []Part{{Name: grypePart, Path: latest.Path, SHA256: sum}}, nil
}

// ReadGrypeDB reads Grype's database, schema 6, as its archive or bare: a record for each vulnerability of each provider,
// with the packages of the distributions and languages that are known here. What it knows by CPE alone, the exploited
// vulnerabilities and the scores are left out: the sources for those are others. While it reads, the database stands in
// the directory for temporary files (TMPDIR).
func ReadGrypeDB(r io.ReaderAt, size int64, part string) iter.Seq2[*advisory.Record, error] {
	return func(yield func(*advisory.Record, error) bool) {
		refuse := func(err error) { yield(nil, &Refused{part, err.Error()}) }
		file, err := spoolGrypeDB(r, size)
		if file != "" {
			defer os.Remove(file)
		}
		if err != nil {
			refuse(err)
			return
		}
		db, err := grypedb.Open(file)
		if schema, ok := errors.AsType[*grypedb.SchemaError](err); ok {
			refuse(fmt.Errorf("%w; take the database of schema %d", schema, grypedb.Model))
			return
		}
		if err != nil {
			refuse(fmt.Errorf("it is damaged, or no database of Grype: %w", err))
			return
		}
		defer db.Close()
		if good, err := readGrype(db.Vulnerabilities(), yield); err != nil {
			refuse(fmt.Errorf("it is damaged: %w", err))
		} else if good == 0 {
			refuse(errors.New("it holds no vulnerability of a package that is known here"))
		}
	}
}

// readGrype makes records of rows, those of one provider and name together. It gives how many there were, -1 when
// nobody wants more, and the error that ended it.
func readGrype(rows iter.Seq2[*grypedb.Vulnerability, error], yield func(*advisory.Record, error) bool) (good int, failed error) {
	var at *grypeRecord
	flush := func() bool {
		if at == nil {
			return true
		}
		record, err := at.record()
		if err != nil {
			reason := err.Error() + "; skipped"
			if record != nil {
				reason = err.Error() + "; the rest is taken"
			}
			err = &Problem{at.id, reason}
		}
		if record == nil && err == nil {
			return true
		}
		if record != nil {
			good++
		}
		return yield(record, err)
	}
	for v, err := range rows {
		if err != nil {
			return good, err
		}
		if at == nil || at.provider != v.Provider || at.name != v.Name {
			if !flush() {
				return -1, nil
			}
			at = newGrypeRecord(v.Provider, v.Name)
		}
		at.add(v)
	}
	if !flush() {
		return -1, nil
	}
	return good, nil
}

// spoolGrypeDB writes the database to a temporary file, whose name it gives.
func spoolGrypeDB(r io.ReaderAt, size int64) (file string, err error) {
	in := io.NewSectionReader(r, 0, size)
	magic := make([]byte, 16)
	if _, err := io.ReadFull(in, magic); err != nil {
		return "", errors.New("it is empty or cut off")
	}
	if _, err := in.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	var database io.Reader = in
	if !bytes.Equal(magic, []byte("SQLite format 3\x00")) {
		plain, done, err := decompress(in)
		if err != nil {
			return "", err
		}
		defer done()
		bounded := limit.NewReader(plain, maxDatabase, errTooMuch)
		if database, err = inTar(bounded, "vulnerability.db"); err != nil {
			return "", err
		}
	}
	f, err := os.CreateTemp("", "landwaiter-grypedb-*")
	if err != nil {
		return "", fmt.Errorf("it could not be unpacked: %w", err)
	}
	defer f.Close()
	if _, err := io.Copy(f, database); err != nil {
		return f.Name(), fmt.Errorf("it could not be unpacked: %w", err)
	}
	return f.Name(), f.Close()
}

// inTar finds a file of a tar by its name, wherever it is, and gives its content; reading to its end reads the tar to its
// end, so that what compresses it has compared its checksums.
func inTar(r io.Reader, name string) (io.Reader, error) {
	files := tar.NewReader(r)
	for range maxFew {
		h, err := files.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("it is truncated or damaged: %w", err)
		}
		if h.Typeflag == tar.TypeReg && path.Base(h.Name) == name {
			return io.MultiReader(files, &drain{r}), nil
		}
	}
	return nil, fmt.Errorf("there is no %s in it", name)
}

// drain reads to the end and gives nothing but the error.
type drain struct{ r io.Reader }

func (d *drain) Read([]byte) (int, error) {
	if _, err := io.Copy(io.Discard, d.r); err != nil {
		return 0, err
	}
	return 0, io.EOF
}
