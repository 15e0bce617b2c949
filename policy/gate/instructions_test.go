package gate

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// lines writes instructions one a line.
func lines(list []instruction) []string {
	var out []string
	for _, i := range list {
		out = append(out, strings.TrimSpace(i.name+" "+i.rest))
	}
	return out
}

func TestParseDockerfile(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		file string
		want []string
	}{
		"plain":               {"FROM a\n\n  # note\nrun x\n\tUser  app \n", []string{"FROM a", "RUN x", "USER app"}},
		"continuation":        {"RUN a \\\n  b \\\n\tc\nUSER x", []string{"RUN a   b \tc", "USER x"}},
		"blanks after escape": {"RUN a \\  \n b", []string{"RUN a  b"}},
		"comment inside":      {"RUN a \\\n# no\n\n b", []string{"RUN a  b"}},
		"to the end":          {"RUN a \\", []string{"RUN a"}},
		"escape directive":    {"# escape=`\nRUN a `\n b\nCOPY c:\\ d\\\nUSER x", []string{"RUN a  b", `COPY c:\ d\`, "USER x"}},
		"directive too late":  {"# note\n# escape=`\nRUN a `\nUSER x", []string{"RUN a `", "USER x"}},
		"after syntax":        {"# syntax=docker/dockerfile:1\n# ESCAPE = `\nRUN a `\nb", []string{"RUN a b"}},
		"heredoc":             {"RUN <<EOF\nUSER evil\nEOF\nUSER x", []string{"RUN <<EOF USER evil EOF", "USER x"}},
		"quoted heredoc":      {"COPY <<'A' <<-\"B\" /d/\none\nA\n\ttwo\n\tB\nUSER x", []string{"COPY <<'A' <<-\"B\" /d/ one A two B", "USER x"}},
		"descriptor":          {"RUN 3<<E cat /dev/fd/3\nx\nE\nUSER x", []string{"RUN 3<<E cat /dev/fd/3 x E", "USER x"}},
		"open heredoc":        {"RUN <<EOF\nUSER x", []string{"RUN <<EOF USER x"}},
		"heredoc of onbuild":  {"ONBUILD RUN <<E\na\nE\nUSER x", []string{"ONBUILD RUN <<E a E", "USER x"}},
		"no heredoc":          {"RUN echo \"<<EOF\" a<<b $((1<<3)) $((1 << 3))\nENV A <<EOF\nUSER x", []string{`RUN echo "<<EOF" a<<b $((1<<3)) $((1 << 3))`, "ENV A <<EOF", "USER x"}},
		"exec form":           {"RUN [\"<<EOF\", <<EOF ]\nUSER x", []string{`RUN ["<<EOF", <<EOF ]`, "USER x"}},
		"carriage returns":    {"FROM a\r\nRUN b \\\r\n c\r\nUSER x\r\n", []string{"FROM a", "RUN b  c", "USER x"}},
		"byte order mark":     {"\ufeffFROM a", []string{"FROM a"}},
		"nothing":             {"", nil},
	} {
		if diff := cmp.Diff(tc.want, lines(parseDockerfile(tc.file))); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestParseGuessed(t *testing.T) {
	t.Parallel()
	const file = "FROM scratch\nCOPY a b # buildkit\nRUN /bin/sh -c make <<EOF # buildkit\nEXPOSE map[53/udp:{} 80/tcp:{}]\nRUN x \\\nUSER app\n"
	want := []string{"FROM scratch", "COPY a b", "RUN /bin/sh -c make <<EOF", "EXPOSE 53/udp 80/tcp", `RUN x \`, "USER app"}
	if diff := cmp.Diff(want, lines(parseGuessed(file))); diff != "" {
		t.Error(diff)
	}
}

func FuzzParseDockerfile(f *testing.F) {
	for _, s := range []string{"FROM a\nRUN x \\\n y", "# escape=`\nRUN a `\nb", "RUN <<A <<-B\n1\nA\n2\n\tB\n", "COPY <<\"x\" '", "ONBUILD RUN <<E"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		total := 0
		for _, list := range [][]instruction{parseDockerfile(s), parseGuessed(s)} {
			for _, i := range list {
				if i.name == "" || strings.ContainsAny(i.name, " \t\n") || i.rest != strings.TrimSpace(i.rest) {
					t.Fatalf("%q gave %q", s, i)
				}
				total += len(i.rest)
			}
		}
		if total > 3*len(s)+len(s) {
			t.Fatalf("%d bytes became %d", len(s), total)
		}
	})
}
