package catalog

import (
	"bytes"
	"encoding/base64"
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"landwaiter.dev/image"
)

// maxRecorded bounds the files that one list may name.
const maxRecorded = 200_000

// readPythonFiles reads the list of files that belongs to a distribution: RECORD (CSV of path, hash and size, relative
// to site-packages) or installed-files.txt (one path a line, relative to the .egg-info directory).
func readPythonFiles(f *File, found *Found) error {
	data, ok, err := metadata(f, found)
	if !ok {
		return err
	}
	dir := f.Path.Dir()
	list := FileList{Package: string(dir)}
	if f.Path.Base() == "RECORD" {
		list.Files, err = parseRecord(data, dir.Dir())
	} else {
		list.Files = parseInstalledFiles(data, dir)
	}
	if len(list.Files) >= maxRecorded {
		found.Gap(image.GapLimit, fmt.Sprintf("more than %d files listed: the rest is left out", maxRecorded))
	}
	if len(list.Files) > 0 {
		found.Lists = append(found.Lists, list)
	}
	return err
}

func parseRecord(data []byte, site image.Path) ([]image.OwnedFile, error) {
	var files []image.OwnedFile
	bad := 0
	for line := range bytes.Lines(data) {
		text := strings.TrimRight(string(line), "\r\n")
		if text == "" || len(files) >= maxRecorded {
			continue
		}
		fields := strings.Split(text, ",")
		if strings.Contains(text, `"`) || len(fields) != 3 {
			r := csv.NewReader(strings.NewReader(text))
			r.LazyQuotes, r.FieldsPerRecord = true, -1
			var err error
			if fields, err = r.Read(); err != nil || len(fields) == 0 {
				bad++
				continue
			}
		}
		p, ok := beside(site, fields[0])
		if !ok {
			bad++
			continue
		}
		file := image.OwnedFile{Path: p, Size: -1}
		if len(fields) > 1 {
			file.Algorithm, file.Digest = recordHash(fields[1])
		}
		if len(fields) > 2 {
			if n, err := strconv.ParseInt(fields[2], 10, 64); err == nil && n >= 0 {
				file.Size = n
			}
		}
		files = append(files, file)
	}
	if bad > 0 {
		return files, fmt.Errorf("%d lines of RECORD are not understood", bad)
	}
	return files, nil
}

// recordHash turns "sha256=<URL-safe base64 without padding>" into the algorithm and hexadecimal digits.
func recordHash(s string) (algorithm, digest string) {
	algorithm, text, ok := strings.Cut(s, "=")
	if !ok {
		return "", ""
	}
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil || len(raw) == 0 {
		return "", ""
	}
	return algorithm, hex.EncodeToString(raw)
}

func parseInstalledFiles(data []byte, dir image.Path) []image.OwnedFile {
	var files []image.OwnedFile
	for line := range bytes.Lines(data) {
		name := strings.TrimSpace(string(line))
		if p, ok := beside(dir, name); ok && name != "" && len(files) < maxRecorded {
			files = append(files, image.OwnedFile{Path: p, Size: -1})
		}
	}
	return files
}
