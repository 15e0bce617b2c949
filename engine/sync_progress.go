package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"landwaiter.dev/store"
)

const settingProgress = "feeds.progress"

// SyncProgress is what a sync does at the moment.
type SyncProgress struct {
	// Running says that one runs or waits to run, on whatever node; the other fields are of it.
	Running bool `json:"running"`
	// Step is "fetching", "loading", "filing" or "matching"; Part the part of a source that it is about.
	Step string `json:"step,omitempty"`
	Part string `json:"part,omitempty"`
	// Records of the part that were read so far.
	Records int       `json:"records,omitempty"`
	At      time.Time `json:"at,omitzero"`
}

// step notes what happens: for people who wait here, and, not more often than once a second and at each new part, in the
// store for those who ask any node. That it cannot be noted stops nothing.
func (u *syncFeeds) step(ctx context.Context, step, part string, records int) {
	now := u.now()
	fresh := u.told.Step != step || u.told.Part != part
	if !fresh && now.Sub(u.told.At).Abs() < time.Second {
		return
	}
	u.told = SyncProgress{Running: true, Step: step, Part: part, Records: records, At: now}
	if u.progress != nil {
		u.progress(u.told.String())
	}
	if u.jobs != nil {
		_ = u.store.Write(ctx, func(tx *store.Tx) error { return tx.PutSetting(ctx, settingProgress, string(encode(u.told))) })
	}
}

func (p SyncProgress) String() string {
	switch {
	case p.Step == "fetching":
		return "fetching advisories of " + p.Part
	case p.Step == "loading":
		return fmt.Sprintf("%s: %d records", p.Part, p.Records)
	case p.Step == "filing":
		return "filing stored packages under new names"
	case p.Step == "matching":
		return "matching packages with what changed"
	}
	return "waiting for a node that syncs"
}

// Progress says what a sync does, on whatever node it runs.
func (u *Feeds) Progress(ctx context.Context) (SyncProgress, error) {
	live, err := u.store.LiveJobs(ctx, syncArgs{}.Kind())
	if err != nil || live == 0 {
		return SyncProgress{}, err
	}
	p := SyncProgress{Running: true}
	raw, err := u.store.Setting(ctx, settingProgress)
	if err != nil || raw == "" {
		return p, err
	}
	err = json.Unmarshal([]byte(raw), &p)
	return p, err
}
