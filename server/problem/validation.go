package problem

import (
	"fmt"
	"net/http"
	"strconv"
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
	case name != "":
		return bound(name, detail)
	default:
		return detail.Message
	}
}

// bounds word the refusals of values that are too large, too small or not in a list, by the sentence of huma that each
// stands for; the second %s is what that sentence names.
var bounds = []struct{ huma, ours string }{
	{validation.MsgExpectedMaximumNumber, "'%s' must be at most %s"},
	{validation.MsgExpectedMinimumNumber, "'%s' must be at least %s"},
	{validation.MsgExpectedMaxLength, "'%s' must have at most %s characters"},
	{validation.MsgExpectedMinLength, "'%s' must have at least %s characters"},
	{validation.MsgExpectedMaxItems, "'%s' must have at most %s elements"},
	{validation.MsgExpectedMinItems, "'%s' must have at least %s elements"},
	{validation.MsgExpectedOneOf, "'%s' must be one of %s"},
}

// bound words the refusal of a value. What was sent stands in it where it is short.
func bound(name string, detail *huma.ErrorDetail) string {
	sentence := fmt.Sprintf("'%s': %s", name, detail.Message)
	for _, b := range bounds {
		before, after, _ := strings.Cut(b.huma, "%")
		limit, is := strings.CutPrefix(detail.Message, before)
		if limit = strings.TrimSuffix(limit, after[1:]); is {
			if n, err := strconv.ParseFloat(limit, 64); err == nil {
				limit = strconv.FormatFloat(n, 'f', -1, 64) // not 1e+06
			}
			sentence = fmt.Sprintf(b.ours, name, limit)
			break
		}
	}
	switch sent := fmt.Sprint(detail.Value); detail.Value.(type) {
	case string:
		if len(sent) <= 50 {
			sentence += fmt.Sprintf(", not %q", sent)
		}
	case int, int64, uint64, float64:
		sentence += ", not " + sent
	}
	return sentence
}

// Required is the phrase for a missing key; the original client makes a hint of it.
func Required(name string) string { return fmt.Sprintf("'%s' is a required property", name) }
