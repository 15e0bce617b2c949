package engine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"golang.org/x/sync/semaphore"

	"landwaiter.dev/analysis"
	"landwaiter.dev/internal/cosign"
	"landwaiter.dev/internal/seal"
	"landwaiter.dev/notify"
	"landwaiter.dev/source"
	"landwaiter.dev/store"
)

// Config is what an engine needs to know. Zero values of intervals mean the documented defaults.
type Config struct {
	// HostID names this node; BaseURL is where it answers.
	HostID, BaseURL, Version string
	// Roles of this node, see [Roles].
	Roles []string
	// Analyzers is how many images this node analyses at once; 0 means one.
	Analyzers int
	// Key seals registry passwords and signs notices.
	Key       seal.Key
	Passwords Passwords
	Reader    *analysis.Reader
	// SBOM reads the documents of imported images; nil refuses imports.
	SBOM DecodeSBOM
	// Registry is what this installation allows for all registries; its keychain is not used.
	Registry source.RegistryOptions
	Feeds    FeedConfig
	// Attestations next to images.
	Attestations AttestationConfig
	// Signers are those whose signatures and attestations count, by policy and as VEX.
	Signers []cosign.Signer
	// WatchInterval is the time between two looks at watched tags.
	WatchInterval time.Duration
	// Retention of the rows of evaluations; 0 keeps them.
	Retention time.Duration
	Webhooks  notify.WebhookConfig
	// TempDir for downloads of feeds; "" is the system's.
	TempDir string
	Log     *slog.Logger
	// Now is the clock.
	Now func() time.Time
}

// Engine is the wiring of the use cases; it has no work of its own but to start and stop them.
type Engine struct {
	Images        *Images
	Imports       *Imports
	Content       *Content
	Bases         *Bases
	Vulns         *Vulns
	Queries       *Queries
	Checks        *Checks
	Evaluations   *Evaluations
	Simulations   *Simulations
	Policies      *Policies
	Subscriptions *Subscriptions
	Registries    *Registries
	Notices       *Notices
	Feeds         *Feeds
	System        *System
	VEX           *VEX
	Auth          *Auth

	attested *attestations

	store  *store.Store
	client *river.Client[*sql.Tx]
	config Config
	stop   context.CancelFunc
	beats  sync.WaitGroup
}

// New wires an engine. Nothing runs until [Engine.Start].
func New(s *store.Store, c Config) (*Engine, error) {
	for _, r := range c.Roles {
		if !slices.Contains(Roles(), r) {
			return nil, fmt.Errorf("role %q: there are %s", r, strings.Join(Roles(), ", "))
		}
	}
	if len(c.Webhooks.Key) == 0 {
		c.Webhooks.Key = c.Key.Derive("webhooks")
	}
	webhooks, err := notify.NewWebhooks(c.Webhooks)
	if err != nil {
		return nil, err
	}
	if c.Feeds.Interval <= 0 {
		c.Feeds.Interval = 6 * time.Hour
	}
	if c.WatchInterval <= 0 {
		c.WatchInterval = time.Hour
	}
	jobs := &Jobs{}
	e := &Engine{store: s, config: c}
	tell := &notices{store: s, jobs: jobs, webhooks: webhooks, now: c.Now}
	match := &matcher{store: s, now: c.Now}
	e.Registries = &Registries{store: s, key: c.Key, now: c.Now, base: c.Registry}
	e.Registries.base.Keychain = nil
	e.Images = &Images{store: s, jobs: jobs, registries: e.Registries, notices: tell, now: c.Now}
	e.Imports = &Imports{store: s, images: e.Images, decode: c.SBOM, memory: semaphore.NewWeighted(importMemory), now: c.Now}
	e.Bases = &Bases{store: s}
	e.Content = &Content{store: s, bases: e.Bases, trees: newTrees(keptTrees)}
	docs := &vexDocuments{store: s}
	e.Vulns = &Vulns{store: s, content: e.Content, matcher: match, vex: docs, recent: newRecent(), now: c.Now}
	e.VEX = &VEX{store: s, jobs: jobs, vulns: e.Vulns, docs: docs, now: c.Now}
	e.attested = &attestations{store: s, jobs: jobs, config: c.Attestations, signers: c.Signers, now: c.Now}
	e.Queries = &Queries{store: s, content: e.Content, matcher: match, vulns: e.Vulns, owned: &ownership{}, now: c.Now}
	e.Policies = &Policies{store: s, jobs: jobs, now: c.Now}
	e.Checks = &Checks{store: s, vulns: e.Vulns, policies: e.Policies, notices: tell, bundles: &bundles{}, slots: newSlots(evaluationsAtOnce()), patience: evaluationPatience, now: c.Now}
	e.Simulations = newSimulations(s, e.Checks, c.Now)
	e.Evaluations = &Evaluations{store: s, checks: e.Checks}
	e.Notices = &Notices{store: s}
	e.Subscriptions = &Subscriptions{store: s, now: c.Now}
	e.Auth = &Auth{store: s, passwords: c.Passwords}
	e.Feeds = &Feeds{store: s, jobs: jobs, config: c.Feeds, now: c.Now, version: c.Version, results: map[int64]chan synced{},
		sync: &syncFeeds{store: s, jobs: jobs, matcher: match, fetcher: newFetcher(c.TempDir, c.Feeds, c.Now), config: c.Feeds, log: c.Log, now: c.Now}}
	e.System = &System{store: s, jobs: jobs, version: c.Version, retention: c.Retention, log: c.Log, now: c.Now,
		node: store.Node{HostID: c.HostID, Roles: c.Roles, BaseURL: c.BaseURL, Version: c.Version, StartedAt: c.Now()}}

	analyzer := &analyze{store: s, jobs: jobs, registries: e.Registries, reader: c.Reader, decode: c.SBOM, matcher: match, feeds: e.Feeds, attested: e.attested, signers: c.Signers, notices: tell, log: c.Log, now: c.Now}
	evaluator := &evaluate{store: s, vulns: e.Vulns, checks: e.Checks.patient(), policies: e.Policies, notices: tell, jobs: jobs}
	watcher := &watch{store: s, images: e.Images, registries: e.Registries, notices: tell, log: c.Log}

	workers := river.NewWorkers()
	river.AddWorker(workers, work[analyzeArgs]{run: analyzer.run})
	river.AddWorker(workers, work[evaluateArgs]{run: evaluator.run})
	river.AddWorker(workers, work[syncArgs]{run: e.Feeds.run})
	river.AddWorker(workers, work[watchArgs]{run: watcher.run})
	river.AddWorker(workers, work[tellArgs]{run: tell.deliver})
	river.AddWorker(workers, work[deleteArgs]{run: func(ctx context.Context, j *river.Job[deleteArgs]) error { return e.Images.remove(ctx, j.Args.Image) }})
	river.AddWorker(workers, work[reconcileArgs]{run: e.System.reconcile})
	river.AddWorker(workers, work[maintainArgs]{run: e.System.maintain})

	every := func(d time.Duration, args river.JobArgs, atStart bool) *river.PeriodicJob {
		return river.NewPeriodicJob(river.PeriodicInterval(d), func() (river.JobArgs, *river.InsertOpts) { return args, nil }, &river.PeriodicJobOpts{RunOnStart: atStart})
	}
	periodic := []*river.PeriodicJob{
		every(c.Feeds.Interval, syncArgs{}, false),
		every(c.WatchInterval, watchArgs{}, false),
		every(time.Minute, reconcileArgs{}, true),
		every(24*time.Hour, maintainArgs{}, true),
	}
	var driver riverdriver.Driver[*sql.Tx] = riverdatabasesql.New(s.Pool())
	if s.Embedded() {
		driver = riversqlite.New(s.Pool())
	}
	if e.client, err = newClient(driver, c, workers, periodic); err != nil {
		return nil, err
	}
	jobs.client = e.client
	return e, nil
}

