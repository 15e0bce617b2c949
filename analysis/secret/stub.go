package secret

import "landwaiter.dev/image"

type Rule struct{ Name, Pattern string }
type Options struct {
	Detectors  bool
	Secrets    []Rule
	Content    []Rule
	Key        []byte
	MaxPerRule int
	LineBytes  int
}
type Scanner struct{}
type Search struct{}

func New(Options) (*Scanner, error)                       { return &Scanner{}, nil }
func (*Scanner) Revision() string                         { return "1" }
func (*Scanner) Begin(path image.Path) *Search            { return &Search{} }
func (*Search) Write(p []byte) (int, error)               { return len(p), nil }
func (*Search) End() (a, b []image.TextMatch, g []image.Gap) { return nil, nil, nil }
func (*Scanner) Config(c image.ContainerConfig, history []image.History) []image.TextMatch {
	return nil
}
func IsText(head []byte) bool { return true }
