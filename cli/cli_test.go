package cli

import (
	"archive/zip"
	"context"
	"database/sql"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"landwaiter.dev/internal/testkit"
	"landwaiter.dev/server/servertest"
	"landwaiter.dev/store"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"landwaiter": func() {
			os.Exit(Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Environ(), "1.0.0-test"))
		},
	})
}

// Each script is a story of a user at a shell, with a server of its own.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			e := servertest.New()
			e.Rounds = 2
			env.Setenv("LANDWAITER_URL", e.Serve(env.T().(testing.TB)))
			env.Setenv("LANDWAITER_USER", servertest.Admin)
			env.Setenv("LANDWAITER_PASS", servertest.Password)
			env.Values["engine"], env.Values["t"] = e, env.T()
			free, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return err
			}
			env.Setenv("FREE", free.Addr().String())
			return free.Close()
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code":     code,
			"server":   serverState,
			"request":  request,
			"uploaded": uploaded,
			"oci":      ociImage,
			"osv":      osvFolder,
			"newer":    newerSchema,
			"sound":    checkStore,
		},
	})
}

// code runs the program and checks its exit code: code 3 landwaiter image get nope.
func code(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N command…")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := "0"
	if err != nil {
		got = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if got != args[0] {
		ts.Fatalf("exit code %s, want %s", got, args[0])
	}
}

// serverState changes how the server behaves: server syncing, server unloaded.
func serverState(ts *testscript.TestScript, _ bool, args []string) {
	e := ts.Value("engine").(*servertest.Engine)
	switch args[0] {
	case "syncing":
		e.Syncing = true
	case "unloaded":
		e.Unloaded = 2
	}
}

// request checks that the server got a request: request 'GET /v1/images'; ! request asks for the opposite.
func request(ts *testscript.TestScript, neg bool, args []string) {
	e := ts.Value("engine").(*servertest.Engine)
	found := strings.Contains(strings.Join(e.Requests, "\n")+"\n", args[0])
	if found == neg {
		ts.Fatalf("requests were:\n%s", strings.Join(e.Requests, "\n"))
	}
}

// uploaded checks what imports were given of a kind, media type first: uploaded dockerfile 'text/plain FROM scratch'.
func uploaded(ts *testscript.TestScript, neg bool, args []string) {
	e := ts.Value("engine").(*servertest.Engine)
	list := e.Uploaded(args[0])
	if found := slices.ContainsFunc(list, func(s string) bool { return strings.HasPrefix(s, args[1]) }); found == neg {
		ts.Fatalf("uploaded as %s:\n%s", args[0], strings.Join(list, "\n"))
	}
}

// ociImage writes a small image of Debian as an OCI layout: oci DIR.
func ociImage(ts *testscript.TestScript, _ bool, args []string) {
	img := testkit.Image(testkit.Layer(
		testkit.File("etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n"),
		testkit.File("var/lib/dpkg/status", "Package: openssl\nStatus: install ok installed\nArchitecture: amd64\nMaintainer: Somebody\nVersion: 3.0.1-1\n\n"),
	))
	ts.Check(os.Rename(img.OCIDir(ts.Value("t").(testing.TB), "latest"), ts.MkAbs(args[0])))
}

// osvFolder writes one advisory of Debian as OSV publishes it: osv DIR.
func osvFolder(ts *testscript.TestScript, _ bool, args []string) {
	dir := filepath.Join(ts.MkAbs(args[0]), "Debian")
	ts.Check(os.MkdirAll(dir, 0o700))
	f, err := os.Create(filepath.Join(dir, "all.zip"))
	ts.Check(err)
	z := zip.NewWriter(f)
	w, err := z.Create("DEBIAN-CVE-2026-1000.json")
	ts.Check(err)
	_, err = io.WriteString(w, `{"schema_version": "1.6.0", "id": "DEBIAN-CVE-2026-1000", "modified": "2026-01-01T00:00:00Z", "upstream": ["CVE-2026-1000"],
		"affected": [{"package": {"ecosystem": "Debian:12", "name": "openssl"}, "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}]}]}`)
	ts.Check(errors.Join(err, z.Close(), f.Close()))
}

// newerSchema makes a data directory look as if a newer version had been there: newer DIR.
func newerSchema(ts *testscript.TestScript, _ bool, args []string) {
	db, err := sql.Open("sqlite", filepath.Join(ts.MkAbs(args[0]), "landwaiter.db"))
	ts.Check(err)
	_, err = db.Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)")
	ts.Check(errors.Join(err, db.Close()))
}

// checkStore looks for what must not be in a data directory after a refusal: sound DIR.
func checkStore(ts *testscript.TestScript, _ bool, args []string) {
	dir := ts.MkAbs(args[0])
	s, err := store.Open(context.Background(), store.Options{DataDir: dir})
	ts.Check(err)
	defer s.Close()
	problems, err := s.Check(context.Background())
	ts.Check(err)
	left, err := os.ReadDir(filepath.Join(dir, "tmp"))
	ts.Check(err)
	if len(problems)+len(left) > 0 {
		ts.Fatalf("problems: %v; left in tmp: %v", problems, left)
	}
}
