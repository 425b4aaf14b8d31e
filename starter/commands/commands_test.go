package commands_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"

	"rampart/ramp"
)

func TestUpdatesGoToTheNamedOrder(t *testing.T) {
	t.Parallel()
	hash := "0x" + strings.Repeat("ab", 32)
	tests := map[string]struct {
		line []string
		call string
	}{
		"utr":                 {[]string{"submit-utr", "inv-42", "412345678901"}, "submit-utr 412345678901"},
		"utr, by workflow id": {[]string{"submit-utr", "onramp/inv-42", "412345678901"}, "submit-utr 412345678901"},
		"hash":                {[]string{"submit-hash", "wd-7", hash}, "submit-hash " + hash},
		"dossier":             {[]string{"submit-kyc", "wd-7", "file:///kyc/asha"}, "submit-kyc file:///kyc/asha"},
		"account":             {[]string{"submit-account", "inv-42", "--upi-id", "asha@okbank", "--upi-name", "Asha Rao"}, "submit-account"},
		"quote":               {[]string{"confirm-quote", "inv-42", "q-1"}, "confirm-quote q-1"},
		"cancellation":        {[]string{"cancel", "offramp/wd-7"}, "cancel"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := with(order(ramp.Onramp, "inv-42", ramp.VerifyingPayment), order(ramp.Offramp, "wd-7", ramp.VerifyingPayment))
			got := x.run(t, test.line...)
			require.Zero(t, got.code, got.stderr)
			require.Equal(t, []string{test.call}, x.fake.calls)
			require.Contains(t, got.stdout, "verifying payment")

			got = x.run(t, append(test.line, "-o", "json")...)
			require.Equal(t, ramp.VerifyingPayment, decoded[ramp.Order](t, got.stdout).Status)
		})
	}
}

func TestAccountIsReadFromAFile(t *testing.T) {
	t.Parallel()
	x := with(order(ramp.Offramp, "wd-7", ramp.Quoting))
	x.stdin = `{"bank": {"accountName": "Asha Rao", "accountNumber": "50100000004821", "ifsc": "HDFC0001234", "pan": "ABCPE1234F"}}`
	require.Zero(t, x.run(t, "submit-account", "wd-7", "--file", "-").code)
	require.Equal(t, &ramp.BankAccount{AccountName: "Asha Rao", AccountNumber: "50100000004821", IFSC: "HDFC0001234", PAN: "ABCPE1234F"}, x.fake.account.Bank)
	require.Nil(t, x.fake.account.UPI)
}

func TestUpdateForTheOtherDirectionIsAUsageError(t *testing.T) {
	t.Parallel()
	x := with(order(ramp.Offramp, "wd-7", ramp.AwaitingPayment))
	require.Equal(t, 2, x.run(t, "submit-utr", "offramp/wd-7", "412345678901").code)
	require.Equal(t, 2, x.run(t, "submit-hash", "onramp/inv-42", "0x").code)
	require.Empty(t, x.fake.calls)
}

func TestReferenceOfTwoOrdersIsAmbiguous(t *testing.T) {
	t.Parallel()
	x := with(order(ramp.Onramp, "42", ramp.AwaitingPayment), order(ramp.Offramp, "42", ramp.AwaitingPayment))
	for _, line := range [][]string{{"status", "42"}, {"cancel", "42"}} {
		got := x.run(t, line...)
		require.Equal(t, 2, got.code)
		require.Contains(t, got.stderr, "use onramp/42 or offramp/42")
	}
	require.Contains(t, x.run(t, "status", "offramp/42").stdout, "Off-ramp order 42")
}

func TestUnknownOrderIsAnError(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"inv-1", "onramp/inv-1"} {
		got := with().run(t, "status", name)
		require.Equal(t, 1, got.code)
		require.Contains(t, got.stderr, "order inv-1: there is no such order")
	}
}

