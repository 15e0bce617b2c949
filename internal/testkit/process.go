package testkit

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"
)

// startProcess runs a program until the end of the test and returns once it answers. The thread that starts it stays
// until it ends, since the kernel ends the program with that thread: a test process that dies leaves nothing behind.
func startProcess(t testing.TB, log string, answers func() bool, program string, args ...string) error {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	out, err := os.Create(log)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		cmd := exec.CommandContext(ctx, program, args...)
		cmd.Stdout, cmd.Stderr = out, out
		cmd.SysProcAttr = dieWithParent()
		ended <- cmd.Run()
		out.Close()
		close(ended)
	}()
	for range 400 {
		select {
		case err := <-ended:
			stop()
			said, _ := os.ReadFile(log)
			return fmt.Errorf("%w: %s", err, said)
		case <-time.After(25 * time.Millisecond):
		}
		if answers() {
			t.Cleanup(func() {
				stop()
				for range ended {
				}
			})
			return nil
		}
	}
	stop()
	for range ended {
	}
	said, _ := os.ReadFile(log)
	return fmt.Errorf("no answer from %s: %s", program, said)
}
