package license

import (
	"bytes"
	"slices"
	"strings"

	"landwaiter.dev/internal/spdx"
)

const (
	// maxParagraphs bounds the paragraphs of a copyright file that are looked at.
	maxParagraphs = 4096
	// maxNames bounds the different licence declarations of one.
	maxNames = 256
	// maxWords is the longest name, in words.
	maxWords = 5
	// minParagraph is the shortest licence text, in bytes, that is worth a scan.
	minParagraph = 120
)

// readDEP5 reads Debian's machine-readable form: paragraphs of fields, the first with the format, those with Files or
// License naming licences in the first line of that field. What the paragraphs about files say applies together. A name
// that SPDX does not have is looked up by the text that the file gives for it. False when it is another form.
func readDEP5(data []byte) (Text, bool) {
	d := dep5{texts: map[string][]byte{}}
	if !d.read(data) {
		return Text{}, false
	}
	if !d.format && slices.ContainsFunc(d.files, prose) {
		return Text{}, false // prose with fields in it
	}
	used := d.files
	if len(used) == 0 {
		used = d.alone
	}
	if len(used) == 0 || len(used) > maxNames {
		return Text{}, false
	}
	list := make([]*spdx.Node, 0, len(used))
	for _, name := range used {
		list = append(list, d.node(name))
	}
	e := spdx.Join(spdx.And, list)
	s, ok := e.Text(true)
	if !ok {
		return Text{}, false
	}
	t := Text{Expression: s, Confidence: 100, Form: FormDEP5}
	for _, name := range append(used, d.alone...) {
		if !prose(name) {
			t.Names = append(t.Names, shortNames(name)...)
		}
	}
	slices.Sort(t.Names)
	t.Names = slices.Compact(t.Names)
	if len(t.Names) > spdx.MaxLicenses {
		t.Names = t.Names[:spdx.MaxLicenses:spdx.MaxLicenses]
	}
	return t, true
}

// dep5 collects the licence lines of a copyright file, each once, in order.
type dep5 struct {
	format       bool
	files, alone []string
	// texts are the licences' own texts, by name.
	texts map[string][]byte
	seen  map[string]bool
}

func (d *dep5) read(data []byte) bool {
	d.seen = map[string]bool{}
	var para paragraph
	count := 0
	for len(data) > 0 && count < maxParagraphs {
		line := data
		if i := bytes.IndexByte(data, '\n'); i >= 0 {
			line, data = data[:i], data[i+1:]
		} else {
			data = nil
		}
		line = bytes.TrimRight(line, "\r\t ")
		if len(line) == 0 {
			d.take(&para)
			para = paragraph{}
			count++
			continue
		}
		para.line(line)
		d.format = d.format || count == 0 && para.format
	}
	d.take(&para)
	return (d.format || len(d.files) > 0) && len(d.files)+len(d.alone) > 0
}

// paragraph is one block of fields.
type paragraph struct {
	format, files bool
	licence       string
	text          []byte
	in            bool // in the field License
	first         int
}

func (p *paragraph) line(line []byte) {
	if line[0] == ' ' || line[0] == '\t' || line[0] == '#' {
		if p.in {
			if text := bytes.TrimSpace(line); p.licence == "" && len(text) <= maxName && p.first == 0 && !bytes.Equal(text, []byte(".")) {
				p.licence = string(text) // the name on a line of its own
			} else {
				p.text = append(append(p.text, text...), '\n')
			}
			p.first++
		}
		return
	}
	key, value, ok := bytes.Cut(line, []byte(":"))
	p.in = false
	if !ok || len(key) > 40 {
		return
	}
	switch value = bytes.TrimSpace(value); {
	case bytes.EqualFold(key, []byte("Format")), bytes.EqualFold(key, []byte("Format-Specification")):
		p.format = true
	case bytes.EqualFold(key, []byte("Files")):
		p.files = true
	case bytes.EqualFold(key, []byte("License")), bytes.EqualFold(key, []byte("Licence")):
		p.in, p.first, p.text = true, 0, nil
		if len(value) <= maxDeclared {
			p.licence = string(value)
		}
	}
}

