package v1

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"landwaiter.dev/engine"
	"landwaiter.dev/server/problem"
)

// Whatever arrives, the answer is a request that makes sense or a refusal that is the client's fault.
func FuzzReadAdd(f *testing.F) {
	for _, s := range []string{
		`{"tag":"docker.io/team/web:1.4"}`,
		`{"tag":"web:1","digest":"sha256:` + "0000000000000000000000000000000000000000000000000000000000000000" + `","created_at":"2023-11-14T22:13:20:5Z"}`,
		`{"source":{"digest":{"pullstring":"web@sha256:` + "0000000000000000000000000000000000000000000000000000000000000000" + `","tag":"web:1","dockerfile":"RlJPTQ=="}},"annotations":{"a":null}}`,
		`{"source":{"archive":{}}}`, `{"source":{"import":{}}}`, `{"source":{"import":{"operation_uuid":"x","digest":"sha256:` + strings.Repeat("0", 64) +
			`","tags":["a:1"],"contents":{"packages":"` + strings.Repeat("1", 64) + `","manifest":"` + strings.Repeat("2", 64) + `","image_config":"` + strings.Repeat("3", 64) + `"}}}}`,
		`[]`, `null`, `{"tag":null,"source":null}`, `{"tag":1}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		b, source, err := readBody(body)
		if err == nil && source.Import != nil {
			finish, err := source.Import.read()
			if err == nil && (len(finish.Tags) == 0 || finish.Operation == "" || finish.Digest == "" || len(finish.Contents) < 3) {
				t.Errorf("%q: understood as %+v", body, finish)
			}
			return
		}
		var add engine.AddImage
		if err == nil {
			add, err = readAdd(b, source)
		}
		if err != nil {
			var refusal *problem.Error
			if !errors.As(err, &refusal) || refusal.HTTPCode != http.StatusBadRequest && refusal.HTTPCode != http.StatusNotImplemented {
				t.Errorf("%q: %v", body, err)
			}
			return
		}
		if add.Reference.Repository == "" || add.Reference.Registry == "" || add.Reference.Tag == "" {
			t.Errorf("%q: understood as %+v", body, add)
		}
		if !add.CreatedAt.IsZero() && add.Reference.Digest == "" {
			t.Errorf("%q: a time without a digest", body)
		}
	})
}
