package cli

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"landwaiter.dev/internal/cosign"
)

// maxSigner bounds the file of a public key.
const maxSigner = 64 << 10

var signerName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`)

// signers reads the keys whose signatures count: name=file, with commas between.
func signers(s *Settings, v string) error {
	s.Signers = nil
	for _, item := range words(v) {
		name, file, ok := strings.Cut(item, "=")
		switch {
		case !ok || file == "":
			return fmt.Errorf("%.100q: want name=file, for example release=/etc/landwaiter/cosign.pub", item)
		case !signerName.MatchString(name):
			return fmt.Errorf("%.100q is no name: letters, digits, dots, dashes and underscores are allowed", name)
		case slices.ContainsFunc(s.Signers, func(k cosign.Key) bool { return k.Name == name }):
			return fmt.Errorf("the name %q is given twice", name)
		}
		text, err := readBounded(file, maxSigner)
		if err != nil {
			return err
		}
		key, err := cosign.ParseKey(name, text)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		s.Signers = append(s.Signers, key)
	}
	return nil
}