func TestExitCodeFollowsFromTheError(t *testing.T) {
	t.Parallel()
	over := func(status ramp.Status) error {
		return &ramp.Error{Type: ramp.OrderOver, Message: "over", Order: order(ramp.Onramp, "inv-42", status)}
	}
	tests := map[string]struct {
		err  error
		code int
	}{
		"accepted":                {nil, 0},
		"refused":                 {&ramp.Error{Type: ramp.ProofRefused, Message: "refused"}, 1},
		"conflict":                {&ramp.Error{Type: ramp.ProofConflict, Message: "another"}, 1},
		"not awaited":             {&ramp.Error{Type: ramp.NotAwaited, Message: "not now"}, 1},
		"anything else":           {errors.New("something"), 1},
		"invalid":                 {&ramp.Error{Type: ramp.InvalidRequest, Message: "invalid"}, 2},
		"expired before":          {over(ramp.Expired), 3},
		"completed before":        {over(ramp.Completed), 1},
		"not ready":               {&ramp.Error{Type: ramp.NotReady, Message: "not yet"}, 4},
		"wrapped and not in time": {errors.Join(errors.New("order inv-42"), context.DeadlineExceeded), 4},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := with(order(ramp.Onramp, "inv-42", ramp.VerifyingPayment))
			x.fake.err = test.err
			got := x.run(t, "submit-utr", "inv-42", "412345678901")
			require.Equal(t, test.code, got.code)
			if test.err != nil {
				require.Contains(t, got.stderr, "starter: ")
				require.Empty(t, got.stdout)
			}
		})
	}
}

func TestErrorsInJSONHaveTheFormOfTheContract(t *testing.T) {
	t.Parallel()
	x := with(order(ramp.Onramp, "inv-42", ramp.AwaitingPayment))
	x.fake.err = &ramp.Error{Type: ramp.ProofRefused, Reference: "inv-42", Message: "the provider refused the UTR"}
	got := x.run(t, "submit-utr", "inv-42", "412345678901", "-o", "json")
	require.Equal(t, *x.fake.err.(*ramp.Error), decoded[ramp.Error](t, got.stderr))

	require.Equal(t, ramp.ErrorType("Usage"), decoded[ramp.Error](t, x.run(t, "-o", "json", "status").stderr).Type)
	x.unreachable = true
	require.Equal(t, ramp.ErrorType("Unreachable"), decoded[ramp.Error](t, x.run(t, "-o", "json", "status", "inv-42").stderr).Type)
}

func TestUnreachableTemporalIsReportedInOneLine(t *testing.T) {
	t.Parallel()
	x := with()
	x.unreachable = true
	got := x.run(t, "list")
	require.Equal(t, 1, got.code)
	require.Equal(t, 1, strings.Count(got.stderr, "\n"))
	require.Contains(t, got.stderr, "localhost:7233")
	require.Contains(t, got.stderr, "set TEMPORAL_ADDRESS")
}

func TestUsageErrorExitsWithTwo(t *testing.T) {
	t.Parallel()
	for _, line := range [][]string{
		{"frobnicate"}, {"status"}, {"status", "a", "b"}, {"list", "x"}, {"onramp", "--frob"}, {"onramp", "--chain-id", "x"},
		{"list", "--status", "paid"}, {"list", "--direction", "sideways"}, {"list", "--limit", "0"}, {"list", "-o", "yaml"}, {"watch", ".."},
	} {
		got := with().run(t, line...)
		require.Equal(t, 2, got.code, "%v", line)
		require.NotEmpty(t, got.stderr)
	}
}

func TestHelpDocumentsExitCodes(t *testing.T) {
	t.Parallel()
	for _, line := range [][]string{{"--help"}, {}} {
		got := with().run(t, line...)
		require.Zero(t, got.code)
		for _, code := range []string{"  0  done", "  1  error", "  2  invalid command line", "  3  the order ended", "  4  timed out"} {
			require.Contains(t, got.stdout, code)
		}
	}
}

