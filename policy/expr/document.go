// Package expr evaluates expressions of users over one image. The language is CEL (Common Expression Language); an
// expression is checked against the types of the [Document] before it is ever run, its cost is bounded then and while it
// runs, and the same document gives the same answer: there is no clock, no file and no network in it.
package expr

import (
	"reflect"
	"time"

	"cel.dev/cel-go/cel"
)

// Document is an image as expressions see it: each field is a variable. Lists are asked for when an expression first names
// them.
type Document struct {
	Image      *Image
	Distro     *Distro
	Config     *Config
	Files      *Files
	Base       *Base
	Dockerfile *Dockerfile
	Packages   func() []*Package
	Findings   func() []*Finding
	Secrets    func() []*Secret
	Gaps       func() []*Gap
	Malware    func() []*Malware
	Special    func() []*SpecialFile
	Signatures func() []*Signature
	// Now is the beginning of the day (UTC) of the verdict.
	Now time.Time
}

// The types of the document. A field that is not known is empty, 0 or false; has(x.field) tells times apart.
type (
	// Image is what the manifest and config say.
	Image struct {
		Digest         string    `cel:"digest"`
		ID             string    `cel:"id"`
		Tag            string    `cel:"tag"`
		OS             string    `cel:"os"`
		Architecture   string    `cel:"architecture"`
		Variant        string    `cel:"variant"`
		Created        time.Time `cel:"created"`
		Size           int64     `cel:"size"`
		CompressedSize int64     `cel:"compressed_size"`
		Layers         []*Layer  `cel:"layers"`
		History        []string  `cel:"history"`
	}
	// Layer of the image, the lowest first.
	Layer struct {
		Digest    string `cel:"digest"`
		Size      int64  `cel:"size"`
		CreatedBy string `cel:"created_by"`
	}
	// Distro is the distribution.
	Distro struct {
		ID       string   `cel:"id"`
		Version  string   `cel:"version"`
		Codename string   `cel:"codename"`
		Name     string   `cel:"name"`
		Like     []string `cel:"like"`
	}
	// Config is the execution part of the config.
	Config struct {
		User           string            `cel:"user"`
		Env            map[string]string `cel:"env"`
		ExposedPorts   []string          `cel:"exposed_ports"`
		Entrypoint     []string          `cel:"entrypoint"`
		Cmd            []string          `cel:"cmd"`
		Volumes        []string          `cel:"volumes"`
		WorkingDir     string            `cel:"working_dir"`
		Labels         map[string]string `cel:"labels"`
		StopSignal     string            `cel:"stop_signal"`
		HasHealthcheck bool              `cel:"has_healthcheck"`
	}
	// Files counts the entries of the merged tree.
	Files struct {
		Total       int   `cel:"total"`
		Regular     int   `cel:"regular"`
		Directories int   `cel:"directories"`
		Symlinks    int   `cel:"symlinks"`
		SUID        int   `cel:"suid"`
		Bytes       int64 `cel:"bytes"`
	}
	// Base is the image that this one was built on.
	Base struct {
		Known          bool     `cel:"known"`
		Digest         string   `cel:"digest"`
		Tags           []string `cel:"tags"`
		Layers         int      `cel:"layers"`
		Outdated       bool     `cel:"outdated"`
		DeclaredName   string   `cel:"declared_name"`
		DeclaredDigest string   `cel:"declared_digest"`
	}
	// Dockerfile with its mode, "Actual", "Guessed" or "Unknown".
	Dockerfile struct {
		Text string `cel:"text"`
		Mode string `cel:"mode"`
	}
	// Package that is installed.
	Package struct {
		Type            string   `cel:"type"`
		Name            string   `cel:"name"`
		Version         string   `cel:"version"`
		Arch            string   `cel:"arch"`
		Path            string   `cel:"path"`
		SourceName      string   `cel:"source_name"`
		License         string   `cel:"license"`
		LicenseCategory string   `cel:"license_category"`
		Licenses        []string `cel:"licenses"`
		Origin          string   `cel:"origin"`
		OS              bool     `cel:"os"`
		Owned           bool     `cel:"owned"`
		Inherited       bool     `cel:"inherited"`
		Layer           int      `cel:"layer"`
	}
	// Finding is a vulnerability of a package. SeverityLevel is 0 for unknown to 5 for critical.
	Finding struct {
		ID             string    `cel:"id"`
		IDs            []string  `cel:"ids"`
		Severity       string    `cel:"severity"`
		SeverityLevel  int       `cel:"severity_level"`
		Package        *Package  `cel:"package"`
		Fixes          []string  `cel:"fixes"`
		State          string    `cel:"state"`
		Title          string    `cel:"title"`
		CVSS           float64   `cel:"cvss"`
		KnownExploited bool      `cel:"known_exploited"`
		Ransomware     bool      `cel:"ransomware"`
		KEVDue         string    `cel:"kev_due"`
		EPSS           float64   `cel:"epss"`
		EPSSPercentile float64   `cel:"epss_percentile"`
		Published      time.Time `cel:"published"`
		Since          time.Time `cel:"since"`
		FixSince       time.Time `cel:"fix_since"`
		VEXStatus      string    `cel:"vex_status"`
		Inherited      bool      `cel:"inherited"`
	}
	// Secret that a rule found; Path is empty for one in the config, whose part is Place.
	Secret struct {
		Rule    string `cel:"rule"`
		Path    string `cel:"path"`
		Place   string `cel:"place"`
		Line    int    `cel:"line"`
		Layer   int    `cel:"layer"`
		Removed bool   `cel:"removed"`
	}
	// Gap is something that could not be seen.
	Gap struct {
		Kind   string `cel:"kind"`
		Path   string `cel:"path"`
		Detail string `cel:"detail"`
		Count  int    `cel:"count"`
	}
	// Malware that a scanner found.
	Malware struct {
		Path      string `cel:"path"`
		Signature string `cel:"signature"`
		Removed   bool   `cel:"removed"`
	}
	// SpecialFile has set-ID bits or capabilities; Mode is octal, "4755".
	SpecialFile struct {
		Path         string `cel:"path"`
		Mode         string `cel:"mode"`
		Capabilities bool   `cel:"capabilities"`
		UID          int    `cel:"uid"`
		GID          int    `cel:"gid"`
	}
	// Signature beside the image, or attestation where it has a predicate type.
	Signature struct {
		PredicateType string `cel:"predicate_type"`
		Trust         string `cel:"trust"`
		Identity      string `cel:"identity"`
		Issuer        string `cel:"issuer"`
		Verified      bool   `cel:"verified"`
	}
)

