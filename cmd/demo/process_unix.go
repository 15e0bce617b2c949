//go:build unix

package main

import (
	"os/exec"
	"syscall"
	"time"
)

// gentle keeps the terminal's Ctrl-C from a program, since the demo ends it itself, with all that it started: first
// politely, after twenty seconds by force.
func gentle(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = 20 * time.Second
}
