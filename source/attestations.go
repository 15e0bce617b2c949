package source

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"landwaiter.dev/image"
)

// Attestation is a document that lies next to an image in its repository: whatever somebody with the right to push says
// of it. Nothing about it is verified but the digest of its bytes.
type Attestation struct {
	// Origin is where it was found: the tag or the digest of the manifest that lists it.
	Origin string
	Digest image.Digest
	Raw    []byte
	// MediaType and Annotations are those of the layer that it is.
	MediaType   string
	Annotations map[string]string
}

// WantedAttestation chooses what is worth fetching by what its descriptor says: the media type of a layer or the kind of
// an artifact, and the type of the predicate, "" where none is said.
type WantedAttestation func(mediaType, predicateType string) bool

// Attestations fetches the documents next to an image of a registry: those under the tag "sha256-DIGEST.att" of each of
// subjects, and those that the registry lists as referring to it. It costs two or three small requests for each subject
// when there are none. What could not be read is in the errors; the rest counts. Images of other sources have none.
func (i *Image) Attestations(ctx context.Context, subjects []image.Digest, wanted WantedAttestation) ([]Attestation, []error) {
	return i.beside(ctx, subjects, wanted, ".att")
}

// Signatures is [Image.Attestations] for signatures, which are under the tag "sha256-DIGEST.sig", and attestations together.
func (i *Image) Signatures(ctx context.Context, subjects []image.Digest, wanted WantedAttestation) ([]Attestation, []error) {
	return i.beside(ctx, subjects, wanted, ".sig", ".att")
}

func (i *Image) beside(ctx context.Context, subjects []image.Digest, wanted WantedAttestation, tags ...string) ([]Attestation, []error) {
	c, ok := i.driver.(*connection)
	if !ok {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, attestationsWithin)
	defer cancel()
	s := attestationSearch{c: c, wanted: wanted, seen: map[string]bool{}}
	for _, tag := range tags {
		for _, d := range subjects {
			s.place()
			s.tagged(ctx, "sha256-"+d.Hex()+tag)
		}
	}
	for _, d := range subjects { // last, since anybody who may push can make a crowd of them
		s.place()
		s.referring(ctx, d)
	}
	return s.found, s.errs
}

// attestationSearch is one look around an image.
type attestationSearch struct {
	c      *connection
	wanted WantedAttestation
	seen   map[string]bool
	bytes  int64
	found  []Attestation
	errs   []error
	full   bool
	// mostFound and mostBytes are what found and bytes may come to in this place.
	mostFound int
	mostBytes int64
}

// place begins another place: each has its share, so that what is crowded into one takes nothing from the others.
func (s *attestationSearch) place() {
	s.mostFound = len(s.found) + maxAttestations
	s.mostBytes = s.bytes + (maxAttestationBytes-s.bytes)/2
}

func (s *attestationSearch) failed(err error) { s.errs = append(s.errs, err) }

// tagged takes the layers of the manifest that tools put beside an image under a tag made of its digest.
func (s *attestationSearch) tagged(ctx context.Context, tag string) {
	raw, mediaType, err := s.c.getManifest(ctx, tag)
	if isNotFound(err) {
		return
	}
	if err == nil {
		err = s.layers(ctx, tag, raw, mediaType)
	}
	if err != nil {
		s.failed(fmt.Errorf("the attestations under the tag %s cannot be read: %w", tag, err))
	}
}

// referring takes the layers of the artifacts that name the image as their subject, which the registry lists, or where it
// does not know how, clients keep under a tag (OCI distribution specification 1.1).
func (s *attestationSearch) referring(ctx context.Context, d image.Digest) {
	list, err := s.referrers(ctx, d)
	if err != nil && !isNotFound(err) {
		s.failed(fmt.Errorf("the list of what refers to %s cannot be read: %w", d.Short(), err)) // what was read counts
	}
	n := 0
	for _, a := range list {
		if s.seen[string(a.Digest)] || a.ArtifactType != "" && !s.wanted(a.ArtifactType, predicateOf(a.Annotations)) {
			continue
		}
		if n++; n > maxAttestations {
			s.tooMany()
			return
		}
		s.seen[string(a.Digest)] = true
		doc, err := fetch(ctx, s.c, a)
		if err == nil {
			err = s.layers(ctx, string(a.Digest), doc.raw, doc.mediaType)
		}
		if err != nil {
			s.failed(fmt.Errorf("the artifact %s cannot be read: %w", a.Digest.Short(), err))
		}
	}
}

