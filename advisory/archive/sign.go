package archive

import "io"

// Sign signs a file of which [Open] said that it is whole, in place; a signature that it has is replaced.
func Sign(f interface {
	io.ReaderAt
	io.WriterAt
}, size int64, key PrivateKey) error {
	sum := make([]byte, 32)
	if _, err := f.ReadAt(sum, size-int64(tail)+8); err != nil {
		return err
	}
	_, err := f.WriteAt(ending(sum, &key), size-int64(tail)+8)
	return err
}
