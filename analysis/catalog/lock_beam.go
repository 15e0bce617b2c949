package catalog

import (
	"regexp"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/tomlscan"
)

// HexLock reads the lock files of Elixir (mix.lock), Erlang (rebar.lock) and Gleam (manifest.toml). The first two are
// program text, of which the forms are read that their tools write. What comes from a repository is no package of Hex.
func HexLock() Cataloger {
	return lockCataloger("hex-lock", "Declared Elixir, Erlang and Gleam packages: mix.lock, rebar.lock, manifest.toml.", image.Hex,
		Want{Names: []string{"mix.lock", "rebar.lock", "manifest.toml"}}, []string{"deps", "_build"},
		func(data []byte, p *pins) error {
			switch p.file.Path.Base() {
			case "manifest.toml":
				return readGleamManifest(data, p)
			case "mix.lock":
				readHexTerms(data, mixPinned, p)
			default:
				readHexTerms(data, rebarPinned, p)
			}
			return nil
		})
}

var (
	// "app": {:hex, :name, "1.2.3", … where the name may stand in quotes.
	mixPinned = regexp.MustCompile(`\{:hex,\s*:"?([A-Za-z0-9_]+)"?,\s*"([^"\n]*)"`)
	// {<<"app">>,{pkg,<<"name">>,<<"1.2.3">>…
	rebarPinned = regexp.MustCompile(`\{\s*pkg\s*,\s*<<"([^"\n]*)">>\s*,\s*<<"([^"\n]*)">>`)
)

func readHexTerms(data []byte, pinned *regexp.Regexp, p *pins) {
	for _, m := range pinned.FindAllSubmatch(data, maxListed) {
		p.add(string(m[1]), string(m[2]), false)
	}
}

// readGleamManifest reads packages = [{name = …, version = …, source = "hex"}, …].
func readGleamManifest(data []byte, p *pins) error {
	return tomlscan.Tables(data, func(t tomlscan.Table) bool {
		if t.Name != "" {
			return true
		}
		_ = tomlscan.Elements(t.Fields["packages"], func(entry []byte) bool {
			fields := map[string]string{}
			_ = tomlscan.Fields(entry, func(key string, value []byte) bool {
				fields[key], _ = tomlscan.String(value)
				return len(fields) < 50
			})
			if fields["source"] == "hex" {
				p.add(fields["name"], fields["version"], false)
			}
			return true
		})
		return true
	})
}
