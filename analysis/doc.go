// Package analysis reads images: one pass over each layer, then a merge.
//
// [Reader.Image] is the way in. A layer's blob is a stream that is hashed, decompressed, hashed again and walked once;
// nothing is unpacked, a path in a layer is a key and never a place on disk. What a layer says is a [Report], which
// depends on the layer's bytes and our revisions alone, so that it is kept and serves every image with that layer.
// [Merge] is pure: the same reports give the same analysis, byte for byte.
//
// Whatever was skipped, refused or cut short is an [image.Gap]. What makes a layer untrustworthy (a wrong digest, a
// truncated or corrupt stream, a limit of the whole layer) fails the analysis with an [Error] instead: there is no
// partial success.
//
// Limits are in limits.go, one table. The package does not log, and knows neither network nor database.
package analysis
