package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

// River runs jobs and has no orders: the tables with the state and the history of an order, its steps, and the proof that may come at any
// time are written by hand here.
const tables = `
CREATE TABLE IF NOT EXISTS orders (
	reference text PRIMARY KEY,
	next      int NOT NULL DEFAULT 0,
	data      jsonb NOT NULL,
	utr       text NOT NULL DEFAULT '',
	waiting   boolean NOT NULL DEFAULT false,
	status    text NOT NULL DEFAULT '',
	ended     boolean NOT NULL DEFAULT false
);
CREATE TABLE IF NOT EXISTS steps (
	id        bigserial PRIMARY KEY,
	reference text NOT NULL,
	at        timestamptz NOT NULL DEFAULT now(),
	name      text NOT NULL,
	result    text NOT NULL
);
CREATE INDEX IF NOT EXISTS steps_of_orders ON steps (reference);`

const (
	// workers is how many jobs run at the same time.
	workers = 100
	// connections is the size of the pool.
	connections = 20
	// rescueAfter is when a job of a worker that is gone is run again: as soon as none can run any more. River's default is an hour.
	rescueAfter = callTimeout + 15*time.Second
	// fetchFast is how often River looks for jobs whose time has come, where the provider's clock is fast. Its default is a second.
	fetchFast = 50 * time.Millisecond
)

// orderArgs are the arguments of the job that takes an order further.
type orderArgs struct {
	Reference string `json:"reference"`
}

// Kind implements river.JobArgs.
func (orderArgs) Kind() string { return "order" }

// expireArgs are the arguments of the job that ends an order without a proof.
type expireArgs struct {
	Reference string `json:"reference"`
}

// Kind implements river.JobArgs.
func (expireArgs) Kind() string { return "expire" }

func workByRiver(ctx context.Context, set settings) error {
	calls, err := newCalls(set)
	if err != nil {
		return err
	}
	pool, err := connect(ctx, set)
	if err != nil {
		return err
	}
	defer pool.Close()
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), nil)
	if err != nil {
		return err
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return err
	}
	if _, err := pool.Exec(ctx, tables); err != nil {
		return err
	}
	kinds := river.NewWorkers()
	river.AddWorker(kinds, &orderWorker{settings: set, calls: calls, pool: pool})
	river.AddWorker(kinds, &expireWorker{pool: pool})
	config := &river.Config{
		Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: workers}}, Workers: kinds, Logger: slog.Default(),
		JobTimeout: callTimeout, RescueStuckJobsAfter: rescueAfter,
	}
	if set.speed > 1 {
		config.FetchPollInterval, config.FetchCooldown = fetchFast, fetchFast
	}
	library, err := river.NewClient(riverpgxv5.New(pool), config)
	if err != nil {
		return err
	}
	if err := library.Start(ctx); err != nil {
		return err
	}
	fmt.Println(Started)
	<-ctx.Done()
	<-library.Stopped()
	return nil
}

func connect(ctx context.Context, set settings) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(set.database)
	if err != nil {
		return nil, err
	}
	config.MaxConns = connections
	return pgxpool.NewWithConfig(ctx, config)
}

// orderWorker takes orders further.
type orderWorker struct {
	river.WorkerDefaults[orderArgs]
	settings
	calls *calls
	pool  *pgxpool.Pool
}

// riverOrder is the state of an order. next is the number of its next step.
type riverOrder struct {
	data   purchase
	next   int
	status string
	ended  bool
}

// riverStep makes a call and notes its result in the order.
type riverStep struct {
	name string
	call func(ctx context.Context, order *purchase) (result string, err error)
}

// awaiting is the number of the step before which the order has its proof.
const awaiting = 5

func (w *orderWorker) steps() []riverStep {
	return []riverStep{
		{"login", func(ctx context.Context, o *purchase) (_ string, err error) {
			o.Token, err = w.calls.login(ctx, *o)
			return "ok", err
		}},
		{"kyc", func(ctx context.Context, o *purchase) (string, error) {
			ready, err := w.calls.kyc(ctx, *o)
			return "verified", errors.Join(err, notReady("kyc", ready))
		}},
		{"accounts", func(ctx context.Context, o *purchase) (string, error) {
			ready, err := w.calls.linked(ctx, *o)
			return "linked", errors.Join(err, notReady("accounts", ready))
		}},
		{"quote", func(ctx context.Context, o *purchase) (string, error) { return w.calls.quote(ctx, *o) }},
		{"create", func(ctx context.Context, o *purchase) (string, error) {
			created, err := w.calls.create(ctx, *o)
			o.OrderID = created.OrderID
			instructions, encoding := json.Marshal(created)
			return string(instructions), errors.Join(err, encoding)
		}},
		{"submit", func(ctx context.Context, o *purchase) (string, error) { return o.UTR, w.calls.submit(ctx, *o) }},
	}
}

