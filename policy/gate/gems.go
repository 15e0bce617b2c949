package gate

import "landwaiter.dev/image"

var gemsGate = Gate{
	Name:        "ruby_gems",
	Description: "Checks of Ruby gems.",
	Triggers: []Trigger{
		withoutFeed("newer_version_found_in_feed", "gem"),
		withoutFeed("not_found_in_feed", "gem"),
		withoutFeed("version_not_found_in_feed", "gem"),
		deniedVersion("blacklist", "gem", image.Gem, "Gem Package is blacklisted: "),
		noFeed("Gem packages are present but the anchore gem feed is not available - will be unable to perform checks that require feed data"),
	},
}
