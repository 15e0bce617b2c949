package gate_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"landwaiter.dev/image"
	"landwaiter.dev/policy/gate"
)

func withPasswd(content string) *gate.Context {
	return &gate.Context{Analysis: &image.Analysis{Retrieved: []image.RetrievedFile{{Path: "etc/passwd", Content: []byte(content)}}}}
}

const somePasswd = "root:x:0:0:root:/root:/bin/bash\r\n" +
	"  ftp:x:14:50:FTP User:/var/ftp:/sbin/nologin \n\n" +
	"twice:x:1:1::/:/bin/sh\n" +
	"zero:x:00:0::/:/bin/sh\n" +
	"+::::::\n" +
	"broken-line\n" +
	"colon:x:7:7:a:b:/home:/bin/csh\n" +
	"short:x:0\n" +
	"twice:x:2:2::/:/bin/bash\n" +
	"\xff\xfe\x00:x:0:0"

func TestPasswd(t *testing.T) {
	t.Parallel()
	row := func(what, value, line string) string {
		return "|Blacklisted " + what + " '" + value + "' found in image's /etc/passwd: pentry=" + line
	}
	const (
		root  = "root:x:0:0:root:/root:/bin/bash"
		ftp   = "ftp:x:14:50:FTP User:/var/ftp:/sbin/nologin"
		twice = "twice:x:2:2::/:/bin/bash"
		colon = "colon:x:7:7:a:b:/home:/bin/csh"
	)
	for _, tc := range []struct {
		trigger, params string
		want            []string
	}{
		{"content_not_available", "", nil},
		{"blacklist_usernames", "user_names=ftp, broken-line,none", []string{row("user", "ftp", ftp), row("user", "broken-line", "broken-line")}},
		{"blacklist_usernames", "usernameblacklist=twice", []string{row("user", "twice", twice)}}, // the last line counts, in the place of the first
		{"blacklist_usernames", "user_names=Root", nil},
		{"blacklist_userids", "user_ids=00, 2", []string{row("uid", "0", root), row("uid", "2", twice), row("uid", "0", "short:x:0"), row("uid", "0", "\xff\xfe\x00:x:0:0")}},
		{"blacklist_userids", "useridblacklist=1", nil},
		{"blacklist_groupids", "group_ids=50", []string{row("gid", "50", ftp)}},
		{"blacklist_groupids", "group_ids=1", nil},
		{"blacklist_shells", "shells=/bin/bash", []string{row("shell", "/bin/bash", root), row("shell", "/bin/bash", twice)}},
		{"blacklist_shells", "shells=/bin/csh", nil}, // a colon too many shifts it
		{"blacklist_shells", "shells=/home", []string{row("shell", "/home", colon)}},
		{"blacklist_full_entry", "entry= " + ftp + " ", []string{row("pentry", ftp, ftp)}},
		{"blacklist_full_entry", "entry=ftp", nil},
		{"blacklist_full_entry", "entry=twice:x:1:1::/:/bin/sh", nil},
	} {
		var params []string
		if tc.params != "" {
			params = []string{tc.params}
		}
		if diff := cmp.Diff(tc.want, run(t, withPasswd(somePasswd), "passwd_file/"+tc.trigger, params...)); diff != "" {
			t.Errorf("%s %s: %s", tc.trigger, tc.params, diff)
		}
	}
	if _, errs := newCheck(t, "passwd_file/blacklist_shells", "shellmatch=/bin/sh"); len(errs) == 0 {
		t.Error("the alias that never worked is taken")
	}
}

func TestPasswdThatIsNotThere(t *testing.T) {
	t.Parallel()
	want := []string{"|Cannot locate /etc/passwd in image stored files archive: check analyzer settings."}
	for name, c := range map[string]*gate.Context{"absent": {}, "empty": withPasswd("")} {
		if diff := cmp.Diff(want, run(t, c, "passwd_file/content_not_available")); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if got := run(t, c, "passwd_file/blacklist_userids", "user_ids=0"); got != nil {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

// TestPasswdThatWasNotRead must not pass for one without users.
func TestPasswdThatWasNotRead(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		file image.File
		read bool
		want bool
	}{
		{image.File{Path: "etc/passwd", Type: image.Symlink, Link: "pw2"}, false, true},
		{image.File{Path: "etc", Type: image.Symlink, Link: "realetc"}, false, true},
		{image.File{Path: "etc/passwd", Type: image.Regular}, false, true},
		{image.File{Path: "etc/passwd", Type: image.Regular}, true, false},
		{image.File{Path: "etc", Type: image.Directory}, false, false},
	} {
		for trigger, param := range map[string]string{
			"blacklist_usernames": "user_names=x", "blacklist_userids": "user_ids=7", "blacklist_groupids": "group_ids=7",
			"blacklist_shells": "shells=x", "blacklist_full_entry": "entry=x",
		} {
			c := &gate.Context{Analysis: &image.Analysis{}}
			if tc.read {
				c = withPasswd("root:x:0:0::/:/bin/sh\n")
			}
			c.Files = func() []image.File { return []image.File{tc.file} }
			check, errs := newCheck(t, "passwd_file/"+trigger, param)
			if len(errs) > 0 {
				t.Fatal(errs)
			}
			if err := check(c, func(_, message string) { t.Error(message) }); (err != nil) != tc.want {
				t.Errorf("%s, %s of type %v: %v", trigger, tc.file.Path, tc.file.Type, err)
			}
		}
	}
}

// TestHostilePasswd has as many lines as fit into the largest file that is kept, and as many fields as fit into a line.
func TestHostilePasswd(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := 0; b.Len() < 500<<10; i++ {
		fmt.Fprintf(&b, "%x:\n", i)
	}
	b.WriteString("colons" + strings.Repeat(":", 500<<10))
	c := withPasswd(b.String())
	start := time.Now()
	for range 20 {
		if got := run(t, c, "passwd_file/blacklist_usernames", "user_names=0,colons"); len(got) != 2 {
			t.Fatalf("got %d rows", len(got))
		}
		if got := run(t, c, "passwd_file/blacklist_shells", "shells=/bin/sh"); got != nil {
			t.Fatalf("got %d rows", len(got))
		}
	}
	if d := time.Since(start); d > 10*time.Second {
		t.Errorf("took %v", d)
	}
}
