package main

import (
	"archive/zip"
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// advisories of two days; the NOTICE among them says whose they are. They lie here one file a record, so that they can be
// read; [layOut] lays them out as OSV publishes them.
//
//go:embed advisories
var advisories embed.FS

// layOut writes what the sources publish on a day below dir: osv/<Ecosystem>/all.zip and kev.json. A later day has the
// records of the days before, and the catalogue of its own.
func layOut(dir string, day int) error {
	records := map[string]map[string][]byte{} // ecosystem, file, text
	for d := 1; d <= day; d++ {
		root := fmt.Sprintf("advisories/day%d/osv", d)
		err := fs.WalkDir(advisories, root, func(name string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			text, err := advisories.ReadFile(name)
			ecosystem := path.Base(path.Dir(name))
			if records[ecosystem] == nil {
				records[ecosystem] = map[string][]byte{}
			}
			records[ecosystem][path.Base(name)] = text
			return err
		})
		if err != nil {
			return err
		}
	}
	for ecosystem, files := range records {
		bundle, err := zipped(files)
		if err != nil {
			return err
		}
		if err := replace(filepath.Join(dir, "osv", ecosystem, "all.zip"), bundle); err != nil {
			return err
		}
	}
	kev, err := advisories.ReadFile(fmt.Sprintf("advisories/day%d/kev.json", day))
	if err != nil {
		return err
	}
	return replace(filepath.Join(dir, "kev.json"), kev)
}

func zipped(files map[string][]byte) ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range files {
		w, err := z.Create(name)
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(text); err != nil {
			return nil, err
		}
	}
	err := z.Close() // writes the directory of the archive
	return b.Bytes(), err
}

// replace puts a file in place at once: the engine may read it at any time.
func replace(name string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return errors.Join(os.WriteFile(name+".new", text, 0o600), os.Rename(name+".new", name))
}
