package gate

import (
	"slices"
	"strconv"
	"strings"
)

func compileExposedPorts(v Values) (Check, error) {
	ports := v.List("ports")
	for i, p := range ports { // numbers, so that leading zeros vanish
		if ports[i] = strings.TrimLeft(p, "0"); ports[i] == "" {
			ports[i] = "0"
		}
	}
	actual, allowed := v.Bool(actualOnly.Name, false), v["type"] == "whitelist"
	numbers := portNumbers(ports)
	return func(c *Context, fire Fire) error {
		var lines [][]string
		for _, ins := range c.dockerfile(actual) {
			if ins.name == "EXPOSE" {
				lines = append(lines, strings.Fields(ins.rest))
			}
		}
		if !allowed {
			deniedPorts(ports, lines, fire)
			return nil
		}
		for _, words := range lines {
			for _, p := range ports {
				words = strike(words, p)
			}
			for _, w := range words {
				if r, is := parseRange(w); is && r.within(numbers) {
					continue
				}
				fire("", "Dockerfile exposes port ("+w+") which is not in policy file ALLOWEDPORTS list")
			}
		}
		return nil
	}, nil
}

// deniedPorts fires for the ports that a line names, and then for those that are only in a range: each once.
func deniedPorts(ports []string, lines [][]string, fire Fire) {
	found := func(form string) {
		fire("", "Dockerfile exposes port ("+form+") which is in policy file DENIEDPORTS list")
	}
	named := map[string]bool{}
	var ranges []portRange
	for _, words := range lines {
		for _, p := range ports {
			for _, form := range []string{p, p + "/tcp", p + "/udp"} {
				if slices.Contains(words, form) {
					found(form)
					named[p] = true
					break
				}
			}
		}
		for _, w := range words {
			if r, is := parseRange(w); is {
				ranges = append(ranges, r)
			}
		}
	}
	for _, p := range ports {
		n, err := strconv.ParseUint(p, 10, 16)
		if err != nil || named[p] {
			continue
		}
		for _, end := range []string{"", "/tcp", "/udp"} {
			if slices.ContainsFunc(ranges, func(r portRange) bool { return r.end == end && r.first <= n && n <= r.last }) {
				found(p + end)
				named[p] = true
				break
			}
		}
	}
}

// strike takes one p, one p/tcp and one p/udp out of the words, and again as long as there was a p/udp.
func strike(words []string, p string) []string {
	for again := true; again; {
		for _, form := range []string{p, p + "/tcp", p + "/udp"} {
			i := slices.Index(words, form)
			if again = i >= 0; again {
				words = slices.Delete(words, i, i+1)
			}
		}
	}
	return words
}

// portRange is a range of an EXPOSE line. Its end is "", "/tcp" or "/udp", as of a single port.
type portRange struct {
	first, last uint64
	end         string
}

// parseRange reads "6000-6003/tcp"; a word that is no range of ports is none. A single port that is not written as
// everybody does ("022/TCP") is a range too: only the usual words are compared as words.
func parseRange(word string) (portRange, bool) {
	span, protocol, has := strings.Cut(word, "/")
	first, last, is := strings.Cut(span, "-")
	if !is {
		if first == strings.TrimLeft(first, "0") && protocol == strings.ToLower(protocol) {
			return portRange{}, false
		}
		last = first
	}
	var r portRange
	var err [2]error
	r.first, err[0] = strconv.ParseUint(first, 10, 16)
	r.last, err[1] = strconv.ParseUint(last, 10, 16)
	if has {
		r.end = "/" + strings.ToLower(protocol)
	}
	return r, err[0] == nil && err[1] == nil && r.first <= r.last && slices.Contains([]string{"", "/tcp", "/udp"}, r.end)
}

// within says whether every port of the range is among the numbers, which are sorted and distinct.
func (r portRange) within(numbers []uint64) bool {
	from, _ := slices.BinarySearch(numbers, r.first)
	to, _ := slices.BinarySearch(numbers, r.last+1)
	return uint64(to-from) == r.last-r.first+1
}

// portNumbers are the ports as numbers, sorted and distinct.
func portNumbers(ports []string) []uint64 {
	var numbers []uint64
	for _, p := range ports {
		if n, err := strconv.ParseUint(p, 10, 16); err == nil {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return slices.Compact(numbers)
}
