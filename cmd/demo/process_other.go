//go:build !unix

package main

import "os/exec"

// gentle does nothing here: a program that is cancelled is ended by force.
func gentle(*exec.Cmd) {}
