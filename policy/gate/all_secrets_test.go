package gate_test

import (
	"testing"
	"time"

	"landwaiter.dev/image"
	"landwaiter.dev/policy/gate"
)

func TestAllSecrets(t *testing.T) {
	t.Parallel()
	c := gate.Context{Analysis: &image.Analysis{Secrets: []image.TextMatch{
		{Rule: "PRIV_KEY", Path: "root/.ssh/id_rsa", Line: 1, Layer: 3},
		{Rule: "jwt", Path: "opt/testdata/t", Line: 7, Layer: 1, Removed: true, More: 2},
		{Rule: "password", Place: "env DB_PASSWORD", Line: 1, Layer: -1},
	}}}
	const (
		key    = "PRIV_KEY+/root/.ssh/id_rsa|Secret found by rule PRIV_KEY in /root/.ssh/id_rsa line 1, layer 3"
		jwt    = "jwt+/opt/testdata/t|Secret found by rule jwt in /opt/testdata/t line 7 and 2 more, layer 1, removed by a later layer"
		config = "password+config:env DB_PASSWORD|Secret found by rule password in config:env DB_PASSWORD"
	)
	try(t, c, "secrets/found",
		example{nil, []string{key, jwt, config}, time.Time{}},
		example{[]string{"rules=jwt,x"}, []string{jwt}, time.Time{}},
		example{[]string{"except_rules=jwt", "place=files"}, []string{key}, time.Time{}},
		example{[]string{"removed=exclude"}, []string{key, config}, time.Time{}},
		example{[]string{"removed=only"}, []string{jwt}, time.Time{}},
		example{[]string{"place=config"}, []string{config}, time.Time{}},
		example{[]string{"path_exclude=.*/testdata/", "place=files"}, []string{key}, time.Time{}},
		example{[]string{"rules=x"}, nil, time.Time{}},
	)
}
