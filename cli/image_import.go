package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"landwaiter.dev/client"
)

// maxImportFile bounds a file of an import, as the server does.
const maxImportFile = 100 << 20

func (a *app) imageImport() *cobra.Command {
	var add client.ImportImage
	var manifest, config, index, dockerfile string
	var annotations []string
	var wait bool
	var patience time.Duration
	c := a.ask("import FILE", "Add an image as documents: its packages (Syft JSON, CycloneDX, SPDX), manifest and config", cobra.ExactArgs(1), func(c *cobra.Command, s *client.Client, args []string) error {
		if len(add.Tags) == 0 {
			return usage(c, errors.New("--tag is needed: say under which tag the image is to be listed"))
		}
		var err error
		if add.Annotations, err = readAnnotations(annotations); err != nil {
			return usage(c, err)
		}
		for _, f := range []struct {
			name string
			into *[]byte
		}{{args[0], &add.Packages}, {manifest, &add.Manifest}, {config, &add.Config}, {index, &add.Index}, {dockerfile, &add.Dockerfile}} {
			if f.name == "" {
				continue
			}
			if *f.into, err = readBounded(f.name, maxImportFile); err != nil {
				return err
			}
			if len(*f.into) == 0 {
				return fmt.Errorf("%s is empty", f.name)
			}
		}
		if manifest == "" || config == "" {
			m, conf := syftDocuments(add.Packages)
			if manifest == "" {
				add.Manifest = m
			}
			if config == "" {
				add.Config = conf
			}
		}
		if len(add.Manifest) == 0 || len(add.Config) == 0 {
			return usage(c, fmt.Errorf("%s does not hold the image's manifest and config, as Syft's JSON of an image does: give them with --manifest and --config", args[0]))
		}
		img, err := s.Import(c.Context(), add)
		if err != nil {
			return err
		}
		if wait {
			return a.wait(c.Context(), s, img, patience, time.Second)
		}
		return a.showImages(img)
	})
	c.Long = `Adds an image without its layers, from documents that other tools wrote. Packages and distribution are what FILE says;
files, secrets and the like are not known of such an image, which is said as gaps.

Syft's JSON of an image holds manifest and config; for other documents give them:
  syft registry.example.com/shop/web:1.4 -o syft-json >web.json
  landwaiter image import web.json --tag registry.example.com/shop/web:1.4`
	f := c.Flags()
	f.StringArrayVar(&add.Tags, "tag", nil, "tag under which the image is listed; may be repeated")
	f.StringVar(&manifest, "manifest", "", "file with the image's manifest, as the registry has it")
	f.StringVar(&config, "config", "", "file with the image's config, as the registry has it")
	f.StringVar(&index, "parent-manifest", "", "file with the index that the manifest is of")
	f.StringVar(&dockerfile, "dockerfile", "", "the Dockerfile that made the image")
	f.StringArrayVar(&annotations, "annotation", nil, "NAME=TEXT to keep with the image; may be repeated")
	f.BoolVar(&add.Force, "force", false, "make the image anew where it is known")
	f.BoolVar(&wait, "wait", false, "wait until the analysis has ended")
	f.DurationVar(&patience, "timeout", 0, "with --wait: how long at most (default: as long as it takes)")
	return c
}

// syftDocuments are the manifest and config that Syft's JSON carries of an image, under the name that its versions give
// to what they looked at; nil where there are none.
func syftDocuments(raw []byte) (manifest, config []byte) {
	type documents struct {
		Manifest []byte `json:"manifest"`
		Config   []byte `json:"config"`
	}
	var d struct {
		Source struct {
			Metadata, Target json.RawMessage
		}
	}
	if json.Unmarshal(raw, &d) != nil {
		return nil, nil
	}
	for _, place := range []json.RawMessage{d.Source.Metadata, d.Source.Target} {
		var found documents
		if json.Unmarshal(place, &found) == nil && len(found.Manifest) > 0 && len(found.Config) > 0 {
			return found.Manifest, found.Config
		}
	}
	return nil, nil
}
