package webhook_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/gateway/webhook"
	"rampart/onmeta"
	"rampart/ramp"
)

func contextWithTimeout(t *testing.T, after time.Duration) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithTimeout(t.Context(), after)
}

// waiting returns orders that wait for KYC, each of its own user.
func waiting(count int) *orders {
	known := &orders{users: map[ramp.ID]ramp.Email{}}
	for i := range count {
		reference := fmt.Sprintf("inv-%d", i)
		known.known = append(known.known, running(ramp.Onramp, reference, ""))
		known.users[ramp.ID{Direction: ramp.Onramp, Reference: reference}] = ramp.Email(fmt.Sprintf("user%d@example.test", i))
	}
	return known
}

func TestOnlyTheVerifiedUsersOrdersGetAHint(t *testing.T) {
	t.Parallel()
	known := waiting(5)
	known.users[ramp.ID{Direction: ramp.Onramp, Reference: "inv-4"}] = "user2@example.test"
	g := start(t, known)
	require.Equal(t, http.StatusOK, g.send(webhook.KYCPath, kyc("KYCCompleted", "user2@example.test")))
	require.ElementsMatch(t, []told{
		{ramp.ID{Direction: ramp.Onramp, Reference: "inv-2"}, ramp.Hint{ProviderStatus: "KYCCompleted"}},
		{ramp.ID{Direction: ramp.Onramp, Reference: "inv-4"}, ramp.Hint{ProviderStatus: "KYCCompleted"}},
	}, g.done())
	require.Equal(t, map[string]int64{"hinted": 1}, g.counts("kyc"))
}

func TestStepsOfKYCAndStrangersCostLittle(t *testing.T) {
	t.Parallel()
	g := start(t, waiting(3))
	for _, name := range []onmeta.KYCEventName{onmeta.KYCInit, onmeta.KYCSelfieSuccess, onmeta.KYCPANFailure, "SomethingNew"} {
		g.send(webhook.KYCPath, kyc(string(name), "user1@example.test"))
	}
	require.Zero(t, g.orders.calls)
	g.send(webhook.KYCPath, kyc("KYCCompleted", "stranger@example.test"))
	g.send(webhook.KYCPath, kyc("KYCCompleted", "not an address"))
	require.Empty(t, g.done())
	require.Equal(t, map[string]int64{"step": 4, "unknown": 1, "malformed": 1}, g.counts("kyc"))
}

func TestRepeatsOfAKYCWebhookAreCoalesced(t *testing.T) {
	t.Parallel()
	g := start(t, waiting(3))
	for range 1000 {
		require.Equal(t, http.StatusOK, g.send(webhook.KYCPath, kyc("KYCCompleted", "user1@example.test")))
	}
	require.Len(t, g.done(), 1)
	require.Equal(t, 3, g.orders.asked)
	require.Equal(t, map[string]int64{"hinted": 1, "repeated": 999}, g.counts("kyc"))
}

func TestNoMoreThanTheNewestHundredOrdersAreAsked(t *testing.T) {
	t.Parallel()
	g := start(t, waiting(150))
	g.send(webhook.KYCPath, kyc("KYCCompleted", "user120@example.test"))
	require.Empty(t, g.done())
	require.Equal(t, 100, g.orders.asked)
}

func TestOrderThatDoesNotAnswerIsPassedOver(t *testing.T) {
	t.Parallel()
	known := waiting(2)
	delete(known.users, ramp.ID{Direction: ramp.Onramp, Reference: "inv-0"})
	g := start(t, known)
	g.send(webhook.KYCPath, kyc("KYCCompleted", "user1@example.test"))
	require.Len(t, g.done(), 1)
}

func TestForgedKYCWebhookAsksNoOrder(t *testing.T) {
	t.Parallel()
	g := start(t, waiting(3))
	require.Equal(t, http.StatusUnauthorized, g.deliver(webhook.KYCPath, kyc("KYCCompleted", "user1@example.test"), "00"))
	require.Empty(t, g.done())
	require.Zero(t, g.orders.calls)
}

func TestStrangerMayHaveAnOrderLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		known := &orders{users: map[ramp.ID]ramp.Email{}}
		g := start(t, known)
		g.send(webhook.KYCPath, kyc("KYCCompleted", "user0@example.test"))
		time.Sleep(6 * time.Second)
		later := waiting(1)
		known.mu.Lock()
		known.known, known.users = later.known, later.users
		known.mu.Unlock()
		g.send(webhook.KYCPath, kyc("KYCCompleted", "user0@example.test"))
		require.Len(t, g.done(), 1)
	})
}
