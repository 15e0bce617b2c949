package analysis

import (
	"bytes"
	"regexp"
	"strings"

	"landwaiter.dev/image"
)

// releaseFiles are where distributions name themselves, in the order in which they are asked. Links are followed inside
// the image.
var releaseFiles = []image.Path{
	"etc/os-release", "usr/lib/os-release",
	// Those who rebuild Red Hat's distribution keep its files beside their own.
	"etc/oracle-release", "etc/rocky-release", "etc/almalinux-release", "etc/system-release-cpe", "etc/centos-release",
	"etc/fedora-release", "etc/mageia-release", "etc/photon-release", "etc/azurelinux-release", "etc/mariner-release",
	"etc/redhat-release", "etc/system-release",
	"etc/SuSE-release", "etc/alpine-release", "etc/openwrt_release", "etc/arch-release", "etc/gentoo-release",
	"etc/lsb-release", "etc/debian_version", "etc/passwd",
}

// distro asks the release files of the tree; the first that names a distribution wins. facts has the version of busybox
// by path.
func distro(t *Tree, facts map[image.Path]string) image.Distro {
	var d image.Distro
	for _, p := range releaseFiles {
		b, ok := t.Kept(p)
		if !ok {
			continue
		}
		switch p {
		case "etc/os-release", "usr/lib/os-release":
			d = parseOSRelease(b)
		case "etc/system-release-cpe":
			d = parseReleaseCPE(b)
		case "etc/SuSE-release":
			d = parseSuSERelease(b)
		case "etc/alpine-release":
			d = image.Distro{ID: "alpine", VersionID: firstLine(b)}
		case "etc/debian_version":
			d = debianVersion(firstLine(b))
		case "etc/lsb-release", "etc/openwrt_release":
			d = parseLSBRelease(b)
		case "etc/passwd":
			// Kept for others: it names no distribution.
		default:
			d = parseReleaseLine(b)
		}
		if d.ID != "" {
			d.Source = p
			break
		}
	}
	if d.ID == "debian" && d.VersionID == "" {
		// A release that is still being made gives itself no number.
		if b, ok := t.Kept("etc/debian_version"); ok {
			d.VersionID = debianVersion(firstLine(b)).VersionID
		}
	}
	if d.ID == "" {
		for _, p := range []image.Path{"bin/busybox", "usr/bin/busybox", "sbin/busybox"} {
			if real, err := t.Resolve(p); err == nil && facts[real] != "" {
				return image.Distro{ID: "busybox", VersionID: facts[real], Source: p}
			}
		}
	}
	return d
}

// parseOSRelease reads os-release(5): shell assignments with single, double or no quotes.
func parseOSRelease(b []byte) image.Distro {
	v := assignments(b)
	d := image.Distro{ID: strings.ToLower(v["ID"]), VersionID: v["VERSION_ID"], Codename: v["VERSION_CODENAME"], Name: v["PRETTY_NAME"]}
	if d.Name == "" {
		d.Name = v["NAME"]
	}
	if like := strings.Fields(v["ID_LIKE"]); len(like) > 0 {
		d.Like = like
	}
	return d
}

func parseLSBRelease(b []byte) image.Distro {
	v := assignments(b)
	return image.Distro{ID: strings.ToLower(v["DISTRIB_ID"]), VersionID: v["DISTRIB_RELEASE"], Codename: v["DISTRIB_CODENAME"], Name: v["DISTRIB_DESCRIPTION"]}
}

// assignments reads KEY=value lines; of a key given twice the last, of values too long to be true none.
func assignments(b []byte) map[string]string {
	m := map[string]string{}
	for line := range bytes.Lines(b) {
		key, value, ok := strings.Cut(strings.TrimSpace(string(line[:min(len(line), 4*kib)])), "=")
		if !ok || strings.HasPrefix(key, "#") || len(line) > 4*kib {
			continue
		}
		m[strings.TrimSpace(key)] = clean(unquote(strings.TrimSpace(value)))
	}
	return m
}

