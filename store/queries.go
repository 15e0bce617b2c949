package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/clock"
)

// Queries are all questions that can be asked. A [Store] asks them of what is committed, a [Tx] of its own transaction.
type Queries struct {
	run    runner
	d      *dialect
	clock  clock.Clock
	codec  *codec
	caches caches
}

// runner is what *sql.DB and *sql.Tx have in common.
type runner interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// scanner is one row.
type scanner interface{ Scan(dest ...any) error }

// exec runs a statement and says how many rows it touched.
func (q *Queries) exec(ctx context.Context, query string, args ...any) (int64, error) {
	res, err := q.run.ExecContext(ctx, q.d.text(query), args...)
	if err != nil {
		return 0, meaning(err)
	}
	return res.RowsAffected()
}

// one scans the only row of a query; ErrNotFound when there is none.
func (q *Queries) one(ctx context.Context, query string, args []any, dest ...any) error {
	err := q.run.QueryRowContext(ctx, q.d.text(query), args...).Scan(dest...)
	return meaning(err)
}

// first reads the first row of a query by scan; ErrNotFound when there is none.
func first[T any](ctx context.Context, q *Queries, scan func(scanner, *T) error, query string, args ...any) (T, error) {
	var v T
	err := scan(q.run.QueryRowContext(ctx, q.d.text(query), args...), &v)
	return v, meaning(err)
}

// all reads each row of a query by scan.
func all[T any](ctx context.Context, q *Queries, scan func(scanner, *T) error, query string, args ...any) ([]T, error) {
	var list []T
	err := each(ctx, q, func(row scanner) error {
		var v T
		if err := scan(row, &v); err != nil {
			return err
		}
		list = append(list, v)
		return nil
	}, query, args...)
	return list, err
}

// each calls f for each row of a query. f must not ask the same transaction anything.
func each(ctx context.Context, q *Queries, f func(scanner) error, query string, args ...any) error {
	rows, err := q.run.QueryContext(ctx, q.d.text(query), args...)
	if err != nil {
		return meaning(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows); err != nil {
			return err
		}
	}
	return meaning(rows.Err())
}

// scalar scans a row of one column.
func scalar[T any](row scanner, v *T) error { return row.Scan(v) }

// batch is how many rows one statement inserts at most.
const batch = 500

// insertMany inserts n rows in statements of at most [batch] rows. head is "INSERT INTO t (a, b)", tail what follows the
// values; row gives the values of row i, always columns of them.
func (q *Queries) insertMany(ctx context.Context, head, tail string, columns, n int, row func(i int) []any) error {
	for start := 0; start < n; start += batch {
		size := min(batch, n-start)
		args := make([]any, 0, size*columns)
		for i := range size {
			args = append(args, row(start+i)...)
		}
		if _, err := q.exec(ctx, head+values(size, columns)+tail, args...); err != nil {
			return err
		}
	}
	return nil
}

// values is " VALUES (?, ?), (?, ?)".
func values(rows, columns int) string {
	one := "(" + strings.Repeat("?, ", columns-1) + "?)"
	return " VALUES " + strings.Repeat(one+", ", rows-1) + one
}

// list is the JSON array that {in ids} and {in texts} take.
func list[T any](values []T) string {
	if len(values) == 0 {
		return "[]"
	}
	b, err := json.Marshal(values)
	if err != nil { // integers, texts and arrays of them
		panic(err)
	}
	return string(b)
}

// micros is a time as it is stored.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// moment reads a stored time.
type moment struct{ t *time.Time }

func (m moment) Scan(src any) error {
	n, ok := src.(int64)
	switch {
	case !ok:
		return fmt.Errorf("a stored time is %T, not a number", src)
	case n == 0:
		*m.t = time.Time{}
	default:
		*m.t = time.UnixMicro(n).UTC()
	}
	return nil
}

// document reads stored JSON text into v.
type document struct{ v any }

func (d document) Scan(src any) error {
	switch s := src.(type) {
	case string:
		return json.Unmarshal([]byte(s), d.v)
	case []byte:
		return json.Unmarshal(s, d.v)
	}
	return fmt.Errorf("a stored document is %T, not text", src)
}

// jsonText is v as stored text.
func jsonText(v any) (string, error) {
	b, err := json.Marshal(v)
	return string(b), err
}

// now is the clock's time at the resolution of the store.
func (q *Queries) now() time.Time { return q.clock.Now().UTC().Truncate(time.Microsecond) }

// orNow is t, or now when t is zero.
func (q *Queries) orNow(t time.Time) time.Time {
	if t.IsZero() {
		return q.now()
	}
	return t
}

// describe adds what was looked for to an error; nil stays nil.
func describe(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf(format+": %w", append(args, err)...)
}

// digestBytes is a digest as stored where space counts.
func digestBytes(d image.Digest) ([]byte, error) {
	if _, err := image.ParseDigest(string(d)); err != nil {
		return nil, err
	}
	return unhex(d.Hex())
}

var errNotAffected = errors.New("no row was changed")

// mustChange turns "no row" into ErrNotFound.
func mustChange(n int64, err error) error {
	if err == nil && n == 0 {
		return fmt.Errorf("%w: %w", ErrNotFound, errNotAffected)
	}
	return err
}