func TestWatchFollowsAnOrderToItsEnd(t *testing.T) {
	t.Parallel()
	begun := order(ramp.Onramp, "inv-42", ramp.AwaitingPayment)
	settling := later(begun, ramp.Settling)
	done := later(settling, ramp.Completed)
	x := with(begun)
	x.fake.states = []*ramp.Order{begun, settling, done}
	got := x.run(t, "watch", "inv-42")
	require.Zero(t, got.code, got.stderr)
	require.Less(t, strings.Index(got.stdout, "◆ awaiting payment"), strings.Index(got.stdout, "• settling"))
	require.Less(t, strings.Index(got.stdout, "• settling"), strings.Index(got.stdout, "✓ completed"))
	require.Equal(t, 1, strings.Count(got.stdout, "submit-utr onramp/inv-42 UTR"))
	require.NotContains(t, got.stdout, "\r")
}

func TestWatchPrintsEachChangeAsAJSONLine(t *testing.T) {
	t.Parallel()
	begun := order(ramp.Onramp, "inv-42", ramp.AwaitingPayment)
	x := with(begun)
	x.fake.states = []*ramp.Order{begun, begun, later(begun, ramp.Refunded)}
	got := x.run(t, "watch", "inv-42", "-o", "json")
	require.Equal(t, 3, got.code)
	lines := strings.Split(strings.TrimSpace(got.stdout), "\n")
	require.Len(t, lines, 2, "what has not changed is not repeated")
	require.Equal(t, ramp.AwaitingPayment, decoded[ramp.Order](t, lines[0]).Status)
	require.Equal(t, ramp.Refunded, decoded[ramp.Order](t, lines[1]).Status)
	require.Equal(t, ramp.ErrorType("Ended"), decoded[ramp.Error](t, got.stderr).Type)
}

func TestWatchRetriesAfterATransientError(t *testing.T) {
	t.Parallel()
	begun := order(ramp.Onramp, "inv-42", ramp.AwaitingPayment)
	x := with(begun)
	x.fake.outages = []error{serviceerror.NewUnavailable("restarting")}
	x.fake.states = []*ramp.Order{begun, later(begun, ramp.Completed)}
	got := x.run(t, "watch", "inv-42")
	require.Zero(t, got.code, got.stderr)
	require.Contains(t, got.stdout, "does not answer; retrying")
	require.Contains(t, got.stdout, "✓ completed")
}

func TestWatchFailsOnAPermanentError(t *testing.T) {
	t.Parallel()
	x := with(order(ramp.Onramp, "inv-42", ramp.AwaitingPayment))
	x.fake.outages = []error{errors.New("defect")}
	got := x.run(t, "watch", "inv-42")
	require.Equal(t, 1, got.code)
	require.Contains(t, got.stderr, "defect")
}

func TestWatchThatTimesOutReportsThatTheOrderContinues(t *testing.T) {
	t.Parallel()
	begun := order(ramp.Onramp, "inv-42", ramp.AwaitingPayment)
	x := with(begun)
	x.fake.states = []*ramp.Order{begun}
	got := x.run(t, "watch", "inv-42", "--timeout", "10ms")
	require.Equal(t, 4, got.code)
	require.Contains(t, got.stderr, "the order continues")

	interrupted, interrupt := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, interrupt)
	require.Equal(t, 4, x.runFor(interrupted, "watch", "inv-42", "-o", "json").code)
}

func TestStartedOrderIsFollowedWithWatch(t *testing.T) {
	t.Parallel()
	begun := order(ramp.Onramp, "inv-42", ramp.AwaitingPayment)
	x := with(begun)
	x.fake.states = []*ramp.Order{begun, later(begun, ramp.Expired)}
	got := x.run(t, append(onrampFlags(), "--watch")...)
	require.Equal(t, 3, got.code)
	require.Contains(t, got.stdout, "✗ expired")

	x.fake.err = &ramp.Error{Type: ramp.NotReady, Reference: "inv-42", Message: "not yet"}
	require.Equal(t, 3, x.run(t, append(onrampFlags(), "--watch")...).code, "an order that was slow to start is followed all the same")
}

