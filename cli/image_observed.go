package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"landwaiter.dev/client"
	"landwaiter.dev/internal/terminal"
	"landwaiter.dev/report"
)

// look is a command that reads one thing about an image and shows it.
func look[T any](a *app, use, short string, read func(*client.Client, context.Context, string) (T, error), people func(found T, image string)) *cobra.Command {
	return a.ask(use, short, cobra.ExactArgs(1), func(c *cobra.Command, s *client.Client, args []string) error {
		return showOf(a, c.Context(), s, args[0], read, people)
	})
}

// showOf reads one thing about an image and shows it.
func showOf[T any](a *app, ctx context.Context, s *client.Client, image string, read func(*client.Client, context.Context, string) (T, error), people func(found T, image string)) error {
	img, err := s.Image(ctx, image)
	if err != nil {
		return err
	}
	found, err := read(s, ctx, img.Digest)
	if err != nil {
		return err
	}
	return a.show(found, func() { people(found, terminal.Escape(name(&img))) })
}

func (a *app) imageSecrets() *cobra.Command {
	return look(a, "secrets IMAGE", "Show where secrets are: rule, place and layer, never the secret", (*client.Client).Secrets, func(found client.TextMatches, image string) {
		a.showMatches(&found, "no secrets found in "+image)
	})
}

func (a *app) imageMatches() *cobra.Command {
	return look(a, "matches IMAGE", "Show where the texts are that the server searches for", (*client.Client).Matches, func(found client.TextMatches, image string) {
		a.showMatches(&found, "no matches in "+image)
	})
}

func (a *app) showMatches(found *client.TextMatches, empty string) {
	g := grid{header: []string{"rule", "place", "layer", "note"}, empty: empty}
	for i := range found.Matches {
		m := &found.Matches[i]
		place := m.Path + ":" + strconv.Itoa(m.Line)
		if m.Place != "" {
			place = "config, " + m.Place
		}
		g.rows = append(g.rows, []string{orText(m.Rule, m.Regex), place, layerText(m.Layer), matchNote(m)})
	}
	a.grid(g)
	a.showGaps(found.Gaps)
}

func matchNote(m *client.TextMatch) string {
	var notes []string
	if m.Removed {
		notes = append(notes, removedNote)
	}
	if m.More > 0 {
		notes = append(notes, fmt.Sprintf("and %d more in the file", m.More))
	}
	return strings.Join(notes, "; ")
}

// removedNote is said of what a later layer removed.
const removedNote = "removed by a later layer, still in the image"

func layerText(i int) string {
	if i < 0 {
		return ""
	}
	return strconv.Itoa(i)
}

func (a *app) imageVerify() *cobra.Command {
	return look(a, "verify IMAGE", "Show which packaged files are not as their packages brought them", (*client.Client).Verification, func(v client.Verification, image string) {
		g := grid{header: []string{"status", "file", "package", "version", "detail"}, empty: "no packaged file of " + image + " differs"}
		for i := range v.Differences {
			d := &v.Differences[i]
			status := strings.ReplaceAll(d.Status, "_", " ")
			if d.Config {
				status += " (configuration)"
			}
			g.rows = append(g.rows, []string{status, d.Path, d.Package.Name, d.Package.Version, d.Detail})
		}
		a.grid(g)
		said := report.Count(v.Compared, "file", "files") + " compared"
		if v.Uncompared > 0 {
			said += fmt.Sprintf("; %d not compared, for lack of a digest", v.Uncompared)
		}
		fmt.Fprintln(a.err, said)
		a.showGaps(v.Gaps)
	})
}

func (a *app) imageFiles() *cobra.Command {
	var special bool
	c := a.ask("files IMAGE", "List the files of an image", cobra.ExactArgs(1), func(c *cobra.Command, s *client.Client, args []string) error {
		if special {
			return showOf(a, c.Context(), s, args[0], (*client.Client).SpecialFiles, a.showSpecial)
		}
		return showOf(a, c.Context(), s, args[0], func(s *client.Client, ctx context.Context, digest string) (client.ContentAnswer, error) {
			return s.Content(ctx, digest, "files")
		}, func(content client.ContentAnswer, image string) { a.showContent(&content, image) })
	})
	c.Flags().BoolVar(&special, "special", false, "only files with set-user-ID, set-group-ID or capabilities")
	return c
}

func (a *app) showSpecial(found client.SpecialFiles, image string) {
	g := grid{header: []string{"file", "mode", "capabilities", "uid", "gid", "layer"}, empty: image + " has no file with set-user-ID, set-group-ID or capabilities"}
	for _, f := range found.Files {
		g.rows = append(g.rows, []string{f.Path, f.Mode, yesNo(f.Capabilities), strconv.Itoa(f.UID), strconv.Itoa(f.GID), layerText(f.Layer)})
	}
	a.grid(g)
	a.showGaps(found.Gaps)
}

