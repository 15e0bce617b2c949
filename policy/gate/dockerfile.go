package gate

import (
	"slices"
	"strings"

	"landwaiter.dev/internal/pyregex"
)

// Instructions that the instruction trigger knows.
var dockerfileWords = []string{
	"ADD", "ARG", "COPY", "CMD", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER", "ONBUILD", "USER", "RUN",
	"SHELL", "STOPSIGNAL", "VOLUME", "WORKDIR",
}

var dockerfileGate = Gate{
	Name:        "dockerfile",
	Description: "Checks of the Dockerfile that was given with the image, or else of the one guessed from the image's history.",
	Triggers: []Trigger{
		{
			Name:        "instruction",
			Description: "Fires for each line of the instruction that satisfies the check, or once for not_exists when there is no such line.",
			Params: []Param{
				{Name: "instruction", Order: 1, Required: true, Type: Enum(dockerfileWords...), Example: "FROM",
					Description: "Instruction to look at, in upper case."},
				{Name: "check", Order: 2, Required: true, Type: Enum("=", "!=", "exists", "not_exists", "like", "not_like", "in", "not_in"), Example: "=",
					Description: "Comparison of what follows the instruction with the value; like and not_like take a regular expression that is matched from the start, in and not_in a list separated by commas."},
				{Name: "value", Order: 3, Type: Text, Example: "scratch",
					Description: "Value to compare with; without one, only exists and not_exists ever fire."},
				actualOnly,
			},
			Compile: compileInstruction,
			Odd:     oddInstruction,
		},
		{
			Name:        "effective_user",
			Description: "Fires when the user of the last USER line, or root when there is none, is not allowed.",
			Params: []Param{
				{Name: "users", Order: 1, Required: true, Type: LooseList, Example: "root,docker",
					Description: "Names that are compared with the whole user as written; a group or a number is part of it."},
				{Name: "type", Order: 2, Required: true, Type: Enum("whitelist", "blacklist"), Example: "blacklist",
					Description: "Whether the users are the only ones allowed, or not allowed."},
			},
			Compile: compileEffectiveUser,
			Odd:     oddUsers,
		},
		{
			Name:        "exposed_ports",
			Description: "Fires for each exposed port that is not allowed, and for a range unless every port in it is.",
			Params: []Param{
				{Name: "ports", Order: 1, Required: true, Type: Numbers, Known: knownPorts, Example: "80,8080,8088",
					Description: "Port numbers; each stands for itself, for /tcp and for /udp. A range that the image exposes is all the ports in it."},
				{Name: "type", Order: 2, Required: true, Type: Enum("whitelist", "blacklist"), Example: "blacklist",
					Description: "Whether the ports are the only ones allowed, or not allowed."},
				actualOnly,
			},
			Compile: compileExposedPorts,
		},
		{
			Name:        "no_dockerfile_provided",
			Description: "Fires when no Dockerfile was given with the image.",
			Compile: func(Values) (Check, error) {
				return func(c *Context, fire Fire) error {
					if c.DockerfileMode != Actual {
						fire("", "Image was not analyzed with an actual Dockerfile")
					}
					return nil
				}, nil
			},
		},
	},
}

var actualOnly = Param{Name: "actual_dockerfile_only", Type: Bool, Example: "true",
	Description: "Only look at a Dockerfile that was given, not at a guessed one."}

// dockerfile prepares the instructions once; nil when there is no Dockerfile of a known mode, or only a guessed one where
// that does not count.
func (c *Context) dockerfile(actualOnly bool) []instruction {
	if !c.prepared {
		c.prepared = true
		switch c.DockerfileMode {
		case Actual:
			c.instructions = parseDockerfile(c.Dockerfile)
		case Guessed:
			c.instructions = parseGuessed(c.Dockerfile)
		}
	}
	if actualOnly && c.DockerfileMode != Actual {
		return nil
	}
	return c.instructions
}

// hasDockerfile says whether there is one to look at, be it empty.
func (c *Context) hasDockerfile(actualOnly bool) bool {
	return c.DockerfileMode == Actual || c.DockerfileMode == Guessed && !actualOnly
}

func compileInstruction(v Values) (Check, error) {
	name, check, value := v["instruction"], v["check"], v["value"]
	actual := v.Bool(actualOnly.Name, false)
	var re *pyregex.Regexp
	if check == "like" || check == "not_like" {
		var err error
		if re, err = v.Regexp("value"); err != nil {
			return nil, err
		}
	}
	list := splitList(value)
	holds := func(c *Context, rest string) (bool, error) {
		switch check {
		case "exists":
			return true, nil
		case "=":
			return rest == value, nil
		case "!=":
			return rest != value, nil
		case "in":
			return slices.Contains(list, rest), nil
		case "not_in":
			return !slices.Contains(list, rest), nil
		default: // like, not_like
			matched, err := c.Match(re, rest)
			return matched == (check == "like"), err
		}
	}
	return func(c *Context, fire Fire) error {
		if !c.hasDockerfile(actual) {
			return nil
		}
		if value == "" && check != "exists" && check != "not_exists" {
			return nil // nothing to compare with
		}
		found := false
		for _, ins := range c.dockerfile(actual) {
			if ins.name != name {
				continue
			}
			found = true
			if check == "not_exists" {
				return nil
			}
			ok, err := holds(c, ins.rest)
			if err != nil {
				return err
			}
			if ok {
				fire("", "Dockerfile directive '"+name+"' check '"+check+"' matched against '"+value+"' for line '"+ins.rest+"'")
			}
		}
		if check == "not_exists" && !found {
			fire("", "Dockerfile directive '"+name+"' not found, matching condition 'not_exists' check")
		}
		return nil
	}, nil
}

func compileEffectiveUser(v Values) (Check, error) {
	users := slices.DeleteFunc(v.List("users"), func(u string) bool { return u == "" })
	allowed := v["type"] == "whitelist"
	return func(c *Context, fire Fire) error {
		if !c.hasDockerfile(false) {
			return nil
		}
		user := "root"
		for _, ins := range c.dockerfile(false) {
			if ins.name == "USER" {
				user = strings.TrimSuffix(strings.TrimPrefix(ins.rest, "["), "]")
			}
		}
		switch listed := slices.Contains(users, user); {
		case allowed && !listed:
			fire("", "User "+user+" found as effective user, which is not on the allowed list")
		case !allowed && listed:
			fire("", "User "+user+" found as effective user, which is explicity not allowed")
		}
		return nil
	}, nil
}
