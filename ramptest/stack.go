// Package ramptest gives the tests of a backend the whole of Rampart: a Temporal server, a worker, the gateway, and the provider as a
// sandbox whose clock runs fast. No account, no money and no container is involved.
//
// The stack is that of the command starter dev, in processes of its own. The first test that calls Start starts it, all tests of the test
// binary share it, and it ends with the test binary, however that ends. Tests keep apart by the references of their orders.
//
// The module under test requires Rampart, and replaces it by a checkout. The programs are built from that the first time, into the user's cache
// directory; the Temporal server takes about seven minutes of two cores, which wants go test -timeout 30m. RAMPTEST_BIN names a directory with programs that are built already, such as bin after make build. With
// TEMPORAL_ADDRESS, that Temporal server of this machine is used, and none is built.
package ramptest

import (
	"context"
	"crypto/rand"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"rampart/ramp"
)

// usualSpeed is how many times as fast as real time the sandbox's clock runs: an order settles in some seconds, and expires after three
// minutes without a payment.
const usualSpeed = 60

// Stack is the stack that the tests of a process share. Its methods are safe for concurrent use.
type Stack struct {
	// GatewayURL is where a backend calls, such as http://127.0.0.1:15088, with Token as its bearer token.
	GatewayURL string
	Token      string
	// SandboxURL is the provider's API and the sandbox's control plane, which sandbox/README.md describes.
	SandboxURL string
	// Orders is the client of a backend in Go, and Temporal the client that it uses.
	Orders   *ramp.Client
	Temporal client.Client
	// EventsSecret is the secret that signs the events of orders (Standard Webhooks).
	EventsSecret string

	receiver *receiver
}

// settings tell stacks apart.
type settings struct {
	speed float64
	bin   string
}

// Option changes the stack. Tests with the same options share a stack; a process seldom needs a second one.
type Option func(*settings)

// Speed sets how many times as fast as real time the sandbox's clock runs, in place of 60.
func Speed(times float64) Option { return func(s *settings) { s.speed = times } }

// Programs names a directory with the programs, as RAMPTEST_BIN does.
func Programs(directory string) Option { return func(s *settings) { s.bin = directory } }

// stacks are the stacks of this process.
var stacks sync.Map // of *shared, by settings

// shared is a stack that is started once.
type shared struct {
	once    sync.Once
	stack   *Stack
	process *childProcess
	err     error
}

// Start returns the stack, and starts it if it is the first call with these options. The test fails at once if the stack does not start. If
// the test fails later, the last lines of the stack's programs are logged.
func Start(t testing.TB, options ...Option) *Stack {
	t.Helper()
	wanted := settings{speed: usualSpeed}
	for _, option := range options {
		option(&wanted)
	}
	found, _ := stacks.LoadOrStore(wanted, new(shared))
	s := found.(*shared)
	s.once.Do(func() { s.start(wanted) })
	if s.err != nil {
		t.Fatalf("ramptest: %v", s.err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(s.process.tails())
		}
	})
	return s.stack
}

// startTime bounds the start of a stack whose programs are built.
const startTime = 2 * time.Minute

func (s *shared) start(wanted settings) {
	var built programs
	if built, s.err = findPrograms(wanted.bin); s.err != nil {
		return
	}
	if s.process, s.err = startProcess(built, wanted.speed); s.err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTime)
	defer cancel()
	if s.stack, s.err = connect(ctx, s.process.addresses); s.err != nil {
		return
	}
	s.stack.receiver, s.err = receive(s.process.addresses.Events, s.process.addresses.EventsSecret)
}

// Trigger moves an order on at the provider, as the command sandbox trigger does: to a status such as completed, cancelled, expired or
// refunded, by the steps that lead there. It fails the test if the provider has no such order.
func (s *Stack) Trigger(t testing.TB, status string, id ramp.ID) {
	t.Helper()
	body := fmt.Sprintf(`{"status":%q,"of":%q}`, status, id.Direction.WorkflowID(id.Reference))
	if err := s.control(t.Context(), "/sandbox/trigger", body); err != nil {
		t.Fatalf("ramptest: %v", err)
	}
}

// Reference returns a new reference for an order, which begins with the name of the test.
func Reference(t testing.TB) string {
	name := strings.Trim(regexp.MustCompile(`[^A-Za-z0-9]+`).ReplaceAllString(t.Name(), "-"), "-")
	return strings.ToLower(name[:min(len(name), maxName)] + "-" + rand.Text()[:8])
}

// maxName is how much of a test's name a reference has.
const maxName = 80
