package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/dbos-inc/dbos-transact-golang/dbos"

	"rampart/onmeta"
)

// Names of DBOS.
const (
	application = "peers"
	// version is the same for all workers, as those of one build have it.
	version = "1"
	// executor is the name of the worker. A worker that starts continues what one of the same name has left; without DBOS' Conductor
	// nobody else does.
	executor  = "worker"
	orders    = "orders"
	proofs    = "proofs"
	polled    = "Order"
	watched   = "WatchedOrder"
	callTries = 5
	stopTime  = 10 * time.Second
)

// dbosOrders are the workflows.
type dbosOrders struct {
	settings
	calls *calls
}

func workByDBOS(ctx context.Context, set settings) error {
	calls, err := newCalls(set)
	if err != nil {
		return err
	}
	library, err := dbos.NewContext(ctx, dbos.Config{
		AppName: application, DatabaseURL: set.database, ApplicationVersion: version, ExecutorID: executor, Logger: slog.Default(),
	})
	if err != nil {
		return err
	}
	o := &dbosOrders{settings: set, calls: calls}
	dbos.RegisterWorkflow(library, o.Order, dbos.WithWorkflowName(polled))
	dbos.RegisterWorkflow(library, o.WatchedOrder, dbos.WithWorkflowName(watched))
	if err := dbos.Launch(library); err != nil {
		return err
	}
	if _, err := dbos.RegisterQueue(library, orders); err != nil {
		return err
	}
	fmt.Println(Started)
	<-ctx.Done()
	return dbos.Shutdown(library, stopTime)
}

// Order polls by a step after a durable sleep. It returns the last status of the provider.
func (o *dbosOrders) Order(ctx dbos.Context, bought request) (string, error) {
	order, err := o.pay(ctx, bought)
	if err != nil {
		return expired(err)
	}
	for {
		if _, err := dbos.Sleep(ctx, o.scaled(pollEvery)); err != nil {
			return "", err
		}
		status, err := step(ctx, "status", func(ctx context.Context) (string, error) { return o.calls.status(ctx, order) })
		if err != nil || final(status) {
			return status, err
		}
	}
}

// WatchedOrder polls in one step until the provider's status changes, as Rampart's watch does.
func (o *dbosOrders) WatchedOrder(ctx dbos.Context, bought request) (string, error) {
	order, err := o.pay(ctx, bought)
	if err != nil {
		return expired(err)
	}
	for known := ""; ; {
		known, err = step(ctx, "watch", func(ctx context.Context) (string, error) { return o.watch(ctx, order, known) })
		if err != nil || final(known) {
			return known, err
		}
	}
}

// watch polls until the status is another one than the known.
func (o *dbosOrders) watch(ctx context.Context, order purchase, known string) (string, error) {
	ticks := time.NewTicker(o.scaled(pollEvery))
	defer ticks.Stop()
	for {
		select {
		case <-ticks.C:
		case <-ctx.Done():
			return "", ctx.Err()
		}
		called, cancel := context.WithTimeout(ctx, callTimeout)
		status, err := o.calls.status(called, order)
		cancel()
		if err != nil || status != known {
			return status, err
		}
	}
}

// errUnpaid is the end of an order without a proof.
var errUnpaid = errors.New("no proof came in time")

func expired(err error) (string, error) {
	if errors.Is(err, errUnpaid) {
		return "expired", nil
	}
	return "", err
}

// pay makes the calls until the provider has the proof.
func (o *dbosOrders) pay(ctx dbos.Context, bought request) (purchase, error) {
	order := purchase{Request: bought}
	var err error
	if order.Token, err = step(ctx, "login", func(ctx context.Context) (string, error) { return o.calls.login(ctx, order) }); err != nil {
		return order, err
	}
	for _, check := range o.checks(order) {
		if ready, err := step(ctx, check.name, check.call); err != nil || !ready {
			return order, errors.Join(err, notReady(check.name, ready))
		}
	}
	if _, err = step(ctx, "quote", func(ctx context.Context) (string, error) { return o.calls.quote(ctx, order) }); err != nil {
		return order, err
	}
	created, err := step(ctx, "create", func(ctx context.Context) (onmeta.OnrampCreated, error) { return o.calls.create(ctx, order) })
	if err != nil {
		return order, err
	}
	order.OrderID = created.OrderID
	if order.UTR, err = dbos.Recv[string](ctx, proofs, o.scaled(orderLifetime)); errors.Is(err, dbos.ErrTimeout) {
		return order, errUnpaid
	} else if err != nil {
		return order, err
	}
	_, err = step(ctx, "submit", func(ctx context.Context) (bool, error) { return true, o.calls.submit(ctx, order) })
	return order, err
}

// check is a call that says whether a user may order.
type check struct {
	name string
	call dbos.Step[bool]
}

func (o *dbosOrders) checks(order purchase) []check {
	return []check{
		{"kyc", func(ctx context.Context) (bool, error) { return o.calls.kyc(ctx, order) }},
		{"accounts", func(ctx context.Context) (bool, error) { return o.calls.linked(ctx, order) }},
	}
}

func notReady(what string, ready bool) error {
	if ready {
		return nil
	}
	return fmt.Errorf("the check %s does not pass", what)
}

// step runs a call of the provider as a step that is tried again after errors.
func step[R any](ctx dbos.Context, name string, call dbos.Step[R]) (R, error) {
	return dbos.RunAsStep(ctx, call, dbos.WithStepName(name), dbos.WithStepMaxRetries(callTries))
}

// dbosClient is the client of DBOS.
type dbosClient struct{ dbos.Client }

func controlDBOS(ctx context.Context, set settings) error {
	library, err := dbos.NewClient(ctx, dbos.ClientConfig{DatabaseURL: set.database, AppName: application, Logger: slog.Default()})
	if err != nil {
		return err
	}
	return errors.Join(serve(ctx, set, dbosClient{library}), dbos.Shutdown(library, stopTime))
}

func (c dbosClient) start(_ context.Context, name string, bought request) error {
	_, err := dbos.Enqueue[string](c.Client, orders, name, bought, dbos.WithEnqueueWorkflowID(bought.Reference),
		dbos.WithEnqueueApplicationVersion(version))
	return err
}

func (c dbosClient) prove(_ context.Context, reference, utr string) error {
	return dbos.Send(c.Client, reference, utr, proofs)
}

func (c dbosClient) await(_ context.Context, reference string) (string, error) {
	handle, err := dbos.RetrieveWorkflow[string](c.Client, reference)
	if err != nil {
		return "", err
	}
	return handle.GetResult()
}
