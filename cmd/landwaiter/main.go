// Command landwaiter inspects container images without running them and says, with evidence, whether they may ship.
package main

import (
	"fmt"
	"os"
)

// version is set by the linker.
var version = "dev"

func main() {
	fmt.Fprintf(os.Stderr, "landwaiter %s: no command is built in yet\n", version)
	os.Exit(2)
}
