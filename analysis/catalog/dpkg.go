package catalog

import (
	"bytes"
	"errors"
	"slices"
	"strconv"
	"strings"

	"landwaiter.dev/image"
)

const (
	dpkgStatus     = "var/lib/dpkg/status"
	dpkgStatusD    = "var/lib/dpkg/status.d"
	dpkgInfo       = "var/lib/dpkg/info"
	dpkgDiversions = "var/lib/dpkg/diversions"
)

// DPKG reads the packages of Debian and its kin: dpkg's status file, and the status.d directory of images that were
// put together without dpkg (distroless). The file lists beside them say what the packages own, and the diversions where
// dpkg put a file that has to make room for another package's.
func DPKG() Cataloger {
	return Cataloger{
		Name: "dpkg", Revision: 2,
		Doc:  "Debian packages, from dpkg's status file or status.d, with their file lists and MD5 sums",
		Want: Want{Paths: []image.Path{dpkgStatus, dpkgDiversions}, In: []image.Path{dpkgStatusD, dpkgInfo}},
		Read: readDPKG,
		Join: joinDPKG,
	}
}

func readDPKG(f *File, found *Found) error {
	d := &database{file: f, found: found}
	switch base, dir := f.Path.Base(), f.Path.Dir(); {
	case f.Path == dpkgStatus:
		return readStatus(d, true)
	case f.Path == dpkgDiversions:
		return readDiversions(d)
	case strings.HasSuffix(base, ".md5sums"):
		return readMD5Sums(d, dpkgListOwner(f.Path, ".md5sums"))
	case strings.HasSuffix(base, ".list"):
		return readDPKGList(d, dpkgListOwner(f.Path, ".list"))
	case strings.HasSuffix(base, ".conffiles"):
		return readConffiles(d, dpkgListOwner(f.Path, ".conffiles"))
	case dir == dpkgStatusD && !strings.HasPrefix(base, "."):
		return readStatus(d, false)
	}
	return nil // maintainer scripts, triggers and other files of info
}

// paragraph is the part of a control file that describes one package.
type paragraph struct {
	pkg       image.Package
	status    string
	license   string // not of Debian, but of those who build with its tools
	conffiles []image.OwnedFile
	field     string // of the last line, in lower case, for the lines that continue it
	begun     bool
	odd       bool   // it has a line that is no field
	broken    string // why it cannot be used
}

// readStatus reads paragraphs. In dpkg's own database only those count whose status says that the package is there;
// the paragraphs of status.d carry no status.
func readStatus(d *database, needStatus bool) error {
	l := linesOf(d.file)
	var p paragraph
	for {
		line, ok := l.next()
		if ok && len(bytes.TrimRight(line, " \t")) > 0 {
			p.line(d, line, l.cut)
			continue
		}
		if p.begun {
			if err := p.end(d, needStatus); err != nil {
				return ignoreFull(err)
			}
			p = paragraph{}
		}
		if !ok {
			return l.err
		}
	}
}

func ignoreFull(err error) error {
	if errors.Is(err, errFull) {
		return nil
	}
	return err
}

// line takes one line of the paragraph: a field, or the continuation of one.
func (p *paragraph) line(d *database, line []byte, cut bool) {
	p.begun = true
	if line[0] == ' ' || line[0] == '\t' {
		if p.field == "conffiles" {
			p.conffile(d, string(bytes.TrimSpace(line)))
		}
		return
	}
	key, value, ok := bytes.Cut(line, []byte{':'})
	if !ok || len(key) == 0 {
		p.odd, p.field = true, ""
		return
	}
	var lower [32]byte
	key = lowerASCII(lower[:0], key)
	value = bytes.TrimSpace(value)
	set := func(to *string) {
		if *to != "" {
			return // the first counts
		}
		if cut {
			p.broken = "its field " + string(key) + " is too long"
			return
		}
		*to = string(value)
	}
	p.field = ""
	switch string(key) {
	case "package":
		set(&p.pkg.Name)
	case "version":
		set(&p.pkg.Version)
	case "status":
		set(&p.status)
	case "architecture":
		set(&p.pkg.Arch)
	case "source":
		set(&p.pkg.SourceName)
	case "maintainer":
		set(&p.pkg.Origin)
	case "homepage":
		set(&p.pkg.Homepage)
	case "license":
		set(&p.license)
	case "installed-size":
		// In units of 1,024 bytes by Debian's policy; clients of /v1 are used to 1,000.
		if n, err := strconv.ParseInt(string(value), 10, 40); err == nil && n > 0 {
			p.pkg.InstalledSize = n * 1000
		}
	case "conffiles":
		p.field = "conffiles"
	}
}

