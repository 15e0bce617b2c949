package catalog

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
)

func TestJVMRelease(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		text string
		want []image.Package
	}{
		"Temurin": {"IMPLEMENTOR=\"Eclipse Adoptium\"\nIMPLEMENTOR_VERSION=\"Temurin-17.0.9+9\"\nJAVA_RUNTIME_VERSION=\"17.0.9+9\"\nJAVA_VERSION=\"17.0.9\"\nOS_ARCH=\"x86_64\"\nIMAGE_TYPE=\"JRE\"\n",
			[]image.Package{{Name: "openjdk", Version: "17.0.9", Arch: "x86_64", Origin: "Eclipse Adoptium", CPEs: []string{"cpe:2.3:a:oracle:openjdk:17.0.9:*:*:*:*:*:*:*"},
				Extra: map[string]string{"runtime-version": "17.0.9+9", "implementor-version": "Temurin-17.0.9+9", "image-type": "JRE"}}}},
		"Java 8": {"JAVA_VERSION=\"1.8.0_392\"\r\n", []image.Package{{Name: "openjdk", Version: "1.8.0_392", CPEs: []string{"cpe:2.3:a:oracle:openjdk:8:update392:*:*:*:*:*:*"}}}},
		"Oracle's own": {"JAVA_VERSION=\"21.0.1\"\nIMPLEMENTOR=\"Oracle Corporation\"\nBUILD_TYPE=\"commercial\"\n",
			[]image.Package{{Name: "jdk", Version: "21.0.1", Origin: "Oracle Corporation", CPEs: []string{"cpe:2.3:a:oracle:jdk:21.0.1:*:*:*:*:*:*:*"}}}},
		"Zulu": {"JAVA_VERSION=\"11.0.21\"\nIMPLEMENTOR=\"Azul Systems, Inc.\"\n", []image.Package{{Name: "zulu", Version: "11.0.21", Origin: "Azul Systems, Inc.",
			CPEs: []string{"cpe:2.3:a:azul:zulu:11.0.21:*:*:*:*:*:*:*", "cpe:2.3:a:oracle:openjdk:11.0.21:*:*:*:*:*:*:*"}}}},
		"GraalVM": {"JAVA_VERSION=\"17.0.7\"\nGRAALVM_VERSION=\"22.3.2\"\n", []image.Package{{Name: "graalvm", Version: "17.0.7",
			CPEs:  []string{"cpe:2.3:a:oracle:graalvm:17.0.7:*:*:*:*:*:*:*", "cpe:2.3:a:oracle:openjdk:17.0.7:*:*:*:*:*:*:*"},
			Extra: map[string]string{"graalvm-version": "22.3.2"}}}},
		"another release file": {"VERSION=\"1.2\"\n", nil},
		"no version":           {"JAVA_VERSION=\"a b\"\n", nil},
		"no number":            {"JAVA_VERSION=\"latest\"\n", nil},
		"empty":                {"", nil},
		"endless":              {"JAVA_VERSION=\"17.0.9\"\n" + strings.Repeat("x", maxJVMRelease), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found, err := readBytes(KnownBinaries(), "opt/java/release", []byte(tc.text))
			if err != nil || len(found.Gaps) > 0 {
				t.Fatal(err, found.Gaps)
			}
			for i := range tc.want {
				p := &tc.want[i]
				p.Type, p.Location = image.Binary, "opt/java/release"
				if p.Extra == nil {
					p.Extra = map[string]string{}
				}
				p.Extra["classifier"], p.Extra["evidence"] = "jvm-release", `JAVA_VERSION="`+p.Version+`"`
			}
			if d := cmp.Diff(tc.want, found.Packages); d != "" {
				t.Error(d)
			}
		})
	}
}

func FuzzJVMRelease(f *testing.F) {
	f.Add([]byte("JAVA_VERSION=\"1.8.0_392\"\nIMPLEMENTOR=\"x\"\nOS_ARCH=\"y\"\n"))
	f.Add([]byte("JAVA_VERSION=17\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		found, _ := readBytes(KnownBinaries(), "opt/java/release", data)
		checkPackages(t, found.Packages)
	})
}
