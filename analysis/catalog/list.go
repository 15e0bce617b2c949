package catalog

// All lists every cataloguer. The order is that of the documentation; it decides nothing else.
func All() []Cataloger {
	return []Cataloger{
		DPKG(),
		APK(),
		RPM(),
		Composer(),
		Executable(),
		Gem(),
		Jar(),
		Kernel(),
		KnownBinaries(),
		NPM(),
		Python(),
	}
}
