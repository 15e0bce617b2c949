package store

import (
	"context"
	"time"

	"landwaiter.dev/image"
)

// VEXScope is what a VEX document is attached to.
type VEXScope string

// The scopes.
const (
	VEXImage      VEXScope = "image"      // the target is the digest of a manifest or an index
	VEXRepository VEXScope = "repository" // "registry/repository"
	VEXProduct    VEXScope = "product"    // a package URL of images, or "all"
)

// The sources of VEX documents.
const (
	VEXUpload      = "upload"
	VEXAttestation = "attestation"
)

// VEX is a VEX document as attached to something; its bytes are in the blobs.
type VEX struct {
	ID      string // 32 hexadecimal digits
	Account string
	Scope   VEXScope
	Target  string
	// Called is a name by which the document calls what it is attached to; "" where it needs none.
	Called string
	Digest image.Digest
	// Format, DocumentID, Author, Statements and Problems are facts of the document, for lists.
	Format, DocumentID, Author string
	Statements                 int
	Problems                   []string
	Source                     string
	// Origin is where an attestation was found.
	Origin string
	// Counts says that its statements may hide findings.
	Counts bool
	// Signed says who verifiably signed an attestation; nil when nobody did whom the settings trusted then.
	Signed *VEXSignature
	// Failure stands for attestations that could not be read, in one sentence; then there is no document.
	Failure string
	From    time.Time
	To      time.Time // zero while it is in force
}

const vexColumns = "id, account, scope, target, called, digest, format, document_id, author, statements, problems, source, origin, counts, failure, from_at, to_at"

func scanVEX(row scanner, v *VEX) error {
	return row.Scan(&v.ID, &v.Account, &v.Scope, &v.Target, &v.Called, &v.Digest, &v.Format, &v.DocumentID, &v.Author, &v.Statements,
		vexNotes{v}, &v.Source, &v.Origin, &v.Counts, &v.Failure, moment{&v.From}, moment{&v.To})
}

// PutVEX puts a document in force from From (zero: now) on. What is attached to the same already, from the same source, is
// kept as it is and returned; made says whether v is new.
func (t *Tx) PutVEX(ctx context.Context, v VEX) (kept VEX, made bool, err error) {
	v.From = t.orNow(v.From)
	problems, err := vexNotes{&v}.text()
	if err != nil {
		return v, false, err
	}
	n, err := t.exec(ctx, "INSERT INTO vex ("+vexColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)
		ON CONFLICT (account, scope, target, called, source, digest, failure) WHERE to_at = 0 DO NOTHING`,
		v.ID, v.Account, string(v.Scope), v.Target, v.Called, string(v.Digest), v.Format, v.DocumentID, v.Author, v.Statements,
		problems, v.Source, v.Origin, v.Counts, v.Failure, micros(v.From))
	if err != nil {
		return v, false, describe(err, "keeping a VEX document")
	}
	kept, err = first(ctx, &t.Queries, scanVEX, "SELECT "+vexColumns+` FROM vex WHERE account = ? AND scope = ? AND target = ? AND called = ?
		AND source = ? AND digest = ? AND failure = ? AND to_at = 0`, v.Account, string(v.Scope), v.Target, v.Called, v.Source, string(v.Digest), v.Failure)
	return kept, n > 0, describe(err, "keeping a VEX document")
}

// EndVEX ends what an account has in force under this id; [ErrNotFound] when there is no such, or it has ended.
func (t *Tx) EndVEX(ctx context.Context, account, id string) error {
	return describe(mustChange(t.exec(ctx, "UPDATE vex SET to_at = ? WHERE account = ? AND id = ? AND to_at = 0", micros(t.now()), account, id)), "VEX document %.60q", id)
}

// VEXByID returns a document of an account, in force or not.
func (q *Queries) VEXByID(ctx context.Context, account, id string) (VEX, error) {
	v, err := first(ctx, q, scanVEX, "SELECT "+vexColumns+" FROM vex WHERE account = ? AND id = ?", account, id)
	return v, describe(err, "VEX document %.60q", id)
}

// VEXOf lists the documents of an account that are in force, or all that ever were, oldest first.
func (q *Queries) VEXOf(ctx context.Context, account string, history bool) ([]VEX, error) {
	rows, err := all(ctx, q, scanVEX, "SELECT "+vexColumns+" FROM vex WHERE account = ? AND failure = '' AND (to_at = 0 OR ?) ORDER BY from_at, id", account, history)
	return rows, describe(err, "listing VEX documents")
}

// VEXFor lists what was in force at a time (zero: now) for one of these digests or repositories, and for products of any
// name, oldest first.
func (q *Queries) VEXFor(ctx context.Context, account string, digests []image.Digest, repositories []string, at time.Time) ([]VEX, error) {
	when, args := "to_at = 0", []any{account, list(digests), list(repositories)}
	if !at.IsZero() {
		when, args = "from_at <= ? AND (to_at = 0 OR to_at > ?)", append(args, micros(at), micros(at))
	}
	rows, err := all(ctx, q, scanVEX, "SELECT "+vexColumns+` FROM vex WHERE account = ? AND (scope = 'image' AND target {in texts}
		OR scope = 'repository' AND target {in texts} OR scope = 'product') AND `+when+" ORDER BY from_at, id", args...)
	return rows, describe(err, "reading VEX documents in force")
}

// AttestedVEX lists what is in force of attestations, of all accounts.
func (q *Queries) AttestedVEX(ctx context.Context) ([]VEX, error) {
	rows, err := all(ctx, q, scanVEX, "SELECT "+vexColumns+" FROM vex WHERE source = 'attestation' AND to_at = 0 ORDER BY from_at, id")
	return rows, describe(err, "listing VEX documents of attestations")
}
