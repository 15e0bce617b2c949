package gate

import (
	"strings"

	"landwaiter.dev/image"
)

var verifyTrigger = Trigger{
	Name:        "verify",
	Description: "Fires for each file that is not as the package database of the distribution says: changed, or missing. Configuration files may be changed, and files may be symlinks.",
	Params: []Param{
		{Name: "only_packages", Order: 1, Type: List, Example: "libssl,openssl", Description: "Packages to look at, by their exact names; all when absent."},
		{Name: "only_directories", Order: 2, Type: List, Known: absolutePath, Example: "/usr,/var/lib", Description: "Texts that the path must begin with; every path when absent. A path that begins with two of them fires twice."},
		{Name: "check", Order: 3, Type: Enum("changed", "missing"), Example: "changed", Description: "What to look for; both when absent."},
	},
	Compile: compileVerify,
}

func compileVerify(v Values) (Check, error) {
	packages, directories, only := v.Set("only_packages"), v.List("only_directories"), v["check"]
	return func(c *Context, fire Fire) error {
		differences := c.Analysis.Verification.Differences
		for i := range differences {
			d := &differences[i]
			status := "changed" // also of a mode
			if d.Status == image.FileMissing {
				status = "missing"
			} else if d.Config || d.Symlink {
				continue
			}
			if only != "" && only != status || len(packages) > 0 && !packages[d.Package.Name] {
				continue
			}
			if err := c.Over(); err != nil {
				return err
			}
			path := d.Path.Abs()
			message := "VERIFY check against package db for package '" + d.Package.Name + "' failed on entry '" + path + "' with status: '" + status + "'"
			if directories == nil {
				fire("", message)
			}
			for _, dir := range directories {
				if strings.HasPrefix(path, dir) {
					fire("", message)
				}
			}
		}
		return nil
	}, nil
}
