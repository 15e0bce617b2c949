package archive_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"landwaiter.dev/advisory"
	"landwaiter.dev/advisory/archive"
	"landwaiter.dev/advisory/feed"
	"landwaiter.dev/internal/signkey"
)

var day = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func record(id string) advisory.Record {
	return advisory.Record{ID: id, Modified: day, Summary: "something <odd> about a", Affected: []advisory.Affected{{
		Ecosystem: "Debian:12", Package: "a", Ranges: []advisory.Range{{Type: "ECOSYSTEM", Events: []advisory.Event{{Introduced: "0"}, {Fixed: "2"}}}},
	}}}
}

func texts(t testing.TB, records ...advisory.Record) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for _, r := range records {
			text, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			if !yield(text, nil) {
				return
			}
		}
	}
}

func rawTexts(lines ...string) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for _, l := range lines {
			if !yield([]byte(l), nil) {
				return
			}
		}
	}
}

func newKey(t testing.TB) archive.PrivateKey {
	t.Helper()
	k, err := archive.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

var contents = archive.Contents{MadeAt: day, MadeBy: "1.2.3", Revision: 7, SwitchedAt: day, Groups: []archive.Group{{Group: "debian:12", Ecosystem: "Debian:12", Records: 2, LastSync: day}}}

// file makes an archive; fill may be nil for the usual sections.
func file(t testing.TB, key *archive.PrivateKey, fill func(*archive.Writer) error) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := archive.NewWriter(&out, contents)
	if err != nil {
		t.Fatal(err)
	}
	if fill == nil {
		fill = func(w *archive.Writer) error {
			return errors.Join(
				w.Records(archive.Section{Part: "Debian", SyncedAt: day}, texts(t, record("DEBIAN-CVE-2026-1"), record("DEBIAN-CVE-2026-2"))),
				w.Records(archive.Section{Part: "alpine/v3.18/main"}, texts(t, record("ALPINE-CVE-2026-1"))),
				w.Exploited(archive.Section{SyncedAt: day}, maps.All(map[string]string{"CVE-2026-1001": "2026-02-03"}), map[string]feed.ExploitDetail{"CVE-2026-1001": {Due: "2026-02-24", Ransomware: true}}),
				w.Scores(archive.Section{Day: "2026-02-28"}, func(yield func(feed.Score, error) bool) {
					yield(feed.Score{CVE: "CVE-2026-1001", EPSS: 0.5, Percentile: 0.75}, nil)
				}),
			)
		}
	}
	if err := fill(w); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Close(key); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func open(data []byte, trust archive.Trust) (*archive.Archive, error) {
	return archive.Open(bytes.NewReader(data), int64(len(data)), "feeds.lwf", trust)
}

var anybody = archive.Trust{Unsigned: true}

// read gives all records by part, and what was told beside them.
func read(a *archive.Archive) (out map[string][]advisory.Record, problems []string, err error) {
	out = map[string][]advisory.Record{}
	for _, s := range a.Sections {
		if s.Kind != archive.Records {
			continue
		}
		for r, err := range a.Records(s) {
			if p, ok := errors.AsType[*feed.Problem](err); ok {
				problems = append(problems, p.Error())
				continue
			}
			if err != nil {
				return nil, problems, err
			}
			out[s.Part] = append(out[s.Part], *r)
		}
	}
	return out, problems, nil
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	data := file(t, &key, nil)
	a, err := open(data, archive.Trust{Keys: []archive.PublicKey{newKey(t).Public(), key.Public()}})
	if err != nil {
		t.Fatal(err)
	}
	if !a.Signed || a.Signer != key.Public() || a.Revision != 7 || a.MadeBy != "1.2.3" || !a.MadeAt.Equal(day) {
		t.Errorf("the archive says %+v", a.Contents)
	}
	if diff := cmp.Diff(contents.Groups, a.Groups); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
	got, problems, err := read(a)
	if err != nil || len(problems) > 0 {
		t.Fatal(problems, err)
	}
	want := map[string][]advisory.Record{"Debian": {record("DEBIAN-CVE-2026-1"), record("DEBIAN-CVE-2026-2")}, "alpine/v3.18/main": {record("ALPINE-CVE-2026-1")}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	c, err := a.Exploited()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"CVE-2026-1001": "2026-02-03"}, c.Added); diff != "" {
		t.Errorf("exploited (-want +got):\n%s", diff)
	}
	var scores []feed.Score
	for s, err := range a.Scores() {
		if err != nil {
			t.Fatal(err)
		}
		scores = append(scores, s)
	}
	if diff := cmp.Diff([]feed.Score{{CVE: "CVE-2026-1001", EPSS: 0.5, Percentile: 0.75, Day: "2026-02-28"}}, scores); diff != "" {
		t.Errorf("scores (-want +got):\n%s", diff)
	}
	if n := a.Rows(archive.Records); n != 3 {
		t.Errorf("%d records in the directory, want 3", n)
	}
}

