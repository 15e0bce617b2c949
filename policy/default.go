package policy

import (
	"embed"
	"encoding/json"
	"slices"
)

// shippedFiles are the bundles that come with the program, each documented by the comments of its rules.
//
//go:embed default_bundle.json shipped/*.yaml
var shippedFiles embed.FS

// shipped lists them by the names that users call them by.
var shipped = []struct{ name, file string }{
	{"default", "default_bundle.json"},
	{"cis-docker", "shipped/cis-docker.yaml"},
	{"nist-800-190", "shipped/nist-800-190.yaml"},
	{"strict-vulnerabilities", "shipped/strict-vulnerabilities.yaml"},
}

// ShippedBundle is a bundle that comes with the program.
type ShippedBundle struct {
	// Name by which it is called; ID is that of the bundle.
	Name        string `json:"name"`
	ID          string `json:"id"`
	Title       string `json:"title"`
	Description string `json:"description"`
	// Source is JSON or YAML.
	Source []byte `json:"-"`
}

// Shipped lists the bundles that come with the program, the default one first.
func Shipped() []ShippedBundle {
	list := make([]ShippedBundle, 0, len(shipped))
	for _, s := range shipped {
		source := read(s.file)
		var head struct{ ID, Name, Description string }
		if document, err := fromSource(source); err == nil {
			_ = json.Unmarshal(document, &head) // a test has read them all
		}
		list = append(list, ShippedBundle{Name: s.name, ID: head.ID, Title: head.Name, Description: head.Description, Source: source})
	}
	return list
}

// ShippedByName finds one of them; false when there is none of that name.
func ShippedByName(name string) (ShippedBundle, bool) {
	list := Shipped()
	i := slices.IndexFunc(list, func(b ShippedBundle) bool { return b.Name == name })
	if i < 0 {
		return ShippedBundle{}, false
	}
	return list[i], true
}

// ShippedNames are the names of the bundles that come with the program.
func ShippedNames() []string {
	names := make([]string, len(shipped))
	for i, s := range shipped {
		names[i] = s.name
	}
	return names
}

// Default is the bundle that new accounts get and that a scan without a policy uses.
func Default() []byte { return read("default_bundle.json") }

func read(file string) []byte {
	b, err := shippedFiles.ReadFile(file)
	if err != nil { // the program was built without it
		panic(err)
	}
	return b
}
