package gate_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
	"landwaiter.dev/policy/gate"
)

// TestDeniedLanguagePackages is about ruby_gems and npms, which have the same triggers under other names.
func TestDeniedLanguagePackages(t *testing.T) {
	t.Parallel()
	c := &gate.Context{Analysis: &image.Analysis{Packages: []image.Package{
		{Type: image.Gem, Name: "json", Version: "2.6.1", Location: "a"},
		{Type: image.Gem, Name: "json", Version: "2.3.0", Location: "b"},
		{Type: image.NPM, Name: "@scope/lib", Version: "1.0.0", Location: "a"},
		{Type: image.NPM, Name: "@scope/lib", Version: "1.0.0", Location: "b"},
		{Type: image.Deb, Name: "rails", Version: "1"},
	}}}
	for _, gateName := range []string{"ruby_gems/blacklist", "npms/blacklisted_name_version"} {
		for params, want := range map[string]string{
			"name=json":                     "ruby_gems|Gem Package is blacklisted: json",
			"name=json,version=":            "ruby_gems|Gem Package is blacklisted: json",
			"name=json,version=2.3.0":       "ruby_gems|Gem Package is blacklisted: json-2.3.0",
			"name=json,version=2.3":         "",
			"name=Json":                     "",
			"name=rails":                    "",
			"name=@scope/lib":               "npms|NPM Package is blacklisted: @scope/lib",
			"name=@scope/lib,version=1.0.0": "npms|NPM Package is blacklisted: @scope/lib-1.0.0",
			"name=lib":                      "",
		} {
			got := run(t, c, gateName, strings.Split(params, ",")...)
			again := run(t, c, gateName, strings.Split(params, ",")...)
			var expected []string
			if g, message, ok := strings.Cut(want, "|"); ok && strings.HasPrefix(gateName, g+"/") {
				expected = []string{"|" + message}
			}
			if diff := cmp.Diff([][]string{expected, expected}, [][]string{got, again}); diff != "" {
				t.Errorf("%s %s: %s", gateName, params, diff)
			}
		}
	}
}

func TestFeedsThatEnded(t *testing.T) {
	t.Parallel()
	for _, trigger := range []string{
		"ruby_gems/newer_version_found_in_feed", "ruby_gems/not_found_in_feed", "ruby_gems/version_not_found_in_feed",
		"npms/newer_version_in_feed", "npms/unknown_in_feeds", "npms/version_not_in_feeds",
	} {
		if got := run(t, &gate.Context{Analysis: &image.Analysis{Packages: []image.Package{{Type: image.Gem, Name: "a"}, {Type: image.NPM, Name: "a"}}}}, trigger); got != nil {
			t.Errorf("%s: got %q", trigger, got)
		}
	}
	for trigger, want := range map[string]string{
		"ruby_gems/feed_data_unavailable": "|Gem packages are present but the anchore gem feed is not available - will be unable to perform checks that require feed data",
		"npms/feed_data_unavailable":      "|NPM packages are present but the anchore npm feed is not available - will be unable to perform checks that require feed data",
	} {
		if diff := cmp.Diff([]string{want}, run(t, &gate.Context{}, trigger)); diff != "" { // also without any package
			t.Errorf("%s: %s", trigger, diff)
		}
	}
}
