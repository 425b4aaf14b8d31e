package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"rampart/ramp"
	"rampart/sandbox/fault"
)

const (
	// crashedWorkers is how many workers run beside each other while one of them is killed.
	crashedWorkers = 3
	// crashSpeed is the speed of the provider's clock while calls are interrupted: orders end within seconds. Takeovers do not depend on it.
	crashSpeed = 60
	// receiptTime is how long a call may take until the provider has received it.
	receiptTime = time.Minute
)

// Crash is the kill of one of several workers just after the provider received its call.
type Crash struct {
	Call string `json:"call"`
	// Slow is set for the creation of an order by bank transfer that the provider had received and not done: the next attempt waits until it
	// cannot be done any more.
	Slow bool `json:"slow,omitempty"`
	// Done is set if the provider had done by then what the call asks for.
	Done bool `json:"done"`
	// Seconds is the time from the kill until the user can go on: with payment instructions, or with the answer to the proof.
	Seconds float64 `json:"seconds"`
}

// Crashes is the result of kills of workers while others run.
type Crashes struct {
	Workers int     `json:"workers"`
	Calls   []Crash `json:"calls,omitempty"`
	// Ended is how many of the interrupted orders completed with one payout in the end: all, or the measurement fails.
	Ended int `json:"ordersEnded"`
	// Watches has the takeover of watches by each way to tell of the crash that was measured.
	Watches []CrashedWatches `json:"watches,omitempty"`
	// Curve is set if the watches compare ways to tell of the crash.
	Curve bool `json:"curve,omitempty"`
}

// crashLoad configures the measurement of crashes.
type crashLoad struct {
	// each is how many workers are killed at each call, every second after the provider has done it.
	each    int
	calls   []crashingCall
	watches watchLoad
}

func newCrashLoad(quick bool) crashLoad {
	if quick {
		return crashLoad{each: 1, calls: crashingCalls()[:2], watches: newWatchLoad(true)}
	}
	return crashLoad{each: 5, calls: crashingCalls(), watches: newWatchLoad(false)}
}

// RunCrashes kills workers while others run: at every call that changes something at the provider, and while they watch. After an error the
// report has what was measured before.
func RunCrashes(ctx context.Context, options Options) (Report, error) {
	report := newReport(options)
	report.Crashes = &Crashes{Workers: crashedWorkers}
	err := runCrashes(ctx, options, report.Crashes)
	return report.finished(), err
}

func runCrashes(ctx context.Context, options Options, found *Crashes) error {
	if err := options.check(); err != nil {
		return err
	}
	load := newCrashLoad(options.Quick)
	if err := crashCalls(ctx, options.in("calls"), load, found); err != nil {
		return err
	}
	taken, err := measureWatches(ctx, options.in("watches"), load.watches, 0)
	if err == nil {
		found.Watches = append(found.Watches, taken)
	}
	return err
}

// RunCrashCurve measures the takeover of watches and what a poll costs, by the lease of a worker and by several heartbeat timeouts.
func RunCrashCurve(ctx context.Context, options Options) (Report, error) {
	report := newReport(options)
	report.Crashes = &Crashes{Workers: crashedWorkers, Curve: true}
	if err := options.check(); err != nil {
		return report.finished(), err
	}
	for _, timeout := range []time.Duration{0, 20 * time.Second, 40 * time.Second, 80 * time.Second} {
		taken, err := measureWatches(ctx, options.in(timeout.String()), newWatchLoad(options.Quick), timeout)
		if err != nil {
			return report.finished(), fmt.Errorf("%s: %w", taken.by(), err)
		}
		report.Crashes.Watches = append(report.Crashes.Watches, taken)
	}
	return report.finished(), nil
}

// in returns the options of a part of a measurement, with a directory of its own.
func (o Options) in(name string) Options {
	o.Dir = filepath.Join(o.Dir, name)
	return o
}

// fleet is several workers, each of which is started again after a kill.
type fleet struct {
	*stack
	start   func(ctx context.Context, name string) error
	workers []string
}

// newFleet starts a stack whose workers a function starts. The caller closes it, also after an error if it gets one.
func newFleet(ctx context.Context, options Options, speed float64, start func(ctx context.Context, s *stack, name string) error) (*fleet, error) {
	if err := os.MkdirAll(options.Dir, 0o700); err != nil {
		return nil, err
	}
	s, err := newStack(ctx, options, stackSettings{speed: speed, workerless: true})
	f := &fleet{stack: s, start: func(ctx context.Context, name string) error { return start(ctx, s, name) }}
	for i := 0; i < crashedWorkers && err == nil; i++ {
		f.workers = append(f.workers, fmt.Sprintf("worker-%d", i+1))
		err = f.start(ctx, f.workers[i])
	}
	return f, err
}

// startShipped starts a worker as it is shipped.
func startShipped(ctx context.Context, s *stack, name string) error {
	_, err := s.startNamedWorker(ctx, name)
	return err
}

// crashesRun is a measurement of interrupted calls in progress.
type crashesRun struct {
	progress
	fleet  *fleet
	found  *Crashes
	orders []crashingOrder
}