func unquote(s string) string {
	if len(s) < 2 || (s[0] != '"' && s[0] != '\'') || s[len(s)-1] != s[0] {
		return strings.Trim(s, `"'`)
	}
	if s[0] == '\'' {
		return s[1 : len(s)-1]
	}
	var out strings.Builder
	for s = s[1 : len(s)-1]; s != ""; s = s[1:] {
		if s[0] == '\\' && len(s) > 1 && strings.IndexByte("\"\\$`", s[1]) >= 0 {
			s = s[1:]
		}
		out.WriteByte(s[0])
	}
	return out.String()
}

func clean(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

func firstLine(b []byte) string {
	line, _, _ := bytes.Cut(b[:min(len(b), 256)], []byte("\n"))
	return clean(strings.TrimSpace(string(line)))
}

// parseReleaseCPE reads "cpe:/o:redhat:enterprise_linux:7.9:ga:server" and the 2.3 form.
func parseReleaseCPE(b []byte) image.Distro {
	line := firstLine(b)
	fields := strings.Split(line, ":")
	if strings.HasPrefix(line, "cpe:2.3:") && len(fields) > 3 {
		fields = append(fields[:1], fields[2:]...)
	}
	if len(fields) < 5 || fields[0] != "cpe" {
		return image.Distro{}
	}
	d := image.Distro{VersionID: fields[4]}
	switch vendor := strings.ToLower(fields[2]); {
	case strings.Contains(vendor, "fedora"):
		d.ID = "fedora"
	case strings.Contains(vendor, "redhat"):
		d.ID = "rhel"
	case strings.Contains(vendor, "centos"):
		d.ID = "centos"
	case strings.Contains(vendor, "amazon"):
		d.ID = "amzn"
	case strings.Contains(vendor, "oracle"):
		d.ID = "ol"
	default:
		d.ID = vendor
	}
	return d
}

var number = regexp.MustCompile(`[0-9]+(\.[0-9]+)*`)

// releaseWords tell distributions by a word of their release line. Red Hat comes last: others speak of it.
var releaseWords = []struct{ word, id string }{
	{"centos", "centos"}, {"fedora", "fedora"}, {"almalinux", "almalinux"}, {"rocky", "rocky"}, {"oracle", "ol"}, {"amazon", "amzn"},
	{"mageia", "mageia"}, {"photon", "photon"}, {"mariner", "mariner"}, {"azure linux", "azurelinux"}, {"openeuler", "openeuler"},
	{"gentoo", "gentoo"}, {"arch linux", "arch"}, {"red hat", "rhel"}, {"redhat", "rhel"},
}

// parseReleaseLine reads "CentOS release 6.10 (Final)" and its like.
func parseReleaseLine(b []byte) image.Distro {
	line := firstLine(b)
	lower := strings.ToLower(line)
	for _, known := range releaseWords {
		if strings.Contains(lower, known.word) {
			return image.Distro{ID: known.id, VersionID: number.FindString(line), Name: line}
		}
	}
	return image.Distro{}
}

// parseSuSERelease reads "SUSE Linux Enterprise Server 11 (x86_64)" with its lines VERSION and PATCHLEVEL.
func parseSuSERelease(b []byte) image.Distro {
	v := assignments(b)
	d := image.Distro{VersionID: v["VERSION"], Name: firstLine(b)}
	switch lower := strings.ToLower(d.Name); {
	case strings.Contains(lower, "linux enterprise"):
		d.ID = "sles"
		if pack := v["PATCHLEVEL"]; pack != "" && pack != "0" {
			d.VersionID += "." + pack
		}
	case strings.Contains(lower, "opensuse"):
		d.ID = "opensuse"
	default:
		return image.Distro{}
	}
	return d
}

// debianVersion reads "12.5", or "trixie/sid" of a release that is not out.
func debianVersion(s string) image.Distro {
	d := image.Distro{ID: "debian"}
	switch {
	case s == "":
		return image.Distro{}
	case strings.Contains(s, "sid"):
		d.VersionID = "unstable"
		d.Codename, _, _ = strings.Cut(s, "/")
	default:
		d.VersionID, _, _ = strings.Cut(s, ".")
	}
	return d
}