// lowerASCII appends key to buf in lower case; a key too long for it is no key that we know.
func lowerASCII(buf, key []byte) []byte {
	if len(key) > cap(buf) {
		return nil
	}
	for _, c := range key {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		buf = append(buf, c)
	}
	return buf
}

// conffile reads "/etc/x SUM [obsolete] [remove-on-upgrade]", where the sum is an MD5, or with some opkg a SHA-256. A path
// may hold blanks: words are taken from the end.
func (p *paragraph) conffile(d *database, text string) {
	f := image.OwnedFile{Size: -1, Config: true}
	for {
		name, word, ok := lastWord(text)
		if !ok {
			return
		}
		text = name
		if word == "obsolete" || word == "remove-on-upgrade" {
			f.Optional = true
			continue
		}
		if isHex(word, 32) {
			f.Algorithm, f.Digest = "md5", word
		} else if isHex(word, 64) {
			f.Algorithm, f.Digest = "sha256", word
		}
		break // without a sum: "newconffile", unpacked and not yet configured
	}
	if path, ok := d.own("", text); ok {
		f.Path = path
		p.conffiles = append(p.conffiles, f)
	}
}

func lastWord(s string) (before, word string, ok bool) {
	i := strings.LastIndexByte(s, ' ')
	if i < 0 {
		return "", "", false
	}
	return strings.TrimRight(s[:i], " "), s[i+1:], true
}

// end takes the package that the paragraph describes.
func (p *paragraph) end(d *database, needStatus bool) error {
	state, ok := dpkgState(p.status, needStatus)
	switch {
	case p.broken != "":
		d.lose("package %.60q was left out because %s", p.pkg.Name, p.broken)
		return nil
	case !ok:
		d.lose("package %.60q was left out because its status %.60q is missing or not valid", p.pkg.Name, p.status)
		return nil
	case state == "":
		return nil
	case strings.HasSuffix(p.pkg.Version, ":"):
		d.lose("package %.60q was left out because its version %.60q is missing or not valid", p.pkg.Name, p.pkg.Version)
		return nil
	}
	if p.odd && p.pkg.Name != "" {
		d.lose("package %.60q has a line that is no field, which was ignored", p.pkg.Name)
	}
	pkg := p.pkg
	pkg.Type = image.Deb
	pkg.Files = p.conffiles
	if license := declaredText(p.license); license != "" {
		pkg.Licenses = []string{license}
	}
	if state != "installed" {
		pkg.Extra = map[string]string{"status": state}
	}
	if pkg.SourceName != "" {
		name, version, given := strings.Cut(pkg.SourceName, "(")
		pkg.SourceName, pkg.SourceVersion = strings.TrimSpace(name), pkg.Version
		if given {
			pkg.SourceVersion = strings.TrimSpace(strings.TrimSuffix(version, ")"))
		}
	}
	return d.add(pkg)
}

// dpkgPresent are the states in which a package's files are there (dpkg(1)); "config-files" and "half-installed" are
// not among them.
var dpkgPresent = []string{"installed", "half-configured", "unpacked", "triggers-awaited", "triggers-pending"}

// dpkgState tells the state from a status of three words, "install ok installed"; "" stands for a package that is not
// there.
func dpkgState(status string, need bool) (state string, ok bool) {
	if status == "" && !need {
		return "installed", true
	}
	words := strings.Fields(status)
	if len(words) != 3 {
		return "", false
	}
	if slices.Contains(dpkgPresent, words[2]) {
		return words[2], true
	}
	return "", true
}
