package catalog

import (
	"encoding/binary"
	"strings"

	"landwaiter.dev/image"
)

// Kernel finds Linux kernels by their image, whose header names the release, and by the lists of their modules. One
// release is one package, whichever of these files there are. No CPE is given: what the NVD says of a kernel's number
// is wrong for nearly all that distributions ship.
func Kernel() Cataloger {
	return Cataloger{
		Name:     "linux-kernel",
		Revision: 1,
		Doc:      "Linux kernels: boot/vmlinuz-* and lib/modules/*.",
		Want:     Want{Names: append([]string{kernelImage}, moduleLists...), Prefixes: []string{kernelImage + "-"}},
		Read:     readKernel,
		Join:     joinKernels,
	}
}

const kernelImage = "vmlinuz"

// moduleLists are files beside modules; packages bring the first two, depmod makes the third.
var moduleLists = []string{"modules.builtin", "modules.order", "modules.dep"}

func readKernel(f *File, found *Found) error {
	dir, base := f.Path.Dir(), f.Path.Base()
	release, text := "", ""
	if modules, ok := strings.CutPrefix(strings.TrimPrefix(string(dir), "usr/"), "lib/modules/"); ok && !strings.Contains(modules, "/") {
		release = modules
	}
	switch {
	case strings.HasPrefix(base, kernelImage) && (release != "" || dir == "boot"):
		if text = kernelText(f); text != "" {
			release = strings.Fields(text)[0]
		} else if release == "" {
			release = strings.TrimPrefix(base, kernelImage+"-")
		}
	case strings.HasPrefix(base, kernelImage):
		return nil
	}
	version, ok := declaredVersion(release)
	if !ok || version[0] < '0' || version[0] > '9' {
		return nil
	}
	p := image.Package{Type: image.Binary, Name: "linux-kernel", Version: version, Location: f.Path, Extra: map[string]string{classifierFact: "linux-kernel"}}
	if text != "" {
		p.Extra[evidenceFact] = excerpt(text)
	}
	found.Packages = append(found.Packages, p)
	return nil
}

// kernelText is the version text that the header of an x86 image points to (Linux, "The Linux/x86 Boot Protocol"): the
// release, who built it, when. It is empty for images in other forms.
func kernelText(f *File) string {
	const magic, pointer, setup = 0x202, 0x20e, 0x200
	head := make([]byte, pointer+2)
	if n, _ := f.Content.ReadAt(head, 0); n < len(head) || string(head[magic:magic+4]) != "HdrS" {
		return ""
	}
	at := int64(binary.LittleEndian.Uint16(head[pointer:]))
	if at == 0 {
		return ""
	}
	b := make([]byte, 512)
	n, _ := f.Content.ReadAt(b, at+setup)
	text, _, ok := strings.Cut(string(b[:n]), "\x00")
	if !ok {
		return ""
	}
	return declaredText(text)
}

// joinKernels makes one package of each release, at the file that a package manager is the most likely to own.
func joinKernels(found []Found) ([]image.Package, []image.Gap) {
	var all []image.Package
	at := map[string]int{}
	for _, f := range found {
		for _, p := range f.Packages {
			i, seen := at[p.Version]
			switch {
			case !seen:
				at[p.Version] = len(all)
				all = append(all, p)
			case kernelRank(p.Location) < kernelRank(all[i].Location):
				all[i] = p
			}
		}
	}
	return all, nil
}

func kernelRank(p image.Path) int {
	for i, name := range moduleLists {
		if p.Base() == name {
			return i + 1
		}
	}
	return 0
}
