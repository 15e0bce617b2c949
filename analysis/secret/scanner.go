package secret

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"sync"
	"time"

	"landwaiter.dev/image"
)

// Rule is a pattern of the user: a regular expression with Python's meaning that is tried at the start of each line.
type Rule struct {
	// Name may be empty.
	Name    string
	Pattern string
}

// Options of a scanner. The zero value finds nothing.
type Options struct {
	// Detectors switches on the detectors of the table and the five line patterns that policies know by name.
	Detectors bool
	// Secrets are the user's own patterns for secrets.
	Secrets []Rule
	// Content are patterns for texts that are no secrets: their finds carry no digest.
	Content []Rule
	// Key of the digests (HMAC-SHA256).
	Key []byte
	// MaxPerRule is how many finds are listed for a file and rule; the rest is counted in More. 0 means 20.
	MaxPerRule int
	// LineBytes is the longest line that is looked at as a whole; a longer one is looked at in windows of that length. 0
	// means 64 KiB, which is also the most.
	LineBytes int
}

// Limits for one file.
const (
	defaultMaxPerRule = 20
	maxLineBytes      = 64 << 10
	// reach is how far before and after a keyword a rule may look; a little more than the longest line.
	reach = maxLineBytes + 256
	// block is how much is searched at once, piece how much is taken in at once.
	block = 128 << 10
	piece = 32 << 10
)

// revision of what is found in the same bytes with the same options: raise it when a rule changes.
const revision = "1 veles/v0.5.3"

// Scanner holds rules that are ready for use. It is safe for concurrent use.
type Scanner struct {
	options   Options
	filter    *filter // nil: no rule has a keyword
	detectors []detector
	lines     []lineRule
	// every are the line rules without a keyword, which are tried on every line.
	every []int
	// counts says for each rule where its finds are counted: several detectors may be one rule.
	counts []int
	// fileTime is how long one pattern of the user may work on one file.
	fileTime time.Duration
	revision string
	searches sync.Pool
}

// New compiles the rules. The error is one sentence that names the pattern.
func New(o Options) (*Scanner, error) {
	if o.MaxPerRule <= 0 {
		o.MaxPerRule = defaultMaxPerRule
	}
	if o.LineBytes <= 0 || o.LineBytes > maxLineBytes {
		o.LineBytes = maxLineBytes
	}
	s := &Scanner{options: o, fileTime: 2 * time.Second}
	s.searches.New = func() any { return &Search{scanner: s} }
	if o.Detectors {
		s.lines = originalRules()
		s.detectors = detectorTable()
		for i := range s.detectors {
			s.detectors[i].Detector = s.detectors[i].make()
		}
	}
	for _, list := range []struct {
		rules []Rule
		use   string
	}{{o.Secrets, "secrets"}, {o.Content, "content"}} {
		for i, r := range list.rules {
			rule, err := userRule(r, list.use == "content")
			if err != nil {
				return nil, fmt.Errorf("pattern %d of the search for %s (%q): %w", i+1, list.use, r.Name, err)
			}
			s.lines = append(s.lines, rule)
		}
	}
	for i := range len(s.lines) + len(s.detectors) {
		s.counts = append(s.counts, i)
		if i >= len(s.lines) {
			s.counts[i] = len(s.lines) + slices.IndexFunc(s.detectors, func(d detector) bool {
				return d.rule == s.detectors[i-len(s.lines)].rule
			})
		}
	}
	s.filter = s.keywords()
	s.revision = s.digestOfRules()
	return s, nil
}

// keywords makes the filter: rules that share a keyword share its entry. Line rules are numbered first, so that they come
// before the detectors at the same place.
func (s *Scanner) keywords() *filter {
	var words []keyword
	add := func(text string, fold bool, rule int) {
		i := slices.IndexFunc(words, func(w keyword) bool { return w.text == text && w.fold == fold })
		if i < 0 {
			i = len(words)
			words = append(words, keyword{text: text, fold: fold})
		}
		words[i].rules = append(words[i].rules, rule)
	}
	for i := range s.lines {
		if len(s.lines[i].keywords) == 0 {
			s.every = append(s.every, i)
		}
		for _, k := range s.lines[i].keywords {
			add(k, s.lines[i].fold, i)
		}
	}
	for i := range s.detectors {
		for _, k := range s.detectors[i].keywords {
			add(k, s.detectors[i].fold, len(s.lines)+i)
		}
	}
	if len(words) == 0 {
		return nil
	}
	return newFilter(words)
}

// Revision changes whenever the same bytes may yield something else.
func (s *Scanner) Revision() string { return s.revision }

func (s *Scanner) digestOfRules() string {
	h := sha256.New()
	o := &s.options
	fmt.Fprintf(h, "%s\n%t %d %d %x\n", revision, o.Detectors, o.MaxPerRule, o.LineBytes, s.hmac([]byte("revision")))
	for i := range s.lines {
		r := &s.lines[i]
		fmt.Fprintf(h, "%q %q %t\n", r.name, r.pattern, r.content)
	}
	for i := range s.detectors {
		fmt.Fprintf(h, "%q %q\n", s.detectors[i].rule, s.detectors[i].keywords)
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}

func (s *Scanner) hmac(value []byte) string {
	h := hmac.New(sha256.New, s.options.Key)
	h.Write(value)
	return hex.EncodeToString(h.Sum(nil))
}

// Begin starts the search of one file. It must be ended, and is not for concurrent use.
func (s *Scanner) Begin(path image.Path) *Search {
	q := s.searches.Get().(*Search)
	q.begin(path)
	return q
}