func (d *dep5) take(p *paragraph) {
	name, ok := licenceLine(p.licence)
	if !ok {
		return
	}
	if len(p.text) >= minParagraph && d.texts[name] == nil && len(d.texts) < maxNames {
		d.texts[name] = p.text
	}
	key := "alone " + name
	if p.files {
		key = "files " + name
	}
	switch {
	case d.seen[key]:
	case p.files:
		d.files = append(d.files, name)
	default:
		d.alone = append(d.alone, name)
	}
	d.seen[key] = true
}

func licenceLine(s string) (string, bool) {
	s = strings.TrimSpace(s)
	if len(s) > maxDeclared {
		return "", false
	}
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "\uFFFD")), " ")
	return s, s != ""
}

// node is what one declaration means.
func (d *dep5) node(name string) *spdx.Node {
	if prose(name) {
		f := scan(append([]byte(name+"\n"), d.texts[name]...), false)
		if n := f.expression(); n != nil {
			return n
		}
		if len(d.texts[name]) == 0 && bytes.Contains(f.folded, []byte("public domain")) {
			return spdx.One("LicenseRef-public-domain")
		}
		return nil
	}
	n, ok := parse(name, spdx.And)
	if !ok || n == nil { // "other" is a name here
		n = nil
		if r := reference(name); r != "" {
			n = spdx.One(r)
		}
	}
	return d.better(n, name)
}

// filler are words of sentences, not of names.
var filler = map[string]bool{
	"to": true, "the": true, "this": true, "is": true, "in": true, "of": true, "for": true, "any": true, "by": true, "are": true, "be": true, "use": true, "under": true,
}

// prose says whether a licence line is no name but the beginning of a text.
func prose(s string) bool {
	run, all, fill := 0, 0, 0
	for _, w := range strings.Fields(s) {
		all++
		switch w = strings.ToLower(w); {
		case filler[w]:
			fill++
		case w == "and", w == "or", w == "with", w == "and/or":
			run = 0
			continue
		}
		if run++; run > maxWords {
			return true
		}
	}
	return all > maxWords && fill > 1 || strings.Contains(s, ". ") || strings.HasSuffix(s, ".") && all > 2
}

// better replaces names that SPDX does not have by what their texts are.
func (d *dep5) better(n *spdx.Node, name string) *spdx.Node {
	if n == nil {
		return nil
	}
	if n.Op == spdx.Leaf {
		if !strings.HasPrefix(n.ID, "LicenseRef-") {
			return n
		}
		text := d.texts[name]
		if text == nil {
			text = d.texts[d.named(n.ID)]
		}
		if text == nil {
			return n
		}
		if f := scan(text, false); f.percent >= Threshold {
			if m := f.expression(); m != nil {
				return m
			}
		}
		return n
	}
	list := make([]*spdx.Node, len(n.Sub))
	for i, s := range n.Sub {
		list[i] = d.better(s, "\x00")
	}
	return spdx.Join(n.Op, list)
}

// named finds the name whose reference is ref.
func (d *dep5) named(ref string) string {
	for _, name := range d.alone {
		if reference(name) == ref {
			return name
		}
	}
	return "\x00"
}

// shortNames are the names in a declaration, without operators and exceptions.
func shortNames(s string) []string {
	var list []string
	skip := false
	for _, w := range strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == ',' || r == ';' || r == '(' || r == ')' || r == '|' }) {
		switch strings.ToLower(w) {
		case "and", "or", "and/or", "&", "+":
			skip = false
			continue
		case "with":
			skip = true
			continue
		}
		if w, ok := printable(w); ok && !skip {
			list = append(list, w)
		}
	}
	return list
}
