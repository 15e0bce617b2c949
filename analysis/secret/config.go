package secret

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"landwaiter.dev/image"
)

// maxConfig is how many finds of a config are listed; the last one counts the rest.
const maxConfig = 1000

// namedSecret is the rule for variables and build arguments whose name says that they hold a secret.
const namedSecret = "named-secret"

var (
	secretName = regexp.MustCompile(`(?i)(?:passw(?:or)?d|passphrase|secret|token|api_?key|access_?key|private_?key|` +
		`credentials?)(?:_?\d+|_?key)?$`)
	assigned = regexp.MustCompile(`\b([A-Za-z_][A-Za-z0-9_]*)=("[^"]*"|'[^']*'|[^\s"';&|]+)`)
)

// Config looks for secrets in the execution part of an image's config and in its history. Finds have a Place, for example
// "env PASSWORD", line 1 and layer -1; gaps are those of rules that took too long.
func (s *Scanner) Config(c image.ContainerConfig, history []image.History) (found []image.TextMatch, gaps []image.Gap) {
	if len(s.lines)+len(s.detectors) == 0 {
		return nil, nil
	}
	look := func(place, text string, more ...image.TextMatch) {
		q := s.Begin("")
		_, _ = q.Write([]byte(text))
		secrets, _, missed := q.End()
		for _, g := range missed {
			g.Path, g.Layer, g.Detail = "", -1, "config, "+place+": "+g.Detail
			gaps = append(gaps, g)
		}
		secrets = append(secrets, more...)
		for i := range secrets {
			m := &secrets[i]
			m.Place, m.Line, m.Layer = place, 1, -1
			switch {
			case slices.ContainsFunc(secrets[:i], func(o image.TextMatch) bool { return o.HMAC == m.HMAC }):
			case len(found) >= maxConfig:
				found[len(found)-1].More++
			default:
				found = append(found, *m)
			}
		}
	}
	for _, e := range c.Env {
		name, value, _ := strings.Cut(e, "=")
		look("env "+name, e, s.named([2]string{name, value})...)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Labels)) {
		look("label "+name, name+"="+c.Labels[name], s.named([2]string{name, c.Labels[name]})...)
	}
	look("entrypoint", strings.Join(c.Entrypoint, " "))
	look("cmd", strings.Join(c.Cmd, " "))
	look("onbuild", strings.Join(c.OnBuild, "\n"))
	look("healthcheck", string(c.Healthcheck))
	for i := range history {
		var pairs [][2]string
		for _, m := range assigned.FindAllStringSubmatch(history[i].CreatedBy, -1) {
			pairs = append(pairs, [2]string{m[1], strings.Trim(m[2], `"'`)})
		}
		look(fmt.Sprintf("history %d", i+1), history[i].CreatedBy, s.named(pairs...)...)
	}
	return found, gaps
}

// named finds values of names that say that they are secret.
func (s *Scanner) named(pairs ...[2]string) (found []image.TextMatch) {
	if !s.options.Detectors {
		return nil
	}
	for _, pair := range pairs {
		name, value := pair[0], pair[1]
		if !Named(name) || !isValue(value) {
			continue
		}
		if len(found) >= s.options.MaxPerRule {
			found[len(found)-1].More++
			continue
		}
		found = append(found, image.TextMatch{Rule: namedSecret, HMAC: s.hmac([]byte(value))})
	}
	return found
}

// Named says whether the name of a variable, label or build argument says that its value is secret.
func Named(name string) bool { return secretName.MatchString(name) }

// isValue refuses what a shell puts in later, files that hold the secret, and words that switch something.
func isValue(value string) bool {
	if value == "" || strings.ContainsAny(value[:1], "$`<{(/") {
		return false
	}
	switch strings.ToLower(value) {
	case "true", "false", "yes", "no", "on", "off", "none", "null", "0", "1":
		return false
	}
	return true
}
