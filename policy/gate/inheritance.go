package gate

import (
	"slices"
	"time"

	"landwaiter.dev/image"
)

// ofLayers are the words for what a base image brought and what was added to it.
var ofLayers = Enum("base", "image")

var inheritanceGate = Gate{
	Name: "inheritance",
	Description: "Checks of what comes from the base image, and of the base image itself. The base is the image known here whose layers are the lowest ones of this one; " +
		"where none is known nothing counts as inherited. An addition of Landwaiter.",
	Triggers: []Trigger{
		{
			Name: "vulnerabilities",
			Description: "Fires for each vulnerability of a package that came with the base image, or of one that this image added or replaced. The trigger id is that of the " +
				"package trigger of the vulnerabilities gate.",
			Params: append([]Param{{Name: "origin", Order: 1, Required: true, Type: ofLayers, Example: "image",
				Description: "Where the package comes from: the base image, or this image itself."}}, narrowingParams(2)...),
			Compile: compileInheritedVulnerabilities,
			Odd:     oddSeverity(">="),
			Needs:   always(NeedLineage),
		},
		{
			Name:        "packages",
			Description: "Fires for each package that came with the base image, or that this image added or replaced. The trigger id is the package's name.",
			Params: []Param{
				{Name: "origin", Order: 1, Required: true, Type: ofLayers, Example: "image", Description: "Where the package comes from: the base image, or this image itself."},
				{Name: "package_type", Order: 2, Type: packageTypes, Example: "os", Description: "Kind of packages to look at; all when absent."},
				{Name: "names", Order: 3, Type: List, Example: "gcc,make", Description: "Names of packages, in their exact spelling; all when absent."},
			},
			Compile: compileInheritedPackages,
			Needs:   always(NeedLineage),
		},
		{
			Name:        "base_unknown",
			Description: "Fires when no image known here is the base of this one.",
			Params: []Param{{Name: "accept_declared", Order: 1, Type: Bool, Example: "true",
				Description: "Be content with a base that the image names itself, though nobody checked it; false when absent."}},
			Compile: compileBaseUnknown,
			Needs:   always(NeedLineage),
		},
		{
			Name: "base_outdated",
			Description: "Fires for each tag of the base image that points at another digest now, as far as is known here. Where no base is known, the one that the image names " +
				"itself counts. The trigger id is the tag.",
			Params: []Param{{Name: "grace_days", Order: 1, Type: Int, Example: "7",
				Description: "Days from the moment at which the tag was seen to have moved; 0 when absent."}},
			Compile: compileBaseOutdated,
			Needs:   always(NeedLineage | NeedNewer),
		},
		{
			Name: "base_age",
			Description: "Fires when the base image was made a number of days ago or longer: at the time that the history of this image gives for the last layer of the base. " +
				"Without a known base, or without a time, it never fires.",
			Params: []Param{{Name: "max_days", Order: 1, Required: true, Type: Int, Example: "90",
				Description: "Days from the making of the base image."}},
			Compile: compileBaseAge,
			Needs:   always(NeedLineage),
		},
	},
}

// base is the known base image; nil when there is none.
func (c *Context) base() *image.KnownBase {
	if c.Facts.Lineage == nil {
		return nil
	}
	return c.Facts.Lineage.Base
}

func compileInheritedVulnerabilities(v Values) (Check, error) {
	inherited, about := v["origin"] == "base", narrow(v)
	return func(c *Context, fire Fire) error {
		base := c.base()
		all := c.vulnerabilities()
		for i := range all {
			if f := &all[i]; base.Inherits(f.Package.Layer) == inherited && about(f) {
				fire(f.id, f.opening("Vulnerability")+"("+originText(base, inherited)+")"+f.closing())
			}
		}
		return nil
	}, nil
}

func originText(base *image.KnownBase, inherited bool) string {
	switch {
	case inherited:
		return "from the base image " + baseName(base)
	case base == nil:
		return "no base image is known"
	}
	return "not from the base image"
}

// baseName names a base for people: its newest tag, or its digest.
func baseName(b *image.KnownBase) string {
	if len(b.Tags) > 0 {
		return b.Tags[0]
	}
	return string(b.Digest)
}

func compileInheritedPackages(v Values) (Check, error) {
	inherited, packageType, names := v["origin"] == "base", v.Word("package_type", "all"), v.List("names")
	return func(c *Context, fire Fire) error {
		base := c.base()
		for i := range c.Analysis.Packages {
			p := &c.Analysis.Packages[i]
			class := "non-os"
			if p.Type.OS() {
				class = "os"
			}
			if base.Inherits(p.Layer) != inherited || packageType != "all" && packageType != class || names != nil && !slices.Contains(names, p.Name) {
				continue
			}
			fire(p.Name, "Package "+p.Name+" "+p.Version+" ("+p.Type.V1()+"): "+originText(base, inherited))
		}
		return nil
	}, nil
}

func compileBaseUnknown(v Values) (Check, error) {
	declared := v.Bool("accept_declared", false)
	return func(c *Context, fire Fire) error {
		l := c.Facts.Lineage
		if c.base() != nil || declared && l != nil && l.Declared != nil {
			return nil
		}
		text := "No image known here is the base of this image"
		if l != nil && l.Declared != nil && l.Declared.Name != "" {
			text += "; it names " + l.Declared.Name + " itself"
		}
		fire("", text)
		return nil
	}, nil
}

func compileBaseOutdated(v Values) (Check, error) {
	days := max(v.Days("grace_days"), 0)
	return func(c *Context, fire Fire) error {
		if c.Facts.Lineage == nil {
			return nil
		}
		for _, n := range c.Facts.Lineage.Newer {
			if c.overdue(n.Since, days) {
				fire(n.Tag, "Base image is out of date: "+n.Tag+" is "+string(n.Digest)+" since "+day(n.Since)+", and this image was built on "+string(n.Was))
			}
		}
		return nil
	}, nil
}

func compileBaseAge(v Values) (Check, error) {
	days := v.Days("max_days")
	return func(c *Context, fire Fire) error {
		base := c.base()
		made := c.baseMade()
		if base != nil && !made.IsZero() && c.overdue(made, days) {
			fire("", "Base image "+baseName(base)+" was made on "+day(made)+", "+plural(days, "day")+" allowed")
		}
		return nil
	}, nil
}

// baseMade is when the last layer of the known base was made, as the history says; zero when it does not.
func (c *Context) baseMade() time.Time {
	left := c.base().Count()
	for _, h := range c.Analysis.History {
		if h.EmptyLayer {
			continue
		}
		if left--; left == 0 {
			t, err := time.Parse(time.RFC3339, h.Created)
			if err != nil || t.Unix() <= 0 {
				return time.Time{}
			}
			return t.UTC()
		}
	}
	return time.Time{}
}
