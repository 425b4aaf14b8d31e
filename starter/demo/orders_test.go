package demo

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/ramp"
	"rampart/starter/view"
)

func begin() time.Time { return time.Date(2026, time.November, 23, 6, 0, 0, 0, time.UTC) }

func TestOrdersOfTheDemoAreValid(t *testing.T) {
	t.Parallel()
	u := newUser(nil, begin())
	buy, sell := u.onramp(), u.offramp()
	require.NoError(t, buy.Validate())
	require.NoError(t, sell.Validate())
	require.Equal(t, "1000.00", buy.Fiat.Amount)
	require.Equal(t, "100.00", sell.TokenAmount)
}

func TestProofsAreValidAndChooseNoOtherOutcome(t *testing.T) {
	t.Parallel()
	for run := range 200 {
		u := newUser(nil, begin().Add(time.Duration(run)*time.Second))
		utr, err := ramp.ParseUTR(ramp.UPI, u.utr())
		require.NoError(t, err)
		require.False(t, strings.HasPrefix(utr, "9999"))
		hash, err := ramp.ParseTransactionHash(polygon, u.hash())
		require.NoError(t, err)
		require.False(t, strings.HasSuffix(hash, "dead"))
	}
}

func TestReferencesAndProofsOfEachRunAreUnique(t *testing.T) {
	t.Parallel()
	first, again, second := newUser(nil, begin()), newUser(nil, begin()), newUser(nil, begin().Add(time.Millisecond))
	require.NotEqual(t, first.onramp().Reference, second.onramp().Reference)
	require.NotEqual(t, first.onramp().Reference, first.offramp().Reference)
	utr := first.utr()
	require.Equal(t, utr, again.utr(), "they follow from the time")
	require.NotEqual(t, utr, second.utr())
}

func TestDemoPrintsNoPersonalData(t *testing.T) {
	t.Parallel()
	for _, l := range newUser(nil, begin()).lanes() {
		for _, secret := range []string{email, holder, "asha@okbank", "50100000004821", "ABCPE1234F"} {
			require.NotContains(t, l.title, secret)
			require.NotContains(t, l.paying(&ramp.Order{}), secret)
		}
	}
}

// fakeLane returns a lane whose order passes through these statuses. It counts the payments.
func fakeLane(name string, payments *int, statuses ...ramp.Status) lane {
	return lane{
		name:  name,
		id:    ramp.ID{Direction: ramp.Onramp, Reference: name},
		start: func(context.Context) (*ramp.Order, error) { return orderIn(name, statuses[0], 0), nil },
		watch: func(ctx context.Context) iter.Seq2[*ramp.Order, error] {
			return func(yield func(*ramp.Order, error) bool) {
				for i, status := range statuses {
					if !yield(orderIn(name, status, i), nil) {
						return
					}
				}
				if !statuses[len(statuses)-1].Final() {
					<-ctx.Done()
					yield(nil, ctx.Err())
				}
			}
		},
		pay: func(context.Context) (*ramp.Order, error) {
			*payments++
			return nil, nil
		},
		paying: func(*ramp.Order) string { return name + " pays" },
	}
}

func orderIn(reference string, status ramp.Status, step int) *ramp.Order {
	at := begin().Add(time.Duration(step) * time.Second)
	return &ramp.Order{
		Reference: reference, Direction: ramp.Onramp, Status: status, UpdatedAt: at,
		Timeline: []ramp.TimelineEntry{{Status: status, At: at}},
	}
}

// playAll plays lanes, and returns their last orders and the output.
func playAll(t *testing.T, lanes ...lane) ([]*ramp.Order, string, error) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var out bytes.Buffer
	var names []string
	events := make(chan event)
	for i, l := range lanes {
		names = append(names, l.name)
		go func() { events <- event{lane: i, ended: true, err: play(ctx, l, i, events)} }()
	}
	orders, err := show(ctx, stop, view.NewLanes(view.NewScreen(&out), names...), lanes, events)
	return orders, out.String(), err
}

func TestUserPaysOnceTheOrderAwaitsPayment(t *testing.T) {
	t.Parallel()
	var first, second int
	orders, shown, err := playAll(t,
		fakeLane("first", &first, ramp.Quoting, ramp.AwaitingPayment, ramp.AwaitingPayment, ramp.Settling, ramp.Completed),
		fakeLane("second", &second, ramp.AwaitingPayment, ramp.Completed))
	require.NoError(t, err)
	require.NoError(t, completed(orders))
	require.Equal(t, []int{1, 1}, []int{first, second})
	require.Contains(t, shown, "first pays")
	require.Contains(t, shown, "second pays")
}

func TestDemoSucceedsOnlyIfBothOrdersComplete(t *testing.T) {
	t.Parallel()
	var payments int
	orders, _, err := playAll(t,
		fakeLane("first", &payments, ramp.Completed),
		fakeLane("second", new(int), ramp.AwaitingPayment, ramp.Refunded))
	require.NoError(t, err)
	require.EqualError(t, completed(orders), "the onramp order second ended as refunded")
}

func TestFailureOfOneOrderEndsTheOther(t *testing.T) {
	t.Parallel()
	failing := fakeLane("failing", new(int), ramp.AwaitingPayment)
	failing.pay = func(context.Context) (*ramp.Order, error) { return nil, errors.New("refused") }
	_, _, err := playAll(t, failing, fakeLane("waiting", new(int), ramp.Quoting))
	require.EqualError(t, err, "the failing order: refused")
}

func TestPanicOfAnOrderIsAnError(t *testing.T) {
	t.Parallel()
	broken := fakeLane("broken", new(int), ramp.Completed)
	broken.start = func(context.Context) (*ramp.Order, error) { panic("broken") }
	_, _, err := playAll(t, broken, fakeLane("waiting", new(int), ramp.Quoting))
	require.ErrorContains(t, err, "broken")
}
