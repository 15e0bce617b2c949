package rpmdb

// Tag names a value of a header (rpm's rpmtag.h).
type Tag uint32

// The tags that we read.
const (
	Name            Tag = 1000
	Version         Tag = 1001
	Release         Tag = 1002
	Epoch           Tag = 1003
	Size            Tag = 1009 // bytes, up to 4 GiB
	Vendor          Tag = 1011
	License         Tag = 1014
	URL             Tag = 1020
	Arch            Tag = 1022
	OldFilenames    Tag = 1027 // whole paths, before directories were kept apart
	FileSizes       Tag = 1028
	FileStates      Tag = 1029
	FileModes       Tag = 1030
	FileDigests     Tag = 1035 // hexadecimal; "" for what is no regular file
	FileFlags       Tag = 1037
	FileUsers       Tag = 1039
	FileGroups      Tag = 1040
	SourceRPM       Tag = 1044
	DirIndexes      Tag = 1116
	BaseNames       Tag = 1117
	DirNames        Tag = 1118
	LongFileSizes   Tag = 5008
	LongSize        Tag = 5009
	FileDigestAlgo  Tag = 5011
	ModularityLabel Tag = 5096
)

// Bits of FileFlags.
const (
	FlagConfig    = 1 << 0
	FlagDoc       = 1 << 1
	FlagMissingOK = 1 << 3
	FlagGhost     = 1 << 6
)

// Values of FileStates: what became of a file when its package was installed.
const (
	StateNormal       = 0
	StateReplaced     = 1 // another package's file lies there
	StateNotInstalled = 2 // left out on purpose, for example documentation
	StateNetShared    = 3 // lives on a shared file system
	StateWrongColor   = 4 // another architecture's file lies there
)
