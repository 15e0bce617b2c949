package catalog

// All lists every cataloguer. The order is that of the documentation; it decides nothing else.
func All() []Cataloger {
	return []Cataloger{
		// Packages of the operating system.
		DPKG(),
		APK(),
		RPM(),
		// Packages of languages that are installed.
		Beam(),
		Composer(),
		Conda(),
		CPAN(),
		CRAN(),
		Gem(),
		GoBinary(),
		Hackage(),
		Jar(),
		Julia(),
		LuaRocks(),
		NPM(),
		NuGet(),
		Opam(),
		PEAR(),
		Python(),
		RustBinary(),
		WordPress(),
		// Packages of languages that a lock file pins.
		CargoLock(),
		ComposerLock(),
		ConanLock(),
		CRANLock(),
		DartLock(),
		GemLock(),
		GoLock(),
		HackageLock(),
		HexLock(),
		JuliaLock(),
		MavenLock(),
		NPMLock(),
		NuGetLock(),
		OpamLock(),
		PodsLock(),
		PythonLock(),
		SwiftLock(),
	}
}
