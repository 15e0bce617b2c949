// Package gunzip decompresses gzip (RFC 1952) one member at a time, straight out of a [bufio.Reader], of which it takes
// not one byte more than the member has.
//
// Decompression is the largest cost of reading a layer. This decoder holds up to 63 bits at a time, decodes a literal, or
// a length with its extra bits, by one look into a table, and has no bound to check inside of a stretch for which there
// is input and room enough. What is a valid stream is the same as for compress/gzip of the standard library, with which a
// fuzz target compares it.
package gunzip
