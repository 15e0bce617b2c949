package store

import "strconv"

// SchemaVersion is the number of the newest migration that this program knows.
func SchemaVersion() string { return strconv.FormatInt(newestMigration(), 10) }
