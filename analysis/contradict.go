package analysis

import (
	"encoding/json"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"landwaiter.dev/image"
)

// said is what the lines of a history say, by instruction. The config is what runs, and the history is a text that
// nobody checks: what the config has and the lines do not say is to be added.
type said struct {
	lines map[string][]string
	// budget of bytes to search: a hostile config has many values and long lines. When it is used up, nothing is found,
	// and so all is added.
	budget int
}

func newSaid(lines []string) *said {
	s := &said{lines: map[string][]string{}, budget: 64 << 20}
	for _, l := range lines {
		// As the gates read a guessed line.
		l = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(l), "# buildkit"))
		end := strings.IndexAny(l, " \t")
		if end < 0 {
			end = len(l)
		}
		word := strings.ToUpper(l[:end])
		s.lines[word] = append(s.lines[word], strings.TrimSpace(l[end:]))
	}
	return s
}

// last is what the last line of the instruction says.
func (s *said) last(word string) (string, bool) {
	l := s.lines[word]
	if len(l) == 0 {
		return "", false
	}
	return l[len(l)-1], true
}

// within says whether line has one of the forms as a text of its own, and where it ends.
func (s *said) within(line string, forms ...string) (end int, ok bool) {
	const edges = " \t[]{}(),;=\"'"
	for _, form := range forms {
		for from := 0; form != "" && s.budget > 0; {
			s.budget -= len(line) - from + len(form)
			i := strings.Index(line[from:], form)
			if i < 0 {
				break
			}
			i += from
			end := i + len(form)
			if (i == 0 || strings.IndexByte(edges, line[i-1]) >= 0) && (end == len(line) || strings.IndexByte(edges, line[end]) >= 0) {
				return end, true
			}
			from = i + 1
		}
	}
	return 0, false
}

// any says whether a line of the instruction has one of the forms.
func (s *said) any(word string, forms ...string) bool {
	return slices.ContainsFunc(s.lines[word], func(l string) bool {
		_, ok := s.within(l, forms...)
		return ok
	})
}

// all says whether the last line of the instruction has all the words in their order, as they are or quoted.
func (s *said) all(word string, words []string) bool {
	line, ok := s.last(word)
	for _, w := range words {
		if !ok {
			return false
		}
		if w == "" {
			continue
		}
		var end int
		q := strconv.Quote(w)
		end, ok = s.within(line, oneLine(w), q[1:len(q)-1])
		line = line[end:]
	}
	return ok
}

// extra are lines for what the config has and the history does not say. Variables and labels are left as the history has them:
// builders add to these what no line says.
func (s *said) extra(c *image.ContainerConfig) []string {
	var out []string
	add := func(word, value string) { out = append(out, word+" "+oneLine(value)) }
	if ports := s.ports(c.ExposedPorts); len(ports) > 0 {
		add("EXPOSE", strings.Join(ports, " "))
	}
	volumes := slices.DeleteFunc(slices.Sorted(maps.Keys(c.Volumes)), func(v string) bool { return v == "" || s.any("VOLUME", oneLine(v)) })
	if len(volumes) > 0 {
		add("VOLUME", quotedList(volumes))
	}
	if c.WorkingDir != "" && !s.folder(c.WorkingDir) {
		add("WORKDIR", c.WorkingDir)
	}
	if user, ok := s.user(c.User); !ok {
		add("USER", user)
	}
	if signal, _ := s.last("STOPSIGNAL"); c.StopSignal != "" && signal != c.StopSignal {
		add("STOPSIGNAL", c.StopSignal)
	}
	if check := healthcheck(c.Healthcheck); check != "" && !s.health(c.Healthcheck) {
		add("HEALTHCHECK", check)
	}
	if len(c.Entrypoint) > 0 && !s.command("ENTRYPOINT", c.Entrypoint) {
		add("ENTRYPOINT", quotedList(c.Entrypoint))
	}
	if len(c.Cmd) > 0 && !s.command("CMD", c.Cmd) {
		add("CMD", quotedList(c.Cmd))
	}
	return out
}

// ports are those that no EXPOSE has, a port without protocol being TCP. A range on a line does not count for its ports:
// whoever asks for a port would not find it there.
func (s *said) ports(ports map[string]struct{}) []string {
	given := map[string]bool{}
	for _, l := range s.lines["EXPOSE"] {
		for _, w := range strings.Fields(l) {
			given[strings.TrimSuffix(w, "/tcp")] = true
		}
	}
	var out []string
	for _, p := range slices.Sorted(maps.Keys(ports)) {
		number, protocol, _ := strings.Cut(oneLine(p), "/")
		first, last, isRange := strings.Cut(number, "-")
		if p = withoutZeros(first); isRange {
			p += "-" + withoutZeros(last)
		}
		if protocol != "" {
			p += "/" + strings.ToLower(protocol)
		}
		if p != "" && !given[strings.TrimSuffix(p, "/tcp")] {
			out = append(out, p)
		}
	}
	return out
}

// withoutZeros writes a port as everybody does.
func withoutZeros(port string) string {
	if plain := strings.TrimLeft(port, "0"); plain != "" {
		return plain
	}
	return port
}

// user is whom the config has run, and whether the lines say so. Without one it is root.
func (s *said) user(user string) (string, bool) {
	last, ok := s.last("USER")
	if user == "" && !ok {
		return "", true
	}
	if user == "" {
		user = "root"
	}
	return user, ok && last == oneLine(user)
}

// folder says whether the last WORKDIR may have led to dir.
func (s *said) folder(dir string) bool {
	last, ok := s.last("WORKDIR")
	last = path.Clean(strings.Trim(last, `"'`))
	return ok && (path.Clean(dir) == last || !path.IsAbs(last) && strings.HasSuffix(path.Clean("/"+dir), "/"+last))
}

// command says whether the last line of the instruction gives the command, be it as the text for a shell.
func (s *said) command(word string, v []string) bool {
	return s.all(word, v) || len(v) == 3 && v[1] == "-c" && s.all(word, v[2:])
}

func (s *said) health(raw json.RawMessage) bool {
	var h struct{ Test []string }
	if json.Unmarshal(raw, &h) != nil || len(h.Test) == 0 {
		return false
	}
	if h.Test[0] == "NONE" {
		return s.all("HEALTHCHECK", h.Test)
	}
	return s.all("HEALTHCHECK", h.Test[1:])
}

// oneLine keeps a text from passing for a further instruction.
func oneLine(s string) string {
	return strings.TrimSpace(strings.NewReplacer("\r", " ", "\n", " ").Replace(s))
}

func quotedList(v []string) string {
	b, err := json.Marshal(v)
	if err != nil {
		return "" // Strings are always written.
	}
	return string(b)
}
