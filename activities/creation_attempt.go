package activities

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"

	"rampart/onmeta"
)

const (
	// sendWithin is how soon an order that must be created at most once is asked for after the attempt has announced it.
	sendWithin = 10 * time.Second
	// MayCommitFor is how long after an attempt the provider may still create an order that the attempt asked for.
	MayCommitFor = sendWithin + maxCommitDelay + clockDifference
	// searchPause is the pause between two searches of the history for an order that may still come into being.
	searchPause = 5 * time.Second
	// heartbeatWait bounds a heartbeat of an attempt. The SDK gives the call, with its retries, half of it.
	heartbeatWait = callHeartbeatTimeout
)

// creationProgress is what an attempt to create an order tells the next one by its heartbeats.
type creationProgress struct {
	// Attempt is the number of the attempt.
	Attempt int32 `json:"attempt"`
	// CommitsUntil is until when the provider may still create an order that was asked for; zero if none was.
	CommitsUntil time.Time `json:"commitsUntil,omitzero"`
}

// creationAttempt is an attempt to create an order that must be created at most once, although Temporal gives it to another worker after
// some seconds of silence. Before it asks the provider, it has Temporal record until when the order may come into being, and it asks in
// time for that or not at all. The next attempt searches until then. It is nil for attempts that are never given away before their
// timeout.
type creationAttempt struct {
	temporal client.Client
	info     activity.Info

	mu       sync.Mutex
	progress creationProgress
	// unsure is the first error of a heartbeat. That heartbeat may reach Temporal after a later one, so nothing is asked for any more.
	unsure error
	// heard is when the last heartbeat began that Temporal took, by the clock on the wall, which also counts while a machine is suspended.
	heard time.Time
}

// beginCreation returns an attempt with what the one before has told, or commitsUntil if an earlier activity may have asked for the order.
// One that left no word cannot have asked, unless Temporal has lost that word or the attempt is of an earlier version; it is taken to have asked.
func (c *Calls) beginCreation(ctx context.Context, commitsUntil time.Time) *creationAttempt {
	info := activity.GetInfo(ctx)
	if info.HeartbeatTimeout == 0 {
		return nil
	}
	latest := now().Add(MayCommitFor)
	a := &creationAttempt{temporal: c.temporal, info: info, heard: now().Round(0), progress: creationProgress{Attempt: info.Attempt, CommitsUntil: commitsUntil}}
	if info.Attempt > 1 || activity.HasHeartbeatDetails(ctx) {
		var told creationProgress
		if err := activity.GetHeartbeatDetails(ctx, &told); err != nil || told.Attempt < info.Attempt-1 {
			told.CommitsUntil = latest
		}
		a.progress.CommitsUntil = later(commitsUntil, told.CommitsUntil)
	}
	if a.progress.CommitsUntil.After(latest) { // by the clock of another worker
		a.progress.CommitsUntil = latest
	}
	recordHeartbeatsBy(ctx, a.beat)
	_ = a.beat(ctx) // announce returns the error
	return a
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// beat sends a heartbeat with the attempt's progress.
func (a *creationAttempt) beat(ctx context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	began := now().Round(0)
	if a.unsure == nil && began.Sub(a.heard) > a.info.HeartbeatTimeout {
		a.unsure = errors.New("this worker stood still, and another one may have the attempt")
	}
	ctx, cancel := context.WithTimeout(ctx, heartbeatWait)
	defer cancel()
	err := a.temporal.RecordActivityHeartbeatWithOptions(ctx, client.RecordActivityHeartbeatOptions{
		TaskToken: a.info.TaskToken, Details: []any{a.progress}, Namespace: a.info.Namespace, WorkflowID: a.info.WorkflowExecution.ID,
		WorkflowType: a.info.WorkflowType.Name, ActivityType: a.info.ActivityType.Name, TaskQueue: a.info.TaskQueue,
	})
	if err == nil {
		a.heard = began
	}
	if a.unsure == nil {
		a.unsure = err
	}
	return err
}

// tell has Temporal record until when an order may come into being; zero for none. The error is that of any heartbeat of the attempt.
func (a *creationAttempt) tell(ctx context.Context, commitsUntil time.Time) error {
	a.mu.Lock()
	a.progress.CommitsUntil = commitsUntil
	a.mu.Unlock()
	_ = a.beat(ctx)
	return a.failed()
}

// failed returns why the attempt may ask for nothing; nil if it may.
func (a *creationAttempt) failed() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.unsure == nil {
		return nil
	}
	return fmt.Errorf("no order was asked for, because Temporal did not confirm the heartbeat before it: %w", a.unsure)
}

// pending reports whether an order that was asked for may still come into being.
func (a *creationAttempt) pending() bool {
	return a != nil && now().Before(a.progress.CommitsUntil)
}

// announce has Temporal record that the provider is about to be asked, and returns a context in which it is asked in time or not at all.
// by is until when the request may be sent anyway.
func (a *creationAttempt) announce(ctx context.Context, by time.Time) (context.Context, error) {
	if a == nil {
		return onmeta.SendBy(ctx, by), nil
	}
	if err := a.failed(); err != nil {
		_ = a.tell(ctx, time.Time{}) // the next attempt need not wait
		return nil, err
	}
	if soon := now().Round(0).Add(sendWithin); soon.Before(by) {
		by = soon
	}
	if err := a.tell(ctx, by.Add(maxCommitDelay+clockDifference)); err != nil {
		_ = a.tell(ctx, time.Time{})
		return nil, err
	}
	return onmeta.SendBy(ctx, by), nil
}

// lost has Temporal record until when an order whose answer was lost may come into being.
func (a *creationAttempt) lost(ctx context.Context, commitsUntil time.Time) {
	if a != nil {
		_ = a.tell(ctx, commitsUntil)
	}
}

// clear has Temporal record that no order was created, nor will be. If that fails, the next attempt searches for one in vain.
func (a *creationAttempt) clear(ctx context.Context) {
	if a != nil && !a.progress.CommitsUntil.IsZero() {
		_ = a.tell(ctx, time.Time{})
	}
}

// search searches until it finds an order, or none can come into being any more.
func (a *creationAttempt) search(ctx context.Context, find func() (string, error)) (string, error) {
	for {
		pending := a.pending()
		orderID, err := find()
		if err != nil || orderID != "" {
			return orderID, err
		}
		if a == nil {
			return "", nil
		}
		if !pending {
			a.clear(ctx)
			return "", a.failed()
		}
		if err := wait(ctx, min(searchPause, time.Until(a.progress.CommitsUntil))); err != nil {
			return "", errors.New("the attempt ended before it was known whether an order was created")
		}
	}
}
