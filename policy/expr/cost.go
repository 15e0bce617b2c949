package expr

import (
	"cel.dev/cel-go/checker"
	"cel.dev/cel-go/common/types"
)

// sizes estimates how long lists and texts of the document can be: those of large images, so that an expression that is let
// through ends there too. What is larger still ends at the cost limit when it runs.
type sizes struct{}

// listSizes by variable or field; other lists are taken for short.
var listSizes = map[string]uint64{
	"packages": 5_000, "findings": 5_000, "secrets": 1_000, "gaps": 1_000, "malware": 100, "special_files": 1_000, "signatures": 100,
	"layers": 200, "history": 500, "env": 500, "labels": 500, "text": 100_000,
}

const (
	otherList = 100
	anyText   = 200 // bytes
)

// EstimateSize implements [checker.CostEstimator].
func (sizes) EstimateSize(e checker.AstNode) *checker.SizeEstimate {
	path := e.Path()
	if len(path) > 0 {
		if n, ok := listSizes[path[len(path)-1]]; ok {
			return &checker.SizeEstimate{Max: n}
		}
	}
	switch e.Type().Kind() {
	case types.StringKind, types.BytesKind:
		return &checker.SizeEstimate{Max: anyText}
	}
	return &checker.SizeEstimate{Max: otherList}
}

// EstimateCallCost implements [checker.CostEstimator].
func (sizes) EstimateCallCost(string, string, *checker.AstNode, []checker.AstNode) *checker.CallEstimate {
	return nil
}
