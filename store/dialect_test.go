package store

import "testing"

func TestDialectText(t *testing.T) {
	t.Parallel()
	for query, want := range map[string][2]string{
		"SELECT 1": {"SELECT 1", "SELECT 1"},
		"SELECT a FROM t WHERE a = ? AND b = ?{lock}": {
			"SELECT a FROM t WHERE a = ? AND b = ?", "SELECT a FROM t WHERE a = $1 AND b = $2 FOR UPDATE"},
		"a {in texts} OR a = ?": {
			"a IN (SELECT value FROM json_each(?)) OR a = ?", "a = ANY (ARRAY(SELECT jsonb_array_elements_text($1::jsonb))) OR a = $2"},
	} {
		if have := sqliteDialect.text(query); have != want[0] {
			t.Errorf("sqlite: %q became %q, want %q", query, have, want[0])
		}
		if have := postgresDialect.text(query); have != want[1] {
			t.Errorf("postgres: %q became %q, want %q", query, have, want[1])
		}
	}
}
