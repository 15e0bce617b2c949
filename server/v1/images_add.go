package v1

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"time"

	"landwaiter.dev/engine"
	"landwaiter.dev/image"
	"landwaiter.dev/server/problem"
	"landwaiter.dev/store"
)

// addBody is the body of POST /images: either tag, with or without digest, or exactly one source.
type addBody struct {
	_           struct{}           `additionalProperties:"true"`
	Tag         *string            `json:"tag,omitempty" doc:"[registry/]repository[:tag]"`
	Digest      *string            `json:"digest,omitempty" doc:"With tag: analyse this digest and list it under the tag"`
	CreatedAt   *string            `json:"created_at,omitempty" doc:"With digest: when the tag got it"`
	Dockerfile  *string            `json:"dockerfile,omitempty" doc:"base64"`
	Annotations map[string]*string `json:"annotations,omitempty" doc:"Texts by name; null, or the text \"null\", removes one"`
	ImageType   *string            `json:"image_type,omitempty" doc:"Ignored"`
	Source      *addSource         `json:"source,omitempty"`
}

type addSource struct {
	_       struct{}        `additionalProperties:"true"`
	Tag     *tagSource      `json:"tag,omitempty"`
	Digest  *digestSource   `json:"digest,omitempty"`
	Archive json.RawMessage `json:"archive,omitempty"`
	Import  *importSource   `json:"import,omitempty"`
}

type tagSource struct {
	_          struct{} `additionalProperties:"true"`
	Pullstring *string  `json:"pullstring"`
	Dockerfile *string  `json:"dockerfile,omitempty"`
}

type digestSource struct {
	_          struct{} `additionalProperties:"true"`
	Pullstring *string  `json:"pullstring"`
	Tag        *string  `json:"tag"`
	CreatedAt  *string  `json:"creation_timestamp_override,omitempty"`
	Dockerfile *string  `json:"dockerfile,omitempty"`
}

type addImage struct {
	Force         bool `query:"force" doc:"Analyse again what is known"`
	Autosubscribe bool `query:"autosubscribe" default:"true" doc:"Watch the tag"`
	RawBody       []byte
}

func (r *routes) addImage(ctx context.Context, in *addImage) ([]Image, error) {
	b, source, err := readBody(in.RawBody)
	if err != nil {
		return nil, err
	}
	var added store.Image
	if source.Import != nil {
		var finish engine.FinishImport
		if finish, err = source.Import.read(); err != nil {
			return nil, err
		}
		finish.Annotations, finish.Force = b.annotations(), in.Force
		added, err = r.Imports.Finish(ctx, account(ctx), finish)
	} else {
		var add engine.AddImage
		if add, err = readAdd(b, source); err != nil {
			return nil, err
		}
		add.Force, add.Autosubscribe = in.Force, in.Autosubscribe
		added, err = r.Images.Add(ctx, account(ctx), add)
	}
	if err != nil {
		return nil, err
	}
	img, err := r.single(ctx, added)
	return []Image{img}, err
}

// readBody reads the body of POST /images. The older top-level keys are turned into a source first.
func readBody(body []byte) (*addBody, *addSource, error) {
	var b addBody
	if err := object(body, &b); err != nil {
		return nil, nil, err
	}
	source, err := b.source()
	return &b, source, err
}

// readAdd reads what is to be fetched from a registry.
func readAdd(b *addBody, source *addSource) (engine.AddImage, error) {
	var add engine.AddImage
	var err error
	if source.Tag != nil {
		add, err = source.Tag.read()
	} else {
		add, err = source.Digest.read()
	}
	if err != nil {
		return engine.AddImage{}, err
	}
	add.Annotations = b.annotations()
	return add, nil
}

// annotations to merge; nil removes one.
func (b *addBody) annotations() map[string]*string {
	var notes map[string]*string
	for k, v := range b.Annotations {
		if notes == nil {
			notes = map[string]*string{}
		}
		if v != nil && *v == "null" {
			v = nil
		}
		notes[k] = v
	}
	return notes
}

