package feed

// Limits of what is read, for all drivers. They are far above what publishers serve today: the largest bundle of OSV has
// 230,000 entries, its largest record is about 1 MiB.
const (
	maxEntry     = 8 << 20   // bytes of one record
	maxEntries   = 2_000_000 // in one bundle
	maxTotal     = 16 << 30  // decompressed bytes of one bundle
	maxDirectory = 256 << 20 // bytes read to learn what a bundle holds
	maxPlain     = 4 << 30   // decompressed bytes of one document
	maxElement   = 2 << 20   // bytes of one advisory in a document of XML
	maxNesting   = 32        // levels of criteria in it
	maxSecDB     = 16 << 20  // bytes of a file of Alpine's secdb
	maxIndexFile = 1 << 20   // bytes of a file that says where others are
	maxID        = 200       // bytes of an id
	maxName      = 512       // bytes of a package name
	maxCatalog   = 64 << 20  // bytes of the KEV catalogue
	maxScores    = 512 << 20 // decompressed bytes of the EPSS file
	maxRow       = 1024      // bytes of a row of it
	maxVEX       = 64 << 20  // bytes of one VEX document; those that name most products have about 20 MiB
	maxWindow    = 128 << 20 // bytes that decompressing may look back
	maxIndex     = 64 << 10  // bytes of a file that names the archive to fetch
	maxDatabase  = 32 << 30  // bytes of Grype's database, decompressed
	maxNames     = 2000      // other ids of one record of it
	maxFew       = 100       // links and scores of one record, of a VEX document or of Grype's database
	maxEntities  = 500_000   // products, and statements about them, of one document
)
