package synthetic

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

var (
	common = strings.Fields(`a an the of to in for with from which that may could allows lets leads causes before after when where
		version versions function file files request response header memory buffer heap stack pointer length check validation user input
		attacker remote local crafted malicious arbitrary code execution denial service information disclosure overflow underflow read write
		free double use race condition path traversal injection script cross site server client kernel module driver parser decoder
		certificate signature key token session cookie password permission privilege escalation bypass default configuration option affected
		vulnerable issue problem flaw was found discovered fixed patched upstream component library package image handler protocol packet
		message integer sign conversion missing incorrect improper insufficient bounds array index null dereference uninitialized`)
	syllables = strings.Fields("ar ba cor da el fo gra hi in jo ka lu mi no or pe qua ra si to ul ve wa xy za bro cle dri fla gno")
	// known come first in each distribution: packages that most images have, after those that have the most advisories.
	known = strings.Fields("glibc openssl zlib bash coreutils curl systemd perl util-linux tar gzip xz-utils ncurses krb5 pcre2 gnutls28 libgcrypt20 sqlite3 expat libxml2 python3 shadow pam apt dpkg")
	busy  = []string{"linux", "chromium", "firefox"}
)

// name is the package of an ecosystem that has this rank; the same for the inventory and for the advisories. The first
// three of a distribution have a quarter of all records and are in no image, those that follow are in all.
func (s *shape) name(rank int) string {
	if s.form != semver {
		if rank < len(busy) {
			return busy[rank]
		}
		if rank -= len(busy); rank < len(known) {
			return known[rank]
		}
	}
	word := coined(uint64(rank))
	switch s.folder {
	case "Go":
		return "github.com/" + word + "/" + word + "-go"
	case "Maven":
		return "org." + word + ":" + word + "-core"
	case "Packagist":
		return word + "/" + word
	case "npm":
		return word + "-js"
	}
	return word
}

// coined is a word of its own for each number, of a length that names have.
func coined(n uint64) string {
	var b strings.Builder
	x := n*2654435761 + 97
	for i := 0; i < 2 || x > 0 && i < 3; i++ {
		b.WriteString(syllables[x%uint64(len(syllables))])
		x /= uint64(len(syllables))
	}
	return b.String() + strconv.FormatUint(n, 36)
}

// version is number n of 0 to 999 in the order of the form.
func (f form) version(n int, release string) string {
	v := fmt.Sprintf("%d.%d.%d", 1+n/200, n/10%20, n%10)
	switch f {
	case deb:
		return v + "-1+" + strings.TrimPrefix(strings.TrimSuffix(release, ":LTS"), "Pro:") + "u1"
	case rpm:
		return v + "-1.el9"
	case apk:
		return v + "-r0"
	default:
		return v
	}
}

// sentence appends n words.
func sentence(b []byte, r *rand.Rand, n int) []byte {
	for i := range n {
		if i > 0 {
			b = append(b, ' ')
		}
		if r.IntN(12) == 0 {
			b = append(b, coined(uint64(r.IntN(100_000)))...)
			continue
		}
		b = append(b, common[r.IntN(len(common))]...)
	}
	return b
}
