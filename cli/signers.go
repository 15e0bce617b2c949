package cli

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"landwaiter.dev/internal/cosign"
)

// The largest files of a public key or an identity, of a root that one names, and how many may be trusted.
const (
	maxSigner     = 64 << 10
	maxSignerRoot = 4 << 20
	maxSigners    = 64
)

var signerName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`)

// signers reads whose signatures count: name=file, with commas between. A file holds a public key, or an identity with the
// file of its root, by a path from there.
func signers(s *Settings, v string) error {
	s.Signers = nil
	for _, item := range words(v) {
		name, file, ok := strings.Cut(item, "=")
		switch {
		case !ok || file == "":
			return fmt.Errorf("%.100q: want name=file, for example release=/etc/landwaiter/cosign.pub", item)
		case !signerName.MatchString(name):
			return fmt.Errorf("%.100q is no name: letters, digits, dots, dashes and underscores are allowed", name)
		case len(s.Signers) == maxSigners:
			return fmt.Errorf("more than %d are named; an expression in one document (identity_regexp) fits many identities", maxSigners)
		case slices.ContainsFunc(s.Signers, func(k cosign.Signer) bool { return k.Name == name }):
			return fmt.Errorf("the name %q is given twice", name)
		}
		text, err := readBounded(file, maxSigner)
		if err != nil {
			return err
		}
		signer, err := cosign.ParseSigner(name, text, func(other string) ([]byte, error) {
			if !filepath.IsAbs(other) {
				other = filepath.Join(filepath.Dir(file), other)
			}
			return readRegular(other, maxSignerRoot)
		})
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		s.Signers = append(s.Signers, signer)
	}
	return nil
}
