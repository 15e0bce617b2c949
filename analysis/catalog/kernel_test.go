package catalog

import (
	"encoding/binary"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
)

// bzImage is the beginning of an x86 kernel image whose header points to the text.
func bzImage(text string) []byte {
	b := make([]byte, 0x300)
	copy(b[0x202:], "HdrS")
	binary.LittleEndian.PutUint16(b[0x20e:], 0x100)
	return append(append(b, text...), 0)
}

func TestKernel(t *testing.T) {
	t.Parallel()
	const debian = "6.1.0-47-amd64 (debian-kernel@lists.debian.org) #1 SMP Debian 6.1.170-3 (2026-05-08)"
	c := Kernel()
	for _, tc := range []struct {
		path string
		data []byte
		want []string
	}{
		{"boot/vmlinuz-6.1.0-47-amd64", bzImage(debian), []string{"linux-kernel 6.1.0-47-amd64"}},
		{"boot/vmlinuz-renamed", bzImage(debian), []string{"linux-kernel 6.1.0-47-amd64"}},
		{"boot/vmlinuz-5.15.0-1-arm64", []byte("\x1f\x8b gzip"), []string{"linux-kernel 5.15.0-1-arm64"}},
		{"usr/lib/modules/6.5.6-300.fc39.x86_64/vmlinuz", bzImage("6.5.6-300.fc39.x86_64 (mockbuild)"), []string{"linux-kernel 6.5.6-300.fc39.x86_64"}},
		{"lib/modules/6.1.0-47-amd64/modules.order", nil, []string{"linux-kernel 6.1.0-47-amd64"}},
		{"lib/modules/6.1.0-47-amd64/kernel/modules.order", nil, nil},
		{"app/modules.dep", nil, nil},
		{"app/vmlinuz-1.2", bzImage(debian), nil},
		{"boot/vmlinuz-virt", nil, nil},
		{"boot/vmlinuz", bzImage("")[:0x210], nil},
		{"boot/vmlinuz-6.1", bzImage("")[:0x300], []string{"linux-kernel 6.1"}},
	} {
		found := readFile(c, onDisk(image.Path(tc.path), tc.data))
		if d := cmp.Diff(tc.want, names(found.Packages)); d != "" || len(found.Gaps) > 0 || !wanted(c, image.Path(tc.path)) {
			t.Errorf("%s: %s %v", tc.path, d, found.Gaps)
		}
	}
}

func TestOneKernelIsOnePackage(t *testing.T) {
	t.Parallel()
	c := Kernel()
	var all []Found
	for _, p := range []image.Path{"lib/modules/6.1.0/modules.dep", "boot/vmlinuz-6.1.0", "lib/modules/6.1.0/modules.builtin", "lib/modules/5.10.0/modules.dep", "lib/modules/5.10.0/modules.order"} {
		all = append(all, readFile(c, onDisk(p, nil)))
	}
	packages, _ := c.Join(all)
	var got []image.Path
	for _, p := range packages {
		got = append(got, p.Location)
	}
	if d := cmp.Diff([]image.Path{"boot/vmlinuz-6.1.0", "lib/modules/5.10.0/modules.order"}, got); d != "" {
		t.Error(d)
	}
}

func FuzzKernel(f *testing.F) {
	f.Add(bzImage("6.1.0 (x)"))
	f.Add(bzImage("")[:0x210])
	f.Fuzz(func(t *testing.T, data []byte) {
		checkPackages(t, readFile(Kernel(), onDisk("boot/vmlinuz-6", data)).Packages)
	})
}
