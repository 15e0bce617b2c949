// Package secret finds secrets and searched texts in the files of an image, without keeping one: a find is a rule, a
// place and a keyed digest.
//
// A rule is asked only where one of its keywords stands. One pass over the bytes finds the keywords of all rules (see
// [filter]); around each a small window goes to what the rule stands for: a detector of a library that is kept up by
// others, an expression of our own, one of the five line patterns that policies know by name, or a pattern of the user.
// The table of detectors is in detectors.go.
//
// A file streams through in blocks with enough of both neighbours that no window is ever cut by a block, so that a file
// of any size needs the same memory and any way of writing it gives the same result. Work is bounded for each file and
// rule; what a bound ends is an [image.Gap].
//
// Lines are separated by newline bytes. A line longer than [Options.LineBytes] is looked at in windows of that length,
// each of which shares half with the next.
package secret
