package catalog

// All lists every cataloguer. The order is that of the documentation; it decides nothing else.
func All() []Cataloger {
	return []Cataloger{
		DPKG(),
		APK(),
		RPM(),
		Pacman(),
		Portage(),
		Opkg(),
		Chisel(),
		COS(),
		Bottlerocket(),
		Nix(),
		Snap(),
		Flatpak(),
		Homebrew(),
		Unsupported(),
		Composer(),
		Gem(),
		GoBinary(),
		Jar(),
		NPM(),
		Python(),
		RustBinary(),
		LicenseText(),
	}
}
