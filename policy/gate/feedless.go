package gate

import "landwaiter.dev/image"

// withoutFeed is a trigger that asked a list of all packages of the ecosystem, which is published no more.
func withoutFeed(name, what string) Trigger {
	return Trigger{
		Name:        name,
		Description: "Never fires: the list of every published " + what + " that it would ask ended with Anchore's service. Kept so that bundles that name it go on working.",
		Odd:         never,
		Compile:     func(Values) (Check, error) { return func(*Context, Fire) error { return nil }, nil },
	}
}

// noFeed is the trigger that tells that the list is not there.
func noFeed(message string) Trigger {
	return Trigger{
		Name:        "feed_data_unavailable",
		Description: "Fires for every image: the list of published packages that the triggers on feeds would ask is gone.",
		Compile: func(Values) (Check, error) {
			return func(_ *Context, fire Fire) error { fire("", message); return nil }, nil
		},
	}
}

// deniedVersion is a trigger that fires once for a package of one kind, however many copies there are.
func deniedVersion(trigger, what string, kind image.PackageType, message string) Trigger {
	return Trigger{
		Name:        trigger,
		Description: "Fires once when a " + what + " is installed that is not allowed.",
		Params: []Param{
			{Name: "name", Order: 1, Required: true, Type: Text, Example: "time_diff", Description: "Name of the " + what + ", in its exact spelling."},
			{Name: "version", Order: 2, Type: Text, Example: "0.2.9", Description: "Version that is not allowed; every version when absent."},
		},
		Compile: func(v Values) (Check, error) {
			name, version := v["name"], v["version"]
			shown := name
			if version != "" {
				shown += "-" + version
			}
			return func(c *Context, fire Fire) error {
				for _, p := range c.installed() {
					if p.Type == kind && p.Name == name && (version == "" || p.Version == version) {
						fire("", message+shown)
						return nil
					}
				}
				return nil
			}, nil
		},
	}
}
