package gate

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"landwaiter.dev/image"
)

var filesGate = Gate{
	Name:        "files",
	Description: "Checks of the files, directories and links of the image as it runs.",
	Triggers: []Trigger{
		{
			Name:        "content_regex_match",
			Description: "Fires for each file and each expression of the analyser's content search that was found in it.",
			Params: []Param{{Name: "regex_name", Type: Text, Example: "internal_host",
				Description: "Name, or full text, of one of the expressions that the analyser searches for; all of them when absent."}},
			Compile: compileContentMatch,
		},
		{
			Name:        "name_match",
			Description: "Fires for each path that a regular expression matches: files, directories and links. As in Python, . does not match a line feed, which a path may hold; begin the expression with (?s) to have it match.",
			Params: []Param{{Name: "regex", Required: true, Type: Text, Known: pathPattern, Example: `.*\.pem`,
				Description: "Regular expression, matched from the start of the absolute path."}},
			Compile: compileNameMatch,
		},
		{
			Name:        "attribute_match",
			Description: "Fires when a file has, or has not, the given checksum and mode; of a missing file, only where skip_missing is false.",
			Params: []Param{
				{Name: "filename", Order: 1, Required: true, Type: Text, Known: absolutePath, Example: "/etc/passwd",
					Description: "Absolute path; links are not followed."},
				{Name: "checksum_algorithm", Order: 2, Type: Enum("sha256"), Example: "sha256", Description: "Kind of checksum; sha256 when absent."},
				{Name: "checksum", Order: 3, Type: Text, Known: knownChecksums, Example: "832cd0f75b227d13aac82b1f70b7f90191a4186c151f9db50851d209c45ede11",
					Description: "Checksum to compare with, in lower case; what is no regular file has " + noContent + "."},
				{Name: "checksum_match", Order: 4, Type: Enum("equals", "not_equals"), Example: "equals", Description: "How the checksum is compared; equals when absent."},
				{Name: "mode", Order: 5, Type: Text, Known: knownModes, Example: "00644", Description: "Permissions to compare with, with set-ID and sticky bits, in octal digits."},
				{Name: "mode_op", Order: 6, Type: Enum("equals", "not_equals"), Example: "equals", Description: "How the mode is compared; equals when absent."},
				{Name: "skip_missing", Order: 7, Type: Bool, Example: "true", Description: "Do not fire for a file that is missing; true when absent."},
			},
			Compile: compileAttributeMatch,
		},
		{
			Name:        "suid_or_guid_set",
			Description: "Fires for each file or directory with the set-user-ID or set-group-ID bit.",
			Compile: func(Values) (Check, error) {
				return func(c *Context, fire Fire) error {
					files := c.files()
					for i := range files {
						if f := &files[i]; f.Mode&0o6000 != 0 {
							fire("", "SUID or SGID found set on file "+f.Path.Abs()+". Mode: "+pythonOctal(uint64(f.TypeBits()|uint32(f.Mode))))
						}
					}
					return nil
				}, nil
			},
		},
	},
}

// noContent stands for the checksum of what is no regular file.
const noContent = "DIRECTORY_OR_OTHER"

// pythonOctal writes a number as Python's oct does.
func pythonOctal(n uint64) string { return "0o" + strconv.FormatUint(n, 8) }

func compileContentMatch(v Values) (Check, error) {
	name, all := v["regex_name"], !v.Has("regex_name")
	return func(c *Context, fire Fire) error {
		found := c.contents.get(func() []sighting { return sightings(c.Analysis.Matches) })
		for _, s := range found {
			if all || name == s.pattern || name == s.rule {
				fire("", "File content analyzer found regexp match in container: file="+s.path+" regexp="+s.expression())
			}
		}
		return nil
	}, nil
}

func compileNameMatch(v Values) (Check, error) {
	re, err := v.Regexp("regex")
	if err != nil {
		return nil, err
	}
	return func(c *Context, fire Fire) error {
		for _, path := range c.absPaths() {
			ok, err := c.Match(re, path)
			if err != nil {
				return err
			}
			if ok {
				fire("", "Application of regex matched file found in container: file="+path+" regexp="+v["regex"])
			}
		}
		return nil
	}, nil
}

// attributeRule is one compiled rule of the attribute_match trigger.
type attributeRule struct {
	filename             string
	checksum, checksumOp string
	mode                 uint64
	hasMode              bool
	modeOp               string
	skipMissing          bool
}

func compileAttributeMatch(v Values) (Check, error) {
	r := &attributeRule{
		filename: v["filename"], checksum: v["checksum"], checksumOp: v.Word("checksum_match", "equals"),
		modeOp: v.Word("mode_op", "equals"), skipMissing: v.Bool("skip_missing", true),
	}
	if text := strings.TrimSpace(v["mode"]); text != "" {
		digits := strings.TrimPrefix(strings.TrimPrefix(text, "0o"), "0O")
		var err error
		if r.mode, err = strconv.ParseUint(digits, 8, 32); err != nil {
			return nil, BadValue("mode", "%s is no mode: want octal digits like 00644", PythonText(text))
		}
		r.hasMode = true
	}
	return r.check, nil
}

func (r *attributeRule) check(c *Context, fire Fire) error {
	files := c.files()
	if files == nil {
		return nil
	}
	f := fileAt(files, r.filename)
	if f == nil {
		if !r.skipMissing {
			fire("", "filename="+r.filename+" and skip_missing=False")
		}
		return nil
	}
	message := "filename=" + r.filename
	if r.checksum != "" {
		sum, err := checksumOf(f)
		if err != nil {
			return err
		}
		if (sum == r.checksum) != (r.checksumOp == "equals") {
			return nil
		}
		message += " and checksum=" + sum + " op=" + r.checksumOp + " specified_checksum=" + r.checksum
	}
	if r.hasMode {
		mode := uint64(f.Mode & 0o7777)
		if (mode == r.mode) != (r.modeOp == "equals") {
			return nil
		}
		message += " and mode=" + pythonOctal(mode) + " op=" + r.modeOp + " specified_mode=" + pythonOctal(r.mode)
	}
	if r.checksum != "" || r.hasMode {
		fire("", message)
	}
	return nil
}

// fileAt finds the entry with exactly that absolute path; nil when there is none.
func fileAt(files []image.File, abs string) *image.File {
	path, ok := strings.CutPrefix(abs, "/")
	i, found := slices.BinarySearchFunc(files, image.Path(path), func(f image.File, p image.Path) int { return cmp.Compare(f.Path, p) })
	if !ok || !found {
		return nil
	}
	return &files[i]
}

func checksumOf(f *image.File) (string, error) {
	switch {
	case f.Type != image.Regular:
		return noContent, nil
	case f.SHA256 == nil:
		return "", fmt.Errorf("the content of %s was not read, so that its checksum is not known", f.Path.Abs())
	}
	return hex.EncodeToString(f.SHA256), nil
}