func TestWhoseFilesAreTaken(t *testing.T) {
	t.Parallel()
	key, other := newKey(t), newKey(t)
	signed, unsigned := file(t, &key, nil), file(t, nil, nil)
	forged := bytes.Clone(signed)
	forged[len(forged)-9] ^= 1 // the last byte of the signature
	stolen := file(t, nil, func(w *archive.Writer) error {
		return w.Records(archive.Section{Part: "Debian"}, texts(t, record("X-1")))
	})
	copy(stolen[len(stolen)-104:], signed[len(signed)-104:len(signed)-8]) // key and signature of another file
	for _, tc := range []struct {
		name  string
		data  []byte
		trust archive.Trust
		want  string
	}{
		{"trusted", signed, archive.Trust{Keys: []archive.PublicKey{key.Public()}}, ""},
		{"nobody is trusted", signed, archive.Trust{}, "no key is trusted here"},
		{"another is trusted", signed, archive.Trust{Keys: []archive.PublicKey{other.Public()}}, "not among the keys"},
		{"another is trusted, and anybody may", signed, archive.Trust{Keys: []archive.PublicKey{other.Public()}, Unsigned: true}, ""},
		{"unsigned", unsigned, archive.Trust{Keys: []archive.PublicKey{key.Public()}}, "nobody signed it"},
		{"unsigned, and that is fine", unsigned, anybody, ""},
		{"false signature", forged, archive.Trust{Keys: []archive.PublicKey{key.Public()}}, "its signature is false"},
		{"false signature, and unsigned is fine", forged, anybody, "its signature is false"},
		{"signature of another file", stolen, archive.Trust{Keys: []archive.PublicKey{key.Public()}}, "its signature is false"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			a, err := open(tc.data, tc.trust)
			checkRefused(t, err, tc.want)
			if err == nil && a.Signed != (len(tc.trust.Keys) == 1 && tc.trust.Keys[0] == a.Signer) {
				t.Errorf("Signed is %v", a.Signed)
			}
		})
	}
}

func TestAFileIsSignedAfterwards(t *testing.T) {
	t.Parallel()
	key, before := newKey(t), newKey(t)
	for name, data := range map[string][]byte{"unsigned": file(t, nil, nil), "signed by another": file(t, &before, nil)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, err := os.Create(filepath.Join(t.TempDir(), "a"))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if _, err := f.Write(data); err != nil {
				t.Fatal(err)
			}
			if err := archive.Sign(f, int64(len(data)), key); err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(f.Name())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(file(t, &key, nil), got); diff != "" {
				t.Errorf("not the file that would have been signed at once:\n%s", diff)
			}
		})
	}
}

func checkRefused(t *testing.T, err error, want string) {
	t.Helper()
	if want == "" {
		if err != nil {
			t.Errorf("refused: %v", err)
		}
		return
	}
	r, ok := errors.AsType[*feed.Refused](err)
	if !ok || !strings.Contains(r.Error(), want) || !strings.Contains(r.Error(), "feeds.lwf") {
		t.Errorf("got %v, want a refusal with %q", err, want)
	}
}

func TestDamagedFilesAreRefused(t *testing.T) {
	t.Parallel()
	good := file(t, nil, nil)
	for _, tc := range []struct {
		name string
		data []byte
		want string
	}{
		{"empty", nil, "it is empty"},
		{"a web page", []byte("<html>sorry</html>"), "it is not a file"},
		{"another version", append([]byte("landwaiter-feeds 27\n"), good[19:]...), "it is of version 27"},
		{"its beginning alone", good[:100], "it is cut off"},
		{"without its last byte", good[:len(good)-1], "it is cut off"},
		{"half", good[:len(good)/2], "it is cut off"},
		{"a byte longer", append(bytes.Clone(good), 0), "it is cut off"},
		{"cut in its middle", append(bytes.Clone(good[:60]), good[80:]...), "its digest differs"},
		{"an end and nothing else", append([]byte("landwaiter-feeds 1\n"), good[len(good)-144:]...), "its digest differs"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := open(tc.data, anybody)
			checkRefused(t, err, tc.want)
		})
	}
	// Whatever byte is altered, no file is taken, and none makes trouble.
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 0x10
		if _, err := open(bad, anybody); err == nil {
			t.Errorf("byte %d altered: the file was taken", i)
		}
	}
}

