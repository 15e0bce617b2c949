package store

import "context"

// kevFolder stands for the catalogue of exploited vulnerabilities among the folders.
const kevFolder = "kev"

// notOff narrows versions v of records to those of folders that count at a revision, given twice.
const notOff = ` AND NOT EXISTS (SELECT 1 FROM folder_off o WHERE o.folder = v.folder AND o.from_rev <= ? AND (o.to_rev = 0 OR o.to_rev > ?))`

// FoldersOffAt are the folders of which nothing counts at rev.
func (q *Queries) FoldersOffAt(ctx context.Context, rev int64) (map[string]bool, error) {
	off := map[string]bool{}
	err := each(ctx, q, func(row scanner) error {
		var folder string
		err := row.Scan(&folder)
		off[folder] = true
		return err
	}, "SELECT folder FROM folder_off WHERE from_rev <= ? AND (to_rev = 0 OR to_rev > ?)", rev, rev)
	return off, describe(err, "reading which sources are off")
}

// StageFoldersOff lets the records of folders count no more from rev on, or again. What is so already is no error.
func (s *Store) StageFoldersOff(ctx context.Context, rev int64, folders []string, off bool) error {
	err := s.Write(ctx, func(tx *Tx) error {
		now, err := tx.FoldersOffAt(ctx, rev)
		if err != nil {
			return err
		}
		for _, folder := range folders {
			switch {
			case now[folder] == off:
			case off:
				_, err = tx.exec(ctx, "INSERT INTO folder_off (folder, from_rev, to_rev) VALUES (?, ?, 0)", folder, rev)
			default:
				if _, err = tx.exec(ctx, "DELETE FROM folder_off WHERE folder = ? AND from_rev = ?", folder, rev); err == nil {
					_, err = tx.exec(ctx, "UPDATE folder_off SET to_rev = ? WHERE folder = ? AND to_rev = 0", rev, folder)
				}
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	return describe(err, "switching sources")
}

// folderOffAt says whether a folder does not count at rev.
func (q *Queries) folderOffAt(ctx context.Context, folder string, rev int64) (bool, error) {
	off, err := q.FoldersOffAt(ctx, rev)
	return off[folder], err
}

// foldersSwitched lists the folders whose records begin to count, or no longer do, at rev.
func (q *Queries) foldersSwitched(ctx context.Context, rev int64) ([]string, error) {
	return all(ctx, q, scalar[string], "SELECT folder FROM folder_off WHERE from_rev = ? OR to_rev = ? ORDER BY folder", rev, rev)
}
