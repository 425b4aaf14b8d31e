package sandbox_test

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"rampart/sandbox"
	"rampart/sandbox/fault"
	"rampart/sandbox/ledger"
)

func TestLedgerSumsUpByReference(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	first := c.createOnramp(referenced(onrampOrder("1000"), "inv-1"))
	doubled := c.createOnramp(referenced(onrampOrder("1000"), "inv-1"))
	sale := c.createOfframp(referenced(offrampOrder("10.01"), "inv-1"))
	unpaid := c.createOnramp(referenced(onrampOrder("1000"), "inv-2"))
	c.submitUTR(first, "000000000000")
	c.submitUTR(first, utr(1)).ok()
	c.submitUTR(first, utr(1)).ok()
	c.submitUTR(doubled, utr(2)).ok()
	c.submitHash(sale, goodHash).ok()
	c.submitHash(sale, goodHash)
	c.clock.Advance(3 * time.Hour)

	require.Equal(t, []ledger.ReferenceTotal{
		{Reference: "inv-1", Direction: "offramp", Orders: []string{sale}, Statuses: []string{"refunded"},
			OrderTotals: ledger.OrderTotals{WithProof: 1, ProofsAccepted: 1, ProofsRepeated: 1, Refunded: 1}},
		{Reference: "inv-1", Direction: "onramp", Orders: []string{first, doubled}, Statuses: []string{"completed", "completed"},
			OrderTotals: ledger.OrderTotals{WithProof: 2, ProofsAccepted: 2, ProofsRepeated: 1, ProofsRefused: 1, PaidOut: 2}},
		{Reference: "inv-2", Direction: "onramp", Orders: []string{unpaid}, Statuses: []string{"expired"},
			OrderTotals: ledger.OrderTotals{Expired: 1}},
	}, c.srv.Ledger().ByReference())
	overHTTP := c.send(http.MethodGet, "/sandbox/ledger/references?reference=inv-2", nil, nil)
	require.JSONEq(t, string(encode(t, c.srv.Ledger().ByReference()[2:])), overHTTP.text)
	require.Len(t, c.send(http.MethodGet, "/sandbox/ledger/references", nil, nil).body, 3)
}

func TestLedgerTotalsCountEverything(t *testing.T) {
	t.Parallel()
	c := start(t).login("asha@example.test")
	c.linkBank("50100000004821").ok()
	c.linkUPI("asha@okbank").ok()
	paid, refused := c.createOnramp(onrampOrder("1000")), c.createOnramp(onrampOrder("1000"))
	open := c.createOfframp(offrampOrder("10"))
	cancelled := c.createOnramp(onrampOrder("1000.01"))
	c.submitUTR(paid, utr(1)).ok()
	c.submitUTR(paid, utr(1)).ok()
	c.submitUTR(refused, "000000000000")
	c.submitUTR(cancelled, utr(2)).ok()
	headers := withKey()
	headers["Authorization"] = "Bearer " + c.refresh
	c.send(http.MethodGet, "/v1/users/refresh-token", nil, headers).ok()
	c.control("/sandbox/users", object{"email": c.email, "revokeTokens": true})
	c.clock.Advance(3 * time.Hour)
	c.renew()
	c.fault(rule(loginRoute, fault.Fault{Kind: fault.RateLimit}))
	c.provider.post("/v1/users/login", object{"email": c.email})

	totals := c.srv.Ledger().Totals
	require.Positive(t, totals.BusiestSecond)
	totals.BusiestSecond = 0
	require.Equal(t, ledger.Totals{
		Orders: 4, OnrampOrders: 3, OfframpOrders: 1,
		OrderTotals: ledger.OrderTotals{WithProof: 2, ProofsAccepted: 2, ProofsRepeated: 1, ProofsRefused: 1,
			PaidOut: 1, Expired: 1, Cancelled: 1, Open: 1},
		Users: 1, Logins: 2, Refreshes: 1, TokensRevoked: 1, BankLinks: 1, UPILinks: 1,
		Requests: 14, Faults: 1, Answered429: 1,
	}, totals)
	require.Equal(t, strconv.Itoa(totals.Orders), c.send(http.MethodGet, "/sandbox/ledger/totals", nil, nil).num("orders"))
	require.Equal(t, "cryptoInit", c.send(http.MethodGet, "/sandbox/orders/"+open, nil, nil).str("status"))
}

