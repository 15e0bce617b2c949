package landwaiter

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// arrows states which of our packages each top-level folder may import. What is not listed is not allowed; a folder may
// always import its own subfolders and internal/ (but for internal/testkit, which never reaches the binary).
var arrows = map[string][]string{
	"image":    {},
	"source":   {"image", "sbom"},
	"analysis": {"image"},
	"advisory": {"image"},
	"policy":   {"image", "advisory"},
	"sbom":     {"image", "advisory"},
	"store":    {"image", "advisory"},
	"notify":   {},
	"report":   {"image", "advisory", "policy", "sbom"},
	"engine":   {"image", "source", "analysis", "advisory", "policy", "store", "notify", "sbom"},
	"server":   {"image", "analysis", "advisory", "policy", "store", "engine", "report", "sbom"},
	"client":   {},
	"cli":      {"image", "source", "analysis", "advisory", "policy", "store", "notify", "engine", "server", "client", "report", "sbom"},
	"cmd":      {"cli", "client"},
	"internal": {"image", "advisory"},
}

// forbidden states what the folders that only think must never reach, not even through others.
var forbidden = map[string][]string{
	"image":    {"database/sql", "net/http", "github.com/riverqueue/river"},
	"analysis": {"database/sql", "net/http", "github.com/riverqueue/river"},
	"advisory": {"database/sql", "net/http", "github.com/riverqueue/river"},
	"policy":   {"database/sql", "net/http", "github.com/riverqueue/river"},
}

// excused names the few packages below a folder that may reach one forbidden thing, with the reason.
var excused = map[string]string{
	// The rpm database of newer systems is a SQLite file, read from memory through the SQLite library.
	"analysis database/sql": "internal/rpmdb",
	// Grype's database is a SQLite file.
	"advisory database/sql": "internal/grypedb",
	// The detectors of secrets stand beside validators that ask a secret's vendor. Those are never made: a test of the
	// package sees to it.
	"analysis net/http": "analysis/secret",
}

const module = "landwaiter.dev/"

func TestArrows(t *testing.T) {
	t.Parallel()
	packages := listPackages(t, "{{.ImportPath}} {{join .Imports \" \"}}")
	if len(packages) < 5 {
		t.Fatalf("only %d packages found: the list is broken", len(packages))
	}
	for pkg, imports := range packages {
		if strings.HasPrefix(pkg, module+"internal/testkit") {
			continue // builds fixtures of everything, and the check below keeps it out of the binary
		}
		folder := top(pkg)
		allowed, known := arrows[folder]
		if !known {
			t.Errorf("%s: folder %q has no arrows; add it to the table and to ARCHITECTURE.md", pkg, folder)
			continue
		}
		for _, imp := range imports {
			rel, ours := strings.CutPrefix(imp, module)
			switch {
			case !ours:
				if isSQL(imp) && folder != "store" && !mayTouchSQL(pkg) {
					t.Errorf("%s imports %s: only store knows SQL", pkg, imp)
				}
			case strings.HasPrefix(rel, "internal/testkit"):
				if !strings.HasPrefix(pkg, module+"internal/testkit") {
					t.Errorf("%s imports %s: testkit is for tests alone", pkg, imp)
				}
			case top(imp) != folder && top(imp) != "internal" && !slices.Contains(allowed, top(imp)):
				t.Errorf("%s imports %s: no arrow leads from %s to %s", pkg, imp, folder, top(imp))
			}
		}
	}
}

func TestThinkersDoNotReachTheWorld(t *testing.T) {
	t.Parallel()
	for pkg, deps := range listPackages(t, "{{.ImportPath}} {{join .Deps \" \"}}") {
		for _, bad := range forbidden[top(pkg)] {
			who := excused[top(pkg)+" "+bad]
			if who != "" && (pkg == module+who || slices.Contains(deps, module+who)) {
				continue
			}
			if slices.Contains(deps, bad) {
				t.Errorf("%s reaches %s", pkg, bad)
			}
		}
	}
}

// listPackages asks the go command for the packages of the module, tests left out, as path and list.
func listPackages(t *testing.T, format string) map[string][]string {
	t.Helper()
	out, err := exec.Command("go", "list", "-f", format, "./...").CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	m := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		if f := strings.Fields(line); len(f) > 0 && f[0] != strings.TrimSuffix(module, "/") {
			m[f[0]] = f[1:]
		}
	}
	return m
}

func top(pkg string) string {
	folder, _, _ := strings.Cut(strings.TrimPrefix(pkg, module), "/")
	return folder
}

func isSQL(imp string) bool {
	return imp == "database/sql" || strings.HasPrefix(imp, "modernc.org/sqlite") || strings.HasPrefix(imp, "github.com/jackc/pgx")
}

// mayTouchSQL names who else holds a SQL driver, and why.
func mayTouchSQL(pkg string) bool {
	switch pkg {
	case module + "internal/rpmdb": // rpmdb.sqlite, from memory
		return true
	case module + "internal/grypedb": // Grype's database, from a file
		return true
	case module + "internal/testkit": // makes databases for tests
		return true
	case module + "engine": // River takes the transaction that the store opened
		return true
	}
	return strings.HasPrefix(pkg, module+"internal/testkit/")
}