// forge makes a file of its own sections and directory, unsigned: what somebody may make who knows the form.
func forge(t testing.TB, body []byte, directory any) []byte {
	t.Helper()
	text, ok := directory.([]byte)
	if !ok {
		var err error
		if text, err = json.Marshal(directory); err != nil {
			t.Fatal(err)
		}
	}
	out := append([]byte("landwaiter-feeds 1\n"), body...)
	out = append(out, text...)
	out = binary.BigEndian.AppendUint64(out, uint64(len(text)))
	sum := sha256.Sum256(out)
	out = append(out, sum[:]...)
	out = append(out, make([]byte, 96)...)
	return append(out, "LWFEEDS\n"...)
}

func pack(t testing.TB, plain []byte, o ...zstd.EOption) []byte {
	t.Helper()
	z, err := zstd.NewWriter(nil, o...)
	if err != nil {
		t.Fatal(err)
	}
	return z.EncodeAll(plain, nil)
}

func sectionOf(body []byte, rows int64) archive.Contents {
	sum := sha256.Sum256(body)
	return archive.Contents{Sections: []archive.Section{{Kind: archive.Records, Part: "Debian", Offset: 19, Size: int64(len(body)), Rows: rows, SHA256: hex.EncodeToString(sum[:])}}}
}

func TestImpossibleDirectoriesAreRefused(t *testing.T) {
	t.Parallel()
	body := pack(t, []byte("{}\n"))
	change := func(f func(*archive.Contents)) archive.Contents {
		c := sectionOf(body, 1)
		f(&c)
		return c
	}
	for name, tc := range map[string]struct {
		directory any
		want      string
	}{
		"not JSON":       {[]byte("{"), "its directory cannot be read"},
		"wrong types":    {[]byte(`{"sections": 4}`), "its directory cannot be read"},
		"deep":           {bytes.Repeat([]byte("["), 100_000), "its directory cannot be read"},
		"no name":        {change(func(c *archive.Contents) { c.Sections[0].Part = "" }), "no usable name"},
		"unprintable":    {change(func(c *archive.Contents) { c.Sections[0].Part = "a\x00b" }), "no usable name"},
		"twice":          {change(func(c *archive.Contents) { c.Sections = append(c.Sections, c.Sections[0]) }), "twice"},
		"before":         {change(func(c *archive.Contents) { c.Sections[0].Offset = 0 }), "impossible"},
		"negative":       {change(func(c *archive.Contents) { c.Sections[0].Size = -5 }), "impossible"},
		"too long":       {change(func(c *archive.Contents) { c.Sections[0].Size = 1 << 60 }), "impossible"},
		"too many rows":  {change(func(c *archive.Contents) { c.Sections[0].Rows = 1 << 60 }), "impossible"},
		"too many parts": {change(func(c *archive.Contents) { c.Sections = make([]archive.Section, 30_000) }), "more than"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := open(forge(t, body, tc.directory), anybody)
			checkRefused(t, err, tc.want)
		})
	}
	huge := forge(t, body, sectionOf(body, 1))
	binary.BigEndian.PutUint64(huge[len(huge)-144:], 1<<63)
	sum := sha256.Sum256(huge[:len(huge)-136])
	copy(huge[len(huge)-136:], sum[:])
	_, err := open(huge, anybody)
	checkRefused(t, err, "impossible size")
}

