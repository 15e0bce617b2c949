package synthetic

import (
	"archive/zip"
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/flate"
)

// Set is a set of advisories in the layout of OSV's exports.
type Set struct {
	Seed uint64
	// Share of the full set, from 0 to 1; 0 means 1, which is 600,000 records.
	Share float64
	// Folders to write; nil means all.
	Folders []string
	// Changed is how many records of each folder have changed since the set that has 0 here, spread evenly.
	Changed int
}

// Written counts what a set holds; bytes are those of the records before compression.
type Written struct {
	Records, Bytes int64
}

// Write makes DIR/ECOSYSTEM/all.zip for each ecosystem.
func (s Set) Write(dir string) (Written, error) {
	var total Written
	folders := s.Folders
	if folders == nil {
		for i := range shapes {
			folders = append(folders, shapes[i].folder)
		}
	}
	for _, folder := range folders {
		shape := shapeOf(folder)
		if shape == nil {
			return total, fmt.Errorf("there is no ecosystem %q in the synthetic set", folder)
		}
		w, err := s.bundle(filepath.Join(dir, folder), shape)
		if err != nil {
			return total, err
		}
		total.Records += w.Records
		total.Bytes += w.Bytes
	}
	return total, nil
}

func (s Set) bundle(dir string, shape *shape) (w Written, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return w, err
	}
	file, err := os.Create(filepath.Join(dir, "all.zip"))
	if err != nil {
		return w, err
	}
	buffered := bufio.NewWriterSize(file, 1<<20)
	z := zip.NewWriter(buffered)
	packer, err := flate.NewWriter(io.Discard, flate.BestSpeed)
	if err != nil {
		return w, errors.Join(err, file.Close())
	}
	// One entry is written at a time: they share a compressor, which is large.
	z.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) {
		packer.Reset(out)
		return packer, nil
	})
	defer func() { err = errors.Join(err, z.Close(), buffered.Flush(), file.Close()) }()
	scaled := *shape
	if s.Share > 0 && s.Share < 1 {
		scaled.records = max(1, int(float64(shape.records)*s.Share))
	}
	every := scaled.records
	if s.Changed > 0 {
		every = max(1, scaled.records/s.Changed)
	}
	var text []byte
	for i := range scaled.records {
		changed := s.Changed > 0 && i%every == 0 && i/every < s.Changed
		text = scaled.record(text[:0], s.Seed, i, changed)
		entry, err := z.Create(scaled.id(i) + ".json")
		if err != nil {
			return w, err
		}
		if _, err := entry.Write(text); err != nil {
			return w, err
		}
		w.Records++
		w.Bytes += int64(len(text))
	}
	return w, nil
}
