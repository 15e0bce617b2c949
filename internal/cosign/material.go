package cosign

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"

	bundlepb "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	commonpb "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	dssepb "github.com/sigstore/protobuf-specs/gen/pb-go/dsse"
	rekorpb "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	"google.golang.org/protobuf/encoding/protojson"
)

// material is what comes with a certificate: the chain from it towards its authority, what transparency logs say, and
// timestamps (RFC 3161).
type material struct {
	version      string // media type of a Sigstore bundle that may hold it
	certificates [][]byte
	entries      []*rekorpb.TransparencyLogEntry
	timestamps   [][]byte
}

// bundleV1 is the version of bundles that need no more than the promise of a log, as cosign's annotations hold it.
const bundleV1 = bundlePrefix + "+json;version=0.1"

// annotated reads cosign's annotations.
func annotated(annotations map[string]string) (*material, string) {
	m := &material{version: bundleV1}
	const most = maxCertificates * maxCertificate * 3 / 2 // as PEM
	if len(annotations[certificateKey])+len(annotations[chainKey]) > most {
		return nil, "its certificates are too large"
	}
	block, _ := pem.Decode([]byte(annotations[certificateKey]))
	if block == nil {
		return nil, "its certificate is damaged"
	}
	for rest := []byte(annotations[chainKey]); block != nil; block, rest = pem.Decode(rest) {
		if problem := m.certificate(block.Bytes); problem != "" {
			return nil, problem
		}
	}
	if text := annotations[logKey]; text != "" {
		if problem := m.promise(text); problem != "" {
			return nil, problem
		}
	}
	if text := annotations[timestampKey]; text != "" {
		var stamp struct {
			Timestamp string `json:"SignedRFC3161Timestamp"`
		}
		if err := json.Unmarshal([]byte(text), &stamp); err != nil {
			return nil, "its timestamp is damaged"
		}
		if problem := m.timestamp(stamp.Timestamp); problem != "" {
			return nil, problem
		}
	}
	return m, ""
}

// promise reads what cosign keeps of the answer of a transparency log.
func (m *material) promise(text string) string {
	const damaged = "its entry of a transparency log is damaged"
	if len(text) > maxEntry {
		return "its entry of a transparency log is too large"
	}
	var from struct {
		SET     []byte `json:"SignedEntryTimestamp"`
		Payload struct {
			Body           string `json:"body"`
			IntegratedTime int64  `json:"integratedTime"`
			LogIndex       int64  `json:"logIndex"`
			LogID          string `json:"logID"`
		} `json:"Payload"`
	}
	if json.Unmarshal([]byte(text), &from) != nil {
		return damaged
	}
	body, err := base64.StdEncoding.DecodeString(from.Payload.Body)
	var kind struct {
		Kind    string `json:"kind"`
		Version string `json:"apiVersion"`
	}
	id, notHex := hex.DecodeString(from.Payload.LogID)
	if err != nil || notHex != nil || json.Unmarshal(body, &kind) != nil {
		return damaged
	}
	m.entries = append(m.entries, &rekorpb.TransparencyLogEntry{
		LogIndex: from.Payload.LogIndex, LogId: &commonpb.LogId{KeyId: id}, KindVersion: &rekorpb.KindVersion{Kind: kind.Kind, Version: kind.Version},
		IntegratedTime: from.Payload.IntegratedTime, InclusionPromise: &rekorpb.InclusionPromise{SignedEntryTimestamp: from.SET}, CanonicalizedBody: body,
	})
	return ""
}

