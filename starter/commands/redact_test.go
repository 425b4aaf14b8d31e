package commands_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/ramp"
)

func requireNothingPersonal(t *testing.T, r result) {
	t.Helper()
	for _, personal := range []string{"asha@example.test", "asha@okbank", "50100000004821", "ABCPE1234F", "Asha Rao", "eyJ", "s3cr3t"} {
		require.NotContains(t, r.stdout, personal)
		require.NotContains(t, r.stderr, personal)
	}
}

func TestErrorsOfLibrariesAreRedacted(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"text", "json"} {
		x := with(order(ramp.Onramp, "inv-42", ramp.AwaitingPayment))
		x.fake.err = errors.New(`rpc failed for asha@example.test, account 50100000004821 {"accountName":"Asha Rao"}: Bearer s3cr3t-token, ` +
			"eyJhbGciOiJIUzI1NiJ9.e30.c2ln")
		r := x.run(t, "submit-utr", "inv-42", "412345678901", "-o", format)
		require.Equal(t, 1, r.code)
		requireNothingPersonal(t, r)
		require.Contains(t, r.stderr, "rpc failed for a***@example.test, account XXXX4821")
	}
}

func TestRequestsAreNotRepeatedInErrors(t *testing.T) {
	t.Parallel()
	for _, request := range []string{
		`{"asha@example.test": 1}`, `{"email": "asha@example.test", "bank": {"ABCPE1234F": ""}}`, `{"email": asha@example.test}`,
		`{"token": {"chainId": 50100000004821000000}}`, `{"bank": {"accountNumber": 50100000004821}}`,
		`{"email": "asha@example.test", "upi": {"id": "asha@okbank", "name": "Asha Rao"}}`,
	} {
		r := with().run(t, "onramp", "--file", file(t, request))
		require.Equal(t, 2, r.code, r.stderr)
		requireNothingPersonal(t, r)
	}
	for _, arguments := range [][]string{
		{"onramp", "--asha@example.test"}, {"onramp", "--email", "asha@example.test", "extra"}, {"asha@example.test"},
		{"onramp", "--chain-id", "50100000004821x"}, {"submit-account", "onramp/inv-42", "--pan", "ABCPE1234F", "--upi-id", "asha@okbank"},
	} {
		r := with().run(t, arguments...)
		require.Equal(t, 2, r.code, r.stderr)
		requireNothingPersonal(t, r)
	}
}

func TestTextsOfAnOrderAreRedacted(t *testing.T) {
	t.Parallel()
	waiting := order(ramp.Onramp, "inv-42", ramp.AwaitingAccount)
	waiting.ProviderReason = "no account 50100000004821"
	waiting.Attention = "payer asha@example.test is unknown"
	waiting.Timeline = append(waiting.Timeline, ramp.TimelineEntry{Status: ramp.AwaitingAccount, At: at(6, 0, 2), Note: "VPA asha@okbank failed"})
	r := with(waiting).run(t, "status", "inv-42")
	require.Zero(t, r.code)
	requireNothingPersonal(t, r)
	require.Contains(t, r.stdout, "no account XXXX4821")
	require.Contains(t, r.stdout, "payer a***@example.test is unknown")
	require.Contains(t, r.stdout, "VPA a***@okbank failed")
	require.Contains(t, r.stdout, "bin/starter submit-account onramp/inv-42")
}
