package store

import (
	"bytes"
	"encoding/json"
)

// VEXSignature says who verifiably signed a VEX document.
type VEXSignature struct {
	By []VEXSigner `json:"by"`
	// Identity and Issuer are what the certificate names; "" when it was made with a key.
	Identity string `json:"identity,omitempty"`
	Issuer   string `json:"issuer,omitempty"`
}

// VEXSigner is somebody whom the settings trust, by name, and what exactly they trusted under it.
type VEXSigner struct {
	Name string `json:"name"`
	ID   string `json:"id"`
}

// Names are those of the signers; nil for no signature.
func (s *VEXSignature) Names() []string {
	if s == nil {
		return nil
	}
	var names []string
	for _, one := range s.By {
		names = append(names, one.Name)
	}
	return names
}

// vexNotes is the column of problems: a list, or for documents that were signed an object with both.
type vexNotes struct{ v *VEX }

type signedNotes struct {
	Problems []string      `json:"problems"`
	Signed   *VEXSignature `json:"signed"`
}

func (n vexNotes) text() (string, error) {
	if n.v.Signed == nil {
		return jsonText(n.v.Problems)
	}
	return jsonText(signedNotes{n.v.Problems, n.v.Signed})
}

// Scan reads either.
func (n vexNotes) Scan(src any) error {
	var raw json.RawMessage
	if err := (document{&raw}).Scan(src); err != nil {
		return err
	}
	var from signedNotes
	err := error(nil)
	if bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{")) {
		err = json.Unmarshal(raw, &from)
	} else {
		err = json.Unmarshal(raw, &from.Problems)
	}
	n.v.Problems, n.v.Signed = from.Problems, from.Signed
	return err
}
