package catalog

import (
	"fmt"
	"io"
	"regexp"
	"strings"

	"landwaiter.dev/image"
)

// WordPress reads the header comments by which WordPress itself knows its plugins, in the first 8 KiB of
// wp-content/plugins/NAME/*.php and wp-content/plugins/NAME.php. A plugin is named as its directory is.
func WordPress() Cataloger {
	return Cataloger{
		Name:     "wordpress",
		Revision: 1,
		Doc:      "WordPress plugins: the header of wp-content/plugins/*/*.php.",
		Want:     Want{Parents: map[string][]string{"wp-content/plugins": {"*.php"}, "wp-content/plugins/*": {"*.php"}}},
		Read:     readPlugin,
	}
}

// wordpressHeader is how much of a file WordPress looks at.
const wordpressHeader = 8 << 10

var wordpressField = regexp.MustCompile(`(?mi)^[ \t/*#@]*(Plugin Name|Version|License|Author|Plugin URI):[ \t]*(.*)$`)

func readPlugin(f *File, found *Found) error {
	head := make([]byte, min(f.Size, wordpressHeader))
	if _, err := io.ReadFull(f.Reader(), head); err != nil {
		return err
	}
	m := map[string]string{}
	for _, field := range wordpressField.FindAllSubmatch(head, 50) {
		key := strings.ToLower(string(field[1]))
		value := strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(string(field[2])), "*/"))
		m[key] = firstOf(m[key], declaredText(value))
	}
	if m["plugin name"] == "" || m["version"] == "" {
		return nil // another file of the plugin
	}
	slug := f.Path.Dir().Base()
	if slug == "plugins" && f.Path.Dir().Dir().Base() == "wp-content" {
		slug = strings.TrimSuffix(f.Path.Base(), ".php")
	}
	p := image.Package{Type: image.WordPress, Location: f.Path, Licenses: declaredTexts([]string{m["license"]}),
		Origin: m["author"], Homepage: m["plugin uri"]}
	var okName, okVersion bool
	p.Name, okName = declaredName(slug)
	p.Version, okVersion = declaredVersion(m["version"])
	if !okName || !okVersion {
		return fmt.Errorf("a plugin without a valid name and version")
	}
	extra(&p, "title", m["plugin name"])
	found.Packages = append(found.Packages, p)
	return nil
}
