package engine

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/riverqueue/river"

	"landwaiter.dev/image"
	"landwaiter.dev/store"
)

// The roles that a node can have.
const (
	RoleAPI      = "api"
	RoleCatalog  = "catalog"
	RolePolicy   = "policy"
	RoleAnalyzer = "analyzer"
	RoleQueue    = "queue"
)

// Roles lists every role, in the order of documentation.
func Roles() []string { return []string{RoleAPI, RoleCatalog, RolePolicy, RoleAnalyzer, RoleQueue} }

// serviceNames are the names under which clients of /v1 know the roles.
var serviceNames = map[string]string{
	RoleAPI: "apiext", RoleCatalog: "catalog", RolePolicy: "policy_engine", RoleAnalyzer: "analyzer", RoleQueue: "simplequeue",
}

// Times of a node's life.
const (
	heartbeatEvery = 5 * time.Second
	// deadAfter is how long nothing is heard of a node until its jobs are given to others.
	deadAfter = 20 * time.Second
	// forgetAfter is how long a dead node is listed.
	forgetAfter = 24 * time.Hour
)

// System shows the nodes and keeps the installation going: heartbeats, jobs of dead nodes, what nobody works on.
type System struct {
	store     *store.Store
	jobs      *Jobs
	node      store.Node
	version   string
	retention time.Duration
	log       *slog.Logger
	now       func() time.Time
}

// Version is that of this program.
func (u *System) Version() string { return u.version }

// Services lists the roles of all nodes.
func (u *System) Services(ctx context.Context) ([]Service, error) {
	nodes, err := u.store.Nodes(ctx)
	if err != nil {
		return nil, err
	}
	out := []Service{}
	for _, n := range nodes {
		up := u.now().Sub(n.HeartbeatAt) < deadAfter
		message := "available"
		if !up {
			message = "unavailable"
		}
		for _, r := range n.Roles {
			out = append(out, Service{Name: serviceNames[r], HostID: n.HostID, BaseURL: n.BaseURL, Version: n.Version, Up: up, Message: message, Heartbeat: n.HeartbeatAt})
		}
	}
	return out, nil
}

// DeleteService removes a service of a dead node from the list; its node goes with its last service.
func (u *System) DeleteService(ctx context.Context, name, hostID string) error {
	return u.store.Write(ctx, func(tx *store.Tx) error {
		nodes, err := tx.Nodes(ctx)
		if err != nil {
			return err
		}
		for _, n := range nodes {
			i := slices.IndexFunc(n.Roles, func(r string) bool { return serviceNames[r] == name })
			if n.HostID != hostID || i < 0 {
				continue
			}
			if u.now().Sub(n.HeartbeatAt) < deadAfter {
				return Errorf(ClassConflict, "service_active", "service %s of %s is active and cannot be removed", name, hostID)
			}
			if n.Roles = slices.Delete(n.Roles, i, i+1); len(n.Roles) == 0 {
				return tx.DeleteNode(ctx, hostID)
			}
			return tx.PutNode(ctx, n)
		}
		return Errorf(ClassNotFound, "service_not_found", "service %s of %s not found", name, hostID)
	})
}

// beat tells that this node lives, and gives the jobs of dead nodes to others.
func (u *System) beat(ctx context.Context) error {
	u.node.HeartbeatAt = u.now()
	return u.store.Write(ctx, func(tx *store.Tx) error {
		if err := tx.PutNode(ctx, u.node); err != nil {
			return err
		}
		dead, err := tx.DeadNodes(ctx, u.now().Add(-deadAfter))
		if err != nil {
			return err
		}
		for _, n := range dead {
			if n.HostID == u.node.HostID {
				continue
			}
			released, err := tx.ReleaseJobs(ctx, n.HostID)
			if err != nil {
				return err
			}
			if released > 0 {
				u.log.Warn("jobs of a dead node released", "node", n.HostID, "jobs", released)
			}
			if u.now().Sub(n.HeartbeatAt) > forgetAfter {
				if err := tx.DeleteNode(ctx, n.HostID); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// beats runs until ctx ends.
func (u *System) beats(ctx context.Context) {
	tick := time.NewTicker(heartbeatEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := u.beat(ctx); err != nil && ctx.Err() == nil {
				u.log.Error("heartbeat failed", "err", err.Error())
			}
		}
	}
}

// reconcile is the job that finds what no other job will: images without a live one, verdicts that time alone may change,
// evidence past its retention time, imports that nobody finished, and analyses that an older version kept without their chains.
func (u *System) reconcile(ctx context.Context, _ *river.Job[reconcileArgs]) error {
	return errors.Join(u.orphans(ctx), u.due(ctx), u.retain(ctx), u.chains(ctx), u.imports(ctx))
}

func (u *System) orphans(ctx context.Context) error {
	var waiting []int64
	for _, status := range []store.AnalysisStatus{store.NotAnalyzed, store.Analyzing} {
		ids, err := u.store.ImagesInStatus(ctx, status)
		if err != nil {
			return err
		}
		waiting = append(waiting, ids...)
	}
	deleting, err := u.store.ImagesInState(ctx, "deleting")
	if err != nil {
		return err
	}
	return errors.Join(
		u.revive(ctx, waiting, analyzeArgs{}.Kind(), func(id int64) river.JobArgs { return analyzeArgs{id} }),
		u.revive(ctx, deleting, deleteArgs{}.Kind(), func(id int64) river.JobArgs { return deleteArgs{id} }),
	)
}

// revive gives a job to each of the images that has none.
func (u *System) revive(ctx context.Context, images []int64, kind string, job func(int64) river.JobArgs) error {
	if len(images) == 0 {
		return nil
	}
	live, err := u.store.JobImages(ctx, kind)
	if err != nil {
		return err
	}
	var errs error
	for _, id := range images {
		if slices.Contains(live, id) {
			continue
		}
		u.log.Warn("image without a job found", "image", id, "kind", kind)
		errs = errors.Join(errs, u.store.Write(ctx, func(tx *store.Tx) error {
			_, err := u.jobs.insert(ctx, tx, job(id), nil)
			return err
		}))
	}
	return errs
}

// due puts off the evaluation of what time alone may have changed.
func (u *System) due(ctx context.Context) error {
	rows, err := u.store.DueEvaluations(ctx, u.now(), 1000)
	if err != nil || len(rows) == 0 {
		return err
	}
	var ids []int64
	for _, r := range rows {
		if !slices.Contains(ids, r.ImageID) {
			ids = append(ids, r.ImageID)
		}
	}
	return u.store.Write(ctx, func(tx *store.Tx) error { return evaluateLater(ctx, tx, u.jobs, ids, reasonTime) })
}

// retain takes the rows from evaluations past their time; headers and digests stay.
func (u *System) retain(ctx context.Context) error {
	if u.retention <= 0 {
		return nil
	}
	var gone []image.Digest
	err := u.store.Write(ctx, func(tx *store.Tx) (err error) {
		gone, _, err = tx.DeleteEvaluationRows(ctx, u.now().Add(-u.retention), 200)
		return err
	})
	if err != nil {
		return err
	}
	for _, d := range gone {
		if err := u.store.Blobs().Delete(ctx, d); err != nil {
			return err
		}
	}
	return nil
}
