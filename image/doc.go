// Package image holds the nouns that every other package speaks: digests, references, manifests,
// configs, layers, files, packages, gaps and the analysis that joins them.
//
// It parses what is small and exact (digests, names, manifests, configs) and does no I/O. Start at
// [Reference] for what a user names, [Manifest] and [Config] for what a registry serves, [File],
// [Package] and [Gap] for what an analysis finds, and [Analysis] for the whole.
//
// It imports nothing else of this project, so that everything may import it.
package image
