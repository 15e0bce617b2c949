package problem

import (
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"
)

var install sync.Once

// Install makes huma answer its own refusals (parameters, bodies) with our error body. The hook is one for the process;
// installing it again does nothing.
func Install() {
	install.Do(func() { huma.NewError = fromHuma })
}

// fromHuma turns a refusal of huma's validation into an error body, in the phrases that clients of /v1 look for.
func fromHuma(status int, message string, errs ...error) huma.StatusError {
	if status == http.StatusUnprocessableEntity {
		status = http.StatusBadRequest
	}
	if status == http.StatusInternalServerError {
		e := internal()
		if len(errs) > 0 {
			e.cause = errs[0]
		}
		return e
	}
	sentences := make([]string, 0, len(errs))
	for _, err := range errs {
		sentences = append(sentences, phrase(err))
	}
	if len(sentences) > 0 {
		message = strings.Join(sentences, "; ")
	}
	e := New(status, codeOf(status), message)
	if len(sentences) > 0 {
		e.With("validation_error", message)
	}
	return e
}

func codeOf(status int) string {
	switch status {
	case http.StatusBadRequest:
		return "invalid_request"
	case http.StatusRequestEntityTooLarge:
		return "too_large"
	case http.StatusUnsupportedMediaType:
		return "unsupported_media_type"
	default:
		return strings.ReplaceAll(strings.ToLower(http.StatusText(status)), " ", "_")
	}
}

// phrase words one refusal as the original API does.
func phrase(err error) string {
	d, ok := err.(huma.ErrorDetailer)
	if !ok {
		return err.Error()
	}
	detail := d.ErrorDetail()
	before, after, _ := strings.Cut(validation.MsgExpectedRequiredProperty, "%s")
	if name, ok := strings.CutPrefix(detail.Message, before); ok {
		if name, ok = strings.CutSuffix(name, after); ok {
			return Required(name)
		}
	}
	where, name, _ := strings.Cut(detail.Location, ".")
	switch {
	case strings.HasPrefix(detail.Message, "required ") && name != "":
		return fmt.Sprintf("Missing %s parameter '%s'", where, name)
	case strings.HasPrefix(detail.Message, "invalid boolean") && name != "":
		return fmt.Sprintf("Wrong type, expected 'boolean' for %s parameter '%s'", where, name)
	case (strings.HasPrefix(detail.Message, "invalid integer") || strings.HasPrefix(detail.Message, "invalid number")) && name != "":
		return fmt.Sprintf("Wrong type, expected 'integer' for %s parameter '%s'", where, name)
	case detail.Location != "" && detail.Location != "body":
		return fmt.Sprintf("%s: %s", detail.Location, detail.Message)
	default:
		return detail.Message
	}
}

// Required is the phrase for a missing key; the original client makes a hint of it.
func Required(name string) string { return fmt.Sprintf("'%s' is a required property", name) }
