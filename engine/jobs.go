package engine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivertype"

	"landwaiter.dev/store"
)

// The kinds of jobs. Arguments carry ids only; each job gives the same result when it runs twice.
type (
	// analyzeArgs: fetch, read and save one image.
	analyzeArgs struct {
		Image int64 `json:"image"`
	}
	// evaluateArgs: bring matches, verdicts and notices of some images up to date.
	evaluateArgs struct {
		Images []int64 `json:"images"`
		Reason string  `json:"reason"`
	}
	// syncArgs: load what is new of the advisory data; Ecosystems limits it to some. With Switch nothing is loaded: a part
	// of the data is switched off or on, or deleted.
	syncArgs struct {
		Flush        bool     `json:"flush,omitempty"`
		AcceptShrink bool     `json:"accept_shrink,omitempty"`
		Ecosystems   []string `json:"ecosystems,omitempty"`
		// Again asks the files that have all ecosystems too, though only some are wanted.
		Again bool `json:"again,omitempty"`
		// Upload is the archive to import instead of asking the sources, see [Feeds.Import].
		Upload      string      `json:"upload,omitempty"`
		AcceptOlder bool        `json:"accept_older,omitempty"`
		Switch      *feedSwitch `json:"switch,omitempty"`
	}
	// watchArgs: ask every watched tag for its digest.
	watchArgs struct{}
	// tellArgs: carry one notice to one endpoint.
	tellArgs struct {
		Notice   string `json:"notice"`
		Endpoint string `json:"endpoint"`
	}
	// deleteArgs: remove an image that is in state deleting.
	deleteArgs struct {
		Image int64 `json:"image"`
	}
	// reconcileArgs: find images without a live job, evaluations that are due, jobs of dead nodes, and old rows.
	reconcileArgs struct{}
	// maintainArgs: remove what nothing needs any more.
	maintainArgs struct{}
)

func (analyzeArgs) Kind() string   { return "analyze" }
func (evaluateArgs) Kind() string  { return "evaluate" }
func (syncArgs) Kind() string      { return "sync" }
func (watchArgs) Kind() string     { return "watch" }
func (tellArgs) Kind() string      { return "tell" }
func (deleteArgs) Kind() string    { return "delete" }
func (reconcileArgs) Kind() string { return "reconcile" }
func (maintainArgs) Kind() string  { return "maintain" }

// The queues, which roles choose.
const (
	queueAnalysis = "analysis"
	queuePolicy   = "policy"
	queueFeeds    = "feeds"
	queueCatalog  = "catalog"
	queueNotices  = "notices"
)

// The roles of a node, in the names that LANDWAITER_ROLES takes, and what each works on.
var roleQueues = map[string][]string{
	RoleAPI:      nil,
	RoleCatalog:  {queueCatalog, queueNotices},
	RolePolicy:   {queuePolicy, queueFeeds},
	RoleAnalyzer: {queueAnalysis},
	RoleQueue:    nil,
}

// unfinished are the states in which a job counts as live.
var unfinished = []rivertype.JobState{
	rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable,
	rivertype.JobStateRunning, rivertype.JobStateScheduled,
}

// unique makes a job the only live one of its kind. It is for periodic work alone: a job that is about to end still counts
// as live, so what a change makes necessary must not be unique.
func unique() river.UniqueOpts { return river.UniqueOpts{ByArgs: true, ByState: unfinished} }

func (analyzeArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueAnalysis, MaxAttempts: 3}
}
func (evaluateArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queuePolicy, MaxAttempts: 5}
}
func (syncArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueFeeds, MaxAttempts: 1}
}
func (watchArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueCatalog, MaxAttempts: 1, UniqueOpts: unique()}
}
func (tellArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueNotices, MaxAttempts: noticeAttempts}
}
func (deleteArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueCatalog, MaxAttempts: 5}
}
func (reconcileArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueCatalog, MaxAttempts: 1, UniqueOpts: unique()}
}
func (maintainArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueCatalog, MaxAttempts: 1, UniqueOpts: unique()}
}

// noticeAttempts is how often a notice is tried before it goes to the list of what was not delivered.
const noticeAttempts = 8

