package torture

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// blow is what happens to a process.
type blow struct {
	at    time.Duration
	does  string
	which int
	// pause is how long nothing takes its place.
	pause time.Duration
}

const (
	killsWorker  = "kill -9 of a worker"
	stopsWorker  = "SIGTERM to a worker"
	killsServer  = "kill -9 of the Temporal server"
	longestPause = 3 * time.Second
)

// planBlows spreads the blows over the time in which orders start and are worked on.
func planBlows(options Options) []blow {
	random := rand.New(rand.NewPCG(uint64(options.Seed), 2))
	from, span := options.arrivals()/20, options.arrivals()+longestThought
	var blows []blow
	add := func(times int, does string) {
		for i := range times {
			share := (float64(i) + random.Float64()) / float64(times)
			blows = append(blows, blow{
				at:    from + time.Duration(share*float64(span)),
				does:  does,
				which: random.IntN(workersRunning),
				pause: time.Duration(random.Float64() * float64(longestPause)),
			})
		}
	}
	add(options.Kills, killsWorker)
	add(options.Stops, stopsWorker)
	add(options.ServerKills, killsServer)
	slices.SortFunc(blows, func(a, b blow) int { return int(a.at - b.at) })
	return blows
}

// chaos deals blows to a cluster.
type chaos struct {
	cluster *cluster
	begun   time.Time

	mu sync.Mutex
	// dealt counts the blows.
	dealt map[string]int
	// unclean counts the workers that did not end well after SIGTERM.
	unclean int
	failed  error
}

// deal deals the blows when their time comes: those to workers one after another, so that two of them always run, those to
// the server at the same time.
func (c *chaos) deal(ctx context.Context, blows []blow) error {
	var dealing sync.WaitGroup
	deal := func(matches func(blow) bool, strike func(context.Context, blow) error) {
		dealing.Go(func() {
			for _, b := range blows {
				if matches(b) && !c.next(ctx, b, strike) {
					return
				}
			}
		})
	}
	deal(func(b blow) bool { return b.does != killsServer }, c.strikeWorker)
	deal(func(b blow) bool { return b.does == killsServer }, c.strikeServer)
	dealing.Wait()
	return c.failed
}

func (c *chaos) next(ctx context.Context, b blow, strike func(context.Context, blow) error) bool {
	if !sleep(ctx, time.Until(c.begun.Add(b.at))) {
		return false
	}
	say(c.cluster.options.progress(), c.begun, "%s", b.does)
	err := strike(ctx, b)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dealt[b.does]++
	if err != nil && ctx.Err() == nil {
		c.failed = err
		return false
	}
	return true
}

func (c *chaos) strikeWorker(ctx context.Context, b blow) error {
	worker := c.cluster.worker(b.which)
	if !worker.Running() {
		c.cluster.noteLost("a worker ended by itself:\n" + worker.LogTail())
	}
	if b.does == stopsWorker {
		if !worker.Stop(stopGrace) {
			c.mu.Lock()
			c.unclean++
			c.mu.Unlock()
		}
	} else {
		worker.Kill()
	}
	sleep(ctx, b.pause)
	return c.replace(ctx, b.which)
}

// replace starts a worker again, as a platform does, also when it gives up because there is no server for it.
func (c *chaos) replace(ctx context.Context, which int) error {
	starting, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	for {
		err := c.cluster.startWorker(starting, which)
		if err == nil || !sleep(starting, time.Second) {
			return err
		}
	}
}

func (c *chaos) strikeServer(ctx context.Context, b blow) error {
	c.cluster.server.kill()
	sleep(ctx, b.pause)
	starting, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	return c.cluster.server.start(starting)
}

// sleep waits, and reports whether it could wait to the end.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
