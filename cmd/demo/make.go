package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"time"
)

// makeImage makes the layers side by side, puts them together and pushes the image.
func (d *demo) makeImage(ctx context.Context) error {
	debian := layerFile{Path: filepath.Join(d.dir, "debian.tar"), CreatedBy: "COPY debian /"}
	program := layerFile{Path: filepath.Join(d.dir, "program.tar"), CreatedBy: "COPY shop /usr/local/bin/shop"}
	d.text("apt-get downloads %s; go builds a web server with %s …", strings.Join(debianPackages, ", "), strings.Join(requirements(), " and "))

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	built := make(chan error, 1)
	go func() {
		began := time.Now()
		err := programLayer(ctx, filepath.Join(d.dir, "program"), program.Path)
		if err == nil {
			d.phase("layer", "the program, with %s (%s)", strings.Join(requirements(), ", "), seconds(began))
		}
		built <- err
	}()
	layers := []layerFile{debian, program}
	began := time.Now()
	debs, err := debianLayer(ctx, filepath.Join(d.dir, "apt"), debian.Path)
	switch {
	case errors.Is(err, errNoApt):
		d.text("NOTE: %v. The image goes without its Debian layer.", err)
		layers = layers[1:]
	case err != nil:
		cancel()
		<-built
		return fmt.Errorf("the Debian packages cannot be had: %w", err)
	default:
		var names []string
		for _, p := range debs {
			names = append(names, p.field("Package")+" "+p.field("Version"))
		}
		d.phase("layer", "Debian packages %s (%s)", strings.Join(names, ", "), seconds(began))
	}
	if err := <-built; err != nil {
		return fmt.Errorf("the Go program cannot be built: %w", err)
	}

	img, err := buildImage(layers)
	if err != nil {
		return err
	}
	if d.registry, err = startRegistry(); err != nil {
		return err
	}
	if d.tag, err = d.registry.push(ctx, "demo/shop", "1", img); err != nil {
		return fmt.Errorf("pushing it to the demo's registry: %w", err)
	}
	d.phase("pushed", "%s to a registry that the demo runs: %s, %s", d.tag, count(img.Layers(), "layer", "layers"), size(img.Size()))
	return nil
}

// treeSize adds up the files below a folder, in bytes.
func treeSize(dir string) int64 {
	var total int64
	_ = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			if info, err := e.Info(); err == nil {
				total += info.Size()
			}
		}
		return nil // files come and go while the engine works
	})
	return total
}

// elements counts those of a JSON list; what is none has none.
func elements(list json.RawMessage) int {
	var l []json.RawMessage
	_ = json.Unmarshal(list, &l)
	return len(l)
}
