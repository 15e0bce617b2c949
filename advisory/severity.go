package advisory

import (
	"fmt"
	"strings"
)

var severityNames = [...]string{"Unknown", "Negligible", "Low", "Medium", "High", "Critical"}

// severityWords are the words that publishers use, in lower case.
var severityWords = map[string]Severity{
	"unknown": Unknown, "negligible": Negligible, "unimportant": Negligible, "none": Negligible,
	"low": Low, "minor": Low, "medium": Medium, "moderate": Medium,
	"high": High, "important": High, "major": High, "critical": Critical,
}

// ParseSeverity reads the word of a publisher without regard to case: "moderate" is Medium, "important" High,
// "unimportant" Negligible. It says false for a word that names no severity ("not yet assigned").
func ParseSeverity(word string) (Severity, bool) {
	s, ok := severityWords[strings.ToLower(strings.TrimRight(strings.TrimSpace(word), "*"))]
	return s, ok
}

func (s Severity) String() string {
	if int(s) < len(severityNames) {
		return severityNames[s]
	}
	return severityNames[Unknown]
}

// MarshalText writes the word: "High".
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what [ParseSeverity] reads.
func (s *Severity) UnmarshalText(b []byte) error {
	v, ok := ParseSeverity(string(b))
	if !ok {
		return fmt.Errorf("%.40q is not a severity: want Unknown, Negligible, Low, Medium, High or Critical", b)
	}
	*s = v
	return nil
}

// SeverityOfScore is the word for a CVSS base score: the ranges of CVSS v3 and v4; v2 knows nothing above High.
func SeverityOfScore(version string, base float64) Severity {
	switch {
	case base <= 0:
		return Negligible
	case base < 4:
		return Low
	case base < 7:
		return Medium
	case base < 9 || strings.HasPrefix(version, "2"):
		return High
	default:
		return Critical
	}
}

// severityOfSummary reads the word that some distributions put before the title of an advisory: "Important: kernel
// security update".
func severityOfSummary(summary string) (Severity, bool) {
	word, _, ok := strings.Cut(summary, ":")
	if !ok || len(word) > 16 {
		return Unknown, false
	}
	return ParseSeverity(word)
}