// crashCalls kills a worker at each call, several times.
func crashCalls(ctx context.Context, options Options, load crashLoad, found *Crashes) error {
	f, err := newFleet(ctx, options, crashSpeed, startShipped)
	if f != nil {
		defer f.close()
	}
	if err != nil {
		return err
	}
	c := &crashesRun{progress: newProgress(options.Progress), fleet: f, found: found}
	if err := f.provider.setClockSpeed(crashSpeed); err != nil {
		return err
	}
	for i := range load.each {
		for j, call := range load.calls {
			if err := c.crash(ctx, call, (i+j)%2 == 0); err != nil {
				return fmt.Errorf("%s: %w", call.name, err)
			}
		}
	}
	return c.awaitEnds(ctx)
}

// crash interrupts a call, waits until its user can go on, and starts the worker again.
func (c *crashesRun) crash(ctx context.Context, call crashingCall, done bool) error {
	s, err := c.strike(ctx, call, done)
	if err != nil {
		return err
	}
	if err := c.settle(ctx, s); err != nil {
		return err
	}
	return c.fleet.start(ctx, s.worker)
}

// struckOrder is an order whose worker was killed.
type struckOrder struct {
	crashingOrder
	call     crashingCall
	done     bool
	worker   string
	killed   time.Time
	answered chan answer
}

// answer is what a backend got, and when.
type answer struct {
	at  time.Time
	err error
}

// strike kills the worker of a call once the provider has received it, or has done what it asks for.
func (c *crashesRun) strike(ctx context.Context, call crashingCall, done bool) (struckOrder, error) {
	s := struckOrder{call: call, done: done, answered: make(chan answer, 1)}
	var err error
	if s.crashingOrder, err = call.order(c.fleet.stack, len(c.orders)+1); err != nil {
		return s, err
	}
	c.orders = append(c.orders, s.crashingOrder)
	ask := s.start
	if call.proof {
		if err := s.start(ctx); err != nil {
			return s, err
		}
		ask = s.prove
	}
	rule := fault.Rule{
		Fault: fault.Fault{Kind: fault.Timeout, After: done}, Scope: fault.Scope{Route: call.route, Email: s.email}, Times: 1,
	}
	if rule, err = c.fleet.provider.server.AddFault(rule); err != nil {
		return s, err
	}
	seen := c.fleet.provider.lastEvent()
	go func() {
		err := ask(ctx)
		s.answered <- answer{time.Now(), err}
	}()
	if err := c.awaitReceipt(ctx, s, rule.ID, seen); err != nil {
		return s, err
	}
	holder, err := c.fleet.Holder(ctx, s.id.Direction.WorkflowID(s.id.Reference))
	if err != nil {
		return s, err
	}
	s.worker, s.killed = holder.Name(), time.Now()
	holder.Kill()
	return s, nil
}

// awaitReceipt waits until the provider has received a call, and has done it if it is to.
func (c *crashesRun) awaitReceipt(ctx context.Context, s struckOrder, rule string, seen int) error {
	ctx, cancel := context.WithTimeoutCause(ctx, receiptTime, errors.New("the provider does not get the call in time"))
	defer cancel()
	p := c.fleet.provider
	for !p.injected(rule) || s.done && !p.hasHappened(seen, s.call.effect, s.email) {
		select {
		case early := <-s.answered:
			return fmt.Errorf("the call was answered before the worker was killed (%w)", early.err)
		default:
		}
		if !sleep(ctx, 5*time.Millisecond) {
			return context.Cause(ctx)
		}
	}
	return nil
}

// settle waits until the user of an order can go on.
func (c *crashesRun) settle(ctx context.Context, s struckOrder) error {
	limited, cancel := context.WithTimeoutCause(ctx, takeoverTime, errors.New("the order does not go on in time"))
	defer cancel()
	var got answer
	select {
	case got = <-s.answered:
	case <-limited.Done():
		return context.Cause(limited)
	}
	if got.err != nil {
		return got.err
	}
	crash := Crash{Call: s.call.name, Slow: s.call.transfer && !s.done, Done: s.done, Seconds: got.at.Sub(s.killed).Seconds()}
	c.found.Calls = append(c.found.Calls, crash)
	c.logf("killed during %s (%s): the user goes on after %.1f s", crash.Call, crash.state(), crash.Seconds)
	if s.call.proof {
		return nil
	}
	return s.prove(ctx)
}

func (c Crash) state() string {
	if c.Done {
		return "done"
	}
	return "received"
}

// awaitEnds fails unless every order completes, with one payout at the provider.
func (c *crashesRun) awaitEnds(ctx context.Context) error {
	ctx, cancel := withPatience(ctx)
	defer cancel()
	for _, o := range c.orders {
		ended, err := c.fleet.Orders.Await(ctx, o.id)
		if err != nil {
			return err
		}
		if ended.Status != ramp.Completed {
			return fmt.Errorf("order %s ended as %s", o.id.Reference, ended.Status)
		}
	}
	for _, total := range c.fleet.provider.server.Ledger().ByReference() {
		if total.PaidOut != 1 || total.WithProof != 1 {
			return fmt.Errorf("order %s has %d proofs and %d payouts at the provider", total.Reference, total.WithProof, total.PaidOut)
		}
		c.found.Ended++
	}
	return nil
}

// seconds returns the times of the slow crashes, or of all others, sorted.
func (c *Crashes) seconds(slow bool) []float64 {
	var all []float64
	for _, crash := range c.Calls {
		if crash.Slow == slow {
			all = append(all, crash.Seconds)
		}
	}
	slices.Sort(all)
	return all
}
