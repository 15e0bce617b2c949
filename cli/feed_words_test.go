package cli

import (
	"strings"
	"testing"
)

func TestWordsOfProblems(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ got, want string }{
		{trouble("it failed", 3, []string{"a"}), "it failed"},
		{trouble("", 0, nil), ""},
		{trouble("", 1, []string{"a"}), "a"},
		{trouble("", 27, []string{"a", "b"}), "27 skipped or doubtful, first: a"},
		{trouble("", 0, []string{"a", "b"}), "records with problems, first: a"},
		{brief("short"), "short"},
		{brief(strings.Repeat("ä", 200)), strings.Repeat("ä", 79) + "…"},
	} {
		if tc.got != tc.want {
			t.Errorf("%q, want %q", tc.got, tc.want)
		}
	}
}
