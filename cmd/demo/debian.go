package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// debianPackages are small, and enough for a shell. libexpat1 has a history of vulnerabilities.
var debianPackages = []string{"base-files", "busybox", "libexpat1", "zlib1g"}

// errNoApt says that this machine cannot fetch Debian packages.
var errNoApt = errors.New("there is no apt-get here, so this is no Debian")

// debianLayer fetches packages of this machine's Debian with apt and writes the layer in which they are installed. apt
// works in dir alone: what the machine has installed, and what it knows of its mirrors, stays as it is.
func debianLayer(ctx context.Context, dir, layer string) ([]*deb, error) {
	apt, err := exec.LookPath("apt-get")
	if err != nil {
		return nil, errNoApt
	}
	for _, sub := range []string{"state/lists/partial", "cache/archives/partial", "debs"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return nil, err
		}
	}
	run := func(args ...string) error {
		cmd := exec.CommandContext(ctx, apt, append([]string{
			"-q", "-o", "Dir::State=" + filepath.Join(dir, "state"), "-o", "Dir::Cache=" + filepath.Join(dir, "cache"),
			"-o", "APT::Sandbox::User=root", "-o", "Acquire::Languages=none", "-o", "Acquire::Retries=2", "-o", "Acquire::http::Timeout=20",
			"-o", "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false", "-o", "Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false",
		}, args...)...)
		cmd.Dir = filepath.Join(dir, "debs")
		cmd.Env = append(os.Environ(), "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive")
		return quietly(cmd)
	}
	// One mirror of several may be down: what counts is whether the packages can be fetched afterwards.
	updateErr := run("update")
	if err := run(append([]string{"download"}, atRelease(debianPackages)...)...); err != nil {
		if err := run(append([]string{"download"}, debianPackages...)...); err != nil {
			return nil, errors.Join(updateErr, err)
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "debs", "*.deb"))
	if err != nil {
		return nil, err
	}
	if len(files) != len(debianPackages) {
		return nil, fmt.Errorf("apt-get fetched %d packages instead of %d", len(files), len(debianPackages))
	}
	slices.Sort(files)
	f, err := os.Create(layer)
	if err != nil {
		return nil, err
	}
	debs, err := installed(f, files)
	return debs, errors.Join(err, f.Close())
}

// atRelease asks for the packages as the release has them, without the security updates of since: an image like many.
func atRelease(packages []string) []string {
	text, _ := os.ReadFile("/etc/os-release")
	for line := range strings.Lines(string(text)) {
		if code, ok := strings.CutPrefix(strings.TrimSpace(line), "VERSION_CODENAME="); ok && code != "" {
			at := slices.Clone(packages)
			for i := range at {
				at[i] += "/" + strings.Trim(code, `"`)
			}
			return at
		}
	}
	return packages
}

// quietly runs a program and tells what it said only when it fails.
func quietly(cmd *exec.Cmd) error {
	gentle(cmd)
	said, err := cmd.CombinedOutput()
	if err == nil {
		return nil
	}
	lines := strings.Split(strings.TrimSpace(string(said)), "\n")
	lines = lines[max(0, len(lines)-8):]
	return fmt.Errorf("%s: %w\n%s", filepath.Base(cmd.Path), err, strings.Join(lines, "\n"))
}
