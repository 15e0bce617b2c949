package source_test

import (
	"strings"
	"testing"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/testkit"
	"landwaiter.dev/source"
)

var (
	amd64 = image.Platform{OS: "linux", Architecture: "amd64"}
	arm64 = image.Platform{OS: "linux", Architecture: "arm64"}
	armV6 = image.Platform{OS: "linux", Architecture: "arm", Variant: "v6"}
	armV7 = image.Platform{OS: "linux", Architecture: "arm", Variant: "v7"}
	s390x = image.Platform{OS: "linux", Architecture: "s390x"}
)

// attestation is what builders put beside the images of an index.
func attestation() *testkit.Document {
	d := testkit.Image(testkit.Layer()).Document()
	d.Platform = &image.Platform{OS: "unknown", Architecture: "unknown"}
	d.Annotations = map[string]string{"vnd.docker.reference.type": "attestation-manifest"}
	return d
}

// unsaid is an image whose entry names no platform.
func unsaid(i *testkit.ImageBuild) *testkit.Document {
	d := i.Document()
	d.Platform = nil
	return d
}

func layoutOf(t *testing.T, d *testkit.Document) string {
	t.Helper()
	return "oci-dir:" + testkit.WriteFiles(t, testkit.Layout(map[string]*testkit.Document{"latest": d}))
}

func TestPlatformChoice(t *testing.T) {
	t.Parallel()
	img := twoLayers()
	arm64v8 := image.Platform{OS: "linux", Architecture: "arm64", Variant: "v8"}
	windows := image.Platform{OS: "windows", Architecture: "amd64"}
	index := testkit.Index(testkit.OCIIndex, attestation(), img.For(s390x).Document(), img.For(arm64v8).Document(),
		img.For(armV7).Document(), img.For(armV6).Document(), img.For(windows).Document(), img.For(amd64).Document())
	noAMD := testkit.Index(testkit.DockerList, attestation(), img.For(s390x).Document(), img.For(arm64).Document())
	plain := testkit.Index(testkit.OCIIndex, unsaid(img.For(arm64)), unsaid(img.For(amd64)))
	nested := testkit.Index(testkit.OCIIndex, testkit.Index(testkit.OCIIndex, attestation(), index))
	for name, c := range map[string]struct {
		index *testkit.Document
		ask   *image.Platform
		want  image.Platform
		gap   bool
	}{
		"default":                      {index, nil, amd64, false},
		"asked for":                    {index, &s390x, s390x, false},
		"arm64 without its variant":    {index, &arm64, arm64v8, false},
		"arm64 with its variant":       {noAMD, &arm64v8, arm64, false},
		"first of two variants":        {index, &image.Platform{OS: "linux", Architecture: "arm"}, armV7, false},
		"variant":                      {index, &armV6, armV6, false},
		"other system":                 {index, &windows, windows, false},
		"default missing":              {noAMD, nil, s390x, true},
		"said by configs alone":        {plain, nil, amd64, false},
		"said by configs, asked for":   {plain, &arm64, arm64, false},
		"index within an index":        {nested, &armV7, armV7, false},
		"only one, by an index":        {testkit.Index(testkit.OCIIndex, img.For(arm64).Document()), nil, arm64, true},
		"only one, silent, not of ask": {testkit.Index(testkit.OCIIndex, unsaid(img.For(arm64))), nil, arm64, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := open(t, layoutOf(t, c.index), source.Options{Platform: c.ask})
			if i.Config.Platform != c.want {
				t.Errorf("%s was taken, want %s", i.Config.Platform, c.want)
			}
			if i.Parent != c.index.Digest() || string(i.ParentRaw) != string(c.index.Raw) {
				t.Errorf("parent %s, want %s", i.Parent, c.index.Digest())
			}
			switch {
			case c.gap && (len(i.Gaps) != 1 || i.Gaps[0].Kind != image.GapPlatform || !strings.Contains(i.Gaps[0].Detail, c.want.String())):
				t.Errorf("the choice is not said aloud: %+v", i.Gaps)
			case !c.gap && len(i.Gaps) > 0:
				t.Errorf("gaps without need: %+v", i.Gaps)
			}
		})
	}
}