// variable is one of the document.
type variable struct {
	name, description string
	of                reflect.Type // of the struct, or of the elements of a list
	list              bool
	value             func(d *Document) any
}

func object[T any](name, description string, value func(d *Document) *T) variable {
	return variable{name, description, reflect.TypeFor[T](), false, func(d *Document) any {
		if v := value(d); v != nil {
			return v
		}
		return new(T)
	}}
}

func list[T any](name, description string, value func(d *Document) func() []*T) variable {
	return variable{name, description, reflect.TypeFor[T](), true, func(d *Document) any {
		if get := value(d); get != nil {
			return get()
		}
		return []*T{}
	}}
}

// variables in the order in which they are shown.
var variables = []variable{
	object("image", "manifest and config", func(d *Document) *Image { return d.Image }),
	object("distro", "the distribution", func(d *Document) *Distro { return d.Distro }),
	object("config", "how containers of the image run", func(d *Document) *Config { return d.Config }),
	object("files", "counts of the entries of the file tree", func(d *Document) *Files { return d.Files }),
	object("base", "the image that this one was built on", func(d *Document) *Base { return d.Base }),
	object("dockerfile", "the Dockerfile, given or guessed", func(d *Document) *Dockerfile { return d.Dockerfile }),
	list("packages", "installed packages", func(d *Document) func() []*Package { return d.Packages }),
	list("findings", "vulnerabilities of packages, but for those that are ignored", func(d *Document) func() []*Finding { return d.Findings }),
	list("secrets", "secrets that rules found", func(d *Document) func() []*Secret { return d.Secrets }),
	list("gaps", "what could not be seen", func(d *Document) func() []*Gap { return d.Gaps }),
	list("malware", "what a scanner found", func(d *Document) func() []*Malware { return d.Malware }),
	list("special_files", "files with set-ID bits or capabilities", func(d *Document) func() []*SpecialFile { return d.Special }),
	list("signatures", "signatures and attestations beside the image", func(d *Document) func() []*Signature { return d.Signatures }),
}

// now is the variable for time; it is no struct.
const now = "now"

func (v *variable) celType() *cel.Type {
	t := cel.ObjectType("expr." + v.of.Name())
	if v.list {
		return cel.ListType(t)
	}
	return t
}

// Bind gives the values of the variables. It may be given to any number of expressions, one after the other.
func (d *Document) Bind() map[string]any {
	m := map[string]any{now: d.Now}
	for i := range variables {
		v := &variables[i]
		m[v.name] = func() any { return v.value(d) }
	}
	return m
}

// Field is one name that an expression can use.
type Field struct {
	// Name with its variable: "image.digest", "findings[].id".
	Name, Type string
}

// Variable describes a variable of the document with its fields.
type Variable struct {
	Name, Type, Description string
	Fields                  []Field
}

// Describe lists the variables for people.
func Describe() []Variable {
	var out []Variable
	for i := range variables {
		v := &variables[i]
		d := Variable{Name: v.name, Type: v.of.Name(), Description: v.description}
		if v.list {
			d.Type = "list of " + d.Type
		}
		d.Fields = fieldsOf(v.of)
		out = append(out, d)
	}
	return append(out, Variable{Name: now, Type: "timestamp", Description: "the beginning of the day (UTC) of the verdict"})
}

func fieldsOf(t reflect.Type) []Field {
	var fields []Field
	for f := range t.Fields() {
		fields = append(fields, Field{f.Tag.Get("cel"), typeName(f.Type)})
	}
	return fields
}

// typeName is the CEL type of a field.
func typeName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Slice:
		return "list of " + typeName(t.Elem())
	case reflect.Map:
		return "map of " + typeName(t.Elem())
	case reflect.Pointer:
		return t.Elem().Name()
	case reflect.Int, reflect.Int64:
		return "int"
	case reflect.Float64:
		return "double"
	case reflect.Struct:
		return "timestamp"
	}
	return t.Kind().String()
}
