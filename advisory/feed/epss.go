package feed

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
)

// Score is one row of the EPSS file.
type Score struct {
	CVE string
	// EPSS is the probability of exploitation in the next 30 days, Percentile its rank; both from 0 to 1.
	EPSS, Percentile float64
	// Day ("2006-01-02") for which the file was made; "" when it does not say.
	Day string
}

const epssFile = "the EPSS file"

// ReadEPSS reads the daily file, as CSV or compressed with gzip, row by row. Beside rows it yields a [*Problem] for each
// that is skipped, and for a file that does not say of which day it is; a [*Refused] is the last thing that it yields
// and means that nothing of the file may be used.
func ReadEPSS(r io.Reader) iter.Seq2[Score, error] {
	return func(yield func(Score, error) bool) {
		refuse := func(reason string) { yield(Score{}, &Refused{epssFile, reason}) }
		buffered := bufio.NewReaderSize(r, 64<<10)
		var text io.Reader = buffered
		if magic, _ := buffered.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
			z, err := gzip.NewReader(buffered)
			if err != nil {
				refuse("its gzip header is damaged")
				return
			}
			text = z
		}
		lines := bufio.NewReaderSize(&ceiling{text, maxScores}, maxRow)
		day, number, begun, good := "", 0, false, false
		for {
			number++
			line, err := lines.ReadSlice('\n')
			if errors.Is(err, bufio.ErrBufferFull) {
				refuse(fmt.Sprintf("line %d is longer than %d bytes", number, maxRow))
				return
			}
			if err != nil && err != io.EOF {
				refuse("it is cut off or damaged: " + err.Error())
				return
			}
			row := strings.TrimSpace(string(line))
			switch {
			case row == "" || strings.HasPrefix(row, "cve,"):
			case row[0] == '#':
				day = scoreDate(row)
			case row[0] == '<':
				refuse("it is a web page, not CSV; the source, or a proxy before it, answered with an error page")
				return
			default:
				if !begun && day == "" && !yield(Score{}, &Problem{epssFile, "it does not say of which day it is; read all the same"}) {
					return
				}
				begun = true
				score, problem := parseScore(row)
				if problem != "" {
					if !yield(Score{}, &Problem{fmt.Sprintf("line %d", number), problem + "; skipped"}) {
						return
					}
					break
				}
				score.Day, good = day, true
				if !yield(score, nil) {
					return
				}
			}
			if err == io.EOF {
				break
			}
		}
		if !good {
			refuse("it holds no score")
		}
	}
}

// scoreDate reads "#model_version:v2025.03.14,score_date:2025-08-25T00:00:00+0000".
func scoreDate(comment string) string {
	_, rest, _ := strings.Cut(comment, "score_date:")
	if len(rest) < 10 {
		return ""
	}
	if _, err := date(rest[:10] + "T00:00:00Z"); err != nil {
		return ""
	}
	return rest[:10]
}

func parseScore(row string) (Score, string) {
	fields := strings.Split(row, ",")
	if len(fields) < 3 {
		return Score{}, "it has fewer than three columns"
	}
	if !cvePattern.MatchString(fields[0]) {
		return Score{}, fmt.Sprintf("%.40q is no CVE", fields[0])
	}
	s := Score{CVE: fields[0]}
	for i, to := range []*float64{&s.EPSS, &s.Percentile} {
		v, err := strconv.ParseFloat(fields[i+1], 64)
		if err != nil || !(v >= 0 && v <= 1) { // NaN fails too
			return Score{}, fmt.Sprintf("%.40q is not a number from 0 to 1", fields[i+1])
		}
		*to = v
	}
	return s, ""
}

// ceiling fails where more is read than a file of its kind may hold.
type ceiling struct {
	io.Reader
	left int64
}

func (c *ceiling) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	if c.left -= int64(n); c.left < 0 {
		return 0, errors.New("it is larger than any such file")
	}
	return n, err
}
