package main

import (
	"context"
	_ "embed"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// The program of the image. Its go.sum pins what is fetched; the files are called .txt because they are no part of this
// module.
var (
	//go:embed program/main.go.txt
	programMain []byte
	//go:embed program/go.mod.txt
	programMod []byte
	//go:embed program/go.sum.txt
	programSum []byte
)

// programLayer builds the program in dir, a module of its own, and writes the layer that holds it.
func programLayer(ctx context.Context, dir, layer string) error {
	goTool, err := exec.LookPath("go")
	if err != nil {
		return errors.New("the go command is not in the PATH")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, text := range map[string][]byte{"main.go": programMain, "go.mod": programMod, "go.sum": programSum} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			return err
		}
	}
	cmd := exec.CommandContext(ctx, goTool, "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", "shop", ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOFLAGS=", "GOWORK=off")
	if err := quietly(cmd); err != nil {
		return err
	}
	program, err := os.ReadFile(filepath.Join(dir, "shop"))
	if err != nil {
		return err
	}
	f, err := os.Create(layer)
	if err != nil {
		return err
	}
	l := newLayer(f)
	return errors.Join(l.file("usr/local/bin/shop", 0o755, program), l.close(), f.Close())
}

// requirements lists the modules that the program pins, as "path version".
func requirements() []string {
	var list []string
	for line := range strings.Lines(string(programMod)) {
		if f := strings.Fields(line); len(f) == 2 && strings.Contains(f[0], ".") && strings.HasPrefix(f[1], "v") {
			list = append(list, f[0]+" "+f[1])
		}
	}
	slices.Sort(list)
	return list
}
