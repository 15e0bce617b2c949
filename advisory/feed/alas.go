package feed

import (
	"cmp"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"landwaiter.dev/advisory"
)

// alasRepositories are the repositories that are read: the core of each release. The list for x86_64 names the packages
// of all architectures.
var alasRepositories = []struct{ release, mirrors string }{
	{"2018.03", "2018.03/updates/x86_64/mirror.list"},
	{"2", "2/core/latest/x86_64/mirror.list"},
	{"2023", "al2023/core/mirrors/latest/x86_64/mirror.list"},
}

const amazonLinux = "Amazon Linux:"

// alasParts finds where the repositories of the releases wanted keep their advisories: the first mirror that the list
// names, whose index names the file and its digest. A mirror without the list has the index beside it.
func alasParts(ctx context.Context, l Lister, ecosystems []string) ([]Part, error) {
	var parts []Part
	for _, repo := range alasRepositories {
		if ecosystems != nil && !slices.Contains(ecosystems, amazonLinux+repo.release) {
			continue
		}
		part, err := alasPart(ctx, l, repo.mirrors)
		absent := errors.Is(err, fs.ErrNotExist)
		switch {
		case absent && ecosystems == nil:
			continue
		case absent: // it is asked for all the same, so that it is told to be missing
			part.Path = path.Join(path.Dir(repo.mirrors), "repodata/updateinfo.xml.gz")
		case err != nil:
			return nil, fmt.Errorf("the repository of Amazon Linux %s: %w", repo.release, err)
		}
		part.Name = "alas/" + repo.release
		parts = append(parts, part)
	}
	return parts, nil
}

func alasPart(ctx context.Context, l Lister, mirrors string) (Part, error) {
	root := path.Dir(mirrors)
	list, err := l.Read(ctx, mirrors, maxIndexFile)
	if err == nil {
		root, err = firstMirror(list)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Part{}, err
	}
	index, err := l.Read(ctx, path.Join(root, "repodata/repomd.xml"), maxIndexFile)
	if err != nil {
		return Part{}, err
	}
	return updateInfo(index, root)
}

// firstMirror is the path of the first repository that a list of mirrors names. Whatever host that is, the path below it
// is where the source has it, too.
func firstMirror(list []byte) (string, error) {
	for line := range strings.Lines(string(list)) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		u, err := url.Parse(line)
		if err != nil || u.Host == "" || !below(strings.Trim(u.Path, "/")) {
			return "", fmt.Errorf("its list of mirrors names %.120q, which is no address of one", line)
		}
		return strings.Trim(u.Path, "/"), nil
	}
	return "", errors.New("its list of mirrors is empty")
}

