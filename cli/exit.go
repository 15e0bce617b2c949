package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"landwaiter.dev/client"
	"landwaiter.dev/internal/terminal"
	"landwaiter.dev/policy"
)

// The exit codes.
const (
	ExitOK          = 0
	ExitStop        = 1
	ExitFailed      = 2
	ExitNotFound    = 3
	ExitNotAnalyzed = 4
	ExitNotAllowed  = 5
)

// ExitCodes is the table of exit codes, for help and documents.
var ExitCodes = []struct {
	Code    int
	Meaning string
}{
	{ExitOK, "done; of check and scan: the policy lets the image pass"},
	{ExitStop, "the policy says stop; of policy lint: a bundle is not valid; of policy test: a case failed"},
	{ExitFailed, "could not do it"},
	{ExitNotFound, "not found"},
	{ExitNotAnalyzed, "the image is not analysed, or its analysis failed"},
	{ExitNotAllowed, "not signed in, or not allowed"},
}

func exitHelp() string {
	var b strings.Builder
	b.WriteString("\nExit codes:\n")
	for _, e := range ExitCodes {
		fmt.Fprintf(&b, "  %d  %s\n", e.Code, e.Meaning)
	}
	return b.String()
}

// Exit is an error with an exit code of its own. Without an Err nothing is printed.
type Exit struct {
	Code int
	Err  error
}

func (e *Exit) Error() string {
	if e.Err == nil {
		return ""
	}
	return e.Err.Error()
}

// Unwrap gives the cause.
func (e *Exit) Unwrap() error { return e.Err }

// usageError is a command line that cannot be understood.
type usageError struct {
	command string
	err     error
}

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usage(c *cobra.Command, err error) error { return &usageError{c.CommandPath(), err} }

// exit prints an error in one place and gives its exit code.
func (a *app) exit(err error) int {
	if err == nil {
		return ExitOK
	}
	code := exitCode(err)
	if err.Error() == "" {
		return code
	}
	if a.output == "json" {
		a.printJSONError(code, err)
		return code
	}
	fmt.Fprintf(a.err, "landwaiter: %s\n", terminal.EscapeLines(err.Error()))
	if hint := a.hint(err); hint != "" {
		fmt.Fprintf(a.err, "landwaiter: %s\n", terminal.EscapeLines(hint))
	}
	return code
}

// exitCode is the one place that maps errors to exit codes.
func exitCode(err error) int {
	var own *Exit
	var refusal *client.Error
	switch {
	case errors.As(err, &own):
		return own.Code
	case !errors.As(err, &refusal):
		return ExitFailed
	case refusal.Status == http.StatusUnauthorized, refusal.Status == http.StatusForbidden:
		return ExitNotAllowed
	case refusal.Code == "not_analyzed":
		return ExitNotAnalyzed
	case refusal.Status == http.StatusNotFound, refusal.Code == "image_not_found":
		return ExitNotFound
	default:
		return ExitFailed
	}
}

// hint says what to do about an error; "" when the error says it.
func (a *app) hint(err error) string {
	var misuse *usageError
	var refusal *client.Error
	var unreachable *client.Unreachable
	var invalid *policy.InvalidError
	switch {
	case errors.As(err, &misuse):
		return "see " + misuse.command + " --help"
	case errors.As(err, &unreachable) && !errors.Is(err, context.Canceled):
		return "is the server running there? Say where with --url or LANDWAITER_URL"
	case errors.As(err, &invalid):
		return otherProblems(invalid.Problems[1:])
	case !errors.As(err, &refusal):
		return ""
	case refusal.Status == http.StatusUnauthorized:
		return "give user and password with LANDWAITER_USER and LANDWAITER_PASS, or --user and the prompt"
	case refusal.Code == "unauthorised" && refusal.Status == http.StatusBadRequest:
		return "store credentials for the registry with landwaiter registry add REGISTRY USER"
	case refusal.Code == "not_analyzed" && refusal.Detail["analysis_error"] != nil:
		return "when the cause is mended, have it analysed again with landwaiter image add IMAGE --force"
	case refusal.Code == "not_analyzed":
		return "wait for the analysis with landwaiter image wait IMAGE"
	case refusal.Code == "invalid_policy":
		return problems(refusal.Detail["validation_details"])
	}
	return ""
}

// otherProblems lists what a bundle on disk has beside what its error says, a line each.
func otherProblems(list []policy.Problem) string {
	lines := make([]string, len(list))
	for i, p := range list {
		lines[i] = "also: " + p.Text()
	}
	return strings.Join(lines, "\n")
}

// problems lists what a refused bundle has, a line each.
func problems(details any) string {
	list, _ := details.([]any)
	var lines []string
	for _, entry := range list {
		var p policy.Problem
		if raw, err := json.Marshal(entry); err == nil && json.Unmarshal(raw, &p) == nil {
			lines = append(lines, p.Type+": "+p.Text())
		}
	}
	return strings.Join(lines, "\n")
}

// printJSONError writes the error as an object, for programs that asked for JSON.
func (a *app) printJSONError(code int, err error) {
	body := map[string]any{"error": err.Error(), "exit_code": code}
	var refusal *client.Error
	if errors.As(err, &refusal) {
		body["httpcode"], body["code"], body["detail"] = refusal.Status, refusal.Code, refusal.Detail
	}
	text, _ := json.Marshal(body) // plain values
	fmt.Fprintf(a.err, "%s\n", text)
}
