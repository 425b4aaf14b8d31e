package ramp_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/ramp"
)

// twoKeys is a hasher of a keyset with two keys, whose hashes show what was hashed.
type twoKeys struct{}

func (twoKeys) Hash(term ramp.Personal) string { return "new " + string(term) }
func (twoKeys) Hashes(term ramp.Personal) []string {
	return []string{"old " + string(term), "new " + string(term)}
}

// keyless is a hasher without keys.
type keyless struct{}

func (keyless) Hash(ramp.Personal) string     { return "" }
func (keyless) Hashes(ramp.Personal) []string { return nil }

func TestOrdersAreFoundByTheHashesOfEveryKey(t *testing.T) {
	t.Parallel()
	const orders = `WorkflowType IN ("Onramp", "Offramp") AND `
	for want, request := range map[string]ramp.FindRequest{
		`RampUser IN ("old email asha@example.test", "new email asha@example.test")`: {Email: " Asha@Example.TEST "},
		`RampProof IN ("old utr HDFCN52026112300", "new utr HDFCN52026112300")`:      {UTR: "hdfcn52026112300"},
		`RampProof IN ("old hash 0xabc` + strings.Repeat("0", 61) + `", "new hash 0xabc` + strings.Repeat("0", 61) + `")`: {
			TransactionHash: "0XABC" + strings.Repeat("0", 61)},
	} {
		filter, err := request.Filter(twoKeys{})
		require.NoError(t, err)
		require.Equal(t, orders+want, filter.Query())
	}
}

func TestHashesOfTransactionsAreComparedAsTheirChainsDo(t *testing.T) {
	t.Parallel()
	upper := "ABC" + strings.Repeat("0", 61)
	require.Equal(t, ramp.TransactionHashTerm("0x"+strings.ToLower(upper)), ramp.TransactionHashTerm("0x"+upper), "EVM")
	require.Equal(t, ramp.TransactionHashTerm(strings.ToLower(upper)), ramp.TransactionHashTerm(upper), "Tron")
	require.NotEqual(t, ramp.TransactionHashTerm(upper), ramp.TransactionHashTerm("0x"+upper))
	solana := strings.Repeat("5VERv8", 14)
	require.NotEqual(t, ramp.TransactionHashTerm(solana), ramp.TransactionHashTerm(strings.ToLower(solana)), "base58 has both cases")
	require.NotEqual(t, ramp.UTRTerm("412345678901"), ramp.TransactionHashTerm("412345678901"))
}

// TestFilterWithoutHashesIsAnError fails where a filter without a condition would select every order.
func TestFilterWithoutHashesIsAnError(t *testing.T) {
	t.Parallel()
	_, err := ramp.FindRequest{Email: "asha@example.test"}.Filter(keyless{})
	require.ErrorContains(t, err, "no key that makes search hashes")
	_, err = ramp.FindRequest{}.Filter(twoKeys{})
	require.True(t, ramp.IsError(err, ramp.InvalidRequest))
}

func TestFindRequestNeedsExactlyOneValidValue(t *testing.T) {
	t.Parallel()
	for field, request := range map[string]ramp.FindRequest{
		"email":           {Email: "quorn"},
		"utr":             {UTR: "41234567890"},
		"transactionHash": {TransactionHash: "0xquorn"},
		"limit":           {Email: "asha@example.test", Limit: 201},
		"limit ":          {Email: "asha@example.test", Limit: -1},
		"cursor":          {Email: "asha@example.test", Cursor: strings.Repeat("x", 2049)},
		"email ":          {},
		"email  ":         {Email: "asha@example.test", UTR: "412345678901"},
	} {
		var invalid *ramp.Error
		require.ErrorAs(t, request.Validate(), &invalid, field)
		require.Equal(t, ramp.InvalidRequest, invalid.Type)
		require.Len(t, invalid.Fields, 1)
		require.Equal(t, strings.TrimSpace(field), invalid.Fields[0].Field)
		require.NotContains(t, invalid.Error(), "quorn")
		require.NotContains(t, invalid.Error(), "412345678901")
	}
	require.NoError(t, ramp.FindRequest{UTR: " 412345678901 ", Limit: 200}.Validate())
	require.EqualValues(t, 50, ramp.FindRequest{}.PageSize())
	require.EqualValues(t, 7, ramp.FindRequest{Limit: 7}.PageSize())
}

func TestFindRequestIsPrintedMasked(t *testing.T) {
	t.Parallel()
	printed := fmt.Sprintf("%v %+v %s", ramp.FindRequest{Email: "asha@example.test"}, ramp.FindRequest{UTR: "412345678901"}, ramp.UserTerm("asha@example.test"))
	require.NotContains(t, printed, "asha")
	require.NotContains(t, printed, "4123")
}
