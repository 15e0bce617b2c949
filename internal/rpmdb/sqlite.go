package rpmdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"modernc.org/sqlite"
)

const sqliteMagic = "SQLite format 3\x00"

// sqliteTime ends a query that a hostile file made slow; a sound database of any size takes a fraction of it.
const sqliteTime = time.Minute

// Numbers of SQLite's run-time limits (sqlite3_limit).
const (
	sqliteLimitLength   = 0
	sqliteLimitAttached = 7
)

func isSQLite(start []byte) bool { return strings.HasPrefix(string(start), sqliteMagic) }

func readSQLite(r io.ReaderAt, size int64, out *output) error {
	if size > maxSQLite {
		return fmt.Errorf("SQLite: a database of %d bytes is larger than the limit of %d", size, int64(maxSQLite))
	}
	if size < 100 {
		return errors.New("SQLite: the file ends inside its header")
	}
	ctx, cancel := context.WithTimeout(context.Background(), sqliteTime)
	defer cancel()
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		return fmt.Errorf("SQLite: %w", err)
	}
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("SQLite: %w", err)
	}
	defer conn.Close()
	if err := loadSQLite(conn, r, size); err != nil {
		return fmt.Errorf("SQLite: %w", err)
	}
	for limit, value := range map[int]int{sqliteLimitLength: int(size), sqliteLimitAttached: 0} {
		if _, err := sqlite.Limit(conn, limit, value); err != nil {
			return fmt.Errorf("SQLite: %w", err)
		}
	}
	if _, err := conn.ExecContext(ctx, "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA query_only=ON"); err != nil {
		return fmt.Errorf("SQLite: %w", err)
	}
	if err := plainTable(ctx, conn); err != nil {
		return fmt.Errorf("SQLite: %w", err)
	}
	return selectBlobs(ctx, conn, out)
}

// loadSQLite makes the file the connection's database. The header's two version bytes say that the database has a
// write-ahead log, which one in memory cannot have: they are set back to the plain kind in our copy.
func loadSQLite(conn *sql.Conn, r io.ReaderAt, size int64) error {
	buf := make([]byte, size)
	if err := readAt(r, buf, 0); err != nil {
		return err
	}
	for _, at := range []int{18, 19} {
		if buf[at] == 2 {
			buf[at] = 1
		}
	}
	return conn.Raw(func(c any) error {
		d, ok := c.(interface{ Deserialize([]byte) error })
		if !ok {
			return fmt.Errorf("the driver's connection %T cannot take a database from memory", c)
		}
		return d.Deserialize(buf)
	})
}

// plainTable refuses a Packages that is a view, a virtual table or one with computed columns: to read these would run
// what the image's author wrote.
func plainTable(ctx context.Context, conn *sql.Conn) error {
	var kind, text string
	var root int64
	err := conn.QueryRowContext(ctx, "SELECT type, rootpage, sql FROM sqlite_schema WHERE name = 'Packages'").Scan(&kind, &root, &text)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return errors.New("there is no table of packages")
	case err != nil:
		return err
	case kind != "table" || root <= 0 || strings.Count(text, "(") != 1:
		return errors.New("the table of packages is not one that rpm makes")
	}
	return nil
}

func selectBlobs(ctx context.Context, conn *sql.Conn, out *output) error {
	rows, err := conn.QueryContext(ctx, "SELECT blob FROM Packages ORDER BY hnum")
	if err != nil {
		return fmt.Errorf("SQLite: %w", err)
	}
	defer rows.Close()
	var blob sql.RawBytes
	for rows.Next() {
		if err := rows.Scan(&blob); err != nil {
			return fmt.Errorf("SQLite: %w", err)
		}
		if err := out.take(int64(len(blob))); err != nil {
			return fmt.Errorf("SQLite: %w", err)
		}
		if err := out.blob(blob); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("SQLite: %w", err)
	}
	return nil
}
