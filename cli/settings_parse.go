package cli

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"landwaiter.dev/advisory/feed"
	"landwaiter.dev/analysis"
	rules "landwaiter.dev/analysis/secret"
	"landwaiter.dev/internal/secret"
)

func asText(field func(*Settings) *string) func(*Settings, string) error {
	return func(s *Settings, v string) error { *field(s) = v; return nil }
}

func asSecret(field func(*Settings) *secret.Text) func(*Settings, string) error {
	return func(s *Settings, v string) error { *field(s) = secret.Text(v); return nil }
}

func asList(field func(*Settings) *[]string) func(*Settings, string) error {
	return func(s *Settings, v string) error { *field(s) = words(v); return nil }
}

func words(v string) []string {
	var list []string
	for w := range strings.SplitSeq(v, ",") {
		if w = strings.TrimSpace(w); w != "" {
			list = append(list, w)
		}
	}
	return list
}

// places sets where a driver of feeds reads.
func places(d feed.Driver) func(*Settings, string) error {
	return func(s *Settings, v string) error {
		list := words(v)
		if len(list) == 0 || slices.Equal(list, []string{None}) {
			return nil
		}
		for i, place := range list {
			switch {
			case place == None:
				return errors.New("none stands alone")
			case place == on && d.Source == "":
				return errors.New("its publisher has no address that could be asked: give a URL or a file")
			case place == on:
				list[i] = d.Source
			case strings.Contains(place, "://"):
				u, err := url.Parse(place)
				if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
					return errors.New("want http:// or https:// and a host, or a path")
				}
			}
		}
		if s.Feeds.Places == nil {
			s.Feeds.Places = map[string][]string{}
		}
		s.Feeds.Places[d.Name] = list
		return nil
	}
}

// proxies reads "http://proxy:3128,kev=http://other:3128,epss=none".
func proxies(s *Settings, v string) error {
	for _, entry := range words(v) {
		name, address := "", entry
		if before, after, named := strings.Cut(entry, "="); named && !strings.Contains(before, "/") {
			name, address = strings.TrimSpace(before), strings.TrimSpace(after)
			if !slices.ContainsFunc(feed.Drivers(), func(d feed.Driver) bool { return d.Name == name }) {
				return fmt.Errorf("there is no feed %q", name)
			}
		}
		u, err := url.Parse(address)
		if address != None && (err != nil || u.Host == "" || !slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme)) {
			return errors.New("want http://, https:// or socks5:// and a host, or none")
		}
		if s.Feeds.Proxy == nil {
			s.Feeds.Proxy = map[string]secret.Text{}
		}
		s.Feeds.Proxy[name] = secret.Text(address)
	}
	return nil
}

func boolean(field func(*Settings) *bool) func(*Settings, string) error {
	return func(s *Settings, v string) (err error) {
		if *field(s), err = strconv.ParseBool(v); err != nil {
			return fmt.Errorf("want true or false, not %q", v)
		}
		return nil
	}
}

func onOff(field func(*Settings) *bool) func(*Settings, string) error {
	return func(s *Settings, v string) (err error) {
		switch v {
		case "on":
			*field(s) = true
		case "off":
			*field(s) = false
		default:
			if *field(s), err = strconv.ParseBool(v); err != nil {
				return fmt.Errorf("want on or off, not %q", v)
			}
		}
		return nil
	}
}

func ruleList(field func(*Settings) *[]rules.Rule) func(*Settings, string) error {
	return func(s *Settings, v string) (err error) {
		*field(s), err = rulesFrom(v)
		return err
	}
}

func retrieve(s *Settings, v string) error {
	if v == None {
		return nil
	}
	s.Analysis.Retrieve = words(v)
	for _, p := range s.Analysis.Retrieve {
		if err := analysis.CheckPattern(p); err != nil {
			return err
		}
	}
	return nil
}

func hostPort(field func(*Settings) *string) func(*Settings, string) error {
	return func(s *Settings, v string) error {
		_, port, err := net.SplitHostPort(v)
		if n, err2 := strconv.Atoi(port); err != nil || err2 != nil || n < 0 || n > 65535 {
			return fmt.Errorf("want host:port, for example 127.0.0.1:8228, not %q", v)
		}
		*field(s) = v
		return nil
	}
}

func duration(field func(*Settings) *time.Duration) func(*Settings, string) error {
	return func(s *Settings, v string) (err error) {
		*field(s), err = ParseDuration(v)
		return err
	}
}

// ParseDuration reads a positive duration like "90s", "6h" or "365d".
func ParseDuration(v string) (time.Duration, error) {
	d, err := time.ParseDuration(v)
	if days, ok := strings.CutSuffix(v, "d"); err != nil && ok {
		var n int
		if n, err = strconv.Atoi(days); err == nil && n <= 100*365 {
			d = time.Duration(n) * 24 * time.Hour
		}
	}
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("want a duration like 90s, 6h or 365d, not %q", v)
	}
	return d, nil
}

// RoleNames are the roles that a node may have.
var RoleNames = []string{"api", "catalog", "policy", "analyzer", "queue"}

func roles(s *Settings, v string) error {
	s.Roles = words(v)
	if slices.Contains(s.Roles, "all") {
		s.Roles = slices.Clone(RoleNames)
	}
	for _, r := range s.Roles {
		if !slices.Contains(RoleNames, r) {
			return fmt.Errorf("there is no role %q; want all, or a list of %s", r, strings.Join(RoleNames, ", "))
		}
	}
	if len(s.Roles) == 0 {
		return errors.New("a node needs at least one role")
	}
	return nil
}

func database(s *Settings, v string) error {
	s.DatabaseURL = secret.Text(v)
	if v == "" || strings.HasPrefix(v, "postgres://") || strings.HasPrefix(v, "postgresql://") {
		return nil
	}
	return errors.New("want postgres://user:password@host:port/database, or nothing for the embedded store")
}

func webhook(typ string) func(*Settings, string) error {
	return func(s *Settings, v string) error {
		if v == "" {
			return nil
		}
		u, err := url.Parse(strings.NewReplacer("<userId>", "u", "<notification_type>", "t").Replace(v))
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			return errors.New("want http:// or https:// and a host")
		}
		if typ == "" {
			s.Webhooks.General = secret.Text(v)
			return nil
		}
		if s.Webhooks.ByType == nil {
			s.Webhooks.ByType = map[string]secret.Text{}
		}
		s.Webhooks.ByType[typ] = secret.Text(v)
		return nil
	}
}
