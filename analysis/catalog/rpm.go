package catalog

import (
	"fmt"
	"strconv"
	"strings"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/rpmdb"
)

// rpmManifest is a table of packages that distroless images of Azure Linux carry in place of a database.
const rpmManifest = "var/lib/rpmmanifest/container-manifest-2"

// rpmJournal is the suffix of a SQLite database's write-ahead log.
const rpmJournal = "-wal"

// RPM reads the packages of Red Hat, SUSE, Azure Linux and their kin from rpm's database, in each of its three formats
// and at each place where a distribution keeps it.
func RPM() Cataloger {
	paths := []image.Path{rpmManifest}
	for _, dir := range []image.Path{"var/lib/rpm", "usr/lib/sysimage/rpm", "usr/share/rpm"} {
		for _, name := range []image.Path{"Packages", "Packages.db", "rpmdb.sqlite", "rpmdb.sqlite" + rpmJournal} {
			paths = append(paths, dir+"/"+name)
		}
	}
	return Cataloger{
		Name: "rpm", Revision: 1,
		Doc:  "rpm packages, from Berkeley DB, NDB and SQLite databases, with their files, modes and checksums",
		Want: Want{Paths: paths},
		Read: readRPM,
		Join: joinDistinct,
	}
}

func readRPM(f *File, found *Found) error {
	d := &database{file: f, found: found}
	switch {
	case f.Path == rpmManifest:
		return readRPMManifest(d)
	case strings.HasSuffix(string(f.Path), rpmJournal):
		if f.Size > 0 {
			found.Gap(image.GapUnsupportedContent, "the rpm database has a journal that was never written back; "+
				"packages of the last transaction may be missing (run rpm once more in the image, or rpm --rebuilddb)")
		}
		return nil
	}
	var last error
	for blob, err := range rpmdb.Blobs(f.Content, f.Size) {
		if last != nil { // an error that others followed concerned one package
			d.lose("a package was left out: %v", last)
		}
		if last = err; err != nil {
			continue
		}
		h, err := rpmdb.ParseHeader(blob)
		if err != nil {
			d.lose("a package was left out: %v", err)
			continue
		}
		if err := d.addRPM(h); err != nil {
			return ignoreFull(err)
		}
	}
	return last
}

// addRPM takes one header.
func (d *database) addRPM(h rpmdb.Header) error {
	p := image.Package{
		Type:       image.RPM,
		Name:       h.String(rpmdb.Name),
		Arch:       h.String(rpmdb.Arch),
		SourceRPM:  h.String(rpmdb.SourceRPM),
		Modularity: h.String(rpmdb.ModularityLabel),
		Origin:     h.String(rpmdb.Vendor),
		Homepage:   h.String(rpmdb.URL),
	}
	if p.Name == "gpg-pubkey" {
		return nil // a key that rpm trusts, kept as if it were a package
	}
	if version, release := h.String(rpmdb.Version), h.String(rpmdb.Release); version != "" {
		epoch := ""
		if e := h.Integers(rpmdb.Epoch); e.Len() > 0 {
			epoch = strconv.FormatUint(e.At(0), 10)
		}
		p.Version = rpmVersion(epoch, version, release)
	}
	if licence := h.String(rpmdb.License); licence != "" {
		p.Licenses = []string{licence}
	}
	p.InstalledSize = rpmSize(h)
	p.SourceName, p.SourceVersion = rpmSource(p.SourceRPM, p.Version)
	if isWord(p.Name) && isWord(p.Version) {
		p.Files = d.rpmFiles(h, p.Name)
	}
	return d.add(p)
}

func rpmSize(h rpmdb.Header) int64 {
	size := h.Integers(rpmdb.LongSize)
	if size.Len() == 0 {
		size = h.Integers(rpmdb.Size)
	}
	return max(0, int64(size.At(0)))
}

// rpmVersion puts "epoch:version-release" together; epoch and release may be empty.
func rpmVersion(epoch, version, release string) string {
	if epoch != "" {
		version = epoch + ":" + version
	}
	if release != "" {
		version += "-" + release
	}
	return version
}

// rpmSource takes name and version off the file name of a source package, "name-version-release.src.rpm". The file name
// has no epoch: it is the binary package's where version and release are the same.
func rpmSource(file, version string) (name, sourceVersion string) {
	name, ok := strings.CutSuffix(file, ".src.rpm")
	if !ok {
		name, ok = strings.CutSuffix(file, ".nosrc.rpm")
	}
	i := strings.LastIndexByte(name, '-')
	if !ok || i <= 0 {
		return "", ""
	}
	if i = strings.LastIndexByte(name[:i], '-'); i <= 0 {
		return "", ""
	}
	name, sourceVersion = name[:i], name[i+1:]
	if _, bare, ok := strings.Cut(version, ":"); ok && bare == sourceVersion {
		sourceVersion = version
	}
	return name, sourceVersion
}

// readRPMManifest reads the table of a distroless image: name, version-release, times of install and build, vendor,
// epoch, size, architecture, epoch as a number, source package; parted by tabs, "(none)" where there is no value.
func readRPMManifest(d *database) error {
	l := linesOf(d.file)
	for {
		line, ok := l.next()
		if !ok {
			return l.err
		}
		if len(line) == 0 {
			continue
		}
		f := strings.Split(string(line), "\t")
		if l.cut || len(f) < 10 {
			d.lose("line %d of the package table was left out: it has %d columns in place of 10", l.number, len(f))
			continue
		}
		for i := range f {
			if f[i] == "(none)" {
				f[i] = ""
			}
		}
		p := image.Package{Type: image.RPM, Name: f[0], Version: rpmVersion(f[5], f[1], ""), Arch: f[7], SourceRPM: f[9], Origin: f[4]}
		if n, err := strconv.ParseInt(f[6], 10, 64); err == nil && n > 0 {
			p.InstalledSize = n
		}
		p.SourceName, p.SourceVersion = rpmSource(p.SourceRPM, p.Version)
		if err := d.add(p); err != nil {
			return ignoreFull(err)
		}
	}
}

// rpmAlgorithm names a digest algorithm by its number (OpenPGP, RFC 9580 section 9.5); a header without one means MD5.
func rpmAlgorithm(number uint64) string {
	switch number {
	case 0, 1:
		return "md5"
	case 2:
		return "sha1"
	case 8:
		return "sha256"
	case 9:
		return "sha384"
	case 10:
		return "sha512"
	case 11:
		return "sha224"
	default:
		return fmt.Sprintf("openpgp-%d", number)
	}
}
