package analysis

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"landwaiter.dev/image"
)

// layersOf counts the history entries that made a layer.
func layersOf(history []image.History) (n int) {
	for i := range history {
		if !history[i].EmptyLayer {
			n++
		}
	}
	return n
}

// alignHistory gives each of n layers the history line that made it. Without a history, or when it has another number
// of layers, it gives none; only the second is worth a gap.
func alignHistory(history []image.History, n int) (made []string, fits bool) {
	made = make([]string, n)
	if len(history) == 0 {
		return made, true
	}
	if layersOf(history) != n {
		return made, false
	}
	i := 0
	for k := range history {
		if !history[k].EmptyLayer {
			made[i] = history[k].CreatedBy
			i++
		}
	}
	return made, true
}

// Dockerfile guesses a Dockerfile from the history, one line an entry after "FROM scratch". What the classic builder
// wrote as "#(nop)" and what BuildKit wrote as instructions are these instructions; anything else was a RUN. What the
// config says and no line does, or the last line contradicts, is added from the config: it is what runs.
func Dockerfile(history []image.History, c image.ContainerConfig) string {
	lines := []string{"FROM scratch"}
	for i := range history {
		if line := Instruction(history[i].CreatedBy); line != "" {
			lines = append(lines, line)
		}
	}
	lines = append(lines, newSaid(lines).extra(&c)...)
	return strings.Join(lines, "\n") + "\n"
}

var instructions = map[string]bool{
	"ADD": true, "ARG": true, "CMD": true, "COPY": true, "ENTRYPOINT": true, "ENV": true, "EXPOSE": true, "HEALTHCHECK": true,
	"LABEL": true, "MAINTAINER": true, "ONBUILD": true, "RUN": true, "SHELL": true, "STOPSIGNAL": true, "USER": true,
	"VOLUME": true, "WORKDIR": true,
}

// Instruction makes a line of a Dockerfile of a created_by; "" when it says nothing.
func Instruction(created string) string {
	// One entry is one line: a line feed must not let a text pass for a further instruction.
	s := strings.TrimSpace(strings.NewReplacer("\r", " ", "\n", " ").Replace(created))
	if nop, ok := strings.CutPrefix(s, "/bin/sh -c #(nop)"); ok {
		return exposed(strings.TrimSpace(nop))
	}
	buildkit := strings.HasSuffix(s, "# buildkit")
	s = strings.TrimSpace(strings.TrimSuffix(s, "# buildkit"))
	if s == "" {
		return ""
	}
	if word, rest, ok := strings.Cut(s, " "); ok && instructions[word] {
		if word == "RUN" {
			return "RUN " + withoutArguments(strings.TrimSpace(rest))
		}
		return exposed(s)
	}
	if buildkit && instructions[s] {
		return s
	}
	return "RUN " + withoutArguments(s)
}

// withoutArguments drops the build arguments that builders put before a command: "|2 A=b C=d /bin/sh -c make".
func withoutArguments(s string) string {
	if len(s) < 2 || s[0] != '|' || s[1] < '0' || s[1] > '9' {
		return s
	}
	for _, shell := range []string{"/bin/sh ", "/bin/bash ", "/bin/ash "} {
		if i := strings.Index(s, " "+shell); i >= 0 {
			return s[i+1:]
		}
	}
	return s
}

// exposed writes the ports of EXPOSE as a Dockerfile has them, where a builder printed a Go map or list.
func exposed(s string) string {
	rest, ok := strings.CutPrefix(s, "EXPOSE ")
	if !ok {
		return s
	}
	rest = strings.TrimSpace(rest)
	inner, isMap := strings.CutPrefix(rest, "map[")
	if !isMap {
		if inner, ok = strings.CutPrefix(rest, "["); !ok {
			return s
		}
	}
	ports := strings.Fields(strings.TrimSuffix(inner, "]"))
	for i := range ports {
		ports[i] = strings.TrimSuffix(ports[i], ":{}")
	}
	return strings.TrimSpace("EXPOSE " + strings.Join(ports, " "))
}

// healthcheck writes the config's health check (times in nanoseconds) as arguments of the instruction.
func healthcheck(raw json.RawMessage) string {
	var h struct {
		Test                                          []string
		Interval, Timeout, StartPeriod, StartInterval int64
		Retries                                       int
	}
	if len(raw) == 0 || json.Unmarshal(raw, &h) != nil || len(h.Test) == 0 {
		return ""
	}
	var options strings.Builder
	for _, o := range []struct {
		name  string
		value int64
	}{{"interval", h.Interval}, {"timeout", h.Timeout}, {"start-period", h.StartPeriod}, {"start-interval", h.StartInterval}} {
		if o.value > 0 {
			fmt.Fprintf(&options, "--%s=%v ", o.name, time.Duration(o.value))
		}
	}
	if h.Retries > 0 {
		fmt.Fprintf(&options, "--retries=%d ", h.Retries)
	}
	switch h.Test[0] {
	case "NONE":
		return "NONE"
	case "CMD-SHELL":
		return options.String() + "CMD " + strings.Join(h.Test[1:], " ")
	case "CMD":
		b, err := json.Marshal(h.Test[1:])
		if err != nil {
			return ""
		}
		return options.String() + "CMD " + string(b)
	}
	return ""
}
