package analysis

import (
	"fmt"
	"io"
	"slices"

	"landwaiter.dev/analysis/secret"
	"landwaiter.dev/image"
)

// observer looks at the bytes of one regular file while they go by, for all parts that look at bytes alone. One is made
// for a walk; begin and end frame each file.
type observer struct {
	w      *walk
	search *secret.Search
	stream MalwareStream
	now    sighting
	// sightings so far, retrieved the bytes that those hold.
	sightings []sighting
	retrieved int64
}

// sighting is what was seen in one entry of the layer.
type sighting struct {
	slot, seq        int32
	secrets, matches []image.TextMatch
	// keep says that the content is asked for, file then holds it.
	keep       bool
	file       *image.RetrievedFile
	signatures []string
	gaps       map[string][]image.Gap
}

func (s *sighting) gap(part string, kind image.GapKind, path image.Path, format string, args ...any) {
	if s.gaps == nil {
		s.gaps = map[string][]image.Gap{}
	}
	s.gaps[part] = append(s.gaps[part], image.Gap{Kind: kind, Path: path, Detail: fmt.Sprintf(format, args...)})
}

func (s *sighting) empty() bool {
	return len(s.secrets) == 0 && len(s.matches) == 0 && s.file == nil && len(s.signatures) == 0 && s.gaps == nil
}

// begin says whether the content is to be held as a whole.
func (o *observer) begin(f *image.File, head []byte, slot, seq int32) (hold bool) {
	w := o.w
	o.now = sighting{slot: slot, seq: seq}
	if f.Size == 0 {
		if w.task.parts[PartRetrieved] && w.r.retrieve.want(f.Path) {
			o.now.keep = true
			return true
		}
		return false
	}
	if w.task.parts[PartSearch] && secret.IsText(head) {
		o.search = w.r.search.Begin(f.Path)
	}
	if w.task.parts[PartMalware] {
		var err error
		if o.stream, err = w.r.malware.Begin(w.ctx, f.Size); err != nil {
			o.now.gap(PartMalware, image.GapMalwareScanner, f.Path, "it was not scanned: %.200v", err)
		}
	}
	if w.task.parts[PartRetrieved] && w.r.retrieve.want(f.Path) {
		switch {
		case f.Size > w.lim.RetrieveBytes:
			o.now.gap(PartRetrieved, image.GapLimit, f.Path, "the file has %d bytes, more than LANDWAITER_LIMITS_RETRIEVE_BYTES allows, and was not retrieved", f.Size)
		case o.retrieved+f.Size > w.lim.Retrieved:
			o.now.gap(PartRetrieved, image.GapLimit, f.Path, "the layer has more to retrieve than LANDWAITER_LIMITS_RETRIEVED allows, and this file was not")
		default:
			o.now.keep = true
			return true
		}
	}
	return false
}

func (o *observer) write(p []byte) {
	if o.search != nil {
		_, _ = o.search.Write(p)
	}
	if o.stream != nil {
		_, _ = o.stream.Write(p) // what goes wrong, End tells
	}
}

// end takes the outcome; c is the content where somebody asked to hold it, and nil where it did not fit.
func (o *observer) end(f *image.File, c *content) error {
	if o.search != nil {
		var gaps []image.Gap
		o.now.secrets, o.now.matches, gaps = o.search.End()
		o.search = nil
		for _, g := range gaps {
			o.now.gap(PartSearch, g.Kind, f.Path, "%s", g.Detail)
		}
	}
	if o.stream != nil {
		signatures, limit, err := o.stream.End()
		o.stream = nil
		o.now.signatures = signatures
		switch {
		case err != nil:
			o.now.gap(PartMalware, image.GapMalwareScanner, f.Path, "it was not scanned: %.200v", err)
		case limit != "":
			o.now.gap(PartMalware, image.GapMalwareScanner, f.Path, "the scanner did not look at all of it: %.200s", limit)
		}
	}
	if o.now.keep && c != nil {
		whole := make([]byte, f.Size)
		if _, err := c.ReadAt(whole, 0); err != nil && err != io.EOF {
			return fmt.Errorf("reading from the spool: %w", err)
		}
		o.now.file = &image.RetrievedFile{Path: f.Path, Content: whole}
		o.retrieved += f.Size
	}
	if !o.now.empty() {
		o.sightings = append(o.sightings, o.now)
	}
	return nil
}

