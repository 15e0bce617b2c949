package advisory

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSeverityWords(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]Severity{
		"High": High, "HIGH": High, "important": High, "moderate": Medium, "Medium": Medium, " low ": Low, "low**": Low,
		"unimportant": Negligible, "negligible": Negligible, "critical": Critical, "Unknown": Unknown,
	} {
		if got, ok := ParseSeverity(word); !ok || got != want {
			t.Errorf("%q: %v, %v, want %v", word, got, ok, want)
		}
	}
	for _, word := range []string{"", "not yet assigned", "end-of-life", "9.8"} {
		if got, ok := ParseSeverity(word); ok {
			t.Errorf("%q is %v, want no severity", word, got)
		}
	}
}

func TestSeverityIsAWordInJSON(t *testing.T) {
	t.Parallel()
	b, err := json.Marshal([]Severity{Unknown, Negligible, Low, Medium, High, Critical, 99})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(`["Unknown","Negligible","Low","Medium","High","Critical","Unknown"]`, string(b)); diff != "" {
		t.Error(diff)
	}
	var back []Severity
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Severity{Unknown, Negligible, Low, Medium, High, Critical, Unknown}, back); diff != "" {
		t.Error(diff)
	}
	if err := json.Unmarshal([]byte(`["harmless"]`), &back); err == nil {
		t.Error("a word that is no severity was read")
	}
}

func TestScores(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		score  Score
		source string
		want   CVSS
	}{
		{Score{"CVSS_V3", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}, "GHSA-x", CVSS{"GHSA-x", "3.1", "", 9.8, 3.9, 5.9, ""}},
		{Score{"CVSS_V3", "CVSS:3.0/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:H"}, "RUSTSEC-1", CVSS{"RUSTSEC-1", "3.0", "", 8.1, 2.2, 5.9, ""}},
		{Score{"CVSS_V3", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:N/I:N/A:N"}, "x", CVSS{"x", "3.1", "", 0, 3.9, 0, ""}},
		{Score{"CVSS_V2", "AV:N/AC:L/Au:N/C:C/I:C/A:C"}, "CVE-2014-0160", CVSS{NVD, "2.0", "", 10, 10, 10, "CVE-2014-0160"}},
		{Score{"CVSS_V2", "(AV:N/AC:L/Au:N/C:P/I:P/A:P)"}, "x", CVSS{"x", "2.0", "", 7.5, 10, 6.4, ""}},
		{Score{"CVSS_V4", "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"}, "x", CVSS{"x", "4.0", "", 9.3, -1, -1, ""}},
	} {
		c.want.Vector = c.score.Score
		got, ok := c.score.CVSS(c.source)
		if diff := cmp.Diff(c.want, got); !ok || diff != "" {
			t.Errorf("%v: %v\n%s", c.score, ok, diff)
		}
	}
	for _, vector := range []string{"", "high", "CVSS:3.1/", "CVSS:3.1/AV:X", "CVSS:9.9/AV:N", "AV:N", "CVSS:3.1/AV:N/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", string(make([]byte, 1<<20))} {
		if got, ok := (Score{"CVSS_V3", vector}).CVSS("x"); ok {
			t.Errorf("%.40q was read as %v", vector, got)
		}
	}
}

// FuzzCVSS: no vector panics, and a score is one from 0 to 10.
func FuzzCVSS(f *testing.F) {
	f.Add("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H")
	f.Add("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N")
	f.Add("(AV:N/AC:L/Au:N/C:P/I:P/A:P)")
	f.Fuzz(func(t *testing.T, vector string) {
		if c, ok := (Score{"CVSS_V3", vector}).CVSS("x"); ok && !(c.Base >= 0 && c.Base <= 10) {
			t.Fatalf("%q has the base score %v", vector, c.Base)
		}
	})
}
