package sigstoretest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/digitorus/timestamp"
)

type object = map[string]any

// Sigstore is one installation.
type Sigstore struct {
	root, fulcio, stamps *Authority
	stamper              *x509.Certificate
	stampKey             *ecdsa.PrivateKey
	log, certificates    *ecdsa.PrivateKey // of the logs
}

// New makes an installation.
func New(t testing.TB) *Sigstore {
	t.Helper()
	s := &Sigstore{root: NewAuthority(t, "test root"), log: NewKey(t), certificates: NewKey(t), stampKey: NewKey(t)}
	s.fulcio = s.root.Below(t, "test fulcio")
	s.stamps = NewAuthority(t, "test timestamps")
	usage, err := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}})
	if err != nil {
		t.Fatal(err)
	}
	s.stamper = s.stamps.IssueAs(t, &x509.Certificate{NotBefore: Since, NotAfter: Until, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: usage}}}, s.stampKey.Public())
	return s
}

// The parts of an installation that a trusted root may lack.
const (
	Log          = "tlogs"
	Certificates = "ctlogs"
	Timestamps   = "timestampAuthorities"
)

// Root is the trusted root of the installation, but for the parts named.
func (s *Sigstore) Root(t testing.TB, without ...string) []byte {
	t.Helper()
	log := func(key *ecdsa.PrivateKey, url string) []object {
		return []object{{"baseUrl": url, "hashAlgorithm": "SHA2_256", "logId": object{"keyId": id(t, key)},
			"publicKey": object{"rawBytes": public(t, key), "keyDetails": "PKIX_ECDSA_P256_SHA_256", "validFor": object{"start": Since.Format(time.RFC3339)}}}}
	}
	authority := func(chain ...*x509.Certificate) []object {
		var raw []object
		for _, c := range chain {
			raw = append(raw, object{"rawBytes": c.Raw})
		}
		return []object{{"uri": "https://test.example", "certChain": object{"certificates": raw}, "validFor": object{"start": Since.Format(time.RFC3339)}}}
	}
	root := object{
		"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1", "certificateAuthorities": authority(s.fulcio.Certificate, s.root.Certificate),
		Log: log(s.log, "https://rekor.example"), Certificates: log(s.certificates, "https://ct.example"), Timestamps: authority(s.stamper, s.stamps.Certificate),
	}
	for _, part := range without {
		delete(root, part)
	}
	return marshal(t, root)
}

// TimestampChain is the authority of timestamps in PEM.
func (s *Sigstore) TimestampChain() string { return PEM(s.stamper, s.stamps.Certificate) }

// Identity is whom Fulcio certifies.
type Identity struct{ Name, Issuer string }

// Certify gives a key a certificate for ten minutes from a time on, as Fulcio does: with the issuer, and with the promise of
// the log of certificates if it is to be there.
func (s *Sigstore) Certify(t testing.TB, key crypto.PublicKey, who Identity, from time.Time, promised bool) *x509.Certificate {
	t.Helper()
	issuer, err := asn1.MarshalWithParams(who.Issuer, "utf8")
	if err != nil {
		t.Fatal(err)
	}
	template := owner(t, from, from.Add(10*time.Minute), who.Name)
	template.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, 1}, Value: []byte(who.Issuer)},
		{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, 8}, Value: issuer}}
	c := s.fulcio.IssueAs(t, template, key)
	if !promised {
		return c
	}
	template.ExtraExtensions = append(template.ExtraExtensions, pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2}, Value: s.promise(t, c.RawTBSCertificate, from)})
	return s.fulcio.IssueAs(t, template, key)
}

// promise is what the log of certificates signs of one that has no promise yet (RFC 6962, section 3.2), in a list of one.
func (s *Sigstore) promise(t testing.TB, certificate []byte, at time.Time) []byte {
	t.Helper()
	millis := binary.BigEndian.AppendUint64(nil, uint64(at.UnixMilli())) // #nosec G115 -- after 1970
	issuer := sha256.Sum256(s.fulcio.Certificate.RawSubjectPublicKeyInfo)
	signed := append([]byte{0, 0}, millis...)
	signed = append(append(signed, 0, 1), issuer[:]...)
	signed = append(signed, byte(len(certificate)>>16), byte(len(certificate)>>8), byte(len(certificate)))
	signed = append(append(signed, certificate...), 0, 0)
	sig := Sign(t, s.certificates, signed)
	sct := append(append([]byte{0}, id(t, s.certificates)...), millis...)
	sct = append(append(sct, 0, 0, 4, 3, byte(len(sig)>>8), byte(len(sig))), sig...)
	list := binary.BigEndian.AppendUint16(nil, uint16(len(sct)+2))
	list = append(binary.BigEndian.AppendUint16(list, uint16(len(sct))), sct...)
	value, err := asn1.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// Stamp is a signed timestamp over a signature (RFC 3161).
func (s *Sigstore) Stamp(t testing.TB, signature []byte, at time.Time) []byte {
	t.Helper()
	sum := sha256.Sum256(signature)
	stamp := timestamp.Timestamp{HashAlgorithm: crypto.SHA256, HashedMessage: sum[:], Time: at, Policy: asn1.ObjectIdentifier{1, 2, 3}, AddTSACertificate: true}
	der, err := stamp.CreateResponseWithOpts(s.stamper, s.stampKey, crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// Enter puts a body into the transparency log, as its only entry.
func (s *Sigstore) Enter(t testing.TB, body []byte, at time.Time) *Entry {
	t.Helper()
	e := &Entry{Body: body, LogID: id(t, s.log), At: at.Unix()}
	e.Promise = Sign(t, s.log, marshal(t, struct { // in the order of canonical JSON
		Body  string `json:"body"`
		At    int64  `json:"integratedTime"`
		LogID string `json:"logID"`
		Index int64  `json:"logIndex"`
	}{base64.StdEncoding.EncodeToString(body), e.At, hex.EncodeToString(e.LogID), 0}))
	root := sha256.Sum256(append([]byte{0}, body...))
	e.Hash = root[:]
	note := fmt.Sprintf("rekor.example - 1\n1\n%s\n", base64.StdEncoding.EncodeToString(root[:]))
	sig := append(id(t, s.log)[:4:4], Sign(t, s.log, []byte(note))...)
	e.Checkpoint = fmt.Sprintf("%s\n\u2014 rekor.example %s\n", note, base64.StdEncoding.EncodeToString(sig))
	return e
}

// Entry of the transparency log.
type Entry struct {
	Body, LogID, Promise, Hash []byte
	At                         int64
	Checkpoint                 string
}

func id(t testing.TB, key *ecdsa.PrivateKey) []byte {
	t.Helper()
	sum := sha256.Sum256(public(t, key))
	return sum[:]
}

func public(t testing.TB, key *ecdsa.PrivateKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// Sign signs the SHA-256 of data.
func Sign(t testing.TB, key *ecdsa.PrivateKey, data []byte) []byte {
	t.Helper()
	sum := sha256.Sum256(data)
	sig, err := ecdsa.SignASN1(rand.Reader, key, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return sig
}

func marshal(t testing.TB, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