func (b *addBody) source() (*addSource, error) {
	old := b.Tag != nil || b.Digest != nil
	s := b.Source
	switch {
	case s == nil && !old:
		return nil, invalid("must include 'tag', 'tag' and 'digest', or 'source'")
	case s != nil && (old || b.Dockerfile != nil):
		return nil, invalid("cannot use both 'source' and top-level 'tag', 'digest' or 'dockerfile'")
	case s == nil && b.Tag == nil:
		return nil, invalid("tag needed for a digest-based analysis: give 'tag' with 'digest'")
	case s == nil && b.Digest == nil:
		return &addSource{Tag: &tagSource{Pullstring: b.Tag, Dockerfile: b.Dockerfile}}, nil
	case s == nil:
		pull, err := pullstring(*b.Tag, *b.Digest)
		if err != nil {
			return nil, err
		}
		return &addSource{Digest: &digestSource{Pullstring: &pull, Tag: b.Tag, CreatedAt: b.CreatedAt, Dockerfile: b.Dockerfile}}, nil
	}
	n := 0
	for _, given := range []bool{s.Tag != nil, s.Digest != nil, len(s.Archive) > 0, s.Import != nil} {
		if given {
			n++
		}
	}
	switch {
	case n == 0:
		return nil, invalid("must have one source property set: 'tag', 'digest' or 'import'")
	case n > 1:
		return nil, invalid("must have exactly one source property set, not %d", n)
	case len(s.Archive) > 0:
		return nil, problem.New(http.StatusNotImplemented, "not_supported", "images cannot be restored from an archive on this server yet; add them by tag or digest")
	}
	return s, nil
}

// pullstring joins the old keys: digest may be a bare digest or repository@digest.
func pullstring(tag, digest string) (string, error) {
	if strings.Contains(digest, "@") {
		return digest, nil
	}
	ref, err := image.ParseReference(tag)
	if err != nil {
		return "", badReference("tag", tag, err)
	}
	return ref.Registry + "/" + ref.Repository + "@" + digest, nil
}

func (s *tagSource) read() (engine.AddImage, error) {
	if s.Pullstring == nil {
		return engine.AddImage{}, required("pullstring")
	}
	ref, err := image.ParseReference(*s.Pullstring)
	switch {
	case err != nil:
		return engine.AddImage{}, badReference("tag", *s.Pullstring, err)
	case ref.Digest != "":
		return engine.AddImage{}, invalid("must have a tag-based pull string, and %.200q names a digest: give the digest as 'digest' and a tag as 'tag'", *s.Pullstring).With("invalid_value", *s.Pullstring)
	}
	dockerfile, err := readDockerfile(s.Dockerfile)
	return engine.AddImage{Reference: ref, Dockerfile: dockerfile}, err
}

func (s *digestSource) read() (engine.AddImage, error) {
	if s.Pullstring == nil {
		return engine.AddImage{}, required("pullstring")
	}
	if s.Tag == nil {
		return engine.AddImage{}, required("tag")
	}
	pull, err := image.ParseReference(*s.Pullstring)
	switch {
	case err != nil:
		return engine.AddImage{}, badReference("pullstring", *s.Pullstring, err)
	case pull.Digest == "":
		return engine.AddImage{}, invalid("must have a digest-based pull string, not %.200q", *s.Pullstring).With("invalid_value", *s.Pullstring)
	}
	tag, err := image.ParseReference(*s.Tag)
	switch {
	case err != nil:
		return engine.AddImage{}, badReference("tag", *s.Tag, err)
	case tag.Digest != "":
		return engine.AddImage{}, invalid("must have a tag-based pull string in 'tag', not %.200q", *s.Tag).With("invalid_value", *s.Tag)
	case pull.Registry != tag.Registry || pull.Repository != tag.Repository:
		return engine.AddImage{}, invalid("tag %.200q and digest %.200q are of different repositories", *s.Tag, *s.Pullstring)
	}
	tag.Digest = pull.Digest
	add := engine.AddImage{Reference: tag}
	if s.CreatedAt != nil && *s.CreatedAt != "" {
		if add.CreatedAt, err = readTimestamp(*s.CreatedAt); err != nil {
			return engine.AddImage{}, err
		}
	}
	add.Dockerfile, err = readDockerfile(s.Dockerfile)
	return add, err
}

func badReference(key, value string, err error) error {
	return invalid("could not validate request: '%s': %v", key, err).With("invalid_value", value)
}

var base64Chars = regexp.MustCompile(`^[a-zA-Z0-9+/=]+$`)

func readDockerfile(s *string) (*string, error) {
	if s == nil {
		return nil, nil
	}
	if !base64Chars.MatchString(*s) {
		return nil, invalid("'dockerfile' does not match '%s': send the file in base64, on one line", base64Chars)
	}
	text, err := base64.StdEncoding.DecodeString(*s)
	if err != nil {
		return nil, invalid("'dockerfile' is not valid base64: %v", err)
	}
	decoded := string(text)
	return &decoded, nil
}

// fractionColon is the odd form of a fraction that clients may send: "22:13:20:5Z".
var fractionColon = regexp.MustCompile(`^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d):(\d{1,6}Z)$`)

func readTimestamp(s string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, fractionColon.ReplaceAllString(s, "$1.$2"))
	if err != nil {
		return time.Time{}, invalid("creation timestamp: invalid formatted date %.60q: want 2006-01-02T15:04:05Z", s).
			With("Property", "creation_timestamp_override").With("Value", s)
	}
	return t.UTC(), nil
}
