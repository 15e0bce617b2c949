package feed

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestKEV(t *testing.T) {
	t.Parallel()
	c, err := ReadKEV(strings.NewReader(`{"title":"x","catalogVersion":"2025.08.25","dateReleased":"2025-08-25T17:04:19.9796Z","count":5,"vulnerabilities":[
		{"cveID":"CVE-2025-48384","dateAdded":"2025-08-25","product":"Git"},
		{"cveID":"CVE-2014-0160","dateAdded":"2022-05-04"},
		{"cveID":"CVE-2014-0160","dateAdded":"2023-05-04"},
		{"cveID":"not-a-cve","dateAdded":"2022-05-04"},
		{"cveID":"CVE-2020-0001","dateAdded":"soon"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"CVE-2025-48384": "2025-08-25", "CVE-2014-0160": "2022-05-04"}, c.Added); diff != "" {
		t.Error(diff)
	}
	if c.Version != "2025.08.25" || c.Released.Year() != 2025 || len(c.Problems) != 2 {
		t.Errorf("%+v", c)
	}
	for name, in := range map[string]string{
		"it is empty": "", "it is a web page": " <html>", "it is cut off or not JSON": `{"vulnerabilities":[{"cveID":"CVE-2025-48384","da`,
		"it lists no vulnerability": `{"catalogVersion":"2025.08.26","vulnerabilities":[]}`, "it is cut off or not JSON: the value of": `{"vulnerabilities":"none"}`,
	} {
		_, err := ReadKEV(strings.NewReader(in))
		var refused *Refused
		if !errors.As(err, &refused) || !strings.HasPrefix(refused.Reason, name) {
			t.Errorf("%q: %v, want %q", in, err, name)
		}
	}
}

const epssHead = "#model_version:v2025.03.14,score_date:2025-08-25T00:00:00+0000\ncve,epss,percentile\n"

func readScores(in []byte) (scores []Score, problems []string, refused string) {
	for s, err := range ReadEPSS(bytes.NewReader(in)) {
		var r *Refused
		switch {
		case errors.As(err, &r):
			refused = r.Reason
		case err != nil:
			problems = append(problems, err.Error())
		default:
			scores = append(scores, s)
		}
	}
	return scores, problems, refused
}

func zipped(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestEPSS(t *testing.T) {
	t.Parallel()
	rows := epssHead + "CVE-2001-1593,0.00044,0.25074\r\nCVE-2002-0367,0.50425,0.89568"
	want := []Score{{"CVE-2001-1593", 0.00044, 0.25074, "2025-08-25"}, {"CVE-2002-0367", 0.50425, 0.89568, "2025-08-25"}}
	for _, in := range [][]byte{[]byte(rows), zipped(t, rows)} {
		scores, problems, refused := readScores(in)
		if diff := cmp.Diff(want, scores); diff != "" || problems != nil || refused != "" {
			t.Errorf("problems %v, refused %q\n%s", problems, refused, diff)
		}
	}
}

func TestEPSSRowsThatAreNone(t *testing.T) {
	t.Parallel()
	scores, problems, refused := readScores([]byte(epssHead + "CVE-2021-44228,NaN,0.5\nCVE-2021-45046,1.7,2\nCVE-2019-0001,,\nnot-a-cve,0.1,0.1\nCVE-2019-0002,0.1\nCVE-2019-0003,0.1,-0.1\nCVE-2019-0004,1,0\n"))
	if diff := cmp.Diff([]Score{{"CVE-2019-0004", 1, 0, "2025-08-25"}}, scores); diff != "" || len(problems) != 6 || refused != "" {
		t.Errorf("problems %q, refused %q\n%s", problems, refused, diff)
	}
	scores, problems, refused = readScores([]byte("CVE-2001-1593,0.00044,0.25074\n"))
	if len(scores) != 1 || scores[0].Day != "" || len(problems) != 1 || !strings.Contains(problems[0], "of which day") || refused != "" {
		t.Errorf("without a header: %v, problems %q, refused %q", scores, problems, refused)
	}
}

func TestEPSSFilesThatAreRefused(t *testing.T) {
	t.Parallel()
	var many strings.Builder
	many.WriteString(epssHead)
	for i := range 2000 {
		fmt.Fprintf(&many, "CVE-2020-%04d,0.%05d,0.5\n", i+1000, i)
	}
	whole := zipped(t, many.String())
	for name, in := range map[string][]byte{
		"it holds no score": []byte(epssHead), "it is a web page": []byte("<html>"), "it is cut off or damaged": whole[:len(whole)/2],
		"its gzip header is damaged": {0x1f, 0x8b, 0}, "line 3 is longer than": []byte(epssHead + strings.Repeat("x", 1<<20)),
	} {
		if _, _, refused := readScores(in); !strings.HasPrefix(refused, name) {
			t.Errorf("refused %q, want %q", refused, name)
		}
	}
}

// FuzzScores: no bytes panic, and what is yielded is a CVE with numbers from 0 to 1.
func FuzzScores(f *testing.F) {
	f.Add([]byte(epssHead + "CVE-2001-1593,0.00044,0.25074\n"))
	f.Add(zipped(f, epssHead))
	f.Fuzz(func(t *testing.T, data []byte) {
		scores, _, _ := readScores(data)
		for _, s := range scores {
			if !cvePattern.MatchString(s.CVE) || !(s.EPSS >= 0 && s.EPSS <= 1 && s.Percentile >= 0 && s.Percentile <= 1) {
				t.Fatalf("%+v", s)
			}
		}
		if c, err := ReadKEV(bytes.NewReader(data)); err == nil && len(c.Added) == 0 {
			t.Fatal("an empty catalogue")
		}
	})
}

func TestEachDriverReadsOneThing(t *testing.T) {
	t.Parallel()
	for _, d := range Drivers() {
		readers := 0
		for _, is := range []bool{d.Records != nil, d.Exploited != nil, d.Scores != nil} {
			if is {
				readers++
			}
		}
		if readers != 1 || d.Name == "" || d.Doc == "" || !strings.HasPrefix(d.Source, "https://") || d.Parts != nil && d.Records == nil {
			t.Errorf("%+v", d)
		}
	}
}
