package client

// FromEnvironment reads the settings of a client from environment variables: LANDWAITER_URL, LANDWAITER_USER,
// LANDWAITER_PASS, LANDWAITER_API_KEY and LANDWAITER_ACCOUNT, else the ANCHORE_CLI_ ones of the same endings.
func FromEnvironment(getenv func(string) string) Config {
	first := func(names ...string) string {
		for _, n := range names {
			if v := getenv(n); v != "" {
				return v
			}
		}
		return ""
	}
	return Config{
		URL:      first("LANDWAITER_URL", "ANCHORE_CLI_URL"),
		User:     first("LANDWAITER_USER", "ANCHORE_CLI_USER"),
		Password: first("LANDWAITER_PASS", "ANCHORE_CLI_PASS"),
		APIKey:   getenv("LANDWAITER_API_KEY"),
		Account:  first("LANDWAITER_ACCOUNT", "ANCHORE_CLI_ACCOUNT"),
	}
}
