package catalog

import (
	"strings"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/tomlscan"
)

// CargoLock reads Cargo.lock. Crates without a source are the project's own.
func CargoLock() Cataloger {
	return lockCataloger("cargo-lock", "Declared Rust crates: Cargo.lock.", image.Cargo,
		Want{Names: []string{"Cargo.lock"}}, []string{".cargo", "registry", "vendor"}, readCargoLock)
}

func readCargoLock(data []byte, p *pins) error {
	return tomlscan.Tables(data, func(t tomlscan.Table) bool {
		if t.Name == "package" && t.Array && t.Fields["source"] != nil {
			p.add(t.String("name"), t.String("version"), false)
		}
		return true
	})
}

// JuliaLock reads Julia's Manifest.toml, which names the whole environment. Packages without a version belong to the
// standard library of the interpreter.
func JuliaLock() Cataloger {
	return lockCataloger("julia-lock", "Declared Julia packages: Manifest.toml.", image.Julia,
		Want{Names: []string{"Manifest.toml", "JuliaManifest.toml"}}, []string{"packages"}, readJuliaManifest)
}

// readJuliaManifest reads [[deps.Name]], and [[Name]] of the older form.
func readJuliaManifest(data []byte, p *pins) error {
	return tomlscan.Tables(data, func(t tomlscan.Table) bool {
		name := strings.TrimPrefix(t.Name, "deps.")
		if !t.Array || strings.Contains(name, ".") || t.Fields["version"] == nil || t.Fields["uuid"] == nil || t.Fields["path"] != nil {
			return true
		}
		extra(p.add(name, t.String("version"), false), "uuid", t.String("uuid"))
		return true
	})
}
