package advisory

import "landwaiter.dev/image"

// KeyRevision numbers the rules by which packages are told apart ([DistinctOf]) and looked up ([Package.Keys]). What is
// stored remembers the number that it was made by; what has a lower one is made anew by the next sync. It goes up by one
// whenever the same package yields other keys or becomes another distinct package; which types become others says
// [retold]. The revision 0 is that of what was stored before there were numbers.
const KeyRevision = 2

// MatchRevision numbers the rules by which [Match] makes findings of packages and records. It goes up by one whenever the same
// package and the same records yield another finding. The next sync matches what was matched by older rules again; what
// comes out the same stays as it is. 1: a last affected version is no fix ([FixUnknown]).
const MatchRevision = 1

// retold has, for each revision from 1 on, the types whose packages became other distinct packages with it. Packages that
// had no ecosystem need not be named: they are always looked at. Matches of the package that it was are not those of the
// package that it became.
var retold = [KeyRevision][]image.PackageType{
	{image.Binary}, // known programs are looked up by CPE
	nil,            // archives without a group are looked up by their artifact, under other names alone
}

// Retold lists the types of packages that have become other distinct packages since a revision of the rules.
func Retold(since int) []image.PackageType {
	types := []image.PackageType{}
	for _, of := range retold[max(0, min(since, KeyRevision)):] {
		types = append(types, of...)
	}
	return types
}
