package sbom

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// HeadSize is how many bytes of a file [Recognise] should be given.
const HeadSize = 4096

// Recognise says whether a file that begins with head looks like a document that [Decode] reads. It reads no names of files
// and knows less than Decode: a file that it takes may yet be none.
func Recognise(head []byte) bool {
	head = bytes.TrimSpace(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")))
	if len(head) == 0 || bytes.IndexByte(head, 0) >= 0 {
		return false
	}
	switch head[0] {
	case '{':
		return true
	case '<':
		return bytes.Contains(head, []byte(cycloneNamespace))
	default:
		return isTagValue(head)
	}
}

// recognise names the form of a document; "" when it is none.
func recognise(raw []byte) string {
	text := bytes.TrimLeft(raw, " \t\r\n")
	if len(text) == 0 {
		return ""
	}
	switch text[0] {
	case '{':
		return recogniseJSON(text)
	case '<':
		if bytes.Contains(text[:min(len(text), HeadSize)], []byte(cycloneNamespace)) {
			return "cyclonedx-xml"
		}
	default:
		if isTagValue(text) {
			return "spdx-tag-value"
		}
	}
	return ""
}

// isTagValue looks for the field that every SPDX document in tag-value form begins with, after comments.
func isTagValue(raw []byte) bool {
	for line := range bytes.Lines(raw[:min(len(raw), HeadSize)]) {
		if bytes.HasPrefix(bytes.TrimSpace(line), []byte("SPDXVersion:")) {
			return true
		}
	}
	return false
}

// recogniseJSON goes by the fields of the document's outermost object.
func recogniseJSON(raw []byte) string {
	var top struct {
		BOMFormat   json.RawMessage `json:"bomFormat"`
		Schema      json.RawMessage `json:"$schema"`
		SPDXVersion json.RawMessage `json:"spdxVersion"`
		Context     json.RawMessage `json:"@context"`
		Artifacts   json.RawMessage `json:"artifacts"`
		Descriptor  json.RawMessage `json:"descriptor"`
		Source      json.RawMessage `json:"source"`
	}
	if json.Unmarshal(raw, &top) != nil {
		return ""
	}
	switch {
	case string(top.BOMFormat) == `"CycloneDX"` || strings.Contains(string(top.Schema), "cyclonedx.org"):
		return "cyclonedx-json"
	case strings.HasPrefix(string(top.SPDXVersion), `"SPDX-`):
		return "spdx-json"
	case strings.Contains(string(top.Context), "spdx.org/rdf/3"):
		return "spdx3-json"
	case top.Artifacts != nil && (top.Descriptor != nil || top.Source != nil):
		return "syft-json"
	}
	return ""
}

// clean is a text in one line: what would break the line or the form becomes a space.
func clean(s string) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0x2028 || r == 0x2029 || r == 0xFFFE || r == 0xFFFF {
			return ' '
		}
		return r
	}, s)
}