// drop forgets a file that could not be read to its end.
func (o *observer) drop() {
	if o.search != nil {
		_, _, _ = o.search.End()
		o.search = nil
	}
	if o.stream != nil {
		o.stream.Abort()
		o.stream = nil
	}
}

// report puts the sightings of entries that lasted into rep, and once more under the names of hard links to them.
func (o *observer) report(rep *Report) {
	w := o.w
	links := map[[2]int32][]int32{}
	for slot, from := range w.origins {
		links[[2]int32{from.slot, from.seq}] = append(links[[2]int32{from.slot, from.seq}], slot)
	}
	secrets, matches := &matchList{max: int(w.lim.Matches)}, &matchList{max: int(w.lim.Matches)}
	for i := range o.sightings {
		s := &o.sightings[i]
		var paths []image.Path
		if int(s.slot) < len(w.seqs) && w.seqs[s.slot] == s.seq {
			paths = append(paths, w.files[s.slot].Path)
		}
		for _, slot := range links[[2]int32{s.slot, s.seq}] {
			if w.seqs[slot] >= 0 {
				paths = append(paths, w.files[slot].Path)
			}
		}
		slices.Sort(paths)
		for _, p := range paths {
			secrets.add(s.secrets, p)
			matches.add(s.matches, p)
			for _, sig := range s.signatures {
				rep.Scanned.Findings = append(rep.Scanned.Findings, image.MalwareFinding{Path: p, Signature: sig})
			}
			if s.file != nil && w.r.retrieve.want(p) {
				rep.Retrieved.Files = append(rep.Retrieved.Files, image.RetrievedFile{Path: p, Content: s.file.Content})
			}
		}
		if len(paths) > 0 {
			rep.Searched.Gaps = append(rep.Searched.Gaps, s.gaps[PartSearch]...)
			rep.Retrieved.Gaps = append(rep.Retrieved.Gaps, s.gaps[PartRetrieved]...)
			rep.Scanned.Gaps = append(rep.Scanned.Gaps, s.gaps[PartMalware]...)
		}
	}
	o.missedLinks(rep)
	rep.Searched.Secrets = secrets.done(&rep.Searched.Gaps, "secrets")
	rep.Searched.Matches = matches.done(&rep.Searched.Gaps, "searched texts")
	slices.SortStableFunc(rep.Scanned.Findings, compareMalware)
	slices.SortStableFunc(rep.Retrieved.Files, func(a, b image.RetrievedFile) int { return comparePaths(a.Path, b.Path) })
}

// missedLinks tells of hard links that are asked for by name while the file that they link to is not.
func (o *observer) missedLinks(rep *Report) {
	if !o.w.task.parts[PartRetrieved] {
		return
	}
	have := map[image.Path]bool{}
	for _, f := range rep.Retrieved.Files {
		have[f.Path] = true
	}
	for slot := range o.w.origins {
		if p := o.w.files[slot].Path; o.w.seqs[slot] >= 0 && !have[p] && o.w.r.retrieve.want(p) {
			rep.Retrieved.Gaps = append(rep.Retrieved.Gaps, image.Gap{Kind: image.GapFileSkipped, Path: p, Detail: "it is a hard link to a file that the settings do not ask for, and was not retrieved"})
		}
	}
	slices.SortFunc(rep.Retrieved.Gaps, func(a, b image.Gap) int { return comparePaths(a.Path, b.Path) })
}

// matchList is a bounded list of places.
type matchList struct {
	list    []image.TextMatch
	max     int
	dropped int
}

func (l *matchList) add(matches []image.TextMatch, as image.Path) {
	for _, m := range matches {
		if len(l.list) >= l.max {
			l.dropped += 1 + m.More
			continue
		}
		m.Path = as
		l.list = append(l.list, m)
	}
}

func (l *matchList) done(gaps *[]image.Gap, what string) []image.TextMatch {
	if l.dropped > 0 {
		*gaps = append(*gaps, image.Gap{Kind: image.GapLimit, Detail: fmt.Sprintf("%d more places of %s are not listed (LANDWAITER_LIMITS_MATCHES)", l.dropped, what)})
	}
	slices.SortStableFunc(l.list, compareMatches)
	return l.list
}
