package servertest

import (
	"context"
	"fmt"

	"landwaiter.dev/advisory"
	"landwaiter.dev/advisory/vex"
	"landwaiter.dev/engine"
	"landwaiter.dev/image"
	"landwaiter.dev/store"
)

type vexes struct{ e *Engine }

// Add numbers documents from 1 and reads them as the real one does.
func (v vexes) Add(_ context.Context, account string, a engine.AddVEX) (engine.VEXRecord, error) {
	doc, err := vex.Parse(a.Document)
	if err != nil {
		return engine.VEXRecord{}, engine.Errorf(engine.ClassInvalid, "invalid_vex", "%w", err)
	}
	v.e.mu.Lock()
	defer v.e.mu.Unlock()
	row := &store.VEX{
		ID: fmt.Sprintf("%032x", len(v.e.vex)+1), Account: account, Called: a.Called, Digest: image.DigestOf(a.Document), Format: doc.Format,
		DocumentID: doc.ID, Author: doc.Author, Statements: len(doc.Statements), Problems: doc.Problems, Source: store.VEXUpload, Counts: true, From: Start,
	}
	switch {
	case a.Image != "":
		row.Scope, row.Target = store.VEXImage, string(a.Image)
	case a.Repository != "":
		row.Scope, row.Target = store.VEXRepository, a.Repository
	case a.Product != "":
		row.Scope, row.Target = store.VEXProduct, a.Product
	default:
		return engine.VEXRecord{}, engine.Errorf(engine.ClassInvalid, "invalid_vex_target", "say what the VEX document is attached to: one of image, repository and product")
	}
	v.e.vex = append(v.e.vex, row)
	return engine.VEXRecord{VEX: *row, Images: 1}, nil
}

func (v vexes) List(_ context.Context, account string, history bool) ([]store.VEX, error) {
	v.e.mu.Lock()
	defer v.e.mu.Unlock()
	var list []store.VEX
	for _, row := range v.e.vex {
		if row.Account == account && (history || row.To.IsZero()) {
			list = append(list, *row)
		}
	}
	return list, nil
}

// find expects the lock.
func (v vexes) find(account, id string) (*store.VEX, error) {
	for _, row := range v.e.vex {
		if row.Account == account && row.ID == id {
			return row, nil
		}
	}
	return nil, noSuch("vex", id)
}

// Get makes up one statement.
func (v vexes) Get(_ context.Context, account, id string) (engine.VEXRecord, error) {
	v.e.mu.Lock()
	defer v.e.mu.Unlock()
	row, err := v.find(account, id)
	if err != nil {
		return engine.VEXRecord{}, err
	}
	return engine.VEXRecord{VEX: *row, Document: &vex.Document{Statements: []vex.Statement{{
		IDs: []string{"CVE-2023-0464"}, Status: vex.NotAffected, Justification: "component_not_present", At: Start,
		Products: []vex.Product{{Component: vex.Component{PURLs: []string{"pkg:oci/web"}}}},
	}}}}, nil
}

func (v vexes) Delete(_ context.Context, account, id string) error {
	v.e.mu.Lock()
	defer v.e.mu.Unlock()
	row, err := v.find(account, id)
	if err == nil && !row.To.IsZero() {
		err = noSuch("vex", id)
	}
	if err != nil {
		return err
	}
	row.To = Start.AddDate(0, 0, 1)
	return nil
}

// Of lets every document speak of the first finding, and leaves one statement over.
func (v vexes) Of(ctx context.Context, account string, d image.Digest, m engine.Moment) (*engine.ImageVEX, error) {
	known, err := v.e.Of(ctx, account, d, m)
	if err != nil {
		return nil, err
	}
	of := &engine.ImageVEX{Image: known.Image, AsOf: known.AsOf}
	if of.Documents, err = v.List(ctx, account, false); err != nil || len(of.Documents) == 0 {
		return of, err
	}
	doc := of.Documents[0]
	f := known.Findings[0]
	f.VEX = &advisory.VEX{Status: "not_affected", Justification: "component_not_present", Document: doc.DocumentID, Author: doc.Author, Ref: doc.ID, At: Start}
	f.Ignored = "VEX " + doc.DocumentID + " of " + doc.Author + ": not affected, component_not_present"
	of.Findings = []advisory.ImageFinding{f}
	of.Unmatched = []vex.Unmatched{{
		Ref: doc.ID, Document: doc.DocumentID, Author: doc.Author, Statement: 2, IDs: []string{"CVE-2020-1"}, Status: vex.Fixed,
		Products: []string{"pkg:oci/other"}, Reason: vex.OtherProduct, Detail: "it names neither this image nor a package of it",
	}}
	return of, nil
}