// Start begins the work of this node's roles. On the embedded store every job that runs belongs to a process that is gone,
// since the data directory has one server; its jobs are made available at once.
func (e *Engine) Start(ctx context.Context) error {
	if e.store.Embedded() {
		err := e.store.Write(ctx, func(tx *store.Tx) error { _, err := tx.ReleaseJobs(ctx, ""); return err })
		if err != nil {
			return err
		}
	}
	if err := e.System.beat(ctx); err != nil {
		return err
	}
	if err := e.Policies.EnsureDefault(ctx, store.AdminAccount); err != nil {
		return err
	}
	if err := e.attested.settle(ctx); err != nil {
		return err
	}
	if err := settleSignatures(ctx, e.store, e.Images.jobs, e.config.Signers); err != nil {
		return err
	}
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	e.stop = stop
	e.beats.Go(func() { e.System.beats(run) })
	works := false
	for _, r := range e.config.Roles {
		works = works || len(roleQueues[r]) > 0
	}
	if !works {
		return nil
	}
	if err := e.client.Start(run); err != nil {
		return fmt.Errorf("starting the job engine: %w", err)
	}
	// The first sync begins at the first start; later ones follow the interval, but for one that has to file, match or read
	// anew what an earlier version stored, or to put settings in force.
	if slices.Contains(e.config.Roles, RolePolicy) {
		last, err := lastFullSync(ctx, e.store)
		if err != nil {
			return err
		}
		pending, err := e.store.KeysPending(ctx)
		if err != nil {
			return err
		}
		outgrown, err := e.Feeds.sync.outgrown(ctx)
		if err != nil {
			return err
		}
		switched, err := e.Feeds.sync.settingsPending(ctx)
		if err != nil {
			return err
		}
		if age := e.config.Now().Sub(last); pending || outgrown || switched || age >= e.config.Feeds.Interval || age < 0 { // a clock that went back says nothing
			if _, err := e.Feeds.Sync(ctx, SyncRequest{}); err != nil {
				if refused, ok := errors.AsType[*Error](err); !ok || refused.Class != ClassConflict {
					return err
				}
			}
		}
	}
	return nil
}

// Stop ends the work: running jobs are told to stop and run again later.
func (e *Engine) Stop(ctx context.Context) error {
	if e.stop == nil {
		return nil
	}
	err := e.client.StopAndCancel(ctx)
	e.stop()
	e.beats.Wait()
	return err
}
