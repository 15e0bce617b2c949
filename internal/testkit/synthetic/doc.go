// Package synthetic makes advisory data and inventories of the size and the shape that large installations have, for
// benchmarks: what it makes is invented, the same for the same seed, and good for nothing else.
//
// Sizes follow what OSV publishes: how many records an ecosystem has, how many packages and releases a record speaks of,
// how long its texts and its lists of versions are, and how unevenly the records are spread over the packages.
package synthetic
