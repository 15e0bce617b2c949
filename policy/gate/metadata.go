package gate

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"landwaiter.dev/internal/pyregex"
)

var metadataGate = Gate{
	Name:        "metadata",
	Description: "Checks of what the image is: its size, platform, distribution and layers.",
	Triggers: []Trigger{{
		Name:        "attribute",
		Description: "Fires when an attribute of the image satisfies a comparison.",
		Params: []Param{
			{Name: "attribute", Order: 1, Required: true, Type: Enum("size", "architecture", "os_type", "distro", "distro_version", "like_distro", "layer_count"),
				Example: "size", Description: "Attribute to look at; the size is that of all files of the image as it runs, uncompressed."},
			{Name: "check", Order: 2, Required: true, Type: Enum("=", "!=", ">", "<", ">=", "<=", "exists", "not_exists", "like", "not_like", "in", "not_in"), Example: ">",
				Description: "Comparison; texts compare as texts, also versions. like and not_like take a regular expression that is matched from the start, in and not_in a list separated by commas."},
			{Name: "value", Order: 3, Example: "1073741824",
				Type:        Linked("attribute", []Type{Int, Text, sizeType}, attributeType),
				Description: "Value to compare with, not needed for exists and not_exists: of a size bytes or a number with kb, mb, gb or tb (of 1,024), of layer_count a number, else a text."},
		},
		Compile: compileAttribute,
		Odd:     oddAttribute,
	}},
}

var sizeType = pattern("SizeString", "A number of bytes, or a number with kb, mb, gb or tb", `^([0-9]+)([kmgt]b)?$`, nil)

// attributeType is what an attribute is compared with.
func attributeType(attribute string) Type {
	switch attribute {
	case "size":
		return sizeType
	case "layer_count":
		return Int
	}
	return Text
}

// attribute is what the image has of one; nil number for texts.
type attribute struct {
	known  bool
	text   string
	number *big.Int
}

func textAttribute(s string) attribute { return attribute{known: s != "", text: s} }

func numberAttribute(n int64) attribute {
	return attribute{known: true, text: strconv.FormatInt(n, 10), number: big.NewInt(n)}
}

func (c *Context) attribute(name string) attribute {
	a := c.Analysis
	switch name {
	case "size":
		if a.Size == 0 { // what a document says of an image names none
			return attribute{}
		}
		return numberAttribute(a.Size)
	case "layer_count":
		return numberAttribute(int64(len(a.Layers)))
	case "architecture":
		return textAttribute(a.Platform.Architecture)
	case "os_type":
		return textAttribute(orWord(a.Platform.OS, "linux"))
	}
	id, version := c.distro()
	switch name {
	case "distro":
		return textAttribute(id)
	case "like_distro":
		return textAttribute(orWord(strings.Join(a.Distro.Like, ","), id))
	default: // distro_version
		return textAttribute(version)
	}
}

// metadataRule compares one attribute.
type metadataRule struct {
	name, check string
	given       bool // a value to compare with
	text        string
	number      *big.Int
	list        []string
	re          *pyregex.Regexp
}

func compileAttribute(v Values) (Check, error) {
	r := &metadataRule{name: v["attribute"], check: v["check"], text: v["value"]}
	if !v.Has("value") && r.check != "exists" && r.check != "not_exists" {
		return nil, Missing("value")
	}
	r.given = r.text != ""
	if r.given && attributeType(r.name).Name != Text.Name {
		var err error
		if r.number, err = parseSize(strings.TrimSpace(r.text)); err != nil {
			return nil, err
		}
		r.text = r.number.String()
	}
	r.list = splitList(r.text)
	if r.check == "like" || r.check == "not_like" {
		re, err := pyregex.Compile(r.text)
		if err != nil {
			return nil, BadValue("value", "%v", err)
		}
		r.re = re
	}
	return r.run, nil
}

// maxDigits bounds numbers of bytes.
const maxDigits = 30

// parseSize reads digits with or without a unit.
func parseSize(s string) (*big.Int, error) {
	digits := strings.TrimRight(s, "kmgtb")
	if len(digits) > maxDigits {
		return nil, BadValue("value", "the number has %d digits; %d are allowed", len(digits), maxDigits)
	}
	n, ok := new(big.Int).SetString(digits, 10)
	if !ok {
		return nil, BadValue("value", "%s is no number", PythonText(s))
	}
	if unit := s[len(digits):]; unit != "" {
		n.Lsh(n, uint(10*(1+strings.Index("kmgt", unit[:1]))))
	}
	return n, nil
}

func (r *metadataRule) run(c *Context, fire Fire) error {
	a := c.attribute(r.name)
	ok, err := r.holds(c, &a)
	if err != nil || !ok {
		return err
	}
	shown := "None"
	if a.known {
		shown = a.text
	}
	fire("", fmt.Sprintf("Attribute check for attribute: '%s' check: '%s' check_value: '%s' matched image value: '%s'", r.name, r.check, r.text, shown))
	return nil
}

func (r *metadataRule) holds(c *Context, a *attribute) (bool, error) {
	exists := a.known && (a.number == nil || a.number.Sign() != 0)
	switch {
	case r.check == "exists":
		return exists, nil
	case r.check == "not_exists":
		return !exists, nil
	case !r.given:
		return false, nil
	case !a.known:
		return r.check == "!=" || r.check == "not_in", nil
	}
	switch r.check {
	case "in", "not_in":
		return slices.Contains(r.list, a.text) == (r.check == "in"), nil
	case "like", "not_like":
		matched, err := c.Match(r.re, a.text)
		return err == nil && matched == (r.check == "like"), err
	}
	order := cmp.Compare(a.text, r.text)
	if a.number != nil {
		order = a.number.Cmp(r.number)
	}
	return compares(order, r.check, 0), nil
}
