package license

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"slices"
	"strings"
	"sync"

	"github.com/github/go-spdx/v2/spdxexp/spdxlicenses"
	"github.com/google/licensecheck"

	"landwaiter.dev/internal/spdx"
)

// findings are the licences in a text.
type findings struct {
	// ids are licensecheck's, in the order of the text, each once.
	ids []string
	// percent of the words that they cover.
	percent int
	// folded is the text as phrases are looked for in it.
	folded []byte
}

// enough is the coverage, in percent, from which on no other family is tried.
const enough = 95

const (
	// barely is the coverage, in percent, up to which licences are looked for that hardly anybody has.
	barely = 20
	// maxRest is the longest text, in bytes, that they are looked for in.
	maxRest = 16 << 10
)

// scan finds licences. Families of licences have a scanner each, made when a text first needs it, because making one for
// all that are known takes longer than reading the texts of a large image.
//
// A text that should be a licence as a whole is looked at thoroughly: with the scanner of the rest as well.
func scan(data []byte, thorough bool) findings {
	folded := foldText(data)
	sum := sha256.Sum256(folded)
	if thorough {
		sum[0] ^= 1 // another question
	}
	if f, ok := known.get(sum); ok {
		f.folded = folded
		return f
	}
	f := search(data, folded, thorough)
	known.put(sum, f)
	f.folded = folded
	return f
}

func search(data, folded []byte, thorough bool) findings {
	var spans []span
	words := wordsOf(data)
	try := func(fam *family) {
		spans = merge(append(spans, fam.scan(data)...))
	}
	covered := func() int { return words.covered(spans) }
	try(&families[0])
	for i := range families[1:] {
		fam := &families[1+i]
		if covered() >= enough {
			break
		}
		if fam.triggered(folded) {
			try(fam)
		}
	}
	if thorough && covered() < barely && len(data) <= maxRest && licenceWords(folded) {
		try(&rest)
	}
	f := findings{percent: covered()}
	for _, s := range spans {
		if !slices.Contains(f.ids, s.id) {
			f.ids = append(f.ids, s.id)
		}
	}
	return f
}

// licenceWords says whether a text talks of rights at all.
func licenceWords(folded []byte) bool {
	for _, w := range []string{"licens", "licenc", "permission", "redistribut", "warranty", "public domain"} {
		if bytes.Contains(folded, []byte(w)) {
			return true
		}
	}
	return false
}

// span is a licence at a place of a text, in bytes.
type span struct {
	id         string
	start, end int
}

// merge keeps the longer one of spans that overlap.
func merge(spans []span) []span {
	slices.SortStableFunc(spans, func(a, b span) int {
		return cmp.Or(cmp.Compare(b.end-b.start, a.end-a.start), cmp.Compare(a.start, b.start), cmp.Compare(a.id, b.id))
	})
	keep := make([]span, 0, len(spans)) // by place
	for _, s := range spans {
		at, _ := slices.BinarySearchFunc(keep, s.start, func(k span, start int) int { return cmp.Compare(k.start, start) })
		if at > 0 && keep[at-1].end > s.start || at < len(keep) && keep[at].start < s.end {
			continue
		}
		keep = slices.Insert(keep, at, s)
	}
	return keep
}

// words are where the words of a text begin.
type words []int32

func wordsOf(data []byte) words {
	w := make(words, 0, len(data)/6)
	in := false
	for i, c := range data {
		is := wordByte(c)
		if is && !in {
			w = append(w, int32(i))
		}
		in = is
	}
	return w
}

func wordByte(c byte) bool { return digit(c) || letter(c|0x20) || c >= 0x80 }

// covered is the percentage of words inside the spans, rounded down.
func (w words) covered(spans []span) int {
	if len(w) == 0 {
		return 0
	}
	n := 0
	for _, s := range spans {
		lo, _ := slices.BinarySearch(w, int32(s.start))
		hi, _ := slices.BinarySearch(w, int32(s.end))
		n += hi - lo
	}
	return n * 100 / len(w)
}

// foldText writes a text in lower case with one blank for all between words.
func foldText(data []byte) []byte {
	out := make([]byte, 1, len(data)+2)
	out[0] = ' '
	for _, c := range data {
		switch {
		case c >= 'A' && c <= 'Z':
			out = append(out, c+'a'-'A')
		case wordByte(c):
			out = append(out, c)
		case out[len(out)-1] != ' ':
			out = append(out, ' ')
		}
	}
	return out
}

// expression is what the licences found mean together: all of them apply.
func (f findings) expression() *spdx.Node {
	var list []*spdx.Node
	for _, id := range f.ids {
		list = append(list, scanned(id))
	}
	list = slices.DeleteFunc(list, func(n *spdx.Node) bool { return n == nil })
	// A licence's own text beside a notice that names it with "or later" adds nothing.
	all := spdx.Join(spdx.And, list).Licenses()
	list = slices.DeleteFunc(list, func(n *spdx.Node) bool {
		family, version, _ := takeApart(n.ID)
		return n.Op == spdx.Leaf && strings.HasSuffix(n.ID, "-only") && slices.Contains(all, family+"-"+version+"-or-later")
	})
	return spdx.Join(spdx.And, list)
}

// foreign are identifiers of licensecheck that SPDX does not have.
var foreign = map[string]string{
	"GPL-2.0-or-3.0": "GPL-2.0-only OR GPL-3.0-only", "MIT-NoAd": "X11", "GooglePatentsFile": "", "GooglePatentClause": "",
	"CommonsClause": "LicenseRef-Commons-Clause", "NIST-PD-fallback": "NIST-PD-fallback", "Aladdin-9": "LicenseRef-Aladdin-9",
}

// scanned is the licence that licensecheck calls id.
func scanned(id string) *spdx.Node {
	if e, ok := foreign[id]; ok {
		return parseKnown(e)
	}
	if ok, active := spdxlicenses.IsActiveLicense(id); ok {
		return spdx.One(active)
	}
	if n := lookup(id); n != nil {
		return n
	}
	if r := reference(id); r != "" {
		return spdx.One(r)
	}
	return nil
}

// scan applies the scanner of a family.
func (f *family) scan(data []byte) []span {
	s := f.scanner()
	if s == nil {
		return nil
	}
	var spans []span
	for _, m := range s.Scan(data).Match {
		if !m.IsURL && m.End > m.Start {
			spans = append(spans, span{m.ID, m.Start, m.End})
		}
	}
	return spans
}

// known remembers what texts were found to be: packages ship the same few texts again and again. It is the only state of
// this package; an answer never depends on it.
var known memory

// maxKnown bounds the texts that are remembered.
const maxKnown = 4096

type memory struct {
	mu sync.Mutex
	m  map[[32]byte]findings
}

func (k *memory) get(sum [32]byte) (findings, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	f, ok := k.m[sum]
	return f, ok
}

func (k *memory) put(sum [32]byte, f findings) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.m == nil || len(k.m) >= maxKnown {
		k.m = map[[32]byte]findings{}
	}
	k.m[sum] = f
}

var builtin = sync.OnceValue(licensecheck.BuiltinLicenses)