// bundled reads the verification material of a Sigstore bundle.
func bundled(version string, raw []byte) (*material, string) {
	type certificate struct {
		Raw string `json:"rawBytes"`
	}
	var from struct {
		Certificate *certificate `json:"certificate"`
		Chain       struct {
			Certificates []certificate `json:"certificates"`
		} `json:"x509CertificateChain"`
		Entries    []json.RawMessage `json:"tlogEntries"`
		Timestamps struct {
			RFC3161 []struct {
				Timestamp string `json:"signedTimestamp"`
			} `json:"rfc3161Timestamps"`
		} `json:"timestampVerificationData"`
	}
	if err := json.Unmarshal(raw, &from); err != nil {
		return nil, "its bundle is damaged"
	}
	m := &material{version: version}
	certificates := from.Chain.Certificates
	if from.Certificate != nil {
		certificates = append([]certificate{*from.Certificate}, certificates...)
	}
	if n := len(certificates); n > maxCertificates {
		return nil, fmt.Sprintf("it has %d certificates; %d are looked at", n, maxCertificates)
	}
	for _, c := range certificates {
		der, err := decode(c.Raw)
		if err != nil || len(der) == 0 {
			return nil, "its certificate is damaged"
		}
		if problem := m.certificate(der); problem != "" {
			return nil, problem
		}
	}
	if len(m.certificates) == 0 {
		return nil, "its certificate is damaged"
	}
	if n := len(from.Entries); n > maxEntries {
		return nil, fmt.Sprintf("it has %d entries of transparency logs; %d are looked at", n, maxEntries)
	}
	for _, text := range from.Entries {
		if len(text) > maxEntry {
			return nil, "its entry of a transparency log is too large"
		}
		entry := &rekorpb.TransparencyLogEntry{}
		if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(text, entry); err != nil {
			return nil, "its entry of a transparency log is damaged"
		}
		m.entries = append(m.entries, entry)
	}
	if n := len(from.Timestamps.RFC3161); n > maxTimestamps {
		return nil, fmt.Sprintf("it has %d timestamps; %d are looked at", n, maxTimestamps)
	}
	for _, one := range from.Timestamps.RFC3161 {
		if problem := m.timestamp(one.Timestamp); problem != "" {
			return nil, problem
		}
	}
	return m, ""
}

func (m *material) certificate(der []byte) string {
	switch {
	case len(der) > maxCertificate:
		return "its certificates are too large"
	case len(m.certificates) == maxCertificates:
		return fmt.Sprintf("it has more than %d certificates", maxCertificates)
	}
	m.certificates = append(m.certificates, der)
	return ""
}

func (m *material) timestamp(text string) string {
	der, err := decode(text)
	switch {
	case err != nil:
		return "its timestamp is damaged"
	case len(der) > maxTimestamp:
		return "its timestamp is too large"
	}
	m.timestamps = append(m.timestamps, der)
	return ""
}

// bundle is all of it in the form that Sigstore's library verifies. The certificate goes without its chain: the trusted
// root has the authorities between.
func (m *material) bundle(e *evidence) *bundlepb.Bundle {
	b := &bundlepb.Bundle{MediaType: m.version, VerificationMaterial: &bundlepb.VerificationMaterial{
		Content:     &bundlepb.VerificationMaterial_Certificate{Certificate: &commonpb.X509Certificate{RawBytes: m.certificates[0]}},
		TlogEntries: m.entries, TimestampVerificationData: &bundlepb.TimestampVerificationData{},
	}}
	for _, stamp := range m.timestamps {
		b.VerificationMaterial.TimestampVerificationData.Rfc3161Timestamps = append(b.VerificationMaterial.TimestampVerificationData.Rfc3161Timestamps,
			&commonpb.RFC3161SignedTimestamp{SignedTimestamp: stamp})
	}
	if e.payloadType == "" {
		sum := sha256.Sum256(e.payload)
		b.Content = &bundlepb.Bundle_MessageSignature{MessageSignature: &commonpb.MessageSignature{
			MessageDigest: &commonpb.HashOutput{Algorithm: commonpb.HashAlgorithm_SHA2_256, Digest: sum[:]}, Signature: e.signatures[0]}}
		return b
	}
	envelope := &dssepb.Envelope{Payload: e.payload, PayloadType: e.payloadType}
	for _, sig := range e.signatures {
		envelope.Signatures = append(envelope.Signatures, &dssepb.Signature{Sig: sig})
	}
	b.Content = &bundlepb.Bundle_DsseEnvelope{DsseEnvelope: envelope}
	return b
}
