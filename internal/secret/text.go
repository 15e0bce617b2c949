// Package secret holds what must not leak: text that prints as a placeholder, and password hashes.
package secret

import (
	"fmt"
	"io"
	"log/slog"
)

const placeholder = "[redacted]"

// Text is a password, token or key. It prints, logs and marshals as a placeholder; [Text.Reveal] gives the value to the
// one place that needs it.
type Text string

// Reveal is the value itself.
func (t Text) Reveal() string { return string(t) }

// IsZero says whether there is no value.
func (t Text) IsZero() bool { return t == "" }

func (t Text) String() string {
	if t == "" {
		return ""
	}
	return placeholder
}

// GoString keeps %#v from showing the value.
func (t Text) GoString() string { return t.String() }

// MarshalText keeps JSON and YAML from showing the value.
func (t Text) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// LogValue keeps log/slog from showing the value.
func (t Text) LogValue() slog.Value { return slog.StringValue(t.String()) }

// Format answers every verb, %x and %q too, with the placeholder.
func (t Text) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, t.String()) }
