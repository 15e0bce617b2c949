package v1

import (
	"context"
	"strings"

	"landwaiter.dev/policy"
	"landwaiter.dev/server/problem"
)

// HubIndex lists the bundles that come with the program as a policy hub does, which clients of the original know how to read.
type HubIndex struct {
	Content []HubEntry `json:"content"`
}

// HubEntry is one bundle; Location is relative to the index.
type HubEntry struct {
	Type        string `json:"type"`
	Name        string `json:"name"`
	Description string `json:"description"`
	Location    string `json:"location"`
}

// HubPath names a bundle in a path.
type HubPath struct {
	Name string `path:"name" doc:"A location of the index"`
}

func (r *routes) hub() {
	const tag = "Policies"
	add(r, "GET /hub/index.json", tag, "List the bundles that come with the program, as a policy hub does", func(context.Context, *none) (HubIndex, error) {
		index := HubIndex{}
		for _, b := range policy.Shipped() {
			index.Content = append(index.Content, HubEntry{"bundle", b.Name, b.Description, b.Name + ".json"})
		}
		return index, nil
	}, isOpen)
	add(r, "GET /hub/{name}", tag, "Get a bundle that comes with the program", func(_ context.Context, in *HubPath) (raw, error) {
		b, found := policy.ShippedByName(strings.TrimSuffix(in.Name, ".json"))
		if !found {
			return nil, problem.New(404, "bundle_not_found", "there is no bundle of that name: /v1/hub/index.json lists them")
		}
		document, err := policy.JSONOf(b.Source)
		return raw(document), err
	}, isOpen)
}
