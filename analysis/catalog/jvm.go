package catalog

import (
	"io"
	"strings"

	"landwaiter.dev/image"
)

const (
	// jvmRelease is the name of the file in which a JDK or JRE says what it is.
	jvmRelease = "release"
	jvmFact    = "jvm-release"
	// jvmLibrary is the name of the rule for the virtual machine's library.
	jvmLibrary = "openjdk"
	// maxJVMRelease is far more than the list of modules takes.
	maxJVMRelease = 64 << 10
)

// readJVMRelease reads lines of KEY="value". A file of that name without JAVA_VERSION is none of ours.
func readJVMRelease(f *File, found *Found) error {
	if f.Size > maxJVMRelease {
		return nil
	}
	data := make([]byte, f.Size)
	if _, err := io.ReadFull(f.Reader(), data); err != nil {
		return err
	}
	facts := map[string]string{}
	for line := range strings.Lines(string(data)) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if ok && len(facts) < 100 {
			facts[key] = declaredText(strings.Trim(value, `"`))
		}
	}
	version, ok := declaredVersion(facts["JAVA_VERSION"])
	if !ok || version[0] < '0' || version[0] > '9' {
		return nil
	}
	name, cpes := jvmProduct(facts)
	p := image.Package{Type: image.Binary, Name: name, Version: version, Location: f.Path, Origin: facts["IMPLEMENTOR"],
		Arch:  facts["OS_ARCH"],
		Extra: map[string]string{classifierFact: jvmFact, evidenceFact: excerpt(`JAVA_VERSION="` + version + `"`)}}
	for _, c := range cpes {
		p.CPEs = append(p.CPEs, jvmCPE(c, version))
	}
	for key, fact := range map[string]string{"JAVA_RUNTIME_VERSION": "runtime-version", "IMAGE_TYPE": "image-type", "IMPLEMENTOR_VERSION": "implementor-version",
		"GRAALVM_VERSION": "graalvm-version"} {
		if v := facts[key]; v != "" {
			p.Extra[fact] = v
		}
	}
	found.Packages = append(found.Packages, p)
	return nil
}

// jvmProduct is the name of the package and its "vendor:product" names. All but Oracle's commercial builds, and those
// of Eclipse OpenJ9, are OpenJDK.
func jvmProduct(facts map[string]string) (name string, cpes []string) {
	kind := "jdk"
	if facts["IMAGE_TYPE"] == "JRE" {
		kind = "jre"
	}
	vendor := strings.ToLower(facts["IMPLEMENTOR"])
	switch {
	case facts["BUILD_TYPE"] == "commercial":
		return kind, []string{"oracle:" + kind}
	case facts["GRAALVM_VERSION"] != "":
		return "graalvm", []string{"oracle:graalvm", "oracle:openjdk"}
	case strings.Contains(vendor, "azul"):
		return "zulu", []string{"azul:zulu", "oracle:openjdk"}
	}
	return "openjdk", []string{"oracle:openjdk"}
}

// jvmCPE writes the version as the NVD does: "1.8.0_392" is version 1.8.0 with update 392 of Oracle's, and version 8
// with update 392 of OpenJDK.
func jvmCPE(vendorProduct, version string) string {
	base, update, ok := strings.Cut(version, "_")
	if vendorProduct == "oracle:openjdk" {
		if v, old := strings.CutPrefix(base, "1."); old {
			base = strings.TrimSuffix(v, ".0")
		}
	}
	if !ok {
		return cpe23(vendorProduct, base)
	}
	return strings.Replace(cpe23(vendorProduct, base), ":*", ":update"+cpeValue(update), 1)
}

// jvmHomes are the directories of release files.
func jvmHomes(found []Found) map[image.Path]bool {
	homes := map[image.Path]bool{}
	for _, f := range found {
		for _, p := range f.Packages {
			if p.Extra[classifierFact] == jvmFact {
				homes[p.Location.Dir()] = true
			}
		}
	}
	return homes
}

// insideAny says whether p lies below one of the directories.
func insideAny(p image.Path, dirs map[image.Path]bool) bool {
	for dir := p.Dir(); len(dirs) > 0; dir = dir.Dir() {
		if dirs[dir] {
			return true
		}
		if dir == "" {
			break
		}
	}
	return false
}
