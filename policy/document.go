package policy

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"
)

// header names the columns of a row on /v1.
var header = []string{"Image_Id", "Repo_Tag", "Trigger_Id", "Gate", "Trigger", "Check_Output", "Gate_Action", "Whitelisted", "Policy_Id"}

// Status is "pass" or "fail", the word of /v1.
func (e *Evaluation) Status() string {
	if e.Passed() {
		return "pass"
	}
	return "fail"
}

// EvalID is the id of the stored record: the same for each evaluation of one bundle, image, tag and outcome.
func (e *Evaluation) EvalID() string {
	sum := md5.Sum([]byte(strings.Join([]string{e.BundleID, e.Account, e.ImageDigest, e.Tag, strings.ToUpper(e.FinalAction)}, ":")))
	return hex.EncodeToString(sum[:])
}

// Document writes the evaluation as notices, history and checks carry it. Equal evaluations give equal bytes.
func (e *Evaluation) Document() json.RawMessage { return e.document(true) }

// Evidence writes the document without the bundle ("bundle" is null), for those who keep bundles apart.
func (e *Evaluation) Evidence() json.RawMessage { return e.document(false) }

// MarshalJSON gives the document.
func (e *Evaluation) MarshalJSON() ([]byte, error) { return e.Document(), nil }

func (e *Evaluation) document(withBundle bool) json.RawMessage {
	size := 1024
	for i := range e.Rows {
		size += len(e.Rows[i].Message) + len(e.ImageID) + len(e.Tag) + 128
	}
	if withBundle {
		size += len(e.Bundle)
	}
	b := make([]byte, 0, size)
	b = field(append(b, '{'), "user_id", e.Account)
	b = field(append(b, ','), "image_id", e.ImageID)
	b = field(append(b, ','), "tag", e.Tag)
	b = append(b, `,"bundle":`...)
	if withBundle && e.Bundle != nil {
		b = append(b, e.Bundle...)
	} else {
		b = append(b, "null"...)
	}
	b = ruleOrFalse(append(b, `,"matched_mapping_rule":`...), e.Mapping)
	b = ruleOrFalse(append(b, `,"matched_whitelisted_images_rule":`...), e.AllowedImage)
	b = ruleOrFalse(append(b, `,"matched_blacklisted_images_rule":`...), e.DeniedImage)
	b = e.table(append(b, `,"result":`...))
	at := strconv.FormatInt(e.At.Unix(), 10)
	b = append(append(b, `,"created_at":`...), at...)
	b = append(append(b, `,"last_modified":`...), at...)
	b = field(append(b, ','), "final_action", e.FinalAction)
	b = field(append(b, ','), "final_action_reason", e.FinalReason)
	b = append(b, `,"evaluation_problems":[`...)
	for i, p := range e.Problems {
		if i > 0 {
			b = append(b, ',')
		}
		b = field(append(b, '{'), "severity", p.Severity)
		b = field(append(b, ','), "problem_type", p.Type)
		b = append(field(append(b, ','), "details", p.Details), '}')
	}
	b = field(append(b, `],`...), "image_digest", e.ImageDigest)
	return append(field(append(b, ','), "status", e.Status()), '}')
}

// table writes the rows under the image's id.
func (e *Evaluation) table(b []byte) []byte {
	b = text(append(b, '{'), e.ImageID)
	b = append(b, `:{"result":{"header":`...)
	b = texts(b, header)
	b = append(b, `,"rows":[`...)
	for i := range e.Rows {
		if i > 0 {
			b = append(b, ',')
		}
		b = e.row(b, &e.Rows[i])
	}
	b = append(b, `],"row_count":`...)
	b = strconv.AppendInt(b, int64(len(e.Rows)), 10)
	b = field(append(b, ','), "final_action", e.PolicyAction)
	return append(b, `}},"policy_data":[],"whitelist_data":[],"policy_name":"","whitelist_names":[]}`...)
}

func (e *Evaluation) row(b []byte, r *Row) []byte {
	b = append(b, '[')
	for _, s := range [...]string{e.ImageID, e.Tag, r.TriggerID, r.Gate, r.Trigger, r.Message, r.Action} {
		b = append(text(b, s), ',')
	}
	if a := r.Allowed; a == nil {
		b = append(b, "false"...)
	} else {
		b = optional(append(b, `{"whitelist_name":`...), a.Name)
		b = optional(append(b, `,"whitelist_id":`...), a.ID)
		b = append(optional(append(b, `,"matched_rule_id":`...), a.ItemID), '}')
	}
	return append(text(append(b, ','), r.PolicyID), ']')
}

func ruleOrFalse(b []byte, rule json.RawMessage) []byte {
	if rule == nil {
		return append(b, "false"...)
	}
	return append(b, rule...)
}

func field(b []byte, key, value string) []byte {
	b = append(b, '"')
	b = append(append(b, key...), '"', ':')
	return text(b, value)
}

func optional(b []byte, s *string) []byte {
	if s == nil {
		return append(b, "null"...)
	}
	return text(b, *s)
}

func texts(b []byte, list []string) []byte {
	b = append(b, '[')
	for i, s := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = text(b, s)
	}
	return append(b, ']')
}

// text writes a JSON text. Bytes that are no UTF-8, which names of files may hold, become U+FFFD.
func text(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				b = append(append(b, s[start:i]...), "\ufffd"...)
				start = i + 1
			}
			i += n
			continue
		}
		if c < ' ' || c == '"' || c == '\\' {
			b = append(b, s[start:i]...)
			b = escaped(b, c)
			start = i + 1
		}
		i++
	}
	return append(append(b, s[start:]...), '"')
}

func escaped(b []byte, c byte) []byte {
	const digits = "0123456789abcdef"
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\n':
		return append(b, '\\', 'n')
	case '\t':
		return append(b, '\\', 't')
	case '\r':
		return append(b, '\\', 'r')
	}
	return append(b, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
}

// hasher makes trigger ids of messages: the MD5 of gate, trigger and message in hexadecimal.
type hasher struct{ buffer []byte }

func newHasher(gate, trigger string) hasher { return hasher{[]byte(gate + trigger)} }

func (h *hasher) of(message string) string {
	n := len(h.buffer)
	h.buffer = append(h.buffer, message...)
	sum := md5.Sum(h.buffer)
	h.buffer = h.buffer[:n]
	return hex.EncodeToString(sum[:])
}