func TestSectionsAreReadWithinBounds(t *testing.T) {
	t.Parallel()
	good, err := json.Marshal(record("X-1"))
	if err != nil {
		t.Fatal(err)
	}
	good = append(good, '\n')
	bomb := pack(t, bytes.Repeat([]byte{'['}, 64<<20), zstd.WithWindowSize(1<<20))
	for name, tc := range map[string]struct {
		body []byte
		rows int64
		want string
	}{
		"not zstd":          {[]byte("hello"), 1, "are damaged"},
		"cut":               {pack(t, good)[:20], 1, "are damaged"},
		"fewer rows":        {pack(t, good), 2, "are not the 2 rows"},
		"more rows":         {pack(t, bytes.Repeat(good, 3)), 2, "are not the 2 rows"},
		"a row without end": {bomb, 1, "have a row of more than 8 MiB"},
		"a window too wide": {pack(t, bytes.Repeat(good, 200_000), zstd.WithWindowSize(32<<20)), 200_000, "are damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, err := open(forge(t, tc.body, sectionOf(tc.body, tc.rows)), anybody)
			if err != nil {
				t.Fatal(err)
			}
			_, _, err = read(a)
			checkRefused(t, err, tc.want)
		})
	}
	t.Run("changed after the check", func(t *testing.T) {
		t.Parallel()
		body := pack(t, good)
		data := forge(t, body, sectionOf(body, 1))
		a, err := open(data, anybody)
		if err != nil {
			t.Fatal(err)
		}
		other := pack(t, bytes.Replace(good, []byte("odd"), []byte("bad"), 1))
		copy(data[19:], other)
		_, _, err = read(a)
		if _, ok := errors.AsType[*feed.Refused](err); !ok {
			t.Errorf("a section that changed was taken: %v", err)
		}
	})
}

func TestABrokenRecordIsToldAndTheOthersCount(t *testing.T) {
	t.Parallel()
	text := func(id string) string { b, _ := json.Marshal(record(id)); return string(b) }
	lines := []string{
		text("A-1"), `{"id": "A-2", "affected": 5}`, `{"id": ""}`, `nothing`, `{"id": "A-3", "affected": [{"package": "\u0000"}]}`,
		`{"id": "../../etc"}`, strings.Repeat("[", 200_000), `{"id": "A-4", "aliases": ["\u001b[31m"]}`, text("A-5"),
	}
	a, err := open(file(t, nil, func(w *archive.Writer) error { return w.Records(archive.Section{Part: "Debian"}, rawTexts(lines...)) }), anybody)
	if err != nil {
		t.Fatal(err)
	}
	got, problems, err := read(a)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string][]advisory.Record{"Debian": {record("A-1"), record("A-5")}}, got); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	if len(problems) != len(lines)-2 || !strings.HasPrefix(problems[0], `"A-2"`) {
		t.Errorf("problems: %q", problems)
	}
	for _, p := range problems {
		if len(p) > 400 || strings.ContainsAny(p, "\x00\x1b") {
			t.Errorf("a problem that cannot be shown: %.500q", p)
		}
	}
}

func TestMemoryIsBounded(t *testing.T) {
	// Not parallel: it looks at the memory of the process.
	one, err := json.Marshal(record("X-1"))
	if err != nil {
		t.Fatal(err)
	}
	body := pack(t, bytes.Repeat(append(one, '\n'), 150_000), zstd.WithWindowSize(1<<20)) // 40 MB when unpacked
	a, err := open(forge(t, body, sectionOf(body, 150_000)), anybody)
	if err != nil {
		t.Fatal(err)
	}
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	n := 0
	for _, err := range a.Records(a.Sections[0]) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n%50_000 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&now)
			if grown := int64(now.HeapAlloc) - int64(before.HeapAlloc); grown > 32<<20 {
				t.Fatalf("after %d records the heap grew by %d MiB", n, grown>>20)
			}
		}
	}
	if n != 150_000 {
		t.Errorf("%d records, want 150,000", n)
	}
}

