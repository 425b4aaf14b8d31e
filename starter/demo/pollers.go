package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"

	"rampart/ramp"
	"rampart/starter/connection"
)

// poller is a worker as a task queue knows it.
type poller struct {
	identity string
	seen     time.Time
}

func pollersOf(ctx context.Context, c *connection.Connection) ([]poller, error) {
	queue, err := c.Temporal.DescribeTaskQueue(ctx, ramp.TaskQueue, enumspb.TASK_QUEUE_TYPE_WORKFLOW)
	if err != nil {
		return nil, err
	}
	var pollers []poller
	for _, p := range queue.GetPollers() {
		pollers = append(pollers, poller{identity: p.GetIdentity(), seen: p.GetLastAccessTime().AsTime()})
	}
	return pollers, nil
}

// pollLife is how long after its last poll a worker may still be there: polls last a minute.
const pollLife = 75 * time.Second

// idle returns when a task queue last saw each worker that it remembers, unless one of them still runs. That one would take the demo's orders to its
// own provider, perhaps the real one.
func idle(ctx context.Context, c *connection.Connection) (map[string]time.Time, error) {
	pollers, err := pollersOf(ctx, c)
	if err != nil {
		return nil, err
	}
	known := make(map[string]time.Time)
	for _, p := range pollers {
		if time.Since(p.seen) < pollLife && !knownGone(p.identity) {
			return nil, fmt.Errorf("a worker serves task queue %q of namespace %q at %s already (%s, seen %s ago), "+
				"and would take the demo's orders to its own provider: stop it and wait a minute, or set TEMPORAL_NAMESPACE to another namespace",
				ramp.TaskQueue, c.Namespace, c.Address, p.identity, time.Since(p.seen).Round(time.Second))
		}
		known[p.identity] = p.seen
	}
	return known, nil
}

// knownGone reports whether an identity, which is pid@host@ unless somebody chose another, is of a process of this machine that
// has ended.
func knownGone(identity string) bool {
	process, rest, _ := strings.Cut(identity, "@")
	host, _, _ := strings.Cut(rest, "@")
	pid, err := strconv.Atoi(process)
	here, hostErr := os.Hostname()
	return err == nil && hostErr == nil && pid > 0 && host == here && !exists(pid)
}

// arrival waits for a worker that has come since.
func arrival(ctx context.Context, s *server) error {
	ticks := time.NewTicker(lookAgain)
	defer ticks.Stop()
	for {
		pollers, err := pollersOf(ctx, s.connection)
		if err == nil && hasNew(pollers, s.pollers) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("does not ask for work: %w", errors.Join(context.Cause(ctx), err))
		case <-ticks.C:
		}
	}
}

func hasNew(pollers []poller, before map[string]time.Time) bool {
	return slices.ContainsFunc(pollers, func(p poller) bool { return p.seen.After(before[p.identity]) })
}
