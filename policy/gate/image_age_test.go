package gate_test

import (
	"testing"
	"time"

	"landwaiter.dev/image"
	"landwaiter.dev/policy/gate"
)

func TestImageAge(t *testing.T) {
	t.Parallel()
	made := func(t time.Time) gate.Context { return gate.Context{Analysis: &image.Analysis{Created: t}} }
	try(t, made(daysAgo(30)), "image/age",
		example{[]string{"max_days=30"}, []string{"|Image was made on 2026-10-25, 30 days allowed"}, time.Time{}},
		example{[]string{"max_days=31"}, nil, now.AddDate(0, 0, 1)},
	)
	try(t, made(daysAgo(30)), "image/created_missing", example{nil, nil, time.Time{}})
	for created, want := range map[time.Time]string{
		{}:                   "created_missing|Image does not say when it was made",
		time.Unix(0, 0):      "created_missing|Image says 1970-01-01T00:00:00Z as the time of its making, which stands for none",
		now.AddDate(0, 0, 2): "created_missing|Image says 2026-11-26T12:00:00Z as the time of its making, which is in the future",
	} {
		next := time.Time{}
		if created.After(now) {
			next = created.AddDate(0, 0, -1)
		}
		try(t, made(created), "image/created_missing", example{nil, []string{want}, next})
		try(t, made(created), "image/age", example{[]string{"max_days=0"}, nil, time.Time{}})
	}
}
