package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"landwaiter.dev/client"
)

// demo is the story and what it has started so far.
type demo struct {
	*teller
	program, dir string
	keep         bool

	registry *imageRegistry
	hooks    *hooks
	engine   *engine
	tag      string // of the image
	digest   string
}

// close ends what was started, the last first.
func (d *demo) close() {
	if d.engine != nil {
		d.engine.close()
	}
	if d.hooks != nil {
		d.hooks.close()
	}
	if d.registry != nil {
		d.registry.close()
	}
}

// tell tells the chapters in their order. Each has a limit, and a name for when it fails.
func (d *demo) tell(ctx context.Context) error {
	began := time.Now()
	d.line(d.paint(bold, "Landwaiter: what is in a container image, what is known to be wrong with it, and whether it may ship."))
	d.text("The demo downloads packages of Debian and Go; all else happens on this machine, below %s.", d.dir)
	for _, c := range []struct {
		name, title string
		limit       time.Duration
		tell        func(context.Context) error
	}{
		{"making the image", "A real image, made of packages", 4 * time.Minute, d.makeImage},
		{"starting the engine", "The engine starts, with the advisories of a first day", time.Minute, d.startEngine},
		{"analysing the image", "The image is handed over", time.Minute, d.analyse},
		{"evaluating the image", "The verdict of the first day", time.Minute, d.firstVerdict},
		{"the second day", "A second day: new advisories, the same image", time.Minute, d.secondDay},
		{"reading the result", "The result", time.Minute, d.result},
	} {
		d.title(c.title)
		limited, cancel := context.WithTimeoutCause(ctx, c.limit, fmt.Errorf("it is not done after %s", c.limit))
		err := c.tell(limited)
		if late := context.Cause(limited); err != nil && ctx.Err() == nil && late != nil && !errors.Is(err, late) {
			err = fmt.Errorf("%w: %w", late, err)
		}
		cancel()
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	d.title("How to go on")
	d.goOn(time.Since(began))
	if d.keep {
		return d.stay(ctx)
	}
	return nil
}

// startEngine starts the receiver of notices and the engine, and waits until the advisories have loaded.
func (d *demo) startEngine(ctx context.Context) error {
	began := time.Now()
	feeds := filepath.Join(d.dir, "feeds")
	if err := layOut(feeds, 1); err != nil {
		return err
	}
	var err error
	if d.hooks, err = startHooks(); err != nil {
		return err
	}
	d.typed("serve")
	if d.engine, err = startEngine(d.program, d.dir, d.hooks.url); err != nil {
		return err
	}
	if err := d.engine.ready(ctx); err != nil {
		return err
	}
	d.phase("ready", "%s/v1 after %s, on the embedded store in %s", d.engine.url, seconds(began), d.engine.data)
	d.text("The advisories are a few real ones that the demo brings along (cmd/demo/advisories/NOTICE says whose they are);")
	d.text("without settings, they would come from osv.dev and cisa.gov.")
	return nil
}

// analyse adds the image and shows what came of it.
func (d *demo) analyse(ctx context.Context) error {
	began := time.Now()
	d.text("The server pulls it from the registry; nothing of it is run.")
	if err := d.cli(ctx, false, "image", "add", d.tag); err != nil {
		return err
	}
	img, err := d.engine.client.Wait(ctx, d.tag, 50*time.Millisecond, nil)
	if err != nil {
		return err
	}
	if img.Status != client.Analyzed {
		return fmt.Errorf("the analysis failed: %s", img.Error)
	}
	took := seconds(began)
	d.digest = img.Digest
	d.line("")
	f := d.registry.take()
	d.phase("fetched", "manifest, config and %s: %s in %d requests", count(len(f.Blobs)-1, "layer", "layers"), size(f.Bytes), f.Requests)
	packages, gaps, err := d.packages(ctx)
	if err != nil {
		return err
	}
	meta := img.Content.Metadata
	d.phase("analysed", "%s %s, %s; %s; %s", meta.Distro, meta.DistroVersion, meta.Arch, packages, took)
	for _, g := range gaps {
		d.phase("not seen", "%s %s", g.Path, g.Detail)
	}
	d.phase("saved", "%s in %s; layers that come again are neither fetched nor read again", size(treeSize(d.engine.data)), d.engine.data)
	d.line("")
	return d.cli(ctx, false, "image", "content", d.tag, "go")
}

// packages counts the packages of the image by type, and gives what the analysis could not see.
func (d *demo) packages(ctx context.Context) (string, []client.Gap, error) {
	types, err := d.engine.client.ContentTypes(ctx, d.digest)
	if err != nil {
		return "", nil, err
	}
	var parts []string
	var gaps []client.Gap
	for _, typ := range types {
		if typ == "malware" {
			continue
		}
		a, err := d.engine.client.Content(ctx, d.digest, typ)
		if err != nil {
			return "", nil, err
		}
		gaps = a.Gaps
		if n := elements(a.Content); n > 0 {
			noun := map[string]string{"os": "Debian package", "files": "file", "go": "Go module"}[typ]
			if noun == "" {
				noun = typ + " package"
			}
			parts = append(parts, count(n, noun, noun+"s"))
		}
	}
	return strings.Join(parts, ", "), gaps, nil
}

// firstVerdict shows what is known on the first day.
func (d *demo) firstVerdict(ctx context.Context) error {
	if err := d.cli(ctx, false, "feed", "list"); err != nil {
		return err
	}
	d.line("")
	feeds, err := d.engine.client.Feeds(ctx)
	if err != nil {
		return err
	}
	var records int64
	var groups []string
	for _, f := range feeds {
		for _, g := range f.Groups {
			records += g.Records
			groups = append(groups, g.Name)
		}
	}
	d.phase("synced", "%d advisories: %s", records, strings.Join(groups, ", "))
	if err := d.matched(ctx); err != nil {
		return err
	}
	if err := d.evaluated(ctx); err != nil {
		return err
	}
	d.line("")
	for _, kind := range []string{"policy_eval", "vuln_update"} {
		if err := d.cli(ctx, false, "subscription", "activate", kind, d.tag); err != nil {
			return err
		}
	}
	return d.hooks.wait(ctx, d.showNotice, "analysis_update")
}

// secondDay syncs what is new and waits for the notices.
func (d *demo) secondDay(ctx context.Context) error {
	d.text("Nobody touches the image, but Go's database has one record more, and the catalogue of exploited vulnerabilities lists")
	d.text("CVE-2023-39325, which is GHSA-4374-p667-p6c8. (That entry is invented: CISA lists the attack under another id. All other")
	d.text("advisories here are real.)")
	if err := layOut(filepath.Join(d.dir, "feeds"), 2); err != nil {
		return err
	}
	if err := d.cli(ctx, false, "feed", "sync"); err != nil {
		return err
	}
	d.line("")
	if err := d.hooks.wait(ctx, d.showNotice, "policy_eval", "vuln_update"); err != nil {
		return err
	}
	if err := d.matched(ctx); err != nil {
		return err
	}
	if err := d.evaluated(ctx); err != nil {
		return err
	}
	if f := d.registry.take(); len(f.Blobs) == 0 {
		d.phase("fetched", "nothing: what is in the image was known")
	}
	return nil
}

// matched counts what is known to be wrong with the image.
func (d *demo) matched(ctx context.Context) error {
	a, err := d.engine.client.Vulnerabilities(ctx, d.digest, "all", false, client.Moment{})
	if err != nil {
		return err
	}
	exploited := 0
	packages := map[string]bool{}
	for _, v := range a.Vulnerabilities {
		packages[v.Package] = true
		if v.KnownExploited != "" {
			exploited++
		}
	}
	d.phase("matched", "%s in %s, %d known to be exploited", count(len(a.Vulnerabilities), "vulnerability", "vulnerabilities"), count(len(packages), "package", "packages"), exploited)
	for _, g := range a.Gaps {
		d.phase("not known", "%s %s", g.Path, g.Detail)
	}
	return nil
}

// evaluated tells the verdict.
func (d *demo) evaluated(ctx context.Context) error {
	list, err := d.engine.client.Check(ctx, client.CheckRequest{Digest: d.digest, Tag: d.tag, Detail: true, Interactive: true})
	if err != nil {
		return err
	}
	d.line("   " + d.paint(green, fmt.Sprintf("%-10s", "evaluated")) + " the default policy says " + d.verdict(list[0].FinalAction))
	result, err := list[0].Result()
	if err != nil {
		return err
	}
	for _, row := range result.Rows() {
		if row.Action == "stop" {
			d.phase("", "because of %s: %s", row.Trigger, row.Message)
		}
	}
	return nil
}

// result shows verdict and vulnerabilities as the commands show them.
func (d *demo) result(ctx context.Context) error {
	if err := d.cli(ctx, false, "image", "vuln", d.tag); err != nil {
		return err
	}
	d.text("An ! marks what is known to be exploited. The severity is Unknown because these advisories carry none.")
	d.line("")
	// Exit code 1 is the verdict's: the policy says stop.
	return d.cli(ctx, true, "check", "--quiet", d.tag)
}

func (d *demo) showNotice(n notice) {
	d.phase("told", "%s: %s", n.Type, n.told())
}

func seconds(since time.Time) string { return fmt.Sprintf("%.1f s", time.Since(since).Seconds()) }
