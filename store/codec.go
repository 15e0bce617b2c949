package store

import (
	"encoding/json"
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// maxDocument bounds what one stored document may become when it is decompressed, in bytes.
const maxDocument = 1 << 30

// codec compresses what is kept. It is safe for concurrent use.
type codec struct {
	// enc is for blobs; small for records and findings, with the dictionary.
	enc, small *zstd.Encoder
	dec        *zstd.Decoder
}

func newCodec() (*codec, error) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithEncoderConcurrency(4), zstd.WithEncoderCRC(false))
	if err != nil {
		return nil, err
	}
	small, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(4), zstd.WithEncoderCRC(false),
		zstd.WithEncoderDictRaw(dictionaryID, []byte(dictionary)))
	if err != nil {
		return nil, err
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(4), zstd.WithDecoderMaxMemory(maxDocument),
		zstd.WithDecoderDictRaw(dictionaryID, []byte(dictionary)))
	if err != nil {
		return nil, err
	}
	return &codec{enc: enc, small: small, dec: dec}, nil
}

func (c *codec) pack(b []byte) []byte { return c.enc.EncodeAll(b, make([]byte, 0, len(b)/2+64)) }

// packSmall is pack for records and findings.
func (c *codec) packSmall(b []byte) []byte {
	return c.small.EncodeAll(b, make([]byte, 0, len(b)/3+64))
}

func (c *codec) unpack(b []byte) ([]byte, error) { return c.dec.DecodeAll(b, nil) }

// unpackJSON reads a compressed document into v.
func (c *codec) unpackJSON(b []byte, v any) error {
	raw, err := c.unpack(b)
	if err != nil {
		return fmt.Errorf("a stored document is damaged: %w", err)
	}
	return json.Unmarshal(raw, v)
}
