package catalog

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
)

const gemWritten = `# -*- encoding: utf-8 -*-
# stub: nokogiri 1.13.10 x86_64-linux lib
# stub: ext/extconf.rb

Gem::Specification.new do |s|
  s.name = "nokogiri".freeze
  s.version = "1.13.10"
  s.platform = Gem::Platform.new([])

  s.require_paths = ["lib".freeze]
  s.authors = ["Mike Dalessio".freeze, "Aaron \"t\" Patterson".freeze]
  s.files = [
    "lib/nokogiri.rb".freeze, "../../../etc/passwd",
    "lib/a]b.rb"
  ]
  s.homepage = "https://nokogiri.org".freeze
  s.licenses = ["MIT".freeze, 'Ruby']
  s.rubygems_version = "3.3.15".freeze
end
`

func TestGem(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, path, in string
		want           image.Package
	}{
		{"as RubyGems writes it", "var/lib/gems/specifications/nokogiri-1.13.10-x86_64-linux.gemspec", gemWritten,
			image.Package{Name: "nokogiri", Version: "1.13.10", Arch: "x86_64-linux", Licenses: []string{"MIT", "Ruby"}, Origin: `Mike Dalessio, Aaron "t" Patterson`,
				Homepage: "https://nokogiri.org", Files: []image.OwnedFile{
					{Path: "var/lib/gems/gems/nokogiri-1.13.10-x86_64-linux/lib/nokogiri.rb", Size: -1},
					{Path: "var/lib/gems/gems/nokogiri-1.13.10-x86_64-linux/lib/a]b.rb", Size: -1}}}},
		{"without stub, version object", "x/specifications/default/json-2.6.1.gemspec",
			"Gem::Specification.new do |spec|\n  spec.name = %q{json}\n  spec.version = Gem::Version.new('2.6.1')\n  spec.license = 'Ruby'\n  spec.files = ['lib/json.rb']\nend\n",
			image.Package{Name: "json", Version: "2.6.1", Licenses: []string{"Ruby"}}},
		{"arguments", "x/specifications/puma-4.3.8.gemspec", `Gem::Specification.new("puma", "4.3.8") do |s|` + "\nend\n", image.Package{Name: "puma", Version: "4.3.8"}},
		{"computed: the file name", "x/specifications/rack-2.2.6.4.gemspec", "Gem::Specification.new do |s|\n  s.name = \"rack\"\n  s.version = Rack::RELEASE\nend\n",
			image.Package{Name: "rack", Version: "2.2.6.4"}},
		{"code is never run", "x/specifications/evil-1.0.gemspec", "Gem::Specification.new { |s| s.name = \"evil\"; s.version = `id`; system(\"touch /tmp/x\") }\n",
			image.Package{Name: "evil", Version: "1.0"}},
		{"interpolated", "x/specifications/a-1.0.gemspec", "Gem::Specification.new do |s|\n  s.name = \"a\"\n  s.version = \"#{V}.1\"\nend\n", image.Package{Name: "a", Version: "1.0"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			found, err := readBytes(Gem(), tc.path, []byte(tc.in))
			if err != nil {
				t.Fatal(err)
			}
			tc.want.Type, tc.want.Location = image.Gem, image.Path(tc.path)
			if d := cmp.Diff([]image.Package{tc.want}, found.Packages); d != "" {
				t.Error(d)
			}
		})
	}
}

// The gemspec in a gem's own source tree is there whether or not the gem is installed.
func TestGemSourceTreeIsNoInstalledGem(t *testing.T) {
	t.Parallel()
	found, err := readBytes(Gem(), "var/lib/gems/gems/rack-2.2/rack.gemspec", []byte(gemWritten))
	if err != nil || len(found.Packages) != 0 {
		t.Errorf("got %v, %v", found.Packages, err)
	}
}

func TestGemWithoutIdentity(t *testing.T) {
	t.Parallel()
	if found, err := readBytes(Gem(), "x/specifications/readme.gemspec", []byte("hello")); err == nil || len(found.Packages) > 0 {
		t.Errorf("got %v, %v; want an error", found.Packages, err)
	}
}

func FuzzGem(f *testing.F) {
	f.Add([]byte(gemWritten))
	f.Add([]byte(`Gem::Specification.new("puma", "4.3.8") do |s|` + "\n  s.files = %q{a} \n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, path := range []string{"x/specifications/a-1.0.gemspec", "x/specifications/default/a.gemspec"} {
			found, _ := readBytes(Gem(), path, data)
			checkPackages(t, found.Packages)
		}
	})
}