// Work takes an order from the step where it is until it waits for its proof, for its next poll, or has ended.
func (w *orderWorker) Work(ctx context.Context, job *river.Job[orderArgs]) error {
	o, err := w.load(ctx, job.Args.Reference)
	if err != nil || o.ended {
		return err
	}
	steps := w.steps()
	if o.next == len(steps) {
		return w.poll(ctx, job.Args.Reference, o)
	}
	for _, each := range steps[o.next:] {
		if o.next == awaiting {
			if o.data.UTR, err = w.proof(ctx, job.Args.Reference); err != nil || o.data.UTR == "" {
				return err // a job is inserted with the proof
			}
		}
		result, err := each.call(ctx, &o.data)
		if err != nil {
			return err
		}
		o.next++
		if err := w.save(ctx, job.Args.Reference, o, each.name, result); err != nil {
			return err
		}
	}
	return river.JobSnooze(w.scaled(pollEvery))
}

// poll polls once. What it learns is recorded when the status changes; a poll without a change leaves nothing but the job's next time.
func (w *orderWorker) poll(ctx context.Context, reference string, o riverOrder) error {
	status, err := w.calls.status(ctx, o.data)
	if err != nil {
		return err
	}
	if status != o.status {
		o.status, o.ended = status, final(status)
		if err := w.save(ctx, reference, o, "status", status); err != nil || o.ended {
			return err
		}
	}
	return river.JobSnooze(w.scaled(pollEvery))
}

func (w *orderWorker) load(ctx context.Context, reference string) (o riverOrder, err error) {
	err = w.pool.QueryRow(ctx, `SELECT data, next, status, ended FROM orders WHERE reference = $1`, reference).
		Scan(&o.data, &o.next, &o.status, &o.ended)
	return o, err
}

// save saves an order and a line of its history.
func (w *orderWorker) save(ctx context.Context, reference string, o riverOrder, step, result string) error {
	_, err := w.pool.Exec(ctx, `WITH saved AS (UPDATE orders SET data = $2, next = $3, status = $4, ended = $5 WHERE reference = $1)
		INSERT INTO steps (reference, name, result) VALUES ($1, $6, $7)`, reference, o.data, o.next, o.status, o.ended, step, result)
	return err
}

// proof returns the proof of an order; if it has none yet, the order waits. Both are in one row, so that either the proof is seen here, or
// the waiting order when the proof comes.
func (w *orderWorker) proof(ctx context.Context, reference string) (utr string, err error) {
	err = w.pool.QueryRow(ctx, `UPDATE orders SET waiting = (utr = '') WHERE reference = $1 RETURNING utr`, reference).Scan(&utr)
	return utr, err
}

// expireWorker ends orders without a proof.
type expireWorker struct {
	river.WorkerDefaults[expireArgs]
	pool *pgxpool.Pool
}

// Work ends the order unless it has a proof.
func (w *expireWorker) Work(ctx context.Context, job *river.Job[expireArgs]) error {
	_, err := w.pool.Exec(ctx, `UPDATE orders SET ended = true, status = 'expired' WHERE reference = $1 AND utr = '' AND NOT ended`,
		job.Args.Reference)
	return err
}

// riverClient is the client of River and of the tables.
type riverClient struct {
	settings
	pool    *pgxpool.Pool
	library *river.Client[pgx.Tx]
}

func controlRiver(ctx context.Context, set settings) error {
	pool, err := connect(ctx, set)
	if err != nil {
		return err
	}
	defer pool.Close()
	library, err := river.NewClient(riverpgxv5.New(pool), &river.Config{Logger: slog.Default()})
	if err != nil {
		return err
	}
	return serve(ctx, set, &riverClient{settings: set, pool: pool, library: library})
}

// start inserts an order with its first job, and the job that ends it without a proof.
func (c *riverClient) start(ctx context.Context, _ string, bought request) error {
	return pgx.BeginFunc(ctx, c.pool, func(tx pgx.Tx) error {
		order := purchase{Request: bought}
		if _, err := tx.Exec(ctx, `INSERT INTO orders (reference, data) VALUES ($1, $2)`, bought.Reference, order); err != nil {
			return err
		}
		_, err := c.library.InsertManyTx(ctx, tx, []river.InsertManyParams{
			{Args: orderArgs{bought.Reference}},
			{Args: expireArgs{bought.Reference}, InsertOpts: &river.InsertOpts{ScheduledAt: time.Now().Add(c.scaled(orderLifetime))}},
		})
		return err
	})
}

// prove saves the proof, and inserts a job if the order waits for it.
func (c *riverClient) prove(ctx context.Context, reference, utr string) error {
	return pgx.BeginFunc(ctx, c.pool, func(tx pgx.Tx) error {
		var waiting bool
		err := tx.QueryRow(ctx, `SELECT waiting FROM orders WHERE reference = $1 AND NOT ended FOR UPDATE`, reference).Scan(&waiting)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE orders SET utr = $2, waiting = false WHERE reference = $1`, reference, utr); err != nil || !waiting {
			return err
		}
		_, err = c.library.InsertTx(ctx, tx, orderArgs{reference}, nil)
		return err
	})
}

// await asks for the status, ten times a second: River's client tells of jobs that this process works only.
func (c *riverClient) await(ctx context.Context, reference string) (string, error) {
	for {
		var status string
		var ended bool
		err := c.pool.QueryRow(ctx, `SELECT status, ended FROM orders WHERE reference = $1`, reference).Scan(&status, &ended)
		if err != nil || ended {
			return status, err
		}
		time.Sleep(100 * time.Millisecond)
	}
}