func TestExploitedAndScoresSkipWhatIsBroken(t *testing.T) {
	t.Parallel()
	body := pack(t, []byte("{\"cve\":\"CVE-2026-1001\",\"added\":\"2026-01-01\"}\n{\"cve\":\"x\"}\n{\"cve\":\"CVE-2026-1002\",\"added\":\"never\"}\n"))
	c := sectionOf(body, 3)
	c.Sections[0].Kind, c.Sections[0].Part = archive.Exploited, ""
	a, err := open(forge(t, body, c), anybody)
	if err != nil {
		t.Fatal(err)
	}
	got, err := a.Exploited()
	if err != nil || len(got.Added) != 1 || len(got.Problems) != 2 {
		t.Errorf("exploited: %+v, %v", got, err)
	}
	body = pack(t, []byte("{\"cve\":\"CVE-2026-1001\",\"epss\":0.5,\"percentile\":2}\n{\"cve\":\"CVE-2026-1002\",\"epss\":0.5}\n{\"epss\":\"NaN\"}\n"))
	for dayText, want := range map[string]string{"2026-01-01": "1 of 3", "": "refused", "soon": "refused"} {
		c := sectionOf(body, 3)
		c.Sections[0].Kind, c.Sections[0].Part, c.Sections[0].Day = archive.Scores, "", dayText
		a, err := open(forge(t, body, c), anybody)
		if err != nil {
			t.Fatal(err)
		}
		good, all, outcome := 0, 0, ""
		for _, err := range a.Scores() {
			all++
			if err == nil {
				good++
			}
			if _, refused := errors.AsType[*feed.Refused](err); refused {
				outcome = "refused"
			}
		}
		if outcome == "" {
			outcome = fmt.Sprintf("%d of %d", good, all)
		}
		if outcome != want {
			t.Errorf("scores of day %q: %s, want %s", dayText, outcome, want)
		}
	}
}

func TestWritingStopsAtAnError(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	w, err := archive.NewWriter(&out, contents)
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("the database is gone")
	err = w.Records(archive.Section{Part: "Debian"}, func(yield func([]byte, error) bool) { yield(nil, broken) })
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if err := w.Records(archive.Section{Part: "Debian"}, rawTexts(strings.Repeat("a", 9<<20))); err == nil {
		t.Error("a record of 9 MiB was written, which no import takes")
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	if again, err := archive.ParsePrivateKey(key.Text()); err != nil || again.Public() != key.Public() {
		t.Errorf("private key read back: %v", err)
	}
	for _, verb := range []string{"%v", "%s", "%+v", "%#v", "%x"} {
		if text := fmt.Sprintf(verb, key); strings.Contains(text, strings.TrimSpace(strings.TrimPrefix(key.Text(), "landwaiter-private:"))) {
			t.Errorf("%s shows the private key", verb)
		}
	}
	public := key.Public().String()
	keys, err := archive.ParsePublicKeys("# ours\n\n" + public + "  # of March\n" + newKey(t).Public().String() + "\n")
	if err != nil || len(keys) != 2 || keys[0] != key.Public() {
		t.Errorf("public keys: %v, %v", keys, err)
	}
	other := newKey(t).Public()
	pem := string(signkey.FromEd25519(other[:]).PEM())
	if keys, err := archive.ParsePublicKeys(pem + public + "\n" + pem); err != nil || len(keys) != 3 || keys[0] != keys[2] || keys[1] != key.Public() {
		t.Errorf("keys in PEM: %v, %v", keys, err)
	}
	for text, want := range map[string]string{
		"": "no public key", "-----BEGIN PUBLIC KEY-----\nAAAA": "line 1: its PEM is damaged", "# none": "no public key", "landwaiter-public:AAAA": "not a public key", "hello": "not a public key",
		key.Text(): "it is a private key", public + "\n\nrubbish": "line 3",
	} {
		if _, err := archive.ParsePublicKeys(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.30q: %v, want %q", text, err, want)
		}
	}
	for text, want := range map[string]string{"": "not a private key", public: "it is a public key", "landwaiter-private:AAAA": "not a private key"} {
		if _, err := archive.ParsePrivateKey(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.30q: %v, want %q", text, err, want)
		}
	}
}

// FuzzOpen: whatever the bytes, nothing panics, and what is read is printable and bounded.
func FuzzOpen(f *testing.F) {
	f.Add(file(f, nil, nil))
	f.Add(file(f, nil, nil)[:200])
	f.Add([]byte("landwaiter-feeds 1\n"))
	body := pack(f, []byte("{\"id\":\"A-1\"}\n"))
	f.Add(forge(f, body, sectionOf(body, 1)))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, d := range [][]byte{data, forge(t, data, sectionOf(data, 1)), forge(t, nil, data)} {
			a, err := open(d, anybody)
			if err != nil {
				continue
			}
			records, _, _ := read(a)
			for part, list := range records {
				for i := range list {
					if part == "" || list[i].ID == "" {
						t.Errorf("a record without a name: %q %q", part, list[i].ID)
					}
				}
			}
			_, _ = a.Exploited()
			for range a.Scores() {
				continue
			}
		}
	})
}
