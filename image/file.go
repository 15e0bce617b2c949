package image

import "time"

// FileType is the kind of an entry of the file tree.
type FileType uint8

// The kinds of entries. A hard link is a regular file with the content that it names.
const (
	Regular FileType = iota + 1
	Directory
	Symlink
	CharDevice
	BlockDevice
	FIFO
	UnknownType
)

// File is one entry of a layer or of the merged tree.
type File struct {
	Path Path
	Type FileType
	// Mode holds the permission bits with set-uid, set-gid and sticky (07777), without the type.
	Mode     uint16
	UID, GID int
	// Size in bytes of the content; of a symlink, the length of its target.
	Size int64
	// Link is the target of a symlink as written, or the path that a hard link names ([HardLink]).
	Link string
	// HardLink marks a regular file that came as a link to another name.
	HardLink bool
	// SHA256 of the content, raw 32 bytes; nil for what has no content.
	SHA256 []byte
	// MD5 and SHA1 are taken only below system directories, for package verification.
	MD5, SHA1 []byte
	ModTime   time.Time
	// Xattrs are the names of extended attributes, sorted.
	Xattrs []string
	// Layer is the index of the layer that brought the entry, from 0 at the base. Set by the merge.
	Layer int
}

// TypeBits are the bits of the file type as stat(2) has them, which the /v1 API and gates add to Mode.
func (f *File) TypeBits() uint32 {
	switch f.Type {
	case Directory:
		return 0o040000
	case Symlink:
		return 0o120000
	case CharDevice:
		return 0o020000
	case BlockDevice:
		return 0o060000
	case FIFO:
		return 0o010000
	default:
		return 0o100000
	}
}
