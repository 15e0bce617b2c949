// Osv-set writes a synthetic set of advisories in the layout of OSV's exports, for benchmarks:
//
//	go run ./internal/testkit/synthetic/osv-set -dir /tmp/osv
package main

import (
	"flag"
	"fmt"
	"os"

	"landwaiter.dev/internal/testkit/synthetic"
)

func main() {
	var s synthetic.Set
	dir := flag.String("dir", "", "where to write ECOSYSTEM/all.zip")
	flag.Float64Var(&s.Share, "share", 1, "share of the full set, which has about 600,000 records")
	flag.Uint64Var(&s.Seed, "seed", 1, "the same seed makes the same set")
	flag.IntVar(&s.Changed, "changed", 0, "how many records of each ecosystem have changed since the set with 0")
	flag.Parse()
	if *dir == "" {
		fmt.Fprintln(os.Stderr, "osv-set: where to? give -dir")
		os.Exit(2)
	}
	s.Folders = flag.Args()
	if len(s.Folders) == 0 {
		s.Folders = nil
	}
	w, err := s.Write(*dir)
	if err != nil {
		fmt.Fprintln(os.Stderr, "osv-set:", err)
		os.Exit(1)
	}
	fmt.Printf("%d records, %d MiB before compression\n", w.Records, w.Bytes>>20)
}
