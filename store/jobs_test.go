package store_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riversqlite"

	"landwaiter.dev/internal/testkit/storetest"
	"landwaiter.dev/store"
)

type addArgs struct {
	Account string `json:"account"`
}

func (addArgs) Kind() string { return "add_account" }

// addWorker writes to the store while the job engine works on the same pool.
type addWorker struct {
	river.WorkerDefaults[addArgs]
	s    *store.Store
	done chan string
}

func (w *addWorker) Work(ctx context.Context, job *river.Job[addArgs]) error {
	err := w.s.Write(ctx, func(tx *store.Tx) error {
		return tx.PutAccount(ctx, store.Account{Name: job.Args.Account, Type: "user", State: "enabled"})
	})
	if err == nil {
		w.done <- job.Args.Account
	}
	return err
}

// A job inserted in a transaction is there when the transaction is, and not otherwise; and it is worked, also where the
// job engine and the store share one connection.
func TestJobsGoWithTheirTransaction(t *testing.T) {
	t.Parallel()
	storetest.Stores(t, func(t *testing.T, s *store.Store) {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		var driver riverdriver.Driver[*sql.Tx] = riverdatabasesql.New(s.Pool())
		if s.Embedded() {
			driver = riversqlite.New(s.Pool())
		}
		w := &addWorker{s: s, done: make(chan string, 8)}
		workers := river.NewWorkers()
		river.AddWorker(workers, w)
		client, err := river.NewClient(driver, &river.Config{
			Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 4}}, Workers: workers,
			FetchPollInterval: 50 * time.Millisecond, FetchCooldown: 20 * time.Millisecond, TestOnly: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := client.Start(ctx); err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := client.Stop(context.Background()); err != nil {
				t.Error(err)
			}
		}()

		undone := errors.New("undone")
		err = s.Write(ctx, func(tx *store.Tx) error {
			if _, err := client.InsertTx(ctx, tx.SQL(), addArgs{"never"}, nil); err != nil {
				t.Fatal(err)
			}
			return undone
		})
		if !errors.Is(err, undone) {
			t.Fatalf("Write gave %v, want the error of its function", err)
		}
		want := map[string]bool{}
		for _, name := range []string{"one", "two", "three", "four"} {
			want[name] = true
			err := s.Write(ctx, func(tx *store.Tx) error {
				_, err := client.InsertTx(ctx, tx.SQL(), addArgs{name}, nil)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		for range 4 {
			select {
			case name := <-w.done:
				if !want[name] {
					t.Errorf("job %q was worked, want only those of committed transactions, once", name)
				}
				delete(want, name)
			case <-ctx.Done():
				t.Fatalf("jobs %v were not worked", want)
			}
		}
		accounts, err := s.Accounts(ctx)
		if err != nil || len(accounts) != 4 {
			t.Errorf("%d accounts (%v), want the 4 that the jobs made", len(accounts), err)
		}
	})
}
