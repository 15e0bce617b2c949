package testkit

import (
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// What the signatures of [StartClamd] find, and their names. The second text is the file that every scanner knows as a
// test, found only where a file begins with it; it is put together here so that no scanner finds it in the sources.
const (
	MalwareMarker = "landwaiter harmless test marker 0451"
	MalwareName   = "Landwaiter.Test.Marker.UNOFFICIAL"
	EICAR         = `X5O!P%@AP[4\PZX54(P^)7CC)7}$` + "EICAR-STANDARD-" + "ANTIVIRUS-TEST-FILE!$H+H*"
	EICARName     = "Landwaiter.Test.Eicar.UNOFFICIAL"
)

// StartClamd starts a real clamd (Debian's clamav-daemon) with two signatures of its own, stops it at the end of the test
// and gives its address ("unix:/path"). Files of more than 1 MiB are over its StreamMaxLength; settings are lines of
// clamd.conf(5) besides. A machine without clamd fails the test.
func StartClamd(t testing.TB, settings ...string) string {
	t.Helper()
	program, err := exec.LookPath("clamd")
	if err != nil {
		program = "/usr/sbin/clamd" // not in everybody's path
		if _, err := os.Stat(program); err != nil {
			t.Fatal("clamd is missing: apt-get install clamav-daemon, or run scripts/needs.sh")
		}
	}
	dir, err := os.MkdirTemp("", "clamd") // the path of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	database, config, socket := filepath.Join(dir, "db"), filepath.Join(dir, "clamd.conf"), filepath.Join(dir, "socket")
	if err := os.Mkdir(database, 0o700); err != nil {
		t.Fatal(err)
	}
	signatures := fmt.Sprintf("Landwaiter.Test.Marker:0:*:%s\nLandwaiter.Test.Eicar:0:0:%s\n", hex.EncodeToString([]byte(MalwareMarker)), hex.EncodeToString([]byte(EICAR)))
	must(os.WriteFile(filepath.Join(database, "test.ndb"), []byte(signatures), 0o600))
	lines := append([]string{"Foreground yes", "LocalSocket " + socket, "DatabaseDirectory " + database, "TemporaryDirectory " + dir, "StreamMaxLength 1M", "MaxThreads 2"}, settings...)
	must(os.WriteFile(config, []byte(strings.Join(lines, "\n")+"\n"), 0o600))
	if err := startProcess(t, filepath.Join(dir, "log"), func() bool { return pings(socket) }, program, "-F", "-c", config); err != nil {
		t.Fatalf("clamd did not start: %v", err)
	}
	return "unix:" + socket
}

func pings(socket string) bool {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return false
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Second))
	if _, err := conn.Write([]byte("zPING\x00")); err != nil {
		return false
	}
	var answer [5]byte
	n, _ := conn.Read(answer[:])
	return string(answer[:n]) == "PONG\x00"
}