func TestAPlatformThatIsNotThere(t *testing.T) {
	t.Parallel()
	img := twoLayers()
	index := testkit.Index(testkit.OCIIndex, attestation(), img.Document(), img.For(armV7).Document())
	said := refused(t, layoutOf(t, index), source.Options{Platform: &s390x}, source.CodeNoSuchPlatform)
	if !strings.Contains(said, "linux/amd64, linux/arm/v7") || strings.Contains(said, "unknown") {
		t.Errorf("the platforms are not named: %s", said)
	}
	for _, single := range []string{"oci-dir:" + img.OCIDir(t, "latest"), img.DockerArchive(t, testkit.Legacy, "a:1"), "dir:" + img.SkopeoDir(t)} {
		if said := refused(t, single, source.Options{Platform: &arm64}, source.CodeNoSuchPlatform); !strings.Contains(said, "linux/amd64") {
			t.Errorf("the platform is not named: %s", said)
		}
		open(t, single, source.Options{Platform: &amd64})
	}
}

func TestASingleImageForAnotherPlatformIsNoChoice(t *testing.T) {
	t.Parallel()
	i := open(t, twoLayers().For(arm64).OCIDir(t, "latest"), source.Options{})
	if i.Config.Platform != arm64 || len(i.Gaps) > 0 {
		t.Errorf("%s, %+v", i.Config.Platform, i.Gaps)
	}
}

func TestPlatformsSideBySideInALayout(t *testing.T) {
	t.Parallel()
	one, two := twoLayers().For(arm64).Document(), twoLayers().Document()
	files := testkit.Layout(map[string]*testkit.Document{"": testkit.Index(testkit.OCIIndex, one, two)})
	files["index.json"] = testkit.Index(testkit.OCIIndex, one, two).Raw
	dir := testkit.WriteFiles(t, files)
	if i := open(t, dir, source.Options{}); i.Config.Platform != amd64 || i.Parent != "" {
		t.Errorf("%s of %s", i.Config.Platform, i.Parent)
	}
}

func TestAPlatformLeftOutOfTheCopyIsNoObstacle(t *testing.T) {
	t.Parallel()
	img := twoLayers()
	gone := img.For(s390x).Document()
	index := testkit.Index(testkit.OCIIndex, gone, img.For(arm64).Document())
	files := testkit.Layout(map[string]*testkit.Document{"latest": index})
	delete(files, "blobs/sha256/"+gone.Digest().Hex())
	i := open(t, testkit.WriteFiles(t, files), source.Options{})
	if i.Config.Platform != arm64 || len(i.Gaps) != 1 {
		t.Errorf("%s, %+v", i.Config.Platform, i.Gaps)
	}
}

func TestSkopeoDirOfAnIndex(t *testing.T) {
	t.Parallel()
	img := twoLayers()
	index := testkit.Index(testkit.DockerList, img.For(arm64).Document(), img.Document())
	i := open(t, "dir:"+testkit.WriteFiles(t, testkit.SkopeoFiles(index)), source.Options{Platform: &arm64})
	if i.Config.Platform != arm64 || i.Parent != index.Digest() {
		t.Errorf("%s of %s", i.Config.Platform, i.Parent)
	}
}

func TestIndexesAreBounded(t *testing.T) {
	t.Parallel()
	deep := twoLayers().Document()
	for range 200 {
		deep = testkit.Index(testkit.OCIIndex, deep)
	}
	refused(t, layoutOf(t, deep), source.Options{}, source.CodeLimit)

	var wide []*testkit.Document
	for n := range 50 {
		wide = append(wide, testkit.Index(testkit.OCIIndex, testkit.Image(testkit.Layer(testkit.File("n", string(rune('a'+n))))).For(arm64).Document()))
	}
	refused(t, layoutOf(t, testkit.Index(testkit.OCIIndex, wide...)), source.Options{}, source.CodeLimit)
	refused(t, layoutOf(t, testkit.Index(testkit.OCIIndex)), source.Options{}, source.CodeNotAnImage)
	refused(t, layoutOf(t, testkit.Index(testkit.OCIIndex, attestation())), source.Options{}, source.CodeNotAnImage)
}
