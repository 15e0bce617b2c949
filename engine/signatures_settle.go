package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"landwaiter.dev/internal/cosign"
	"landwaiter.dev/policy/gate"
	"landwaiter.dev/store"
)

// settleSignatures brings what was verified earlier under the settings of today, from now on, and has the images evaluated
// again that this concerns. Whom the settings trust anew is found at the next analysis; what they said before stays what
// counted then.
func settleSignatures(ctx context.Context, s *store.Store, jobs *Jobs, signers []cosign.Signer) error {
	var last store.KeptSignatures
	for {
		rows, err := s.SignaturesInForce(ctx, last, evaluateBatch)
		if err != nil || len(rows) == 0 {
			return err
		}
		last = rows[len(rows)-1]
		var other []store.KeptSignatures
		for _, row := range rows {
			document, err := signaturesUnder(row.Document, signers)
			if err != nil {
				return fmt.Errorf("the stored signatures of %s: %w", row.Target, err)
			}
			if document != row.Document {
				other = append(other, row)
			}
		}
		if len(other) == 0 {
			continue
		}
		err = s.Write(ctx, func(tx *store.Tx) error {
			var ids []int64
			for _, row := range other {
				id, err := settleOne(ctx, tx, row, signers)
				if err != nil {
					return err
				}
				if id != 0 {
					ids = append(ids, id)
				}
			}
			return evaluateLater(ctx, tx, jobs, ids, reasonSignatures)
		})
		if err != nil {
			return err
		}
	}
}

// reasonSignatures is why images are evaluated again when the settings trust others than before.
const reasonSignatures = "signatures"

// settleOne settles what is known of one image, as it is inside a transaction; 0 when there is no image to evaluate.
func settleOne(ctx context.Context, tx *store.Tx, row store.KeptSignatures, signers []cosign.Signer) (int64, error) {
	text, err := tx.SignaturesAt(ctx, row.Account, row.Target, time.Time{})
	if err != nil || text == "" {
		return 0, err
	}
	if text, err = signaturesUnder(text, signers); err != nil {
		return 0, fmt.Errorf("the stored signatures of %s: %w", row.Target, err)
	}
	if changed, err := tx.PutSignatures(ctx, row.Account, row.Target, text); err != nil || !changed { // another node was faster
		return 0, err
	}
	img, err := tx.Image(ctx, row.Account, row.Target)
	if errors.Is(err, store.ErrNotFound) {
		return 0, nil
	}
	return img.ID, err
}

// signaturesUnder is a kept document under the settings of today: who is not trusted any more, or not with that key or identity, has
// verified nothing, and neither has who was kept without it. It is "" when nobody is trusted.
func signaturesUnder(document string, signers []cosign.Signer) (string, error) {
	if len(signers) == 0 {
		return "", nil
	}
	var f foundSignatures
	if err := json.Unmarshal([]byte(document), &f); err != nil {
		return "", err
	}
	changed := false
	for i := range f.Found {
		one := &f.Found[i]
		if !one.Verified() || slices.ContainsFunc(signers, func(s cosign.Signer) bool { return s.Name == one.Trust && s.ID() == one.SignerID }) {
			continue
		}
		changed = true
		*one = foundSignature{Signature: gate.Signature{PredicateType: one.PredicateType, Origin: one.Origin,
			Problem: "the settings no longer trust the signer " + one.Trust + ", or not with that key or identity"}}
	}
	if !changed {
		return document, nil
	}
	return string(encode(f)), nil
}
