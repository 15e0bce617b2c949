package license

import (
	"strings"

	"github.com/github/go-spdx/v2/spdxexp/spdxlicenses"

	"landwaiter.dev/internal/spdx"
)

// exceptions are the short names of exceptions, folded, without the word itself. One "%" stands for the version that goes
// with the licence.
var exceptions = map[string]string{
	"autoconf": "Autoconf-exception-%", "autoconfmacro": "Autoconf-exception-macro", "autoconfmacros": "Autoconf-exception-macro",
	"autoconfmacrosgnu": "Autoconf-exception-macro", "autoconfdata": "Autoconf-exception-generic", "autoconfgeneric": "Autoconf-exception-generic",
	"libtool": "Libtool-exception", "bison": "Bison-exception-2.2", "texinfo": "Texinfo-exception", "font": "Font-exception-2.0",
	"fontembedding": "Font-exception-2.0", "classpath": "Classpath-exception-2.0", "gnuclasspath": "Classpath-exception-2.0",
	"gcc": "GCC-exception-%", "gccruntime": "GCC-exception-3.1", "gccruntimelibrary": "GCC-exception-3.1", "gccrle": "GCC-exception-3.1",
	"llvm": "LLVM-exception", "linuxsyscallnote": "Linux-syscall-note", "linuxsyscall": "Linux-syscall-note", "syscall": "Linux-syscall-note",
	"ecos": "eCos-exception-2.0", "gnat": "GNAT-exception", "bootloader": "Bootloader-exception", "pcre2": "PCRE2-exception",
	"swift": "Swift-exception", "openvpnopenssl": "openvpn-openssl-exception", "x11vncopenssl": "x11vnc-openssl-exception",
	"cryptsetupopenssl": "cryptsetup-OpenSSL-exception", "universalfoss": "Universal-FOSS-exception-1.0", "qtgpl": "Qt-GPL-exception-1.0",
	"qtlgpl": "Qt-LGPL-exception-1.1", "wxwindows": "WxWindows-exception-3.1", "wxwidgets": "WxWindows-exception-3.1",
	"ocaml": "OCaml-LGPL-linking-exception", "ocamllinking": "OCaml-LGPL-linking-exception", "ocamllgpllinking": "OCaml-LGPL-linking-exception",
}

// with adds an exception to a licence. An exception without an SPDX identifier makes the pair a LicenseRef that names both.
func with(base *spdx.Node, exception string) *spdx.Node {
	if base == nil || base.Op != spdx.Leaf || strings.Contains(base.ID, " WITH ") {
		return nil
	}
	name := strings.Trim(exception, " \t.,;:\"'")
	if id := exceptionID(name, base.ID); id != "" && !strings.HasPrefix(base.ID, "LicenseRef-") {
		return spdx.One(base.ID + " WITH " + id)
	}
	if r := reference(strings.TrimPrefix(base.ID, "LicenseRef-") + "-with-" + name); r != "" {
		return spdx.One(r)
	}
	return nil
}

func exceptionID(name, base string) string {
	if ok, id := spdxlicenses.IsException(strings.ReplaceAll(name, " ", "-")); ok {
		return id
	}
	key := fold(name)
	for _, word := range []string{"exceptions", "exception", "note"} {
		if s, ok := strings.CutSuffix(key, word); ok && s != "" {
			if exceptions[s] != "" {
				key = s
				break
			}
		}
	}
	id := exceptions[key]
	switch {
	case !strings.Contains(id, "%"):
		return id
	case strings.Contains(base, "-3.0"):
		if strings.HasPrefix(id, "GCC") {
			return strings.Replace(id, "%", "3.1", 1)
		}
		return strings.Replace(id, "%", "3.0", 1)
	}
	return strings.Replace(id, "%", "2.0", 1)
}
