package policy

import "strings"

// Weight is about how many bytes of memory a compiled bundle takes, rather too many than too few: what somebody who keeps
// several goes by.
func (b *Bundle) Weight() int { return b.weight }

// The weights of parts, as they were measured.
const (
	weightOfRule = 400
	weightOfItem = 600
	// weightOfText and weightOfByte are of a value or pattern that may be a regular expression or a CEL expression.
	weightOfText = 2000
	weightOfByte = 40
	// A repetition with a number makes a program of any size, up to what the engines allow.
	weightOfFirstRepetition = 120_000
	weightOfRepetition      = 8_000
)

func weigh(d *document, raw []byte) int {
	n := 2 * len(raw)
	for i := range d.policies {
		for j := range d.policies[i].rules {
			n += weightOfRule
			for _, p := range d.policies[i].rules[j].params {
				n += textWeight(p.Value)
			}
		}
	}
	for i := range d.allowlists {
		for j := range d.allowlists[i].items {
			n += weightOfItem
			if id := d.allowlists[i].items[j].triggerID; strings.HasPrefix(id, regexpPrefix) {
				n += textWeight(id)
			}
		}
	}
	for _, list := range [][]mappingForm{d.mappings, d.allowed, d.denied} {
		for i := range list {
			n += weightOfRule + len(list[i].raw)
			for _, s := range []string{list[i].registry, list[i].repository, list[i].image} {
				if strings.HasPrefix(s, regexpPrefix) {
					n += textWeight(s)
				}
			}
		}
	}
	return n
}

func textWeight(s string) int {
	n := weightOfText + weightOfByte*len(s)
	if repeated := strings.Count(s, "{"); repeated > 0 {
		n += weightOfFirstRepetition + weightOfRepetition*(repeated-1)
	}
	return n
}
