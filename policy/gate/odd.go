package gate

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"landwaiter.dev/advisory"
)

// What is odd about parameters together.

// oddSeverity finds comparisons that no severity satisfies, and words that are passed over; the comparison when absent is that of
// the trigger.
func oddSeverity(comparison string) func(v Values) []Doubt {
	return func(v Values) []Doubt {
		if !v.Has("severity") && !v.Has("severity_comparison") {
			return nil
		}
		word, how := v.Word("severity", "unknown"), v.Word("severity_comparison", comparison)
		wanted := slices.Index(severityWords, word)
		for i := range severityWords {
			if compares(i, how, wanted) {
				return nil
			}
		}
		return []Doubt{{Param: "severity", Text: "no severity is " + how + " " + word + ": the rule never fires", Hint: "they go from unknown to critical"}}
	}
}

// oddPackage is what is odd about a rule of the package trigger.
func oddPackage(v Values) []Doubt {
	list := oddSeverity(">")(v)
	for name := range v {
		score, is := strings.CutSuffix(name, "_score_comparison")
		if is && !v.Has(score+"_score") {
			list = append(list, Doubt{Param: name, Text: "the comparison counts only with " + score + "_score, which is not given", Hint: "give it, or leave the comparison out"})
		}
		if !strings.HasSuffix(name, "_score") {
			continue
		}
		if f, _ := v.Float(name); f > 10 {
			list = append(list, Doubt{Param: name, Text: "no score is above 10", Hint: "write a number from 0.0 to 10.0"})
		}
	}
	slices.SortFunc(list, func(a, b Doubt) int { return cmp.Compare(a.Param, b.Param) })
	if v.Has("max_days_since_fix") && !v.Bool("fix_available", false) {
		list = append(list, Doubt{Param: "max_days_since_fix", Text: "the days count only with fix_available=true", Hint: "give it, or leave the days out"})
	}
	return list
}

func oddUsers(v Values) []Doubt {
	if slices.ContainsFunc(v.List("users"), func(u string) bool { return u != "" }) {
		return nil
	}
	if v["type"] == "whitelist" {
		return []Doubt{{Param: "users", Text: "no user is allowed: the rule fires for every image", Hint: "name those that are allowed"}}
	}
	return []Doubt{{Param: "users", Text: "no user is named: the rule never fires", Hint: "name those that are not allowed, for example root,0"}}
}

func oddInstruction(v Values) []Doubt {
	check := v["check"]
	switch compare := check != "exists" && check != "not_exists"; {
	case compare && v["value"] == "":
		return []Doubt{{Param: "check", Text: "there is no value to compare with: the rule never fires", Hint: "give the parameter value, or use exists or not_exists"}}
	case !compare && v["value"] != "":
		return []Doubt{{Param: "value", Text: "the check " + check + " does not look at the value", Hint: "leave it out"}}
	}
	return nil
}

// The values that attributes of images have, as far as they are few.
var (
	architectures = []string{"386", "amd64", "arm", "arm64", "loong64", "mips", "mips64", "mips64le", "mipsle", "ppc64", "ppc64le", "riscv64", "s390x", "wasm"}
	systems       = []string{"aix", "android", "darwin", "freebsd", "linux", "netbsd", "openbsd", "solaris", "wasi", "wasip1", "windows"}
)

const unknownDistro = "no distribution that is known here has the ID "

func oddAttribute(v Values) []Doubt {
	name, check := v["attribute"], v["check"]
	compare := check != "exists" && check != "not_exists"
	switch {
	case compare && v["value"] == "":
		return []Doubt{{Param: "check", Text: "there is no value to compare with: the rule never fires", Hint: "give the parameter value, or use exists or not_exists"}}
	case !compare && v["value"] != "":
		return []Doubt{{Param: "value", Text: "the check " + check + " does not look at the value", Hint: "leave it out"}}
	case !slices.Contains([]string{"=", "!=", "in", "not_in"}, check):
		return nil
	}
	values := []string{v["value"]}
	if check == "in" || check == "not_in" {
		values = splitList(v["value"])
	}
	var words []string
	what := ""
	switch name {
	case "architecture":
		words, what = architectures, "no image has the architecture "
	case "os_type":
		words, what = systems, "no image is for the operating system "
	case "distro":
		words, what = append(advisory.DistroIDs(), "Unknown"), unknownDistro
	default:
		return nil
	}
	var list []Doubt
	for _, value := range values {
		if !slices.Contains(words, value) {
			list = append(list, Doubt{Param: "value", Text: what + strconv.Quote(value), Value: value, Like: words, Hint: "write it as os-release and image configs do: in lower case, without the version"})
		}
	}
	return list
}

// oddRuleNames finds names in a rule of the secret_scans gate that no rule for secrets has.
func oddRuleNames(value string, n *Names) *Doubt {
	for _, one := range splitList(value) {
		if d := oddRuleName(one, n); d != nil {
			return d
		}
	}
	return nil
}

// oddRuleName judges one: a rule counts whose name or text is a part of it.
func oddRuleName(value string, n *Names) *Doubt {
	if len(n.SecretRules) == 0 || value == "" || strings.ContainsFunc(value, func(r rune) bool {
		return !(r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z')
	}) {
		return nil // an expression by its text
	}
	for _, rule := range n.SecretRules {
		if strings.Contains(value, rule) {
			return nil
		}
	}
	return &Doubt{Text: "no rule for secrets is called " + strconv.Quote(value), Value: value, Like: n.SecretRules, Hint: ownNames(n, "the setting analysis.secret_rules has none of that name")}
}
