package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"landwaiter.dev/client"
	"landwaiter.dev/report"
)

func (a *app) imageCommand() *cobra.Command {
	return group("image", "Add, look at and delete images of a server",
		a.imageAdd(), a.imageImport(), a.imageWait(), a.imageList(), a.imageGet(), a.imageContent(), a.imageMetadata(), a.imageVuln(),
		a.imageFiles(), a.imageSecrets(), a.imageMatches(), a.imageVerify(), a.imageRetrieved(), a.imageDeclared(), a.imageLayers(), a.imageGaps(), a.imageDiff(), a.imageDelete())
}

func (a *app) imageAdd() *cobra.Command {
	var add client.AddImage
	var dockerfile string
	var annotations []string
	var wait bool
	var patience time.Duration
	c := a.ask("add TAG", "Add an image by its tag and have it analysed", cobra.ExactArgs(1), func(c *cobra.Command, s *client.Client, args []string) error {
		add.Tag = args[0]
		var err error
		if add.Annotations, err = readAnnotations(annotations); err != nil {
			return usage(c, err)
		}
		if dockerfile != "" {
			text, err := os.ReadFile(dockerfile)
			if err != nil {
				return err
			}
			if add.Dockerfile = text; len(text) == 0 {
				return fmt.Errorf("%s is empty", dockerfile)
			}
		}
		img, err := s.Add(c.Context(), add)
		if err != nil {
			return err
		}
		if wait {
			return a.wait(c.Context(), s, img, patience, time.Second)
		}
		return a.showImages(img)
	})
	f := c.Flags()
	f.StringVar(&add.Digest, "digest", "", "analyse this digest and list it under TAG")
	f.BoolVar(&add.Force, "force", false, "analyse again what is known")
	f.StringVar(&dockerfile, "dockerfile", "", "the Dockerfile that made the image")
	f.StringArrayVar(&annotations, "annotation", nil, "NAME=TEXT to keep with the image; may be repeated")
	f.BoolVar(&add.NoSubscription, "no-subscription", false, "do not watch the tag for new images")
	f.BoolVar(&wait, "wait", false, "wait until the analysis has ended")
	f.DurationVar(&patience, "timeout", 0, "with --wait: how long at most (default: as long as it takes)")
	return c
}

// readAnnotations reads NAME=TEXT.
func readAnnotations(entries []string) (map[string]string, error) {
	var notes map[string]string
	for _, entry := range entries {
		key, value, ok := strings.Cut(entry, "=")
		if !ok || key == "" {
			return nil, fmt.Errorf("annotation %q: want NAME=TEXT; NAME= removes one", entry)
		}
		if notes == nil {
			notes = map[string]string{}
		}
		notes[key] = value
	}
	return notes, nil
}

func (a *app) imageWait() *cobra.Command {
	var patience, interval time.Duration
	c := a.ask("wait IMAGE", "Wait until an image is analysed", cobra.ExactArgs(1), func(c *cobra.Command, s *client.Client, args []string) error {
		img, err := s.Image(c.Context(), args[0])
		if err != nil {
			return err
		}
		return a.wait(c.Context(), s, img, patience, interval)
	})
	c.Flags().DurationVar(&patience, "timeout", 0, "how long at most (default: as long as it takes)")
	c.Flags().DurationVar(&interval, "interval", time.Second, "time between two looks")
	return c
}

// wait follows an analysis to its end, shows the image, and fails when the analysis did.
func (a *app) wait(ctx context.Context, s *client.Client, img client.Image, patience, interval time.Duration) error {
	if patience > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, patience)
		defer cancel()
	}
	line := a.progress(name(&img))
	defer line.end()
	img, err := s.Wait(ctx, img.Digest, max(interval, 10*time.Millisecond), func(i client.Image) { line.set(state(i.Status)) })
	line.end()
	switch {
	case errors.Is(err, context.DeadlineExceeded) && patience > 0:
		return &Exit{ExitNotAnalyzed, fmt.Errorf("%s is still not analysed after %s (%s); the server goes on with it", name(&img), patience, img.Status)}
	case err != nil:
		return err
	}
	if err := a.showImages(img); err != nil {
		return err
	}
	if img.Status == client.AnalysisFailed {
		return &Exit{ExitNotAnalyzed, fmt.Errorf("the analysis of %s failed: %s", name(&img), orText(img.Error, "the server does not say why"))}
	}
	return nil
}

func state(status string) string {
	return map[string]string{
		client.NotAnalyzed: "waiting for an analyser", client.Analyzing: "being analysed", client.Analyzed: "analysed", client.AnalysisFailed: "analysis failed",
	}[status]
}

// distribution for people; an image without one has none to show.
func distribution(name, version string) string {
	known := func(s string) string {
		if s == "unknown" || s == "N/A" {
			return ""
		}
		return s
	}
	return strings.TrimSpace(known(name) + " " + known(version))
}

