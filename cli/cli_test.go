package cli

import (
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"landwaiter.dev/server/servertest"
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
			env.Values["engine"] = e
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code":    code,
			"server":  serverState,
			"request": request,
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
