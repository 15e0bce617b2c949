package cli

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"landwaiter.dev/image"
	"landwaiter.dev/internal/signkey"
	"landwaiter.dev/policy/attest"
)

func (a *app) verifyCommand() *cobra.Command {
	var keys []string
	var img, policyDigest, maxAge string
	c := a.asJSON(&cobra.Command{
		Use: "verify FILE", Short: "Check a signed verdict: exit 0 when it passed, 1 when it did not, 2 when it is not to be trusted", Args: cobra.ExactArgs(1), GroupID: here,
		Long: `Checks the signature of an attestation (an in-toto statement with a SLSA verification summary, in a DSSE envelope) with one of
the public keys given, then what it says: with --image of which image, with --policy-digest by which bundle, with --max-age how
long ago. No server and no network is asked. - reads standard input.`,
		RunE: func(c *cobra.Command, args []string) error {
			want, err := expectation(img, policyDigest, maxAge)
			if err != nil {
				return usage(c, err)
			}
			if len(keys) == 0 {
				return usage(c, errors.New("say with --key whose signature counts"))
			}
			var trusted []signkey.Public
			for _, item := range keys {
				key, err := publicKey(item)
				if err != nil {
					return err
				}
				trusted = append(trusted, key)
			}
			envelope, err := a.readFile(args[0])
			if err != nil {
				return err
			}
			s, key, err := attest.Open(c.Context(), envelope, trusted)
			if err == nil {
				err = s.Check(want)
			}
			if err != nil {
				return fmt.Errorf("%s is not to be trusted: %w", args[0], err)
			}
			if err := a.show(s, func() { a.showStatement(s, s.About(want.Image), key) }); err != nil {
				return err
			}
			if s.Predicate.Result != attest.Passed {
				return &Exit{Code: ExitStop}
			}
			return nil
		},
	})
	f := c.Flags()
	f.StringArrayVar(&keys, "key", nil, "public key, or a file with one (landwaiter-public:…, or PEM); may be repeated")
	f.StringVar(&img, "image", "", "digest of the image that it must be about")
	f.StringVar(&policyDigest, "policy-digest", "", "digest of the bundle that it must have been judged by")
	f.StringVar(&maxAge, "max-age", "", "how old the verdict may be: 24h, 7d")
	return c
}

func expectation(img, policyDigest, maxAge string) (attest.Expect, error) {
	e := attest.Expect{Now: time.Now()}
	for _, d := range []struct {
		flag, text string
		into       *image.Digest
	}{{"image", img, &e.Image}, {"policy-digest", policyDigest, &e.Policy}} {
		if d.text == "" {
			continue
		}
		var err error
		if *d.into, err = image.ParseDigest(d.text); err != nil {
			return e, fmt.Errorf("--%s %.100q: want a digest, sha256: and 64 hexadecimal digits", d.flag, d.text)
		}
	}
	if maxAge == "" {
		return e, nil
	}
	var err error
	if e.MaxAge, err = ParseDuration(maxAge); err != nil || e.MaxAge <= 0 {
		return e, fmt.Errorf("--max-age %.40q: want a duration like 24h or 7d", maxAge)
	}
	return e, nil
}

// publicKey reads a key, or a file that holds one.
func publicKey(item string) (signkey.Public, error) {
	key, err := signkey.ParsePublic(item)
	if err == nil || errors.Is(err, signkey.ErrWeak) {
		return key, err
	}
	if _, missing := os.Stat(item); missing != nil {
		return key, fmt.Errorf("%w, nor is there such a file", err)
	}
	text, err := readBounded(item, maxKeys)
	if err != nil {
		return key, err
	}
	if key, err = signkey.ParsePublic(string(text)); err != nil {
		return key, fmt.Errorf("%s: %w", item, err)
	}
	return key, nil
}

func (a *app) showStatement(s *attest.Statement, subject *attest.Resource, key signkey.Public) {
	p := &s.Predicate
	version := ""
	if v := p.Verifier.Version["landwaiter"]; v != "" {
		version = " " + v
	}
	a.facts("Verdict", p.Result, "Image", subject.Name, "Digest", digestText(*subject), "Verified", when(p.TimeVerified),
		"By", p.Verifier.ID+version, "Policy", p.Policy.URI, "Bundle", digestText(p.Policy))
	if d := p.Landwaiter; d != nil {
		a.facts("Action", d.FinalAction, "Reason", d.FinalReason, "Analysis", string(d.Analysis), "Data", fmt.Sprintf("revision %d", d.Revision), "Result", string(d.Result))
	}
	a.facts("Key", "sha256:"+key.ID())
}

func digestText(r attest.Resource) string {
	if hex := r.Digest["sha256"]; hex != "" {
		return "sha256:" + hex
	}
	return ""
}
