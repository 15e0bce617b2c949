package gate_test

import (
	"testing"
	"time"

	"landwaiter.dev/policy/gate"
)

func TestSignatures(t *testing.T) {
	t.Parallel()
	const slsa = "https://slsa.dev/provenance/v1"
	c := gate.Context{Facts: gate.Facts{Signatures: &gate.Signatures{
		Found: []gate.Signature{
			{Trust: "release", Origin: "x.sig"},
			{Trust: "ci", PredicateType: slsa, Origin: "x.att"},
			{Origin: "y.sig", Problem: "nobody trusted has signed it"},
		},
		Failures: []string{"z is cut off"},
	}}}
	try(t, c, "signatures/unsigned",
		example{nil, nil, time.Time{}},
		example{[]string{"trust=other, release"}, nil, time.Time{}},
		example{[]string{"trust=other, release", "all=true"}, []string{"unsigned|Image has no verified signature by other; not all could be read: z is cut off"}, time.Time{}},
		example{[]string{"trust=ci"}, []string{"unsigned|Image has no verified signature by ci; not all could be read: z is cut off"}, time.Time{}},
	)
	try(t, c, "signatures/not_attested",
		example{[]string{"predicate_type=" + slsa}, nil, time.Time{}},
		example{[]string{"predicate_type=https://slsa.dev/provenance/*"}, nil, time.Time{}},
		example{[]string{"predicate_type=" + slsa, "trust=release"}, []string{slsa + "|Image has no verified attestation of " + slsa + " by release; not all could be read: z is cut off"}, time.Time{}},
		example{[]string{"predicate_type=https://spdx.dev/Document"}, []string{"https://spdx.dev/Document|Image has no verified attestation of https://spdx.dev/Document; not all could be read: z is cut off"}, time.Time{}},
	)
	try(t, c, "signatures/unverified", example{nil, []string{
		"y.sig|Signature in y.sig was not verified: nobody trusted has signed it", "unreadable|Signatures beside the image could not be read: z is cut off"}, time.Time{}})
	c.Facts.Signatures = &gate.Signatures{}
	try(t, c, "signatures/unsigned", example{nil, []string{"unsigned|Image has no verified signature that satisfies the rule"}, time.Time{}})
	try(t, c, "signatures/unverified", example{nil, nil, time.Time{}})
	c.Facts.Signatures = nil
	try(t, c, "signatures/unsigned", example{nil, []string{"unsigned|Image has no verified signature: nobody looked for any"}, time.Time{}})
	for _, params := range [][]string{{"all=true"}} {
		if _, errs := newCheck(t, "signatures/unsigned", params...); len(errs) == 0 {
			t.Errorf("%q is accepted", params)
		}
	}
}
