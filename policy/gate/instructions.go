package gate

import (
	"regexp"
	"slices"
	"strings"
)

// instruction is one instruction of a Dockerfile.
type instruction struct {
	// name in upper case.
	name string
	// rest of the joined line, trimmed, in its own case.
	rest string
}

var (
	directivePattern = regexp.MustCompile(`^#\s*([A-Za-z][A-Za-z0-9]*)\s*=\s*(.+?)\s*$`)
	heredocPattern   = regexp.MustCompile(`^\d*<<(-?)\s*(['"]?)([^\s<'"]+)['"]?$`)
)

// parseDockerfile reads a Dockerfile as the builder does: parser directives, comments, continuation lines and here
// documents. The lines of a here document are joined to their instruction with blanks, so that an expression finds them.
func parseDockerfile(text string) []instruction {
	lines := strings.Split(strings.TrimPrefix(text, "\ufeff"), "\n")
	escape := escapeOf(lines)
	var out []instruction
	for i := 0; i < len(lines); {
		line := strings.TrimSpace(lines[i])
		i++
		if line == "" || line[0] == '#' {
			continue
		}
		var joined strings.Builder
		more := joinLine(&joined, line, escape)
		for more && i < len(lines) {
			next := strings.TrimRight(lines[i], " \t\r\v\f")
			i++
			if t := strings.TrimSpace(next); t == "" || t[0] == '#' {
				continue // the builder drops both inside an instruction
			}
			more = joinLine(&joined, next, escape)
		}
		ins := newInstruction(joined.String())
		if ins.name == "" {
			continue
		}
		for _, h := range heredocs(ins) {
			i = h.take(lines, i, &ins)
		}
		out = append(out, ins)
	}
	return out
}

// escapeOf reads the parser directives at the top; the only one that changes the parsing is escape.
func escapeOf(lines []string) byte {
	for _, l := range lines {
		m := directivePattern.FindStringSubmatch(strings.TrimSpace(l))
		if m == nil {
			break
		}
		if strings.EqualFold(m[1], "escape") && m[2] == "`" {
			return '`'
		}
	}
	return '\\'
}

// joinLine adds a line and says whether the next one continues it.
func joinLine(b *strings.Builder, line string, escape byte) bool {
	if line[len(line)-1] == escape {
		b.WriteString(line[:len(line)-1])
		return true
	}
	b.WriteString(line)
	return false
}

func newInstruction(line string) instruction {
	line = strings.TrimSpace(line)
	end := strings.IndexAny(line, " \t")
	if end < 0 {
		end = len(line)
	}
	return instruction{name: strings.ToUpper(line[:end]), rest: strings.TrimSpace(line[end:])}
}

type heredoc struct {
	word string
	tabs bool // leading tabs are not part of it
}

// heredocs finds the here documents that the instruction opens. An exec form has none.
func heredocs(ins instruction) []heredoc {
	name, rest := ins.name, ins.rest
	if name == "ONBUILD" {
		inner := newInstruction(rest)
		name, rest = inner.name, inner.rest
	}
	if !slices.Contains([]string{"ADD", "COPY", "RUN"}, name) || strings.HasPrefix(rest, "[") || !strings.Contains(rest, "<<") {
		return nil
	}
	var found []heredoc
	for _, word := range shellWords(rest) {
		if m := heredocPattern.FindStringSubmatch(word); m != nil {
			found = append(found, heredoc{word: m[3], tabs: m[1] == "-"})
		}
	}
	return found
}

// shellWords splits at blanks outside of quotes; quotes stay.
func shellWords(s string) []string {
	var words []string
	start, quote := -1, byte(0)
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == ' ' || c == '\t':
			if start >= 0 {
				words = append(words, s[start:i])
			}
			start = -1
			continue
		case c == '\\':
			i++
		case c == '\'' || c == '"':
			quote = c
		}
		if start < 0 {
			start = min(i, len(s)-1)
		}
	}
	if start >= 0 {
		words = append(words, s[start:])
	}
	return words
}

// take adds the body from line i on to the instruction and returns the line after it. A body without an end reaches to the
// end of the file.
func (h heredoc) take(lines []string, i int, ins *instruction) int {
	var b strings.Builder
	b.WriteString(ins.rest)
	defer func() { ins.rest = b.String() }()
	for i < len(lines) {
		line := strings.TrimRight(lines[i], "\r")
		i++
		end := line
		if h.tabs {
			end = strings.TrimLeft(line, "\t")
		}
		if t := strings.TrimSpace(line); t != "" {
			b.WriteString(" " + t)
		}
		if end == h.word {
			break
		}
	}
	return i
}

// parseGuessed reads a Dockerfile that was made from the history: one instruction a line, in the forms of both builders.
func parseGuessed(text string) []instruction {
	var out []instruction
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		ins := newInstruction(strings.TrimSuffix(line, "# buildkit"))
		if ins.name == "EXPOSE" {
			ins.rest = unpackMap(ins.rest)
		}
		out = append(out, ins)
	}
	return out
}

// unpackMap turns "map[8000/tcp:{} 53/udp:{}]" and "[8000/tcp 53/udp]" into "8000/tcp 53/udp".
func unpackMap(s string) string {
	inner, ok := strings.CutPrefix(strings.TrimPrefix(s, "map"), "[")
	if !ok {
		return s
	}
	words := strings.Fields(strings.TrimSuffix(inner, "]"))
	for i := range words {
		words[i] = strings.TrimSuffix(words[i], ":{}")
	}
	return strings.Join(words, " ")
}
