package stack

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

	"rampart/internal/process"
	"rampart/ramp"
	"rampart/starter/connection"
)

// poller is a worker as a task queue knows it.
type poller struct {
	identity string
	// lastPoll is when its last poll was seen.
	lastPoll time.Time
}

func pollersOf(ctx context.Context, c *connection.Connection) ([]poller, error) {
	queue, err := c.Temporal.DescribeTaskQueue(ctx, ramp.TaskQueue, enumspb.TASK_QUEUE_TYPE_WORKFLOW)
	if err != nil {
		return nil, err
	}
	var pollers []poller
	for _, p := range queue.GetPollers() {
		pollers = append(pollers, poller{identity: p.GetIdentity(), lastPoll: p.GetLastAccessTime().AsTime()})
	}
	return pollers, nil
}

// maxPollGap is how long after its last poll a worker may still run: a poll lasts up to a minute.
const maxPollGap = 75 * time.Second

// formerPollers returns the last poll of each worker that the task queue remembers, by identity. It fails if one of them may still run:
// that worker would process the stack's orders with its own provider, which may be the real one.
func formerPollers(ctx context.Context, c *connection.Connection) (map[string]time.Time, error) {
	pollers, err := pollersOf(ctx, c)
	if err != nil {
		return nil, err
	}
	former := make(map[string]time.Time)
	for _, p := range pollers {
		if age := time.Since(p.lastPoll); age < maxPollGap && !exited(p.identity) {
			return nil, fmt.Errorf("worker %s polls task queue %q of namespace %q at %s (last seen %s ago), and would process the new "+
				"orders with its own provider: stop it and wait a minute, or set TEMPORAL_NAMESPACE to another namespace",
				p.identity, ramp.TaskQueue, c.Namespace, c.Address, age.Round(time.Second))
		}
		former[p.identity] = p.lastPoll
	}
	return former, nil
}

// exited reports whether an identity names a process of this machine that does not run. Identities are pid@host@ by default; others
// name no process.
func exited(identity string) bool {
	id, rest, _ := strings.Cut(identity, "@")
	host, _, _ := strings.Cut(rest, "@")
	pid, err := strconv.Atoi(id)
	thisHost, hostErr := os.Hostname()
	return err == nil && hostErr == nil && pid > 0 && host == thisHost && !process.Exists(pid)
}

// newPoller returns nil once a worker polls that did not poll before the stack started its own.
func (s *Stack) newPoller(ctx context.Context) error {
	pollers, err := pollersOf(ctx, s.Connection)
	if err != nil {
		return err
	}
	if !hasNew(pollers, s.formerPollers) {
		return errors.New("it does not poll the task queue")
	}
	return nil
}

func hasNew(pollers []poller, former map[string]time.Time) bool {
	return slices.ContainsFunc(pollers, func(p poller) bool { return p.lastPoll.After(former[p.identity]) })
}
