// Command landwaiter inspects container images without running them and says, with evidence, whether they may ship.
package main

import (
	"os"

	"landwaiter.dev/cli"
)

// version is set by the linker.
var version = "dev"

func main() {
	os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Environ(), version))
}
