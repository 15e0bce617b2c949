package policy_test

import (
	"slices"
	"time"

	"landwaiter.dev/advisory"
	"landwaiter.dev/image"
	"landwaiter.dev/policy"
	"landwaiter.dev/policy/gate"
)

const withOutsideWords = "with an outdated base, a signature, an attestation, an exploited finding and scores"

// withOutside adds what lies outside of the image.
func withOutside(in *policy.Input) {
	in.Findings = slices.Clone(in.Findings)
	f := &in.Findings[0]
	f.KnownExploited, f.Since, f.FixSince = "2026-11-01", in.At.AddDate(0, 0, -20), in.At.AddDate(0, 0, -10)
	a := *in.Analysis
	a.History = []image.History{{Created: "2024-01-01T00:00:00Z"}}
	in.Analysis = &a
	in.Facts = gate.Facts{
		Threats: map[string]gate.Threat{f.ID: {Score: 0.4, Percentile: 0.97, Scored: "2026-11-23", Due: "2026-11-22"}},
		Lineage: &gate.Lineage{
			Base:  &image.KnownBase{Digest: "sha256:old", Tags: []string{"docker.io/debian:12"}, Layers: 1},
			Newer: []gate.NewerBase{{Tag: "docker.io/debian:12", Digest: "sha256:new", Was: "sha256:old", Since: in.At.AddDate(0, 0, -3)}},
		},
		Sources: []gate.SourceAge{{Name: "Debian:12", LastSync: in.At.AddDate(0, 0, -4)}},
		Signatures: &gate.Signatures{Found: []gate.Signature{
			{Trust: "release", Origin: "sha256-1.sig"},
			{Trust: "release", Origin: "sha256-1.att", PredicateType: "https://slsa.dev/provenance/v1"},
			{Origin: "sha256-2.sig", Problem: "nobody who is trusted has made it"},
		}},
	}
}

func withoutStrangers(in *policy.Input) {
	in.Facts.Signatures = &gate.Signatures{Found: in.Facts.Signatures.Found[:2]}
}

func withUnverifiedVEX(in *policy.Input) {
	in.Findings = slices.Clone(in.Findings)
	in.Findings[0].VEX = &advisory.VEX{Status: "not_affected", Author: "somebody", Unverified: true}
}

func withoutTime(in *policy.Input) {
	a := *in.Analysis
	a.Created = time.Unix(0, 0)
	in.Analysis = &a
}

func withTime(in *policy.Input) {
	a := *in.Analysis
	a.Created = in.At.AddDate(0, -1, 0)
	in.Analysis = &a
}