func TestJournalListsEventsInOrder(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	id := c.createOnramp(referenced(onrampOrder("1000"), "inv-1"))
	c.clock.Advance(time.Minute)
	c.fault(rule(utrRoute, fault.Fault{Kind: fault.HTML, After: true}))
	c.submitUTR(id, goodUTR)
	c.submitUTR(id, goodUTR).ok()
	c.control("/sandbox/orders/"+id, object{"status": "cancelled"})
	c.submitUTR(id, utr(1))

	later := testStart().Add(time.Minute)
	about := func(number int, kind ledger.EventKind, detail string) ledger.Event {
		return ledger.Event{Number: number, At: later, Kind: kind, Order: id, Reference: "inv-1", Email: linkedEmail, Detail: detail}
	}
	made := about(2, ledger.EventOrder, "onramp")
	made.At = testStart()
	require.Equal(t, []ledger.Event{
		{Number: 1, At: testStart(), Kind: ledger.EventLogin, Email: linkedEmail},
		made,
		about(3, ledger.EventFault, "html after: POST /v1/orders/utr"),
		about(4, ledger.EventProof, goodUTR),
		about(5, ledger.EventProofAgain, ""),
		about(6, ledger.EventForced, "cancelled"),
		about(7, ledger.EventProofRefused, "Invalid UTR: the order is cancelled; use a new order"),
	}, c.srv.Events(0, 100))
	require.JSONEq(t, string(encode(t, c.srv.Events(6, 100))),
		c.send(http.MethodGet, "/sandbox/ledger/events?after=6", nil, nil).text)
	require.Empty(t, c.srv.Events(7, 100))
	require.Equal(t, http.StatusBadRequest, c.send(http.MethodGet, "/sandbox/ledger/events?after=x", nil, nil).status)
}

// TestLedgerAgreesWithItsClientUnderFaults lets many users buy at once under faults, each repeating what fails, and
// compares the ledger with the responses.
func TestLedgerAgreesWithItsClientUnderFaults(t *testing.T) {
	t.Parallel()
	const buyers = 40
	p := startWith(t, sandbox.Options{Seed: 7})
	var clients []*customer
	for i := range buyers {
		clients = append(clients, p.login(fmt.Sprintf("asha%d+linked@example.test", i)))
	}
	p.fault(fault.Rule{Fault: fault.Fault{Kind: fault.Reset, After: true}, Share: 0.3})
	p.fault(fault.Rule{Fault: fault.Fault{Kind: fault.Truncated}, Share: 0.2})
	p.fault(fault.Rule{Fault: fault.Fault{Kind: fault.Reset}, Share: 0.2})
	creations := make([]int, buyers)
	var group errgroup.Group
	for i, c := range clients {
		group.Go(func() error {
			order := c.postUntilAnswered("/v1/orders/create", referenced(onrampOrder("1000"), fmt.Sprint("inv-", i)), &creations[i])
			proofs := 0
			c.postUntilAnswered("/v1/orders/utr", object{"orderId": order.str("data.orderId"), "utr": utr(i)}, &proofs)
			return nil
		})
	}
	require.NoError(t, group.Wait())

	ledger := p.srv.Ledger()
	require.Len(t, ledger.Proofs, buyers)
	require.Len(t, ledger.ByReference(), buyers)
	for _, sum := range ledger.ByReference() {
		i, err := strconv.Atoi(sum.Reference[len("inv-"):])
		require.NoError(t, err)
		require.Equal(t, 1, sum.WithProof)
		require.Equal(t, 1, sum.ProofsAccepted)
		require.LessOrEqual(t, len(sum.Orders), creations[i])
	}
	for _, route := range []string{createRoute, utrRoute} {
		counted := ledger.Routes[route]
		require.Equal(t, counted.Requests-counted.Faults["reset"], ledger.Calls[route])
		require.Equal(t, counted.Faults["reset"]+counted.Faults["reset after"], counted.Answers["none"])
		require.Equal(t, counted.Requests, counted.Answers["none"]+counted.Answers["200"])
	}
	require.Equal(t, ledger.Calls[createRoute], ledger.Totals.Orders)
}

// postUntilAnswered repeats a call until its response arrives complete, and counts the attempts.
func (c *customer) postUntilAnswered(path string, body object, attempts *int) reply {
	c.t.Helper()
	for {
		*attempts++
		if answer, err := c.attempt(c.t.Context(), path, body); err == nil {
			return answer.ok()
		}
	}
}
