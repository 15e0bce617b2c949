package advisory

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"landwaiter.dev/image"
)

func TestTheGroupOfAnArchiveWithoutOne(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, artifact, classes, bundle string
		records                         string // names in the data
		want                            string // package and why; "" when nothing is found
	}{
		{"classes below the group", "spring-webmvc", "org/springframework/web", "", "org.springframework:spring-webmvc",
			"org.springframework:spring-webmvc: the archive names no group; org.springframework is inferred: its classes are in org/springframework/web"},
		{"classes in the group itself", "spring-core", "org/springframework", "", "org.springframework:spring-core",
			"org.springframework:spring-core: the archive names no group; org.springframework is inferred: its classes are in org/springframework"},
		{"classes beside the group", "spring-webmvc", "org/springframeworkish/web", "", "org.springframework:spring-webmvc", ""},
		{"classes above the group", "x", "org", "", "org.a:x", ""},
		{"no classes", "spring-webmvc", "", "", "org.springframework:spring-webmvc", ""},
		{"the group is called like the artifact", "commons-io", "", "", "commons-io:commons-io",
			"commons-io:commons-io: the archive names no group; commons-io is inferred: it is called like the artifact, and the advisory data has no other of its own"},
		{"and there is another", "commons-io", "", "", "commons-io:commons-io org.evil:commons-io", ""},
		{"which repackages it", "commons-io", "", "", "commons-io:commons-io org.repack:commons-io+commons-io:commons-io",
			"commons-io:commons-io: the archive names no group; commons-io is inferred: it is called like the artifact, and the advisory data has no other of its own"},
		{"which the classes decide", "commons-io", "org/evil/io", "", "commons-io:commons-io org.evil:commons-io",
			"org.evil:commons-io: the archive names no group; org.evil is inferred: its classes are in org/evil/io"},
		{"the nearest of two", "core", "org/a/b/c", "", "org.a:core org.a.b:core org:core",
			"org.a.b:core: the archive names no group; org.a.b is inferred: its classes are in org/a/b/c"},
		{"a group that is every one's", "core", "org/a/b/c", "", "org:core", ""},
		{"a word as a group", "antlr-runtime", "antlr/collections", "", "antlr:antlr-runtime",
			"antlr:antlr-runtime: the archive names no group; antlr is inferred: its classes are in antlr/collections"},
		{"the bundle is called like the group", "h2", "org/h2", "com.h2database", "com.h2database:h2 org.other:h2",
			"com.h2database:h2: the archive names no group; com.h2database is inferred: its bundle is called com.h2database"},
		{"the bundle's name begins with the group", "tomcat-catalina", "", "org.apache.tomcat-catalina", "org.apache.tomcat:tomcat-catalina",
			"org.apache.tomcat:tomcat-catalina: the archive names no group; org.apache.tomcat is inferred: its bundle is called org.apache.tomcat-catalina"},
		{"bundle and classes disagree", "x", "org/a", "org.b", "org.a:x org.b:x", ""},
		{"another artifact", "spring-web", "org/springframework/web", "", "org.springframework:spring-webmvc", ""},
		{"nothing is known", "x", "org/a", "org.a", "", ""},
	} {
		p := image.Package{Type: image.Maven, Name: c.artifact, Version: "1.0", Extra: map[string]string{}}
		for key, value := range map[string]string{"classes": c.classes, "bundle": c.bundle} {
			if value != "" {
				p.Extra[key] = value
			}
		}
		distinct := DistinctOf(&p, image.Distro{})
		var records []*Record
		for _, name := range strings.Fields(c.records) {
			name, beside, _ := strings.Cut(name, "+") // both named by one record
			r := about("GHSA-"+name, "Maven", name, "0..2.0")
			if beside != "" {
				r.Affected = append(r.Affected, about("", "Maven", beside, "0..1.0").Affected...)
			}
			r.Affected = append(r.Affected, about("", "Maven", "org.a.b.c:other", "0..2.0").Affected...)
			if len(distinct.Keys()) != 1 {
				t.Fatalf("%s: keys %v", c.name, distinct.Keys())
			}
			for _, k := range r.Keys() {
				if k == distinct.Keys()[0] {
					records = append(records, r)
				}
			}
		}
		findings, problems := Match(distinct, records, nil)
		got := ""
		for _, f := range findings {
			if got == "" {
				got = f.Evidence[0].Package + ": " + f.Inferred()
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" || problems != nil {
			t.Errorf("%s: %v\n%s", c.name, problems, diff)
		}
		group, _ := InferGroup(distinct, records)
		if want, _, _ := strings.Cut(c.want, ":"); group != want {
			t.Errorf("%s: the group is %q", c.name, group)
		}
	}
}

func TestOnlyArchivesWithoutAGroupAreInferred(t *testing.T) {
	t.Parallel()
	r := about("GHSA-1", "Maven", "org.springframework:spring-core", "0..2.0")
	withGroup := DistinctOf(&image.Package{Type: image.Maven, Namespace: "org.other", Name: "spring-core", Version: "1.0", Extra: map[string]string{"classes": "org/springframework"}}, image.Distro{})
	if findings, _ := Match(withGroup, []*Record{r}, nil); len(findings) > 0 || withGroup.SourceName != "" {
		t.Errorf("%+v: %+v", withGroup, findings)
	}
	named := DistinctOf(&image.Package{Type: image.Maven, Namespace: "org.springframework", Name: "spring-core", Version: "1.0"}, image.Distro{})
	findings, _ := Match(named, []*Record{r}, nil)
	if len(findings) != 1 || findings[0].Inferred() != "" {
		t.Errorf("%+v", findings)
	}
	gone := with(about("GHSA-2", "Maven", "com.gone:spring-core", "0..2.0"), func(r *Record) { r.Withdrawn = r.Withdrawn.AddDate(2000, 0, 0) })
	nameless := DistinctOf(&image.Package{Type: image.Maven, Name: "x", Version: "1.0"}, image.Distro{})
	if findings, _ := Match(nameless, []*Record{about("GHSA-3", "Maven", "x:x", "0..2.0"), with(gone, func(r *Record) { r.Affected[0].Package = "com.gone:x" })}, nil); len(findings) != 1 {
		t.Errorf("a withdrawn record names a group all the same: %+v", findings)
	}
	for _, odd := range []string{"org/a b", strings.Repeat("a/", 400), "org/\x00"} {
		if p := DistinctOf(&image.Package{Type: image.Maven, Name: "x", Version: "1", Extra: map[string]string{"classes": odd, "bundle": odd}}, image.Distro{}); p.SourceName != "" {
			t.Errorf("%q is kept as %q", odd, p.SourceName)
		}
	}
}
