package gate

import "landwaiter.dev/image"

var npmsGate = Gate{
	Name:        "npms",
	Description: "Checks of npm packages.",
	Triggers: []Trigger{
		withoutFeed("newer_version_in_feed", "npm package"),
		withoutFeed("unknown_in_feeds", "npm package"),
		withoutFeed("version_not_in_feeds", "npm package"),
		deniedVersion("blacklisted_name_version", "npm package", image.NPM, "NPM Package is blacklisted: "),
		noFeed("NPM packages are present but the anchore npm feed is not available - will be unable to perform checks that require feed data"),
	},
}