// timeouts are the time limits by kind; River's rescue waits for the longest.
var timeouts = map[string]time.Duration{
	"analyze": 30 * time.Minute, "evaluate": 10 * time.Minute, "sync": 60 * time.Minute, "watch": 30 * time.Minute,
	"tell": 30 * time.Second, "delete": 5 * time.Minute, "reconcile": 5 * time.Minute, "maintain": 60 * time.Minute,
}

// work makes a River worker of a function.
type work[T river.JobArgs] struct {
	river.WorkerDefaults[T]
	run func(context.Context, *river.Job[T]) error
}

func (w work[T]) Work(ctx context.Context, job *river.Job[T]) error { return w.run(ctx, job) }
func (w work[T]) Timeout(job *river.Job[T]) time.Duration           { return timeouts[job.Kind] }

// Jobs is the one way by which work is put off: into the transaction that makes it necessary.
type Jobs struct {
	client *river.Client[*sql.Tx]
}

// insert adds a job within tx. A nil Jobs, as scan has it, inserts nothing.
func (j *Jobs) insert(ctx context.Context, tx *store.Tx, args river.JobArgs, opts *river.InsertOpts) (*rivertype.JobInsertResult, error) {
	if j == nil || j.client == nil {
		return nil, nil
	}
	r, err := j.client.InsertTx(ctx, tx.SQL(), args, opts)
	if err != nil {
		return nil, fmt.Errorf("inserting the job %s: %w", args.Kind(), err)
	}
	return r, nil
}

// retryPolicy backs off from seconds to minutes, with some spread.
type retryPolicy struct{ now func() time.Time }

func (p retryPolicy) NextRetry(job *rivertype.JobRow) time.Time {
	wait := min(time.Second<<min(2*len(job.Errors), 12), 30*time.Minute)
	return p.now().Add(wait + time.Duration(rand.Int64N(int64(wait)/4+1)))
}

// jobLog logs a failed try; the last one is for a person to see.
type jobLog struct{ log *slog.Logger }

func (h jobLog) HandleError(ctx context.Context, job *rivertype.JobRow, err error) *river.ErrorHandlerResult {
	if _, snoozed := errors.AsType[*rivertype.JobSnoozeError](err); snoozed {
		return nil
	}
	level := slog.LevelWarn
	if job.Attempt >= job.MaxAttempts {
		level = slog.LevelError
	}
	h.log.Log(ctx, level, "job failed", "kind", job.Kind, "job", job.ID, "attempt", job.Attempt, "of", job.MaxAttempts, "err", err.Error())
	return nil
}

func (h jobLog) HandlePanic(ctx context.Context, job *rivertype.JobRow, value any, trace string) *river.ErrorHandlerResult {
	h.log.Error("job panicked", "kind", job.Kind, "job", job.ID, "panic", fmt.Sprint(value), "trace", trace)
	return nil
}

// quiet passes on what the job engine warns of; its routine is no news.
type quiet struct{ slog.Handler }

func (q quiet) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && q.Handler.Enabled(ctx, level)
}

// newClient makes the node's River client: every node knows every worker, its roles choose the queues.
func newClient(driver riverdriver.Driver[*sql.Tx], c Config, workers *river.Workers, periodic []*river.PeriodicJob) (*river.Client[*sql.Tx], error) {
	queues := map[string]river.QueueConfig{}
	for _, role := range c.Roles {
		for _, q := range roleQueues[role] {
			n := 4
			switch q {
			case queueAnalysis:
				n = max(1, c.Analyzers)
			case queueFeeds:
				n = 1
			}
			queues[q] = river.QueueConfig{MaxWorkers: n}
		}
	}
	config := &river.Config{
		ID: c.HostID, Logger: slog.New(quiet{c.Log.Handler()}), Workers: workers, Queues: queues, PeriodicJobs: periodic,
		RetryPolicy: retryPolicy{c.Now}, ErrorHandler: jobLog{c.Log},
		FetchPollInterval: 500 * time.Millisecond, FetchCooldown: 50 * time.Millisecond,
		RescueStuckJobsAfter: 2 * time.Hour, CompletedJobRetentionPeriod: time.Hour, PollOnly: true,
	}
	if len(queues) == 0 {
		config.Queues, config.PeriodicJobs, config.Workers = nil, nil, nil
	}
	return river.NewClient(driver, config)
}
