package engine

import (
	"bytes"
	"encoding/json"
	"sync"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/jsonscan"
)

// packageCache decodes analyses. Most of a document are packages, and most packages of an inventory are in many images with
// the same text: those are decoded once and shared, so they must not be changed. Safe for concurrent use.
type packageCache struct {
	mu         sync.RWMutex
	young, old map[string]*image.Package
	size       int // bytes of young
}

// maxPackageText bounds the text of the packages that are kept, twice over; decoded they are about twice that.
const maxPackageText = 8 << 20

// decode reads an analysis document.
func (c *packageCache) decode(raw []byte) (*image.Analysis, error) {
	var rest bytes.Buffer
	rest.Grow(1 << 14)
	rest.WriteByte('{')
	var packages []byte
	err := jsonscan.Fields(raw, func(key, value []byte) bool {
		if string(key) == "packages" {
			packages = value
			return true
		}
		if rest.Len() > 1 {
			rest.WriteByte(',')
		}
		name, _ := json.Marshal(string(key)) // a text
		rest.Write(name)
		rest.WriteByte(':')
		rest.Write(value)
		return true
	})
	rest.WriteByte('}')
	a := new(image.Analysis)
	if err == nil {
		err = json.Unmarshal(rest.Bytes(), a)
	}
	if err == nil && packages != nil && string(packages) != "null" {
		a.Packages, err = c.packages(packages)
	}
	return a, err
}

func (c *packageCache) packages(raw []byte) ([]image.Package, error) {
	var texts [][]byte
	if err := jsonscan.Elements(raw, func(value []byte) bool { texts = append(texts, value); return true }); err != nil {
		return nil, err
	}
	list := make([]image.Package, len(texts))
	var missing []int
	c.mu.RLock()
	for i, text := range texts {
		p := c.young[string(text)]
		if p == nil {
			p = c.old[string(text)]
		}
		if p != nil {
			list[i] = *p
		} else {
			missing = append(missing, i)
		}
	}
	c.mu.RUnlock()
	for _, i := range missing {
		if err := json.Unmarshal(texts[i], &list[i]); err != nil {
			return nil, err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, i := range missing {
		if c.young == nil || c.size > maxPackageText {
			c.young, c.old, c.size = map[string]*image.Package{}, c.young, 0
		}
		p := list[i]
		c.young[string(texts[i])] = &p
		c.size += len(texts[i])
	}
	return list, nil
}
