package advisory

import (
	"fmt"
	"strings"

	"landwaiter.dev/image"
)

// unpublished are distributions that we know by their ID and for which no source that is read here has anything, with the
// name that people know them by. "centos" stands for the releases that are not rebuilt from Red Hat's (Stream, and all after 8).
var unpublished = map[string]string{
	"fedora": "Fedora", "centos": "CentOS Stream", "arch": "Arch Linux",
	"archarm": "Arch Linux ARM", "manjaro": "Manjaro", "gentoo": "Gentoo", "openwrt": "OpenWrt", "nixos": "NixOS",
	"bottlerocket": "Bottlerocket", "cos": "Container-Optimized OS", "flatcar": "Flatcar", "void": "Void Linux",
	"clear-linux-os": "Clear Linux", "kali": "Kali Linux", "raspbian": "Raspbian", "linuxmint": "Linux Mint", "pop": "Pop!_OS",
	"devuan": "Devuan", "deepin": "deepin", "elementary": "elementary OS", "parrot": "Parrot OS",
	"opensuse": "openSUSE before Leap", "anolis": "Anolis OS", "alinux": "Alibaba Cloud Linux", "opencloudos": "OpenCloudOS",
	"tencentos": "TencentOS", "kylin": "Kylin", "euleros": "EulerOS", "hce": "Huawei Cloud EulerOS", "virtuozzo": "Virtuozzo",
	"scientific": "Scientific Linux", "eurolinux": "EuroLinux", "miraclelinux": "MIRACLE LINUX", "circle": "Circle Linux",
	"postmarketos": "postmarketOS", "adelie": "Adélie Linux", "busybox": "BusyBox", "poky": "the Yocto project",
}

// EcosystemOfDistro is the ecosystem of a distribution's own packages, with its release; "" when there is none.
func EcosystemOfDistro(d image.Distro) string {
	for i := range distributions {
		if strings.EqualFold(distributions[i].id, d.ID) {
			return EcosystemOf(distributions[i].packages, d)
		}
	}
	return ""
}

// NoEcosystem says in words why [EcosystemOf] is "" for packages of type t in an image of distribution d.
func NoEcosystem(t image.PackageType, d image.Distro) string {
	if !t.OS() {
		return "OSV has no ecosystem for " + string(t) + " packages"
	}
	for i := range distributions {
		switch row := &distributions[i]; {
		case !strings.EqualFold(row.id, d.ID) || unpublished[row.id] != "":
		case row.packages != t:
			return string(t) + " is not the package format of " + row.id
		default:
			return fmt.Sprintf("the release %.60q of %s is not one that advisories speak of", d.VersionID, row.id)
		}
	}
	switch name := unpublished[strings.ToLower(d.ID)]; {
	case name != "":
		return "OSV publishes nothing for " + name
	case d.ID == "":
		return "the image does not say which distribution it is"
	}
	return fmt.Sprintf("the distribution %.60q is not known here", d.ID)
}