func orText(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// name is how people know an image: by its newest tag.
func name(i *client.Image) string {
	if len(i.Tags) > 0 {
		return i.Tags[0].FullTag
	}
	return i.Digest
}

func (a *app) imageList() *cobra.Command {
	var f client.ImageFilter
	var all bool
	c := a.ask("list", "List images, the newest of each tag", cobra.NoArgs, func(c *cobra.Command, s *client.Client, _ []string) error {
		images, err := s.Images(c.Context(), f)
		if err != nil {
			return err
		}
		return a.show(orEmpty(images), func() {
			g := grid{header: []string{"tag", "digest", "analysis", "distribution", "size", "added"}, empty: "no images"}
			newest := map[string]bool{}
			for i := range images { // newest first
				img := &images[i]
				meta := &img.Content.Metadata
				for _, t := range img.Tags {
					if newest[t.FullTag] && !all {
						continue
					}
					newest[t.FullTag] = true
					size := ""
					if meta.Size > 0 {
						size = report.Size(meta.Size)
					}
					g.rows = append(g.rows, []string{t.FullTag, img.Digest, img.Status, distribution(meta.Distro, meta.DistroVersion), size, when(t.DetectedAt)})
				}
			}
			slices.SortStableFunc(g.rows, func(x, y []string) int { return strings.Compare(x[0], y[0]) })
			a.grid(g)
		})
	})
	c.Flags().BoolVar(&all, "all", false, "older images of each tag too")
	c.Flags().StringVar(&f.Status, "analysis", "", "only those in this state: not_analyzed, analyzing, analyzed, analysis_failed")
	return c
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func (a *app) imageGet() *cobra.Command {
	var history bool
	c := a.ask("get IMAGE", "Show an image", cobra.ExactArgs(1), func(c *cobra.Command, s *client.Client, args []string) error {
		if !history {
			img, err := s.Image(c.Context(), args[0])
			if err != nil {
				return err
			}
			return a.showImages(img)
		}
		images, err := s.Images(c.Context(), client.ImageFilter{FullTag: args[0], History: true})
		if err != nil {
			return err
		}
		return a.showImages(images...)
	})
	c.Flags().BoolVar(&history, "history", false, "all images that ever had the tag")
	return c
}

func (a *app) showImages(images ...client.Image) error {
	return a.show(images, func() {
		for i := range images {
			if i > 0 {
				fmt.Fprintln(a.out)
			}
			a.showImage(&images[i])
		}
	})
}

func (a *app) showImage(i *client.Image) {
	meta := &i.Content.Metadata
	id, size, layers := "", "", ""
	if len(i.Tags) > 0 {
		id = i.Tags[0].ImageID
	}
	if i.Status == client.Analyzed {
		size, layers = report.Size(meta.Size), fmt.Sprint(meta.LayerCount)
	}
	var notes []string
	for _, k := range slices.Sorted(maps.Keys(i.Annotations)) {
		notes = append(notes, k+"="+i.Annotations[k])
	}
	parent := i.ParentDigest
	if parent == i.Digest {
		parent = ""
	}
	lines := []string{"Digest", i.Digest, "Index", parent, "Image ID", id, "Analysis", i.Status, "Reason", i.Error, "Analysed", when(i.AnalyzedAt),
		"Distribution", distribution(meta.Distro, meta.DistroVersion), "Architecture", meta.Arch, "Size", size, "Layers", layers,
		"Dockerfile", meta.DockerfileMode, "Annotations", strings.Join(notes, ", ")}
	if i.Base != nil {
		lines = append(lines, "Base", baseName(i.Base)+fmt.Sprintf("  %d of %s", i.Base.LayerCount, report.Count(meta.LayerCount, "layer", "layers")))
	}
	if d := i.DeclaredBase; d != nil {
		lines = append(lines, "Built on, it says", strings.TrimSpace(d.Name+"  "+d.Digest))
	}
	for _, t := range i.Tags {
		lines = append(lines, "Tag", t.FullTag+"  since "+when(t.DetectedAt))
	}
	a.facts(lines...)
}

func (a *app) imageDelete() *cobra.Command {
	var force bool
	c := a.ask("del IMAGE…", "Delete images", cobra.MinimumNArgs(1), func(c *cobra.Command, s *client.Client, args []string) error {
		done := []client.Deletion{}
		for _, arg := range args {
			img, err := s.Image(c.Context(), arg)
			if err != nil {
				return fmt.Errorf("%s: %w", arg, err)
			}
			d, err := s.Delete(c.Context(), img.Digest, force)
			switch {
			case err != nil:
				return fmt.Errorf("%s: %w", arg, err)
			case d.Status == "not_found":
				return &Exit{ExitNotFound, fmt.Errorf("%s: %s", arg, d.Detail)}
			case d.Status != "deleting":
				return &Exit{ExitFailed, fmt.Errorf("%s: %s (--force deletes it all the same)", arg, d.Detail)}
			}
			a.say("%s (%s) is being deleted", name(&img), img.Digest)
			done = append(done, d)
		}
		return a.show(done, func() {})
	})
	c.Flags().BoolVar(&force, "force", false, "delete watched and unfinished images too; subscriptions of their tags are switched off")
	c.Aliases = []string{"delete"}
	return c
}
