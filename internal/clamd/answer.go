package clamd

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Result is what the daemon says of one file.
type Result struct {
	// Signatures that it found; none in a file that it finds clean.
	Signatures []string
	// Limit of the daemon that the file hit, in the daemon's words: "INSTREAM size limit exceeded", or one of
	// "Heuristics.Limits.Exceeded.…"; "" for none. With a limit the file was looked at in part or not at all.
	Limit string
}

// SizeLimit is the [Result.Limit] of a file that is longer than the daemon's StreamMaxLength.
const SizeLimit = "INSTREAM size limit exceeded"

const (
	limitPrefix  = "Heuristics.Limits.Exceeded"
	maxSignature = 512
)

// fileSum is what ExtendedDetectionInfo adds to a signature: MD5 and size of the file.
var fileSum = regexp.MustCompile(`\([0-9a-f]{32}:[0-9]+\)$`)

// parseAnswer reads the daemon's answer to a stream, without its number: "stream: OK", "stream: NAME FOUND" or
// "… ERROR". A refusal that is no limit is an error.
func parseAnswer(text string) (Result, error) {
	if text == "stream: OK" {
		return Result{}, nil
	}
	if refusal, ok := strings.CutSuffix(text, " ERROR"); ok {
		refusal = strings.TrimPrefix(refusal, "stream: ")
		switch {
		case strings.HasPrefix(refusal, SizeLimit):
			return Result{Limit: SizeLimit}, nil
		case refusal == "" || !printable(refusal):
			return Result{}, errGarbled
		}
		return Result{}, errors.New("it could not scan the file: " + strings.TrimSuffix(refusal, "."))
	}
	name, ok := strings.CutPrefix(text, "stream: ")
	if ok {
		name, ok = strings.CutSuffix(name, " FOUND")
	}
	name = fileSum.ReplaceAllString(name, "")
	switch {
	case !ok || name == "" || len(name) > maxSignature || !printable(name):
		return Result{}, fmt.Errorf("%w: %.100q", errGarbled, text)
	case strings.HasPrefix(name, limitPrefix):
		return Result{Limit: name}, nil
	}
	return Result{Signatures: []string{name}}, nil
}

func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}
