package source

import "time"

// Limits of what is taken from outside. Sizes of manifests and configs and counts of layers are in package image, with
// their parsers; sizes of layers are the reader's matter.
const (
	maxIndexDepth    = 8    // indexes within indexes; real ones have two
	maxIndexLookups  = 32   // indexes read to choose one image
	maxConfigLookups = 32   // manifests read to learn a platform that no index names
	maxListed        = 20   // names in an error's list
	maxLinks         = 16   // symlinks followed inside an archive
	maxArchiveNames  = 1000 // images in one docker-archive

	maxArchiveEntries = 200_000
	maxListSize       = 4 << 20 // manifest.json of a docker-archive
	maxSpool          = 4 << 30 // what a compressed archive may unpack to
	maxErrorBody      = 64 << 10

	maxReferrerPages    = 16       // of a list of what refers to an image
	maxAttestations     = 64       // documents in one place next to an image that are fetched
	maxAttestationSize  = 24 << 20 // one of them
	maxAttestationBytes = 64 << 20 // all of them
	attestationsWithin  = 30 * time.Second

	maxRedirects   = 10
	maxResumes     = 5                // broken downloads taken up again, for each blob
	answerTimeout  = 30 * time.Second // until a registry's answer begins
	stallTimeout   = 60 * time.Second // without one byte of a blob
	documentWithin = 60 * time.Second // a manifest or config, whole
	resumePause    = 500 * time.Millisecond
)
