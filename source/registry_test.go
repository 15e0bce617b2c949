package source_test

import (
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/authn"
	"landwaiter.dev/image"
	"landwaiter.dev/internal/testkit"
	"landwaiter.dev/source"
)

// login is a keychain that gives everybody the same credentials.
type login struct{ user, password string }

func (l login) Resolve(authn.Resource) (authn.Authenticator, error) {
	return authn.FromConfig(authn.AuthConfig{Username: l.user, Password: l.password}), nil
}

var right, wrong = login{testkit.User, testkit.Password}, login{testkit.User, "guessed"}

func codeOf(err error) string {
	var e *source.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

func TestPullFromARealRegistry(t *testing.T) {
	t.Parallel()
	r := testkit.StartRegistry(t, testkit.RegistryOptions{})
	img := twoLayers()
	digest := img.Push(t, r, "some/app", "v1")
	name := r.Host + "/some/app:v1"
	i := open(t, name, source.Options{})
	want := image.Reference{Registry: r.Host, Repository: "some/app", Tag: "v1"}
	if diff := cmp.Diff(want, i.Reference); diff != "" || i.Manifest.Digest != digest || !i.Remote || i.Name != name {
		t.Errorf("opened %s %v (%s)", i.Manifest.Digest, i.Reference, diff)
	}
	checkBlobs(t, i, img)
	if byDigest := open(t, r.Host+"/some/app@"+string(digest), source.Options{}); byDigest.Manifest.Digest != digest {
		t.Errorf("by digest: %s", byDigest.Manifest.Digest)
	}
	if d, err := source.Resolve(t.Context(), want, source.RegistryOptions{}); err != nil || d != digest {
		t.Errorf("resolved to %s, %v", d, err)
	}
	for d, has := range map[image.Digest]bool{img.Layers[0].Digest: true, image.DigestOf([]byte("never pushed")): false} {
		if got, err := source.HasBlob(t.Context(), want, d, source.RegistryOptions{}); err != nil || got != has {
			t.Errorf("has %s: %v, %v", d, got, err)
		}
	}
	if err := source.Ping(t.Context(), r.Host, source.RegistryOptions{}); err != nil {
		t.Error(err)
	}
}

func TestIndexesFromARealRegistry(t *testing.T) {
	t.Parallel()
	r := testkit.StartRegistry(t, testkit.RegistryOptions{})
	img := twoLayers()
	index := testkit.Index(testkit.OCIIndex, img.For(armV7).Document(), img.For(s390x).Document())
	nested := testkit.Index(testkit.OCIIndex, testkit.Index(testkit.DockerList, img.Document()))
	r.Push(t, "a", "latest", index)
	r.Push(t, "a", "nested", nested)
	i := open(t, r.Host+"/a", source.Options{Platform: &s390x})
	if i.Config.Platform != s390x || i.Parent != index.Digest() {
		t.Errorf("%s of %s", i.Config.Platform, i.Parent)
	}
	if d, err := source.Resolve(t.Context(), i.Reference, source.RegistryOptions{}); err != nil || d != i.Parent {
		t.Errorf("the tag resolves to %s (%v), the image came from %s", d, err, i.Parent)
	}
	if i := open(t, r.Host+"/a", source.Options{}); i.Config.Platform != armV7 || len(i.Gaps) != 1 {
		t.Errorf("%s, %+v", i.Config.Platform, i.Gaps)
	}
	if i := open(t, r.Host+"/a:nested", source.Options{}); i.Manifest.Digest != img.Digest() || i.Parent != nested.Digest() {
		t.Errorf("%s of %s", i.Manifest.Digest, i.Parent)
	}
	refused(t, r.Host+"/a", source.Options{Platform: &arm64}, source.CodeNoSuchPlatform)
}

func TestWhatARegistryDoesNotHave(t *testing.T) {
	t.Parallel()
	r := testkit.StartRegistry(t, testkit.RegistryOptions{})
	img := twoLayers()
	img.Push(t, r, "a", "latest")
	absent := "@" + string(image.DigestOf([]byte("absent")))
	for name, code := range map[string]string{
		r.Host + "/a:other":    source.CodeNotFound,
		r.Host + "/b":          source.CodeNotFound,
		r.Host + "/a" + absent: source.CodeNotFound,
	} {
		said := refused(t, name, source.Options{}, code)
		if !strings.Contains(said, name) || !strings.Contains(said, r.Host) {
			t.Errorf("image and registry are not named: %s", said)
		}
		ref, err := image.ParseReference(name)
		if err != nil {
			t.Fatal(err)
		}
		if d, err := source.Resolve(t.Context(), ref, source.RegistryOptions{}); codeOf(err) != code {
			t.Errorf("%s resolves to %q, %v", name, d, err)
		}
	}
	r.Delete(t, "a", "blobs", img.Layers[1].Digest)
	i := open(t, r.Host+"/a", source.Options{})
	if _, err := i.OpenBlob(t.Context(), i.Manifest.Layers[1]); codeOf(err) != source.CodeNotAnImage {
		t.Errorf("a layer that is gone: %v", err)
	}
	r.Delete(t, "a", "blobs", i.Manifest.Config.Digest)
	refused(t, r.Host+"/a", source.Options{}, source.CodeNotAnImage)
}

func TestForeignLayersComeFromTheRegistryAlone(t *testing.T) {
	t.Parallel()
	r := testkit.StartRegistry(t, testkit.RegistryOptions{AllowURLs: "http://127.0.0.1:1/"})
	img := twoLayers()
	img.EditManifest = func(m testkit.Object) {
		l := m["layers"].([]any)[1].(testkit.Object)
		l["mediaType"], l["urls"] = "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", []string{"http://127.0.0.1:1/never"}
	}
	img.Push(t, r, "a", "latest")
	checkBlobs(t, open(t, r.Host+"/a", source.Options{}), img)
}

func TestSigningIn(t *testing.T) {
	t.Parallel()
	for _, auth := range []string{testkit.BasicAuth, testkit.TokenAuth} {
		t.Run(auth, func(t *testing.T) {
			t.Parallel()
			r := testkit.StartRegistry(t, testkit.RegistryOptions{Auth: auth})
			img := twoLayers()
			img.Push(t, r, "private/app", "latest")
			ref := image.Reference{Registry: r.Host, Repository: "private/app", Tag: "latest"}
			name := ref.FullTag()
			i := open(t, name, source.Options{Registry: source.RegistryOptions{Keychain: right}})
			checkBlobs(t, i, img)
			if err := source.Ping(t.Context(), r.Host, source.RegistryOptions{Keychain: right}); err != nil {
				t.Error(err)
			}
			if err := source.Ping(t.Context(), r.Host, source.RegistryOptions{Keychain: wrong}); codeOf(err) != source.CodeUnauthorised {
				t.Errorf("ping with wrong credentials: %v", err)
			}
			for who, keys := range map[string]authn.Keychain{"nobody": nil, "wrong": wrong} {
				o := source.RegistryOptions{Keychain: keys}
				if said := refused(t, name, source.Options{Registry: o}, source.CodeUnauthorised); strings.Contains(said, "guessed") {
					t.Errorf("the password is told: %s", said)
				}
				if _, err := source.Resolve(t.Context(), ref, o); codeOf(err) != source.CodeUnauthorised {
					t.Errorf("%s resolves: %v", who, err)
				}
				// Whose layers are whose hangs on this: a refusal is never a yes or a no.
				if has, err := source.HasBlob(t.Context(), ref, img.Layers[0].Digest, o); has || codeOf(err) != source.CodeUnauthorised {
					t.Errorf("%s has the blob: %v, %v", who, has, err)
				}
			}
			if has, err := source.HasBlob(t.Context(), ref, img.Layers[0].Digest, source.RegistryOptions{Keychain: right}); err != nil || !has {
				t.Errorf("has the blob: %v, %v", has, err)
			}
		})
	}
}

func TestAnonymousPullWithTokens(t *testing.T) {
	t.Parallel()
	r := testkit.StartRegistry(t, testkit.RegistryOptions{Auth: testkit.TokenAuth})
	img := twoLayers()
	img.Push(t, r, testkit.PublicPrefix+"app", "latest")
	checkBlobs(t, open(t, r.Host+"/"+testkit.PublicPrefix+"app", source.Options{}), img)
}

func TestCertificates(t *testing.T) {
	t.Parallel()
	r := testkit.StartRegistry(t, testkit.RegistryOptions{TLS: true, Auth: testkit.TokenAuth})
	img := twoLayers()
	img.Push(t, r, "a", "latest")
	name := r.Host + "/a"
	open(t, name, source.Options{Registry: source.RegistryOptions{Keychain: right, CAFile: r.CAFile}})
	open(t, name, source.Options{Registry: source.RegistryOptions{Keychain: right, SkipVerify: true}})
	said := refused(t, name, source.Options{Registry: source.RegistryOptions{Keychain: right}}, source.CodeUnreachable)
	if !strings.Contains(said, "certificate") {
		t.Errorf("the certificate is not named: %s", said)
	}
	refused(t, name, source.Options{Registry: source.RegistryOptions{CAFile: "/no/such/file"}}, source.CodeUnreachable)
	refused(t, name, source.Options{Registry: source.RegistryOptions{CAFile: "/etc/hostname"}}, source.CodeUnreachable)
}

func TestARegistryThatIsNotThere(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host := l.Addr().String()
	l.Close()
	said := refused(t, host+"/a", source.Options{}, source.CodeUnreachable)
	if !strings.Contains(said, host) || strings.Contains(said, "\n") {
		t.Errorf("not a clear sentence: %s", said)
	}
	_, err = source.Open(t.Context(), host+"/a", source.Options{})
	var e *source.Error
	if !errors.As(err, &e) || !e.Temporary {
		t.Errorf("a registry that is down may come back: %v", err)
	}
	if err := source.Ping(t.Context(), host, source.RegistryOptions{}); codeOf(err) != source.CodeUnreachable {
		t.Error(err)
	}
	if err := source.Ping(t.Context(), "no host", source.RegistryOptions{}); codeOf(err) != source.CodeInvalidReference {
		t.Error(err)
	}
}
