package storetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"landwaiter.dev/store"
)

// cluster is the PostgreSQL of this test binary. The server is the child of a shell that waits for the end of its
// standard input, which is a pipe from here: however the binary ends, the server stops and its files go.
type cluster struct {
	dir  string
	pipe *os.File // held open until the binary ends
	next atomic.Int64
}

const template = "landwaiter_template"

// keeper starts the server and cleans up behind the tests.
const keeper = `
"$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= -c fsync=off -c synchronous_commit=off -c full_page_writes=off \
  -c max_connections=300 -c shared_buffers=64MB -c autovacuum=off -c max_wal_size=1GB -c log_min_messages=fatal \
  -c log_min_error_statement=panic >"$2/log" 2>&1 </dev/null &
server=$!
cat >/dev/null
kill -QUIT $server
wait $server
rm -rf "$2"
`

var postgres = sync.OnceValues(startPostgres)

// startPostgres makes a cluster in a directory of its own, reachable by a socket in it, and the template in it.
func startPostgres() (*cluster, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return nil, errors.New("PostgreSQL is not installed; on Debian: apt-get install postgresql")
	}
	slices.Sort(found)
	bin := filepath.Dir(found[len(found)-1])
	dir, err := os.MkdirTemp("/tmp", "landwaiter-pg-") // short: the path of a socket has 107 bytes
	if err != nil {
		return nil, err
	}
	c := &cluster{dir: dir}
	attr, err := c.unprivileged()
	if err != nil {
		return nil, err
	}
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", filepath.Join(dir, "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8",
		"--locale=C", "--no-sync", "--no-instructions")
	initdb.SysProcAttr, initdb.Dir = attr, dir
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	c.pipe = write
	shell := exec.Command("sh", "-c", keeper, "sh", bin, dir)
	shell.SysProcAttr, shell.Dir, shell.Stdin = attr, dir, read
	if err := shell.Start(); err != nil {
		return nil, err
	}
	_ = read.Close()
	return c, c.prepare()
}

// unprivileged says how to start a server that refuses to run as root: as the user that its package made.
func (c *cluster) unprivileged() (*syscall.SysProcAttr, error) {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if os.Getuid() != 0 {
		return attr, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, err
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return attr, os.Chown(c.dir, uid, gid)
}

// prepare waits for the server and makes the template.
func (c *cluster) prepare() error {
	deadline := time.Now().Add(30 * time.Second)
	for {
		err := c.exec("CREATE DATABASE " + template)
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			log, _ := os.ReadFile(filepath.Join(c.dir, "log"))
			return fmt.Errorf("PostgreSQL did not start: %w\n%s", err, log)
		}
		time.Sleep(20 * time.Millisecond) // there is nothing to wait for but an answer
	}
	return migrate(store.Options{DatabaseURL: c.url(template)})
}

// exec runs one statement as the cluster's owner.
func (c *cluster) exec(statement string) error {
	db, err := sql.Open("pgx", c.url("postgres"))
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(context.Background(), statement)
	return err
}

func (c *cluster) url(database string) string {
	return "postgres:///" + database + "?" + url.Values{"host": {c.dir}, "user": {"postgres"}, "sslmode": {"disable"}}.Encode()
}

func newPostgres(t testing.TB) store.Options {
	t.Helper()
	c, err := postgres()
	if err != nil {
		t.Fatal("PostgreSQL for tests: ", err)
	}
	name := fmt.Sprintf("test_%d", c.next.Add(1))
	if err := c.exec("CREATE DATABASE " + name + " TEMPLATE " + template); err != nil {
		t.Fatal("making a database: ", err)
	}
	t.Cleanup(func() {
		if err := c.exec("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			t.Error("dropping a database: ", err)
		}
	})
	return store.Options{DatabaseURL: c.url(name), DataDir: t.TempDir(), MaxConns: 8}
}
