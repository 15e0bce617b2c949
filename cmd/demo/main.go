// Command demo shows Landwaiter's main job on a real image, phase by phase: it makes the image from packages, has a
// server analyse it, and shows what the server says when new advisories arrive. It is what `make demo` runs.
//
// It downloads packages of Debian and Go modules, and nothing else; all else is on loopback addresses and in a temporary
// directory, which is gone at the end.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
)

func main() { os.Exit(run()) }

func run() int {
	program := flag.String("landwaiter", "bin/landwaiter", "the landwaiter program")
	keep := flag.Bool("keep", false, "keep the server running at the end, until Ctrl-C")
	flag.Parse()
	// A reader that goes away (SIGPIPE) and a terminal that closes must leave nothing behind either.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	defer stop()
	err := demonstrate(ctx, *program, *keep)
	switch {
	case err == nil:
		return 0
	case ctx.Err() != nil:
		fmt.Fprintln(os.Stderr, "\nThe demo was interrupted; everything that it made is gone.")
	default:
		fmt.Fprintf(os.Stderr, "\nThe demo failed. %v\n", err)
	}
	return 1
}

// demonstrate tells the whole story in a temporary directory.
func demonstrate(ctx context.Context, program string, keep bool) (err error) {
	program, err = filepath.Abs(program)
	if err == nil {
		_, err = exec.LookPath(program)
	}
	if err != nil {
		return fmt.Errorf("there is no landwaiter program (%w): make build makes one", err)
	}
	dir, err := os.MkdirTemp("", "landwaiter-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	d := &demo{teller: newTeller(os.Stdout), program: program, dir: dir, keep: keep}
	defer d.close()
	err = d.tell(ctx)
	if err != nil && d.engine != nil && ctx.Err() == nil {
		err = fmt.Errorf("%w\nThe engine's last words:\n%s", err, d.engine.lastWords())
	}
	return err
}
