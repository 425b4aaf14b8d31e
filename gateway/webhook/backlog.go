package webhook

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.uber.org/zap"
)

const (
	// maxBacklog bounds how many webhooks are being worked on or wait for that. Further ones are dropped: their orders poll.
	maxBacklog = 1000
	// attempts is how many of them call Temporal at once.
	attempts = 8
	// attemptTime bounds one attempt.
	attemptTime = 30 * time.Second
	// firstPause is the pause after the first failed attempt. It doubles up to lastPause, after which the hint is given up: about a
	// minute after the webhook, as the order polls by itself by then.
	firstPause = time.Second
	lastPause  = 32 * time.Second
)

// backlog works on webhooks after they were answered. Nothing runs while it is empty.
type backlog struct {
	slots    chan struct{}
	running  chan struct{}
	stopping context.Context
	stop     context.CancelFunc
	open     sync.WaitGroup
	mu       sync.Mutex // guards closed, and open.Add against open.Wait
	closed   bool
}

func newBacklog() *backlog {
	stopping, stop := context.WithCancel(context.Background())
	return &backlog{slots: make(chan struct{}, maxBacklog), running: make(chan struct{}, attempts), stopping: stopping, stop: stop}
}

// add runs work, and reports false if there is no room for it.
func (b *backlog) add(work func()) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return false
	}
	select {
	case b.slots <- struct{}{}:
	default:
		return false
	}
	b.open.Go(func() {
		defer func() { <-b.slots }()
		work()
	})
	return true
}

// attempt runs work once there is room for it among the attempts.
func (b *backlog) attempt(work func(context.Context) (result, error)) (result, error) {
	select {
	case b.running <- struct{}{}:
	case <-b.stopping.Done():
		return failed, b.stopping.Err()
	}
	defer func() { <-b.running }()
	ctx, cancel := context.WithTimeout(b.stopping, attemptTime)
	defer cancel()
	return work(ctx)
}

// retry attempts work until it succeeds or is given up.
func (b *backlog) retry(work func(context.Context) (result, error)) (result, error) {
	for pause := firstPause; ; pause *= 2 {
		done, err := b.attempt(work)
		if err == nil || pause > lastPause {
			return done, err
		}
		select {
		case <-time.After(pause):
		case <-b.stopping.Done():
			return failed, errors.Join(err, b.stopping.Err())
		}
	}
}

// close takes no more work and waits for the rest of it, until ctx ends.
func (b *backlog) close(ctx context.Context) {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	cut := context.AfterFunc(ctx, b.stop)
	b.open.Wait()
	cut()
	b.stop()
}

// queue does the work of a webhook after its answer. If it is not done, unsent lets the next webhook try again.
func (h *Handler) queue(k kind, work func(context.Context) (result, error), unsent func()) {
	room := h.backlog.add(func() {
		done, err := h.backlog.retry(work)
		h.counts.add(k, done)
		if done == failed {
			unsent()
			h.log.Warn("a hint was not sent; the order polls the provider as before", zap.String("kind", string(k)), zap.Error(err))
		}
	})
	if !room {
		unsent()
		h.counts.add(k, dropped)
	}
}