// referrers asks for the list, page by page; an error of [CodeNotFound] means that there is none. What was read before
// another error is given beside it.
func (s *attestationSearch) referrers(ctx context.Context, d image.Digest) ([]image.Descriptor, error) {
	var list []image.Descriptor
	path := s.c.path("referrers", string(d))
	for page := 1; ; page++ {
		raw, next, err := s.page(ctx, path)
		if errors.Is(err, errNoReferrers) && page == 1 {
			raw, _, err = s.c.getManifest(ctx, "sha256-"+d.Hex())
		}
		if err != nil {
			return list, err
		}
		x, err := image.ParseIndex(raw)
		if err != nil {
			return list, err
		}
		list = append(list, x.Manifests...)
		if next == "" {
			return list, nil
		}
		switch {
		case next == path:
			return list, fail(CodeUnreachable, "the registry names as its next page the same one again")
		case page == maxReferrerPages:
			return list, fail(CodeLimit, "it has more than %d pages", page)
		}
		path = next
	}
}

// errNoReferrers is the answer of a registry that does not know the question.
var errNoReferrers = errors.New("the registry does not list what refers to an image")

// page asks for one page of a list of referrers, and gives the path of the next one, "" for none.
func (s *attestationSearch) page(ctx context.Context, path string) (raw []byte, next string, err error) {
	resp, err := s.c.do(ctx, http.MethodGet, path, http.Header{"Accept": {"application/vnd.oci.image.index.v1+json"}})
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusOK:
		if next, err = nextPage(resp, s.c.path("referrers", "")); err != nil {
			s.failed(err) // this page counts
		}
		raw, err = readAll(resp.Body, image.MaxManifestSize, "list of referrers")
		return raw, next, err
	case resp.StatusCode >= 500 && resp.StatusCode != http.StatusNotImplemented, resp.StatusCode == http.StatusTooManyRequests:
		return nil, "", refused(resp, resp.Body, s.c.host)
	}
	return nil, "", errNoReferrers
}

// nextPage reads the header Link of an answer (RFC 8288), in which a registry names the next page. Only its path counts,
// which must be one of a list of referrers: another host is not asked, least of all with this one's credentials.
func nextPage(resp *http.Response, prefix string) (string, error) {
	for _, value := range resp.Header.Values("Link") {
		for _, link := range strings.Split(value, ",") {
			target, params, is := strings.Cut(strings.TrimPrefix(strings.TrimSpace(link), "<"), ">")
			rel := strings.ReplaceAll(strings.ReplaceAll(strings.ToLower(params), " ", ""), `"`, "")
			if !is || !slices.Contains(strings.Split(rel, ";"), "rel=next") {
				continue
			}
			u, err := resp.Request.URL.Parse(target)
			if err != nil || !strings.HasPrefix(u.EscapedPath(), prefix) {
				return "", fail(CodeUnreachable, "the registry names %.200q as its next page, which is not one of the list's", target)
			}
			u.Scheme, u.Host, u.User, u.Fragment = "", "", nil, ""
			return u.String(), nil
		}
	}
	return "", nil
}

// layers fetches the layers of a manifest that are wanted.
func (s *attestationSearch) layers(ctx context.Context, origin string, raw []byte, mediaType string) error {
	m, err := image.ParseManifest(raw, mediaType)
	if err != nil {
		return err
	}
	for _, l := range m.Layers {
		key := distinct(l)
		if s.seen[key] || !s.wanted(l.MediaType, predicateOf(l.Annotations)) {
			continue
		}
		s.seen[key] = true
		if len(s.found) >= s.mostFound || s.bytes+l.Size > s.mostBytes {
			s.tooMany()
			return nil
		}
		s.bytes += l.Size
		b, err := readBlob(ctx, s.c, l, "attestation", maxAttestationSize)
		if err != nil {
			s.failed(fmt.Errorf("an attestation of %s cannot be read: %w", origin, err))
			continue
		}
		s.found = append(s.found, Attestation{Origin: origin, Digest: l.Digest, Raw: b, MediaType: l.MediaType, Annotations: l.Annotations})
	}
	return nil
}

// distinct tells the documents next to an image apart: several signatures over one payload, and what somebody lists in another
// way to hide them, differ in what their descriptors say alone.
func distinct(l image.Descriptor) string {
	parts := []string{string(l.Digest), l.MediaType}
	for key, value := range l.Annotations {
		if strings.HasPrefix(key, "dev.cosignproject.cosign/") || strings.HasPrefix(key, "dev.sigstore.cosign/") {
			parts = append(parts, key+"="+value)
		}
	}
	slices.Sort(parts[2:])
	return fmt.Sprintf("%q", parts)
}

func (s *attestationSearch) tooMany() {
	if !s.full {
		s.full = true
		s.failed(fail(CodeLimit, "there are more than %d attestations in one place next to the image, or more than half of the %d MiB that may be fetched", maxAttestations, maxAttestationBytes>>20))
	}
}

// predicateOf is the type of predicate that a descriptor names; tools agree in the word and not in what stands before it.
func predicateOf(annotations map[string]string) string {
	for key, value := range annotations {
		if k := strings.ToLower(key); strings.HasSuffix(k, "predicatetype") || strings.HasSuffix(k, "predicate-type") {
			return value
		}
	}
	return ""
}

func isNotFound(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == CodeNotFound
}
