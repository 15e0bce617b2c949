package feed

import (
	"landwaiter.dev/advisory"
)

// osvRecord is what is read of a record of OSV schema 1.x. Dates are text because a wrong one must not cost the record.
type osvRecord struct {
	schemaVersion                  string
	id                             string
	modified, published, withdrawn string
	aliases, upstream, related     []string
	summary, details               string
	severity                       []advisory.Score
	references                     []advisory.Reference
	specific                       specific
	affected                       []osvAffected
}

type osvAffected struct {
	ecosystem, name string
	ranges          []advisory.Range
	versions        []string
	severity        []advisory.Score
	// free is ecosystem_specific, own database_specific.
	free, own specific
}

// decodeRecord reads the text of one record. Strings are parts of the text: who keeps one keeps it all.
func decodeRecord(text string) (r osvRecord, err error) {
	c := &cursor{text: text}
	c.object("record", func(key string) {
		switch key {
		case "schema_version":
			r.schemaVersion = c.str(key)
		case "id":
			r.id = c.str(key)
		case "modified":
			r.modified = c.str(key)
		case "published":
			r.published = c.str(key)
		case "withdrawn":
			r.withdrawn = c.str(key)
		case "aliases":
			r.aliases = c.strs(key)
		case "upstream":
			r.upstream = c.strs(key)
		case "related":
			r.related = c.strs(key)
		case "summary":
			r.summary = c.str(key)
		case "details":
			r.details = c.str(key)
		case "severity":
			r.severity = c.scores()
		case "references":
			c.array(key, func() {
				var link advisory.Reference
				c.object(key, func(key string) { c.pair(key, "type", &link.Type, "url", &link.URL) })
				r.references = append(r.references, link)
			})
		case "database_specific":
			r.specific = c.specific()
		case "affected":
			r.affected = nil
			c.array(key, func() { r.affected = append(r.affected, c.affected()) })
		default:
			c.skip()
		}
	})
	return r, c.end()
}

func (c *cursor) affected() (a osvAffected) {
	c.object("affected", func(key string) {
		switch key {
		case "package":
			c.object(key, func(key string) { c.pair(key, "ecosystem", &a.ecosystem, "name", &a.name) })
		case "ranges":
			a.ranges = nil
			c.array(key, func() { a.ranges = append(a.ranges, c.events()) })
		case "versions":
			a.versions = c.strs(key)
		case "severity":
			a.severity = c.scores()
		case "ecosystem_specific":
			a.free = c.specific()
		case "database_specific":
			a.own = c.specific()
		default:
			c.skip()
		}
	})
	return a
}

func (c *cursor) events() (r advisory.Range) {
	c.object("ranges", func(key string) {
		switch key {
		case "type":
			r.Type = c.str(key)
		case "events":
			r.Events = make([]advisory.Event, 0, 2)
			c.array(key, func() {
				var e advisory.Event
				c.object(key, func(key string) {
					switch key {
					case "introduced":
						e.Introduced = c.str(key)
					case "fixed":
						e.Fixed = c.str(key)
					case "last_affected":
						e.LastAffected = c.str(key)
					case "limit":
						e.Limit = c.str(key)
					default:
						c.skip()
					}
				})
				r.Events = append(r.Events, e)
			})
		default:
			c.skip()
		}
	})
	return r
}

func (c *cursor) scores() (list []advisory.Score) {
	c.array("severity", func() {
		var s advisory.Score
		c.object("severity", func(key string) { c.pair(key, "type", &s.Type, "score", &s.Score) })
		list = append(list, s)
	})
	return list
}

// pair takes a member into one of two places, or passes over it.
func (c *cursor) pair(key, one string, first *string, two string, second *string) {
	switch key {
	case one:
		*first = c.str(key)
	case two:
		*second = c.str(key)
	default:
		c.skip()
	}
}
