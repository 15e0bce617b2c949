package server

import (
	"bytes"
	"html/template"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// docsPage is the description as one page for people, complete in itself: it loads nothing from anywhere.
func docsPage(doc *huma.OpenAPI) []byte {
	type operation struct {
		Method, Path string
		Op           *huma.Operation
		Open         bool
	}
	byTag := map[string][]operation{}
	var tags []string
	for path, item := range doc.Paths {
		for method, op := range map[string]*huma.Operation{"GET": item.Get, "POST": item.Post, "PUT": item.Put, "DELETE": item.Delete} {
			if op == nil {
				continue
			}
			tag := op.Tags[0]
			if byTag[tag] == nil {
				tags = append(tags, tag)
			}
			byTag[tag] = append(byTag[tag], operation{method, path, op, op.Security != nil && len(op.Security) == 0})
		}
	}
	slices.Sort(tags)
	type section struct {
		Tag        string
		Operations []operation
	}
	var sections []section
	for _, tag := range tags {
		ops := byTag[tag]
		slices.SortFunc(ops, func(a, b operation) int { return strings.Compare(a.Path+a.Method, b.Path+b.Method) })
		sections = append(sections, section{tag, ops})
	}
	var page bytes.Buffer
	if err := docsTemplate.Execute(&page, map[string]any{"Info": doc.Info, "Sections": sections}); err != nil {
		panic("documentation page: " + err.Error()) // our own template over our own types, covered by every test
	}
	return page.Bytes()
}

var docsTemplate = template.Must(template.New("docs").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Info.Title}} API {{.Info.Version}}</title>
<style>
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
code{font:14px ui-monospace,monospace} summary{cursor:pointer;padding:.25rem 0}
b{display:inline-block;min-width:4.5rem} table{border-collapse:collapse;margin:.5rem 0 1rem 1rem}
td,th{text-align:left;padding:.15rem .75rem .15rem 0;vertical-align:top} small{opacity:.7}
</style>
<h1>{{.Info.Title}} API {{.Info.Version}}</h1>
<p>{{.Info.Description}}</p>
<p>HTTP Basic authentication; administrators may name another account in the header <code>x-anchore-account</code>.
The description for programs (OpenAPI 3.1) is at <a href="swagger.json">swagger.json</a>. Refusals have the body
<code>{"message", "httpcode", "detail", "code"}</code>.</p>
{{range .Sections}}<h2>{{.Tag}}</h2>
{{range .Operations}}<details><summary><b>{{.Method}}</b> <code>{{.Path}}</code> {{.Op.Summary}}{{if .Open}} <small>(open)</small>{{end}}</summary>
{{if .Op.Parameters}}<table>{{range .Op.Parameters}}<tr><td><code>{{.Name}}</code><td>{{.In}}{{if .Required}}, required{{end}}<td>{{with .Schema}}{{.Type}}{{with .Default}}, default {{.}}{{end}}{{range $i, $e := .Enum}}{{if $i}}, {{else}}: {{end}}{{$e}}{{end}}{{end}}<td>{{.Description}}</tr>
{{end}}</table>{{else}}<p><small>No parameters.</small></p>{{end}}</details>
{{end}}{{end}}</html>
`))
