package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
)

// cli runs a command of the CLI and shows it with what it says. mayStop allows exit code 1, which is a verdict.
func (d *demo) cli(ctx context.Context, mayStop bool, args ...string) error {
	d.typed(args...)
	cmd := d.engine.command(ctx, args...)
	out, in := io.Pipe()
	var complaint strings.Builder
	cmd.Stdout, cmd.Stderr = in, &complaint
	done := make(chan error, 1)
	go func() {
		err := cmd.Run()
		done <- errors.Join(err, in.Close())
	}()
	d.quote(out)
	err := <-done
	if e, ok := errors.AsType[*exec.ExitError](err); ok && mayStop && e.ExitCode() == 1 {
		return nil
	}
	if err != nil {
		return fmt.Errorf("landwaiter %s: %w\n%s", strings.Join(args, " "), err, strings.TrimSpace(complaint.String()))
	}
	return nil
}
