#!/bin/sh
# Runs each fuzz target of the repository for the time given: scripts/fuzz.sh 2s
set -eu
time=${1:-2s}
n=0
for file in $(git ls-files '*_test.go'); do
  for target in $(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$file"); do
    go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 10x "./$(dirname "$file")" >/tmp/fuzz.$$ 2>&1 || { cat /tmp/fuzz.$$; rm -f /tmp/fuzz.$$; exit 1; }
    n=$((n + 1))
  done
done
rm -f /tmp/fuzz.$$
[ "$n" -gt 0 ] || { echo "no fuzz target found" >&2; exit 1; }
echo "$n fuzz targets, $time each: nothing found"
