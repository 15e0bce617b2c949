package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/knadh/koanf/maps"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/pflag"
	"sigs.k8s.io/yaml"

	"landwaiter.dev/analysis"
)

// values is a layer of settings by dotted name; it makes a map what koanf loads.
type values map[string]any

// ReadBytes is not used: the layer is read already.
func (values) ReadBytes() ([]byte, error) { return nil, errors.New("not bytes") }

// Read gives the layer.
func (v values) Read() (map[string]any, error) { return maps.Unflatten(v, "."), nil }

// Load reads the settings: flags before variables of environ ("NAME=value") before the YAML file that --config names
// before defaults. flags may be nil.
func Load(flags *pflag.FlagSet, environ []string) (Settings, error) {
	k := koanf.New(".")
	var s Settings
	layers := []func() (values, error){defaults, func() (values, error) { return fromFile(flags) }, func() (values, error) { return s.fromEnvironment(environ), nil }, func() (values, error) { return fromFlags(flags), nil }}
	for _, layer := range layers {
		v, err := layer()
		if err != nil {
			return s, err
		}
		if err := k.Load(v, nil); err != nil {
			return s, fmt.Errorf("settings: %w", err)
		}
	}
	for i := range Table {
		setting := &Table[i]
		if err := setting.set(&s, k.String(setting.Name)); err != nil {
			return s, fmt.Errorf("setting %s (%s): %w", setting.Name, setting.Variable(), err)
		}
	}
	if s.Data == "" {
		dir, err := defaultData(environ)
		if err != nil {
			return s, err
		}
		s.Data = dir
	}
	return s, nil
}

func defaults() (values, error) {
	v := values{}
	for i := range Table {
		v[Table[i].Name] = Table[i].Default
	}
	return v, nil
}

// maxSettings bounds the settings file.
const maxSettings = 1 << 20

func fromFile(flags *pflag.FlagSet) (values, error) {
	if flags == nil || flags.Lookup("config") == nil || flags.Lookup("config").Value.String() == "" {
		return nil, nil
	}
	name := flags.Lookup("config").Value.String()
	data, err := readBounded(name, maxSettings)
	if err != nil {
		return nil, fmt.Errorf("settings file: %w", err)
	}
	var tree map[string]any
	if err := yaml.Unmarshal(data, &tree); err != nil {
		return nil, fmt.Errorf("settings file %s: %w", name, err)
	}
	flat, _ := maps.Flatten(tree, nil, ".")
	v := values{}
	for key, value := range flat {
		at := slices.IndexFunc(Table, func(s Setting) bool { return s.Name == key })
		if at < 0 {
			return nil, fmt.Errorf("settings file %s: there is no setting %q; `landwaiter serve --help` lists them", name, key)
		}
		if items, ok := value.([]any); ok {
			words := make([]string, len(items))
			for i, item := range items {
				words[i] = fmt.Sprint(item)
			}
			separator := ","
			if Table[at].Lines {
				separator = "\n"
			}
			value = strings.Join(words, separator)
		}
		if value != nil {
			v[key] = fmt.Sprint(value)
		}
	}
	return v, nil
}

// others are variables that are no settings of a server.
var others = []string{"LANDWAITER_URL", "LANDWAITER_USER", "LANDWAITER_PASS", "LANDWAITER_API_KEY", "LANDWAITER_ACCOUNT", "LANDWAITER_REGISTRY_PASSWORD"}

func (s *Settings) fromEnvironment(environ []string) values {
	v := values{}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, "LANDWAITER_") || slices.Contains(others, name) {
			continue
		}
		if done, err := s.limit(name, value); done {
			if err != nil {
				s.Warnings = append(s.Warnings, err.Error())
			}
			continue
		}
		i := slices.IndexFunc(Table, func(s Setting) bool { return s.Variable() == name })
		switch {
		case i < 0:
			s.Warnings = append(s.Warnings, fmt.Sprintf("variable %s is no setting and does nothing", name))
		case value != "":
			v[Table[i].Name] = value
		}
	}
	return v
}

// limit sets one of the limits of the analysis; false when name is none. A value that is none leaves the default, said
// aloud: a limit is never lifted by a slip.
func (s *Settings) limit(name, value string) (bool, error) {
	for _, row := range analysis.LimitTable() {
		if row.Setting != name {
			continue
		}
		if value == "" {
			return true, nil
		}
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil || n <= 0 {
			return true, fmt.Errorf("%s must be a whole number above 0, not %q: the default of %d counts", name, value, row.Default)
		}
		*row.Field(&s.Limits) = n
		return true, nil
	}
	return false, nil
}

func fromFlags(flags *pflag.FlagSet) values {
	v := values{}
	if flags == nil {
		return v
	}
	for i := range Table {
		if f := flags.Lookup(Table[i].Flag()); f != nil && f.Changed {
			v[Table[i].Name] = f.Value.String()
		}
	}
	return v
}

func defaultData(environ []string) (string, error) {
	if os.Geteuid() == 0 {
		return "/var/lib/landwaiter", nil
	}
	if home := lookup(environ, "XDG_DATA_HOME"); filepath.IsAbs(home) {
		return filepath.Join(home, "landwaiter"), nil
	}
	if home := lookup(environ, "HOME"); home != "" {
		return filepath.Join(home, ".local", "share", "landwaiter"), nil
	}
	return "", errors.New("no home directory for the data: give --data or LANDWAITER_DATA")
}

// lookup finds a variable in an environment; the last one counts, as in os/exec.
func lookup(environ []string, name string) string {
	for _, entry := range slices.Backward(environ) {
		if n, v, _ := strings.Cut(entry, "="); n == name {
			return v
		}
	}
	return ""
}
