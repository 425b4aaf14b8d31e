package commands_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/ramp"
	"rampart/ramptest"
)

func TestOrderOfTheProviderIsTakenOverWithTheRequestOfItsDirection(t *testing.T) {
	t.Parallel()
	x := with(order(ramp.Onramp, "inv-42-b", ramp.AwaitingPayment), order(ramp.Offramp, "wd-7", ramp.AwaitingPayment))
	x.stdin = encoded(t, ramptest.OnrampRequest("inv-42"))
	got := x.run(t, "adopt", "6500a", "--file", "-", "--reference", "inv-42-b")
	require.Zero(t, got.code, got.stderr)
	require.Equal(t, &ramp.AdoptedOrder{OrderID: "6500a"}, x.fake.onramp.Adopt)
	require.Equal(t, "inv-42-b", x.fake.onramp.Reference)

	x.stdin = encoded(t, ramptest.OfframpRequest("wd-7"))
	got = x.run(t, "adopt", "6500b", "--file", "-")
	require.Zero(t, got.code, got.stderr)
	require.Equal(t, &ramp.AdoptedOrder{OrderID: "6500b"}, x.fake.offramp.Adopt)
	require.Equal(t, "wd-7", x.fake.offramp.Reference)
}

func encoded(t *testing.T, request any) string {
	t.Helper()
	content, err := json.Marshal(request)
	require.NoError(t, err)
	return string(content)
}

func TestTakeOverOfAnInvalidRequestStartsNothing(t *testing.T) {
	t.Parallel()
	for name, line := range map[string][]string{
		"no file":          {"adopt", "6500a"},
		"no order":         {"adopt", "--file", "-"},
		"bad order id":     {"adopt", "6500 a", "--file", "-"},
		"bad reference":    {"adopt", "6500a", "--file", "-", "--reference", "a b"},
		"request is empty": {"adopt", "6500a", "--file", file(t, "{}")},
		"request is text":  {"adopt", "6500a", "--file", file(t, "no json")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := with()
			x.stdin = encoded(t, ramptest.OnrampRequest("inv-42"))
			got := x.run(t, line...)
			require.Equal(t, 2, got.code, got.stderr)
			require.NotContains(t, got.stderr, "Asha Rao")
			require.Empty(t, x.fake.calls)
		})
	}
}
