package junit

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestWrite(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	err := Write(&b, "all", Suite{Name: "one", At: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Cases: []Case{
		{Class: "c", Name: "passed", Seconds: 0.5},
		{Class: "c", Name: "failed <&>", File: "f", Failure: &Message{"kind", "text \"q\"", "one\ntwo\x1b ]]>"}},
		{Class: "c", Name: "broken", Error: &Message{Text: "why"}, Output: "said"},
	}}, Suite{Name: "two", Cases: []Case{{Class: "d", Name: "skipped", Skipped: &Message{Text: "not now"}}}})
	if err != nil {
		t.Fatal(err)
	}
	want := `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="all" tests="4" failures="1" errors="1">
  <testsuite name="one" tests="3" failures="1" errors="1" skipped="0" timestamp="2026-01-02T03:04:05">
    <testcase classname="c" name="passed" time="0.5"></testcase>
    <testcase classname="c" name="failed &lt;&amp;&gt;" file="f" time="0">
      <failure message="text &#34;q&#34;" type="kind">one&#xA;two` + "\ufffd" + ` ]]&gt;</failure>
    </testcase>
    <testcase classname="c" name="broken" time="0">
      <error message="why"></error>
      <system-out>said</system-out>
    </testcase>
  </testsuite>
  <testsuite name="two" tests="1" failures="0" errors="0" skipped="1">
    <testcase classname="d" name="skipped" time="0">
      <skipped message="not now"></skipped>
    </testcase>
  </testsuite>
</testsuites>
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