// below says whether a path stays where it is looked up.
func below(p string) bool { return fs.ValidPath(p) && p != "." && !strings.Contains(p, `\`) }

var sha256Pattern = regexp.MustCompile(`^[0-9a-f]{64}$`)

// updateInfo finds the advisories in the index of a repository (repomd.xml).
func updateInfo(index []byte, root string) (Part, error) {
	var in struct {
		Data []struct {
			Type     string `xml:"type,attr"`
			Checksum struct {
				Type  string `xml:"type,attr"`
				Value string `xml:",chardata"`
			} `xml:"checksum"`
			Location struct {
				Href string `xml:"href,attr"`
			} `xml:"location"`
		} `xml:"data"`
	}
	if err := xml.Unmarshal(index, &in); err != nil {
		return Part{}, fmt.Errorf("its index repomd.xml is %s", strings.TrimPrefix(broken(err), "it is "))
	}
	for _, d := range in.Data {
		if d.Type != "updateinfo" {
			continue
		}
		part := Part{Path: path.Join(root, d.Location.Href)} // some are named with ".." from the repository
		if !below(part.Path) || d.Location.Href == "" {
			return Part{}, fmt.Errorf("its index names the file %.120q, which is outside of the source", d.Location.Href)
		}
		if sum := strings.TrimSpace(d.Checksum.Value); d.Checksum.Type == "sha256" {
			if !sha256Pattern.MatchString(sum) {
				return Part{}, fmt.Errorf("its index names the checksum %.80q, which is none", sum)
			}
			part.SHA256 = sum
		}
		return part, nil
	}
	return Part{}, errors.New("its index names no advisories (updateinfo)")
}

// update is one advisory of updateinfo.xml.
type update struct {
	Type     string      `xml:"type,attr"`
	ID       string      `xml:"id"`
	Title    string      `xml:"title"`
	Issued   updateDay   `xml:"issued"`
	Updated  updateDay   `xml:"updated"`
	Severity string      `xml:"severity"`
	Details  string      `xml:"description"`
	Refs     []updateRef `xml:"references>reference"`
	Packages []updatePkg `xml:"pkglist>collection>package"`
}

type updateDay struct {
	Date string `xml:"date,attr"`
}

type updateRef struct {
	ID   string `xml:"id,attr"`
	Type string `xml:"type,attr"`
}

type updatePkg struct {
	Name    string `xml:"name,attr"`
	Epoch   string `xml:"epoch,attr"`
	Version string `xml:"version,attr"`
	Release string `xml:"release,attr"`
	Arch    string `xml:"arch,attr"`
}

// ReadALAS reads the advisories of a repository of Amazon Linux (updateinfo.xml), of the part "alas/2023". Updates that
// are no security updates are left out.
func ReadALAS(r io.ReaderAt, size int64, part string) iter.Seq2[*advisory.Record, error] {
	return func(yield func(*advisory.Record, error) bool) {
		refuse := func(reason string) { yield(nil, &Refused{part, reason}) }
		d, err := openDocument(r, size)
		if err != nil {
			refuse(err.Error())
			return
		}
		defer d.done()
		ecosystem := amazonLinux + strings.TrimPrefix(part, "alas/")
		updates := elementsOf(d, "updates", "update")
		for n := 0; ; n++ {
			var u update
			err := updates.next(&u)
			switch {
			case err == io.EOF && n == 0:
				refuse("it lists no advisory")
				return
			case err == io.EOF:
				if rest, err := d.skip(); err != nil {
					refuse(broken(err))
				} else if rest != "" {
					refuse("something follows its end")
				}
				return
			case err != nil:
				refuse(broken(err))
				return
			case n == maxEntries:
				refuse(fmt.Sprintf("it has more than %d advisories", maxEntries))
				return
			case u.Type != "" && u.Type != "security":
				continue
			}
			record, err := u.record(ecosystem)
			if !yield(record, err) {
				return
			}
		}
	}
}

func (u *update) record(ecosystem string) (*advisory.Record, error) {
	id := strings.TrimSpace(u.ID)
	if !idPattern.MatchString(id) || len(id) > maxID {
		return nil, &Problem{id, "its id is not usable; skipped"}
	}
	r := &advisory.Record{
		ID: id, Summary: strings.TrimSpace(u.Title), Details: strings.TrimSpace(u.Details), Word: word(strings.TrimSpace(u.Severity)),
		Links: []advisory.Reference{{Type: "ADVISORY", URL: alasPage(id, ecosystem)}},
	}
	r.Published, r.Modified = alasDay(u.Issued.Date), alasDay(u.Updated.Date)
	for _, ref := range u.Refs {
		if cvePattern.MatchString(ref.ID) && !slices.Contains(r.Upstream, ref.ID) {
			r.Upstream = append(r.Upstream, ref.ID)
		}
	}
	// Where one build is named, it is the fix wherever the package is: it may have been for other architectures before.
	builds := rpmFixes{arches: func(named []string, only bool) []string {
		if only {
			return nil
		}
		slices.Sort(named)
		return named
	}}
	wrong := ""
	for _, p := range u.Packages {
		evr := p.Version + "-" + p.Release
		if p.Epoch != "" && p.Epoch != "0" {
			evr = p.Epoch + ":" + evr
		}
		switch {
		case p.Arch == "src":
		case !printable(p.Name, maxName) || p.Version == "" || p.Release == "" || !advisory.ValidVersion(ecosystem, evr):
			wrong = fmt.Sprintf("%.80q in version %.80q cannot be compared", p.Name, evr)
		default:
			builds.add(rpmBuild{ecosystem: ecosystem, name: p.Name, evr: evr, arch: p.Arch})
		}
	}
	r.Affected = builds.affected()
	switch {
	case wrong == "" && len(r.Affected) > 0:
		return r, nil
	case len(r.Affected) > 0:
		return r, &Problem{id, wrong + "; the rest is taken"}
	}
	return nil, &Problem{id, cmp.Or(wrong, "it names no package") + "; skipped"}
}

// alasDay reads a date as updateinfo.xml has it; what is none is left out.
func alasDay(s string) time.Time {
	for _, layout := range []string{"2006-01-02 15:04", time.DateTime, time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

var alasID = regexp.MustCompile(`^ALAS\d*`)

// alasPage is the page of an advisory, whose name there does not have the release: AL2/ALAS-2018-939.html.
func alasPage(id, ecosystem string) string {
	folder := ""
	if release := strings.TrimPrefix(ecosystem, amazonLinux); !strings.Contains(release, ".") {
		folder = "AL" + release + "/"
	}
	return "https://alas.aws.amazon.com/" + folder + url.PathEscape(alasID.ReplaceAllString(id, "ALAS")) + ".html"
}
