package grypedb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
)

// A database is served without indexes but for those of its primary keys, so each table is walked once, all in one order.
const order = " ORDER BY v.provider_id, v.name, v.id"

const vulnerabilityQuery = `SELECT v.id, CAST(v.name AS TEXT), CAST(v.provider_id AS TEXT), CAST(coalesce(v.status, '') AS TEXT),
	CAST(coalesce(v.published_date, '') AS TEXT), CAST(coalesce(v.modified_date, '') AS TEXT), CAST(coalesce(v.withdrawn_date, '') AS TEXT),
	coalesce(v.blob_id, 0) FROM vulnerability_handles v` + order

func packageQuery(table string, channel bool) string {
	column := "''"
	if channel {
		column = "CAST(coalesce(o.channel, '') AS TEXT)"
	}
	return `SELECT v.id, CAST(coalesce(p.ecosystem, '') AS TEXT), CAST(coalesce(p.name, '') AS TEXT), coalesce(a.blob_id, 0), o.id IS NOT NULL,
	CAST(coalesce(o.name, '') AS TEXT), CAST(coalesce(o.major_version, '') AS TEXT), CAST(coalesce(o.minor_version, '') AS TEXT),
	CAST(coalesce(o.label_version, '') AS TEXT), ` + column + `
	FROM ` + table + ` a JOIN vulnerability_handles v ON v.id = a.vulnerability_id JOIN packages p ON p.id = a.package_id
	LEFT JOIN operating_systems o ON o.id = a.operating_system_id` + order
}

// Vulnerabilities yields all records, ordered by provider and name: those of one name come one after the other. An error
// is the last thing that it yields.
func (d *DB) Vulnerabilities() iter.Seq2[*Vulnerability, error] {
	return func(yield func(*Vulnerability, error) bool) {
		if err := d.walk(func(v *Vulnerability) bool { return yield(v, nil) }); err != nil {
			yield(nil, err)
		}
	}
}

func (d *DB) walk(yield func(*Vulnerability) bool) error {
	rows, err := d.conn.QueryContext(d.ctx, vulnerabilityQuery)
	if err != nil {
		return err
	}
	defer rows.Close()
	blobs, err := d.conn.PrepareContext(d.ctx, "SELECT value FROM blobs WHERE id = ?")
	if err != nil {
		return err
	}
	defer blobs.Close()
	tables := []string{"affected_package_handles"}
	if d.unaffected {
		tables = append(tables, "unaffected_package_handles")
	}
	cursors := make([]*cursor, len(tables))
	for i, t := range tables {
		if cursors[i], err = d.open(t, i > 0, blobs); err != nil {
			return err
		}
		defer cursors[i].rows.Close()
	}
	for rows.Next() {
		v := &Vulnerability{}
		var id int64
		if err := rows.Scan(&v.ID, &v.Name, &v.Provider, &v.Status, &v.Published, &v.Modified, &v.Withdrawn, &id); err != nil {
			return err
		}
		if v.Blob, err = blob(d.ctx, blobs, id); err != nil {
			return err
		}
		size := len(v.Blob)
		for _, c := range cursors {
			if err := c.take(d.ctx, v, &size); err != nil {
				return err
			}
		}
		if !yield(v) {
			return nil
		}
	}
	return rows.Err()
}

// cursor walks a table of packages in the order of the vulnerabilities.
type cursor struct {
	rows       *sql.Rows
	blobs      *sql.Stmt
	unaffected bool
	// of is the vulnerability of the row at hand, 0 at the end.
	of   int64
	at   Package
	blob int64
}

func (d *DB) open(table string, unaffected bool, blobs *sql.Stmt) (*cursor, error) {
	rows, err := d.conn.QueryContext(d.ctx, packageQuery(table, d.channel))
	if err != nil {
		return nil, err
	}
	c := &cursor{rows: rows, blobs: blobs, unaffected: unaffected}
	if err := c.next(); err != nil {
		rows.Close()
		return nil, err
	}
	return c, nil
}

func (c *cursor) next() error {
	if c.of = 0; !c.rows.Next() {
		return c.rows.Err()
	}
	var system bool
	var s System
	c.at = Package{Unaffected: c.unaffected}
	if err := c.rows.Scan(&c.of, &c.at.Ecosystem, &c.at.Name, &c.blob, &system, &s.Name, &s.Major, &s.Minor, &s.Label, &s.Channel); err != nil {
		return err
	}
	if system {
		c.at.System = &s
	}
	return nil
}

// take gives v the packages of its rows, and counts their bytes.
func (c *cursor) take(ctx context.Context, v *Vulnerability, size *int) (err error) {
	for c.of == v.ID && c.of != 0 {
		if len(v.Packages) == maxPackages {
			return fmt.Errorf("%.100q speaks of more than %d packages", v.Name, maxPackages)
		}
		if c.at.Blob, err = blob(ctx, c.blobs, c.blob); err != nil {
			return err
		}
		if *size += len(c.at.Blob); *size > maxRecord {
			return fmt.Errorf("%.100q has more than %d MiB", v.Name, maxRecord>>20)
		}
		v.Packages = append(v.Packages, c.at)
		if err := c.next(); err != nil {
			return err
		}
	}
	return nil
}

func blob(ctx context.Context, blobs *sql.Stmt, id int64) (value []byte, err error) {
	if id == 0 {
		return nil, nil
	}
	if err := blobs.QueryRowContext(ctx, id).Scan(&value); errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	return value, nil
}
