package archive

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"iter"

	"github.com/klauspost/compress/zstd"

	"landwaiter.dev/advisory/feed"
)

// Writer makes a file: [Writer.Records], [Writer.Exploited] and [Writer.Scores] add a section each, [Writer.Close] ends it.
type Writer struct {
	out      *counter
	zip      *zstd.Encoder
	contents Contents
}

// NewWriter begins a file. Of contents all but the sections is given.
func NewWriter(w io.Writer, contents Contents) (*Writer, error) {
	z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithWindowSize(maxWindow), zstd.WithEncoderConcurrency(2))
	if err != nil {
		return nil, err
	}
	contents.Sections = nil
	out := &Writer{out: &counter{w: w, all: sha256.New(), section: sha256.New()}, zip: z, contents: contents}
	_, err = io.WriteString(out.out, magic)
	return out, err
}

// Records adds the advisories of a part, as JSON each.
func (w *Writer) Records(s Section, records iter.Seq2[[]byte, error]) error {
	s.Kind = Records
	return w.section(s, func(write func([]byte) error) error {
		for record, err := range records {
			if err != nil {
				return err
			}
			if err := write(record); err != nil {
				return err
			}
		}
		return nil
	})
}

// Exploited adds the catalogue of exploited vulnerabilities: the day on which each was taken up, in any order, and the details
// that there are.
func (w *Writer) Exploited(s Section, added iter.Seq2[string, string], details map[string]feed.ExploitDetail) error {
	s.Kind = Exploited
	return w.section(s, func(write func([]byte) error) error {
		for cve, day := range added {
			if err := writeRow(write, row{CVE: cve, Added: day, Due: details[cve].Due, Ransomware: details[cve].Ransomware}); err != nil {
				return err
			}
		}
		return nil
	})
}

// Scores adds the scores of the section's day.
func (w *Writer) Scores(s Section, scores iter.Seq2[feed.Score, error]) error {
	s.Kind = Scores
	return w.section(s, func(write func([]byte) error) error {
		for score, err := range scores {
			if err != nil {
				return err
			}
			if err := writeRow(write, row{CVE: score.CVE, EPSS: score.EPSS, Percentile: score.Percentile}); err != nil {
				return err
			}
		}
		return nil
	})
}

func writeRow(write func([]byte) error, r row) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return write(text)
}

func (w *Writer) section(s Section, fill func(write func([]byte) error) error) error {
	s.Offset, s.Rows = w.out.n, 0
	w.out.section.Reset()
	w.zip.Reset(w.out)
	err := fill(func(text []byte) error {
		if len(text) > maxRow {
			return fmt.Errorf("row %d of %s is larger than %d MiB", s.Rows+1, s.title(), maxRow>>20)
		}
		s.Rows++
		_, err := w.zip.Write(append(text, '\n'))
		return err
	})
	if err = errors.Join(err, w.zip.Close()); err != nil {
		return err
	}
	s.Size, s.SHA256 = w.out.n-s.Offset, hex.EncodeToString(w.out.section.Sum(nil))
	w.contents.Sections = append(w.contents.Sections, s)
	return nil
}

// Close writes the directory and the end, signed when there is a key. It does not close what is written to.
func (w *Writer) Close(key *PrivateKey) (Contents, error) {
	directory, err := json.Marshal(w.contents)
	if err != nil {
		return Contents{}, err
	}
	if w.out.n+int64(len(directory)+tail) > MaxSize || len(directory) > maxDirectory {
		return Contents{}, fmt.Errorf("the file would be larger than %d GiB, which no import takes", MaxSize>>30)
	}
	if _, err := w.out.Write(binary.BigEndian.AppendUint64(directory, uint64(len(directory)))); err != nil {
		return Contents{}, err
	}
	_, err = w.out.w.Write(ending(w.out.all.Sum(nil), key))
	return w.contents, err
}

// ending is what follows the size of the directory.
func ending(sum []byte, key *PrivateKey) []byte {
	end := append([]byte(nil), sum...)
	if key == nil {
		end = append(end, make([]byte, ed25519.PublicKeySize+ed25519.SignatureSize)...)
	} else {
		public := key.Public()
		end = append(append(end, public[:]...), ed25519.Sign(key.key, signed(sum))...)
	}
	return append(end, last...)
}

// signed is what a signature is over.
func signed(sum []byte) []byte { return append([]byte(magic), sum...) }

// counter counts and hashes what it passes on.
type counter struct {
	w            io.Writer
	n            int64
	all, section hash.Hash
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	_, _ = c.all.Write(p[:n])
	_, _ = c.section.Write(p[:n])
	return n, err
}
