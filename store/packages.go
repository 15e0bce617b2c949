package store

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"landwaiter.dev/advisory"
)

// PackageRow is a distinct package as stored.
type PackageRow struct {
	ID int64
	advisory.Package
	// MatchedRevision is a revision that it was matched with; 0 when it never was.
	MatchedRevision int64
}

const packageColumns = `p.id, p.type, p.ecosystem, p.namespace, p.name, p.version, p.arch, p.source_name, p.source_version,
	p.modularity, p.matched_rev`

// fields are where packageColumns go.
func (p *PackageRow) fields() []any {
	return []any{&p.ID, &p.Type, &p.Ecosystem, &p.Namespace, &p.Name, &p.Version, &p.Arch, &p.SourceName, &p.SourceVersion,
		&p.Modularity, &p.MatchedRevision}
}

func scanPackage(row scanner, p *PackageRow) error { return row.Scan(p.fields()...) }

// UpsertPackages keeps packages that are not there yet, files them under the names that keys gives, and returns the rows
// of all, in the order of packages; duplicates share a row. The transaction holds [Tx.ShareRevision], lest a package be
// collected before something points to it.
func (t *Tx) UpsertPackages(ctx context.Context, packages []advisory.Package, keys func(advisory.Package) []advisory.Key) ([]PackageRow, error) {
	return t.upsertAll(ctx, packages, keys, advisory.KeyRevision)
}

// UpsertRekeyed is [Tx.UpsertPackages] for packages that became others by the present rules: those that are new wait to be
// matched with the next revision.
func (t *Tx) UpsertRekeyed(ctx context.Context, packages []advisory.Package, keys func(advisory.Package) []advisory.Key) ([]PackageRow, error) {
	return t.upsertAll(ctx, packages, keys, rematching)
}

func (t *Tx) upsertAll(ctx context.Context, packages []advisory.Package, keys func(advisory.Package) []advisory.Key, rules int) ([]PackageRow, error) {
	digests := make([][sha256.Size]byte, len(packages))
	rows := make([]PackageRow, len(packages))
	byDigest := map[[sha256.Size]byte]PackageRow{}
	var fresh []int
	for i, p := range packages {
		digests[i] = packageDigest(p)
		if _, known := byDigest[digests[i]]; !known {
			byDigest[digests[i]] = PackageRow{Package: p}
			fresh = append(fresh, i)
		}
	}
	slices.SortFunc(fresh, func(a, b int) int { return bytes.Compare(digests[a][:], digests[b][:]) }) // no two wait for each other
	for start := 0; start < len(fresh); start += batch {
		part := fresh[start:min(start+batch, len(fresh))]
		if err := t.upsertPackages(ctx, packages, digests, part, byDigest, keys, rules); err != nil {
			return nil, describe(err, "keeping packages")
		}
	}
	for i := range packages {
		rows[i] = byDigest[digests[i]]
	}
	return rows, nil
}

// upsertPackages keeps one batch and notes the rows in byDigest.
func (t *Tx) upsertPackages(ctx context.Context, packages []advisory.Package, digests [][sha256.Size]byte, part []int,
	byDigest map[[sha256.Size]byte]PackageRow, keys func(advisory.Package) []advisory.Key, rules int) error {
	known, err := t.packagesByDigest(ctx, digests, part, byDigest)
	if err != nil {
		return err
	}
	var missing []int
	for _, i := range part {
		if !known[digests[i]] {
			missing = append(missing, i)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	err = t.insertMany(ctx, `INSERT INTO packages (digest, type, ecosystem, namespace, name, version, arch, source_name, source_version, modularity, matched_rev, key_rev, match_rev)`,
		" ON CONFLICT (digest) DO NOTHING", 13, len(missing), func(n int) []any {
			p := packages[missing[n]]
			return []any{digests[missing[n]][:], string(p.Type), p.Ecosystem, p.Namespace, p.Name, p.Version, p.Arch, p.SourceName,
				p.SourceVersion, p.Modularity, 0, rules, advisory.MatchRevision}
		})
	if err != nil {
		return err
	}
	if _, err := t.packagesByDigest(ctx, digests, missing, byDigest); err != nil {
		return err
	}
	var names []advisory.Key
	var links [][2]int64
	for _, i := range missing {
		for _, k := range keys(packages[i]) {
			names = append(names, k)
			links = append(links, [2]int64{nameID(k), byDigest[digests[i]].ID})
		}
	}
	if err := t.putNames(ctx, names); err != nil {
		return err
	}
	slices.SortFunc(links, func(a, b [2]int64) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
	return t.insertMany(ctx, "INSERT INTO package_keys (name_id, package_id)", " ON CONFLICT DO NOTHING", 2, len(links), func(n int) []any {
		return []any{links[n][0], links[n][1]}
	})
}

func (t *Tx) packagesByDigest(ctx context.Context, digests [][sha256.Size]byte, part []int, byDigest map[[sha256.Size]byte]PackageRow) (map[[sha256.Size]byte]bool, error) {
	args := make([]any, len(part))
	for n, i := range part {
		args[n] = digests[i][:]
	}
	known := make(map[[sha256.Size]byte]bool, len(part))
	err := each(ctx, &t.Queries, func(row scanner) error {
		var digest []byte
		var p PackageRow
		if err := row.Scan(append([]any{&digest}, p.fields()...)...); err != nil {
			return err
		}
		known[[sha256.Size]byte(digest)] = true
		byDigest[[sha256.Size]byte(digest)] = p
		return nil
	}, "SELECT p.digest, "+packageColumns+" FROM packages p WHERE p.digest IN "+values(1, len(args))[len(" VALUES "):], args...)
	return known, err
}

// packageDigest tells packages apart: two with equal fields are one.
func packageDigest(p advisory.Package) [sha256.Size]byte {
	h := sha256.New()
	for _, field := range []string{string(p.Type), p.Ecosystem, p.Namespace, p.Name, p.Version, p.Arch, p.SourceName, p.SourceVersion, p.Modularity} {
		fmt.Fprintf(h, "%d:%s", len(field), field)
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// nameID is the number under which a name is filed, the first bytes of a hash of it.
func nameID(k advisory.Key) int64 {
	sum := sha256.Sum256([]byte(k.Ecosystem + "\x00" + k.Name))
	return int64(binary.BigEndian.Uint64(sum[:8]))
}

// putNames files names; those that are filed already cost little.
func (t *Tx) putNames(ctx context.Context, keys []advisory.Key) error {
	byID := make(map[int64]advisory.Key, len(keys))
	for _, k := range keys {
		byID[nameID(k)] = k
	}
	ids := slices.Sorted(maps.Keys(byID)) // no two transactions wait for each other
	return t.insertMany(ctx, "INSERT INTO names (id, ecosystem, name)", " ON CONFLICT (id) DO NOTHING", 3, len(ids), func(n int) []any {
		return []any{ids[n], byID[ids[n]].Ecosystem, byID[ids[n]].Name}
	})
}

func nameIDs(keys []advisory.Key) string {
	ids := make([]int64, len(keys))
	for i, k := range keys {
		ids[i] = nameID(k)
	}
	return list(ids)
}
