package policy

import (
	"strings"
	"testing"
	"time"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/testkit/docblock"
)

// Each bundle that is shipped is valid, lint has nothing to say about it, each rule says why it is there, and docs/bundles.md
// shows them all.
func TestShippedBundles(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	ids := map[string]bool{}
	for _, s := range Shipped() {
		if _, err := Parse(s.Source); err != nil {
			t.Fatalf("%s: %v", s.Name, err)
		}
		for _, p := range Lint(s.Source, time.Now(), nil) {
			t.Errorf("%s: %s", s.Name, p.Text())
		}
		if s.ID == "" || ids[s.ID] || s.Title == "" || s.Description == "" {
			t.Errorf("%s: id %q, name %q, description %q", s.Name, s.ID, s.Title, s.Description)
		}
		ids[s.ID] = true
		document, err := JSONOf(s.Source)
		if err != nil {
			t.Fatal(err)
		}
		doc, _ := readForm(document, true)
		text.WriteString("### `" + s.Name + "`\n\n" + docblock.Cell(s.Description) + "\n\n")
		text.WriteString(docblock.Head("rule", "action", "gate and trigger", "parameters", "why"))
		for _, p := range doc.policies {
			for _, r := range p.rules {
				if r.id == nil || r.comment == "" {
					t.Errorf("%s: rule %s has no id or no comment", s.Name, ruleText(&r))
					continue
				}
				var params []string
				for _, one := range r.params {
					params = append(params, docblock.Code(one.Name+"="+one.Value))
				}
				text.WriteString(docblock.Row(docblock.Code(*r.id), strings.ToLower(r.action), docblock.Code(r.gate+" "+r.trigger), strings.Join(params, ", "), docblock.Cell(r.comment)))
			}
		}
		text.WriteString("\n")
	}
	docblock.Check(t, "bundles.md", "shipped bundles", text.String())
	if _, found := ShippedByName("nope"); found {
		t.Error("a bundle of no name was found")
	}
}

// What the expressions of the shipped bundles are about, and what they leave alone.
func TestShippedExpressions(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ bundle, rule, line string }{
		{"cis-docker", "4.7", "RUN apt-get update"},
		{"cis-docker", "4.7", "RUN /bin/sh -c apt-get -qq update"},
		{"cis-docker", "4.7", "RUN apk --no-cache update"},
		{"cis-docker", "", "RUN apt-get update && apt-get install -y curl"},
		{"cis-docker", "", "RUN /bin/sh -c apt-get update && apt-get upgrade"},
		{"cis-docker", "4.9", "ADD https://example.com/x /x"},
		{"cis-docker", "4.9", "ADD . /app"},
		{"cis-docker", "", "ADD file:0123456789abcdef0123 in /"},
		{"cis-docker", "", "ADD alpine-minirootfs-3.20.0-x86_64.tar.gz /"},
		{"cis-docker", "4.10-env", "ENV DB_PASSWORD=hunter2"},
		{"cis-docker", "4.10-env", "ENV password hunter2"},
		{"cis-docker", "4.10-env", "ENV API_KEY='x'"},
		{"cis-docker", "4.10-env", "ENV LANG=C DB_PASSWORD=hunter2"},
		{"cis-docker", "", "ENV GREETING the token is x"},
		{"nist-800-190", "4.1.4-env", "ENV github_token=ghp_x"},
		{"cis-docker", "", "ENV DB_PASSWORD=$PASSWORD"},
		{"cis-docker", "", "ENV DB_PASSWORD_FILE=/run/secrets/db"},
		{"cis-docker", "", "ENV PASSWORD=/run/secrets/db"},
		{"cis-docker", "", "ENV TOKENIZER=fast"},
		{"cis-docker", "4.11-unsigned", "RUN apt-get update && apt-get install --allow-unauthenticated -y x"},
		{"cis-docker", "4.11-unsigned", "RUN yum install --nogpgcheck x"},
	} {
		s, _ := ShippedByName(tc.bundle)
		b, err := Parse(s.Source)
		if err != nil {
			t.Fatal(err)
		}
		e, err := b.Evaluate(t.Context(), Input{
			Tag: "a/b:c", At: time.Now(), Analysis: &image.Analysis{}, DockerfileMode: "Actual",
			Dockerfile: "FROM scratch\nUSER app\nHEALTHCHECK CMD true\n" + tc.line + "\n", Feed: FeedFacts{Present: true, LastSync: time.Now()},
		})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range e.Rows {
			if r.Gate == "dockerfile" {
				got = append(got, r.Message)
			}
		}
		if tc.rule == "" && len(got) > 0 || tc.rule != "" && len(got) != 1 {
			t.Errorf("%s, %s: got %q", tc.bundle, tc.line, got)
		}
	}
}
