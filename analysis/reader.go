package analysis

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync/atomic"

	"golang.org/x/sync/semaphore"

	"landwaiter.dev/analysis/catalog"
	"landwaiter.dev/analysis/license"
	"landwaiter.dev/analysis/secret"
	"landwaiter.dev/image"
)

// Options of a [Reader]; every zero value has a meaning.
type Options struct {
	// Limits; zero fields are defaults.
	Limits Limits
	// Parallel is how many layers are read at once in this process; 0 is the number of processors.
	Parallel int
	// TempDir holds the spool; "" is the system's directory for temporary files.
	TempDir string
	// Catalogers; nil is [catalog.All]. At most 64.
	Catalogers []catalog.Cataloger
	// Search looks for secrets and for what the user searches; nil looks for nothing.
	Search *secret.Scanner
	// Retrieve are the files whose content is kept: paths, or patterns with * ? [a-z] and ** for any directories,
	// as doublestar has them; a leading slash is allowed. Files above [Limits.RetrieveBytes] are gaps.
	Retrieve []string
	// Hints lets an image name packages of its own in anchore_hints.json.
	Hints bool
	// Malware is the scanner that sees every regular file; nil asks none.
	Malware MalwareScanner
	// Progress is told what happens, from several goroutines at once; nil tells nobody.
	Progress func(Event)
}

// Event tells about the reading of an image.
type Event struct {
	// Step is "read" (Bytes of Total were read from the blob), "known" (nothing needs to be read), "done" (a layer is
	// complete) or "merge" (all are, and become one).
	Step         string
	Layer        int
	Digest       image.Digest
	Bytes, Total int64
}

// Reader reads images. One is made for a process, because its budgets are the process's; it is safe for concurrent use.
type Reader struct {
	limits     Limits
	parallel   int
	catalogers []catalog.Cataloger
	router     *router
	contents   *contents
	slots      *semaphore.Weighted
	progress   func(Event)
	search     *secret.Scanner
	retrieve   wishes
	hints      bool
	malware    MalwareScanner
	revisions  map[string]string
}

// NewReader makes a reader. Patterns of files to retrieve that mean nothing match nothing: [CheckPattern] tells before.
func NewReader(o Options) *Reader {
	r := &Reader{
		limits: o.Limits.complete(), parallel: o.Parallel, catalogers: o.Catalogers, progress: o.Progress,
		search: o.Search, retrieve: wishesOf(o.Retrieve), hints: o.Hints, malware: o.Malware,
	}
	if r.parallel <= 0 {
		r.parallel = runtime.GOMAXPROCS(0)
	}
	if r.catalogers == nil {
		r.catalogers = catalog.All()
	}
	if r.progress == nil {
		r.progress = func(Event) {}
	}
	r.router = newRouter(r.catalogers)
	r.contents = newContents(&r.limits, o.TempDir)
	r.slots = semaphore.NewWeighted(int64(r.parallel))
	r.revisions = r.revise()
	return r
}

// Revisions of what this reader makes, by part name. A kept part with another revision is made again; a part without
// one is not made. That of malware is missing, because it is the scanner's to say: see [Reader.Image].
func (r *Reader) Revisions() map[string]string { return maps.Clone(r.revisions) }

// The revisions of our own code; raise one whenever the part it stands for comes out different for the same bytes.
const (
	filesRevision     = 2
	packagesRevision  = 2
	keptRevision      = 3
	searchRevision    = 2
	retrievedRevision = 1
	malwareRevision   = 1
	mergeRevision     = 3
)

// revise puts into each revision what the part depends on besides the bytes: our code, the cataloguers, and the limits.
func (r *Reader) revise() map[string]string {
	h := sha256.New()
	// How many gaps are listed one by one is part of what each part says.
	fmt.Fprintln(h, r.limits.Gaps, r.limits.LayerPackages)
	for _, c := range slices.SortedFunc(slices.Values(r.catalogers), func(a, b catalog.Cataloger) int { return cmp.Compare(a.Name, b.Name) }) {
		fmt.Fprintf(h, "%s %d\n", c.Name, c.Revision)
	}
	l := &r.limits
	fmt.Fprintln(h, l.inside(), l.FileTime, l.Spool, license.Revision())
	m := map[string]string{
		PartFiles:    fmt.Sprintf("%d-%d.%d.%d.%d.%d", filesRevision, l.Xattrs, l.XattrBytes, l.PathLength, l.PathDepth, l.Gaps+l.LayerXattrs<<16),
		PartPackages: fmt.Sprintf("%d-%s", packagesRevision, hex.EncodeToString(h.Sum(nil)[:6])),
		PartKept:     fmt.Sprintf("%d-%d", keptRevision, l.KeptBytes),
	}
	if r.search != nil {
		m[PartSearch] = fmt.Sprintf("%d-%s-%d", searchRevision, r.search.Revision(), l.Matches)
	}
	if len(r.retrieve.patterns) > 0 {
		m[PartRetrieved] = fmt.Sprintf("%d-%s-%d.%d", retrievedRevision, r.retrieve.hash(), l.RetrieveBytes, l.Retrieved)
	}
	return m
}

// missing are the parts that a report lacks or has in another revision.
func missing(rep *Report, revisions map[string]string) map[string]bool {
	m := map[string]bool{}
	for name, rev := range revisions {
		if rep == nil || rep.Revisions[name] != rev {
			m[name] = true
		}
	}
	return m
}

// totals counts over all layers of an image that are read.
type totals struct{ entries, bytes atomic.Int64 }
