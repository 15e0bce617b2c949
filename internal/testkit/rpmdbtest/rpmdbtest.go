// Package rpmdbtest writes rpm headers and databases for tests.
package rpmdbtest

import (
	"encoding/binary"
	"fmt"
	"hash/adler32"
	"slices"

	"landwaiter.dev/internal/rpmdb"
)

// Values are a header's values by tag: a string, []string, []uint16, []uint32, []uint64 or []byte each.
type Values map[rpmdb.Tag]any

// Header encodes values as rpm stores them in a database.
func Header(values Values) []byte {
	tags := make([]rpmdb.Tag, 0, len(values))
	for tag := range values {
		tags = append(tags, tag)
	}
	slices.Sort(tags)
	var index, store []byte
	be := binary.BigEndian
	for _, tag := range tags {
		kind, count, align, data := encode(values[tag])
		for len(store)%align != 0 {
			store = append(store, 0)
		}
		index = be.AppendUint32(index, uint32(tag))
		index = be.AppendUint32(index, kind)
		index = be.AppendUint32(index, uint32(len(store)))
		index = be.AppendUint32(index, uint32(count))
		store = append(store, data...)
	}
	blob := be.AppendUint32(nil, uint32(len(tags)))
	blob = be.AppendUint32(blob, uint32(len(store)))
	return append(append(blob, index...), store...)
}

func encode(value any) (kind uint32, count, align int, data []byte) {
	be := binary.BigEndian
	switch v := value.(type) {
	case string:
		return 6, 1, 1, append([]byte(v), 0)
	case []string:
		for _, s := range v {
			data = append(append(data, s...), 0)
		}
		return 8, len(v), 1, data
	case []uint16:
		for _, n := range v {
			data = be.AppendUint16(data, n)
		}
		return 3, len(v), 2, data
	case []uint32:
		for _, n := range v {
			data = be.AppendUint32(data, n)
		}
		return 4, len(v), 4, data
	case []uint64:
		for _, n := range v {
			data = be.AppendUint64(data, n)
		}
		return 5, len(v), 8, data
	case []byte:
		return 1, len(v), 1, v
	default:
		panic(fmt.Sprintf("a value of type %T has no place in an rpm header", value))
	}
}

// NDB is a database in rpm's own format.
func NDB(headers ...[]byte) []byte {
	const page, block = 4096, 16
	le := binary.LittleEndian
	pages := (2 + len(headers) + page/block - 1) / (page / block)
	db := make([]byte, pages*page)
	copy(db, "RpmP")
	le.PutUint32(db[8:], 1)
	le.PutUint32(db[12:], uint32(pages))
	le.PutUint32(db[16:], uint32(len(headers)+1))
	for at := 2 * block; at < len(db); at += block {
		copy(db[at:], "Slot")
	}
	for i, h := range headers {
		blob := le.AppendUint32([]byte("BlbS"), uint32(i+1))
		blob = le.AppendUint32(blob, 1)
		blob = le.AppendUint32(blob, uint32(len(h)))
		blob = append(blob, h...)
		for (len(blob)+12)%block != 0 {
			blob = append(blob, 0)
		}
		sum := adler32.Checksum(blob)
		blob = le.AppendUint32(blob, sum)
		blob = le.AppendUint32(blob, uint32(len(h)))
		blob = append(blob, "BlbE"...)
		slot := db[(2+i)*block:]
		le.PutUint32(slot[4:], uint32(i+1))
		le.PutUint32(slot[8:], uint32(len(db)/block))
		le.PutUint32(slot[12:], uint32(len(blob)/block))
		db = append(db, blob...)
	}
	return db
}

// BDB is a Berkeley DB hash database with pages of 4,096 bytes, each header on overflow pages of its own.
func BDB(order binary.ByteOrder, headers ...[]byte) []byte {
	const page, head = 4096, 26
	db := make([]byte, page)
	order.PutUint32(db[12:], 0x061561)
	order.PutUint32(db[16:], 9)
	order.PutUint32(db[20:], page)
	db[25] = 8
	for i, h := range headers {
		// A hash page with one pair: the header's number, and the place of its value.
		no := len(db) / page
		hash := make([]byte, page)
		hash[25] = 13
		order.PutUint16(hash[20:], 2)
		key, value := page-5, page-5-12
		order.PutUint16(hash[head:], uint16(key))
		order.PutUint16(hash[head+2:], uint16(value))
		hash[key] = 1
		order.PutUint32(hash[key+1:], uint32(i+1))
		hash[value] = 3
		order.PutUint32(hash[value+4:], uint32(no+1))
		order.PutUint32(hash[value+8:], uint32(len(h)))
		db = append(db, hash...)
		for chunk := range slices.Chunk(h, page-head) {
			over := make([]byte, page)
			over[25] = 7
			order.PutUint16(over[22:], uint16(len(chunk)))
			copy(over[head:], chunk)
			order.PutUint32(over[16:], uint32(len(db)/page+1))
			db = append(db, over...)
		}
		order.PutUint32(db[len(db)-page+16:], 0) // the last of the chain
	}
	return db
}
