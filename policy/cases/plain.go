package cases

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
)

// plainly says what is wrong with a document in its own words, without the names of types in this program.
func plainly(err error) error {
	wrong, is := errors.AsType[*json.UnmarshalTypeError](err)
	if !is {
		return errors.New(strings.TrimPrefix(err.Error(), "json: "))
	}
	given, _, _ := strings.Cut(wrong.Value, " ") // "number 1.5"
	// Keys are in lower case; what is not is the name of an embedded type.
	what := strings.Join(slices.DeleteFunc(strings.Split(wrong.Field, "."), func(key string) bool { return key != "" && key[0] >= 'A' && key[0] <= 'Z' }), ".")
	if what == "" {
		what = "it"
	}
	return errors.New(what + " must be " + kind(wrong.Type) + ", not " + withArticle(given))
}

func kind(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a text"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Struct, reflect.Map, reflect.Pointer:
		return "an object (key: value)"
	}
	return "a number"
}

func withArticle(value string) string {
	switch value {
	case "string":
		return "a text"
	case "bool":
		return "true or false"
	case "array":
		return "a list"
	case "object":
		return "an object"
	}
	return "a " + value
}
