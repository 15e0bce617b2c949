package policy

import (
	"slices"
	"strings"

	"landwaiter.dev/policy/gate"
)

// The specification document of /v1, generated from the list of gates.
type (
	gateSpec struct {
		Name         string        `json:"name"`
		Description  string        `json:"description"`
		State        string        `json:"state"`
		SupersededBy *string       `json:"superceded_by"` // in this spelling
		Triggers     []triggerSpec `json:"triggers"`
	}
	triggerSpec struct {
		Name         string      `json:"name"`
		Description  string      `json:"description"`
		State        string      `json:"state"`
		SupersededBy *string     `json:"superceded_by"`
		Parameters   []paramSpec `json:"parameters"`
	}
	paramSpec struct {
		Name         string        `json:"name"`
		Description  string        `json:"description"`
		Example      *string       `json:"example"`
		Required     bool          `json:"required"`
		State        string        `json:"state"`
		SupersededBy *string       `json:"superceded_by"`
		Validator    validatorSpec `json:"validator"`
		// KnownValues are those that can match, where they are few and the validator does not say them.
		KnownValues []string `json:"known_values,omitempty"`
	}
	validatorSpec struct {
		Type        string         `json:"type"`
		Description string         `json:"description"`
		Criteria    map[string]any `json:"criteria"`
	}
)

// Spec describes what policies can ask: every gate with its triggers and their parameters, active gates first, then the
// retired ones. It is made to be written as JSON.
func Spec() any {
	var gates []gateSpec
	for _, list := range [][]*gate.Gate{gate.Active(), gate.Retired()} {
		for _, g := range list {
			gates = append(gates, specOf(g))
		}
	}
	return gates
}

func specOf(g *gate.Gate) gateSpec {
	s := gateSpec{Name: g.Name, Description: g.Description, State: "active", SupersededBy: orNull(g.SupersededBy), Triggers: []triggerSpec{}}
	if g.Retired {
		s.State = "eol"
	}
	for i := range g.Triggers {
		t := &g.Triggers[i]
		ts := triggerSpec{Name: t.Name, Description: t.Description, State: s.State, Parameters: []paramSpec{}}
		for _, p := range sortedParams(t.Params) {
			ts.Parameters = append(ts.Parameters, paramSpec{
				Name: p.Name, Description: p.Description, Example: orNull(p.Example), Required: p.Required, State: "active",
				Validator:   validatorSpec{Type: p.Type.Name, Description: p.Type.Description, Criteria: p.Type.Criteria},
				KnownValues: p.KnownWords(),
			})
		}
		s.Triggers = append(s.Triggers, ts)
	}
	return s
}

func sortedParams(params []gate.Param) []gate.Param {
	return slices.SortedStableFunc(slices.Values(params), func(a, b gate.Param) int {
		if n := a.SortKey() - b.SortKey(); n != 0 {
			return n
		}
		return strings.Compare(a.Name, b.Name)
	})
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
