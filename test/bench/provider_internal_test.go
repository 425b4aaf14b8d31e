package bench

import (
	"context"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"rampart/onmeta"
	"rampart/test/testbed"
)

// submitted creates an order at a provider and submits its proof.
func submitted(t *testing.T, p *provider, o order) (*onmeta.Client, onmeta.User, string) {
	t.Helper()
	transport, err := onmeta.NewTransport(onmeta.Config{BaseURL: p.address, APIKey: testbed.APIKey})
	require.NoError(t, err)
	client := onmeta.New(transport)
	session, err := client.Login(t.Context(), o.request.Email)
	require.NoError(t, err)
	user := onmeta.User{Email: o.request.Email, Token: session.Access.Value}
	created, err := client.CreateOnramp(t.Context(), user, onmeta.CreateOnrampRequest{
		TokenSymbol: o.request.Token.Symbol, TokenAddress: o.request.Token.Address, ChainID: o.request.Token.ChainID,
		FiatCurrency: o.request.Fiat.Currency, FiatAmount: decimal.NewFromInt(1000), ReceiverAddress: o.request.WalletAddress,
		PaymentMode: "INR_UPI", UPI: (*onmeta.UPIAccount)(o.request.UPI),
	})
	require.NoError(t, err)
	require.NoError(t, client.SubmitUTR(t.Context(), user, created.OrderID, o.utr()))
	return client, user, created.OrderID
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	p, err := startProvider(1, 0)
	require.NoError(t, err)
	t.Cleanup(p.close)
	return p
}

func TestOrderChangesItsStatusWithThePollsOfItsSchedule(t *testing.T) {
	t.Parallel()
	for polls, want := range map[int][]string{
		1: {"completed"},
		2: {"fiatReceived", "completed"},
		6: {"fiatPending", "fiatReceived", "fiatReceived", "transferred", "transferred", "completed"},
	} {
		p := newProvider(t)
		p.setSchedule(completeAfter(polls))
		o := newOrder(1)
		client, user, id := submitted(t, p, o)
		require.False(t, p.proofArrived(o.utr()).IsZero())
		before, _ := p.counts()

		var statuses []string
		for range polls {
			require.True(t, p.completedAt(id).IsZero())
			statuses = append(statuses, poll(t.Context(), t, client, user, id))
		}

		require.Equal(t, want, statuses)
		require.False(t, p.completedAt(id).IsZero())
		calls, polled := p.counts()
		require.Equal(t, polls, calls-before)
		require.Equal(t, polls, polled)
	}
}

func TestOrderWithoutAScheduleKeepsItsStatusAndItsGapsAreRecorded(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	client, user, id := submitted(t, p, newOrder(1))
	p.recordGaps(true)

	for range 4 {
		require.Equal(t, "fiatPending", poll(t.Context(), t, client, user, id))
	}

	require.Len(t, p.gaps(), 3)
	p.recordGaps(false)
	require.Empty(t, p.gaps())
	require.Zero(t, p.refusedForRate())
}

func poll(ctx context.Context, t *testing.T, client *onmeta.Client, user onmeta.User, id string) string {
	t.Helper()
	status, err := client.OnrampStatus(ctx, user, id)
	require.NoError(t, err)
	return string(status.Status)
}