func TestListFiltersAndLimits(t *testing.T) {
	t.Parallel()
	x := with()
	x.fake.summaries = []ramp.Summary{
		{Reference: "inv-3", Direction: ramp.Onramp, Status: ramp.AwaitingPayment, StartedAt: at(6, 0, 0), Running: true},
		{Reference: "inv-2", Direction: ramp.Onramp, Status: ramp.AwaitingPayment, StartedAt: at(5, 0, 0), Running: true},
		{Reference: "inv-1", Direction: ramp.Onramp, Status: ramp.Completed, StartedAt: at(4, 0, 0)},
	}
	got := x.run(t, "list", "--status", "awaiting_payment,settling", "--status", "completed", "--direction", "onramp",
		"--token", "USDC", "--order-id", "6b03", "--attention", "--limit", "2")
	require.Zero(t, got.code, got.stderr)
	require.Equal(t, ramp.Filter{
		Direction: ramp.Onramp, Statuses: []ramp.Status{ramp.AwaitingPayment, ramp.Settling, ramp.Completed},
		Token: "USDC", OrderID: "6b03", Attention: true,
	}, x.fake.filter)
	require.Contains(t, got.stdout, "inv-3")
	require.Contains(t, got.stdout, "inv-2")
	require.NotContains(t, got.stdout, "inv-1")
	require.Contains(t, got.stdout, "There are more")

	require.Len(t, decoded[[]ramp.Summary](t, x.run(t, "list", "-o", "json").stdout), 3)
}

func TestEmptyListIsAnEmptyArrayInJSON(t *testing.T) {
	t.Parallel()
	require.Equal(t, "[]\n", with().run(t, "list", "-o", "json").stdout)
	require.Equal(t, "No orders.\n", with().run(t, "list").stdout)
}

func TestSetupPrintsWhatExists(t *testing.T) {
	t.Parallel()
	x := with()
	x.fake.attributes = ramp.SearchAttributeTypes()
	got := x.run(t, "setup")
	require.Zero(t, got.code, got.stderr)
	require.Regexp(t, `RampFiatAmount +Double +exists`, got.stdout)
	require.Contains(t, got.stdout, "Namespace default is ready for orders.")
	require.Contains(t, x.run(t, "setup", "-o", "json").stdout, `"added": []`)
}

func TestSetupReportsASearchAttributeOfAnotherType(t *testing.T) {
	t.Parallel()
	x := with()
	x.fake.attributes = ramp.SearchAttributeTypes()
	x.fake.attributes["RampAttention"] = enumspb.INDEXED_VALUE_TYPE_KEYWORD
	got := x.run(t, "setup")
	require.Equal(t, 1, got.code)
	require.Contains(t, got.stderr, "RampAttention is Keyword and must be Bool")
}

func TestDemoNeedsItsPrograms(t *testing.T) {
	t.Parallel()
	got := with().run(t, "demo", "--bin", "/nowhere")
	require.Equal(t, 1, got.code)
	require.Contains(t, got.stderr, "make build")
	require.Equal(t, 2, with().run(t, "demo", "--port", "70000").code)
}

func TestStackNeedsItsProgramsAndATemporalServerOfThisMachine(t *testing.T) {
	t.Parallel()
	x := with()
	got := x.run(t, "dev", "--free-ports", "--bin", "/nowhere")
	require.Equal(t, 1, got.code)
	require.Contains(t, got.stderr, "make build")

	x.environment = environment{"TEMPORAL_ADDRESS": "temporal.example.test:7233"}
	got = x.run(t, "dev", "--free-ports", "--bin", "/nowhere")
	require.Equal(t, 2, got.code)
	require.Contains(t, got.stderr, "temporal.example.test:7233 is not on this machine")
}