func (a *app) imageDeclared() *cobra.Command {
	return look(a, "declared IMAGE", "List packages that lock files pin and nothing proves to be installed", (*client.Client).Declared, func(found client.DeclaredAnswer, image string) {
		g := grid{header: []string{"package", "version", "type", "lock file"}, empty: "no lock file in " + image + " pins more than what is installed"}
		for _, p := range found.Packages {
			g.rows = append(g.rows, []string{p.Name, p.Version, strings.ToLower(p.Type), p.Location})
		}
		a.grid(g)
		a.showGaps(found.Gaps)
	})
}

func (a *app) imageGaps() *cobra.Command {
	return look(a, "gaps IMAGE", "Show what the analysis could not see", func(s *client.Client, ctx context.Context, digest string) ([]client.Gap, error) {
		gaps, err := s.Gaps(ctx, digest)
		return orEmpty(gaps), err
	}, func(gaps []client.Gap, image string) {
		g := grid{header: []string{"kind", "file", "layer", "what"}, empty: "the analysis of " + image + " has no gaps"}
		for _, gap := range gaps {
			what, file := gap.Detail, ""
			if gap.Path != "" {
				file = "/" + strings.TrimPrefix(gap.Path, "/")
			}
			if gap.Count > 0 {
				what += fmt.Sprintf(" (and %d more)", gap.Count)
			}
			g.rows = append(g.rows, []string{gap.Kind, file, layerText(gap.Layer), what})
		}
		a.grid(g)
	})
}

func (a *app) imageLayers() *cobra.Command {
	return look(a, "layers IMAGE", "Show the layers with the instructions that made them", func(s *client.Client, ctx context.Context, digest string) ([]client.Layer, error) {
		layers, err := s.Layers(ctx, digest)
		return orEmpty(layers), err
	}, func(layers []client.Layer, image string) {
		g := grid{header: []string{"layer", "digest", "size", "uncompressed", "instruction"}, empty: image + " has no layers"}
		for i := range layers {
			l := &layers[i]
			g.rows = append(g.rows, []string{strconv.Itoa(l.Index), l.Digest, report.Size(l.Size), report.Size(l.TarSize), orText(l.Dockerfile, l.CreatedBy)})
		}
		a.grid(g)
	})
}

func (a *app) imageRetrieved() *cobra.Command {
	return a.ask("retrieved IMAGE [FILE]", "List the files that the server keeps of an image, or print one", cobra.RangeArgs(1, 2), func(c *cobra.Command, s *client.Client, args []string) error {
		img, err := s.Image(c.Context(), args[0])
		if err != nil {
			return err
		}
		files, err := s.Retrieved(c.Context(), img.Digest)
		if err != nil {
			return err
		}
		if len(args) == 2 {
			return a.showRetrieved(files, args[1])
		}
		g := grid{header: []string{"file", "size"}, empty: "the server keeps no file of " + terminal.Escape(name(&img)) + "; its settings say which to keep"}
		for i := range files {
			content, err := files[i].Bytes()
			if err != nil {
				return err
			}
			g.rows = append(g.rows, []string{files[i].Path, report.Size(int64(len(content)))})
		}
		return a.show(orEmpty(files), func() { a.grid(g) })
	})
}

// showRetrieved prints one file: as it is into a pipe, harmless on a terminal.
func (a *app) showRetrieved(files []client.RetrievedFile, wanted string) error {
	wanted = path.Clean("/" + wanted)
	i := slices.IndexFunc(files, func(f client.RetrievedFile) bool { return f.Path == wanted })
	if i < 0 {
		return &Exit{ExitNotFound, fmt.Errorf("the server keeps no %s of this image; image retrieved IMAGE lists what it keeps", wanted)}
	}
	content, err := files[i].Bytes()
	if err != nil {
		return err
	}
	if a.output == "json" {
		return a.show(files[i], nil)
	}
	if terminal.Is(a.out) {
		content = []byte(terminal.EscapeLines(string(content)))
	}
	_, err = a.out.Write(content)
	return err
}

// showMalware shows what scanners said; it reports whether content is that.
func (a *app) showMalware(content *client.ContentAnswer, image string) bool {
	var scans []client.MalwareScan
	if content.Type != "malware" || json.Unmarshal(content.Content, &scans) != nil {
		return false
	}
	g := grid{header: []string{"scanner", "signature", "file", "layer", "note"}}
	for i := range scans {
		s := &scans[i]
		for _, f := range s.Findings {
			g.rows = append(g.rows, []string{s.Scanner, f.Signature, f.Path, layerText(f.Layer), ""})
		}
		for _, f := range s.Removed {
			g.rows = append(g.rows, []string{s.Scanner, f.Signature, f.Path, layerText(f.Layer), removedNote})
		}
	}
	a.grid(g)
	switch {
	case len(scans) == 0:
		fmt.Fprintf(a.err, "no malware scanner has looked at %s\n", terminal.Escape(image))
	default:
		for i := range scans {
			s := &scans[i]
			found := "nothing"
			if n := len(s.Findings) + len(s.Removed); n > 0 {
				found = report.Count(n, "signature", "signatures")
			}
			fmt.Fprintf(a.err, "%s found %s (%s)\n", terminal.Escape(s.Scanner), found, terminal.Escape(s.Version))
		}
	}
	a.showGaps(content.Gaps)
	return true
}
