package sandbox_test

import (
	"fmt"
	"net/http/httptest"
	"time"

	"rampart/sandbox"
)

// Example runs the sandbox in a test, on a clock that only the test moves.
func Example() {
	clock := sandbox.NewClock(time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC), 0)
	provider, err := sandbox.New(sandbox.Options{Seed: 1, Clock: clock})
	if err != nil {
		panic(err)
	}
	server := httptest.NewServer(provider)
	defer server.Close()

	clock.Advance(3 * time.Hour) // to the deadline of an order, for example
	fmt.Println(len(provider.Ledger().Orders), "orders")
	// Output: 0 orders
}
