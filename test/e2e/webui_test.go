package e2e_test

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"

	"rampart/ramp"
)

// screenshots is the directory for pictures of the pages (make screenshots); empty saves none.
var screenshots = os.Getenv("RAMP_SCREENSHOTS")

// browser opens a page in headless Chromium.
func browser(t *testing.T, more ...chromedp.ExecAllocatorOption) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.NoSandbox, // CI runs as root
		chromedp.UserDataDir(t.TempDir()),
		chromedp.WindowSize(1500, 1250),
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true),
		chromedp.Flag("no-first-run", true),
	)
	allocator, cancel := chromedp.NewExecAllocator(t.Context(), append(options, more...)...)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 10*patience)
	t.Cleanup(cancel)
	return ctx
}

// hasText searches the page and the frames in which the Web UI renders Markdown.
const hasText = `text => [document, ...Array.from(document.querySelectorAll("iframe"), frame => frame.contentDocument)]
	.some(part => part && part.body && part.body.textContent.includes(text))`

// requireShows waits until the page contains all texts, and saves a picture of it, also on failure. While a page reloads, it cannot be
// read.
func requireShows(t *testing.T, page context.Context, picture string, texts ...string) {
	t.Helper()
	defer saveScreenshot(t, page, picture)
	for _, text := range texts {
		eventually(t, patience, func() error {
			found, err := chromedp.Run(page, chromedp.Evaluate[bool](fmt.Sprintf("(%s)(%q)", hasText, text)))
			if err == nil && !found {
				err = fmt.Errorf("the page does not show %q:\n%s", text, pageText(page))
			}
			return err
		})
	}
}

// loadUntilShown loads a page until it contains all texts, and saves a picture of it, also on failure. The Web UI shows the calls that were pending
// when it loaded, and between two attempts none is.
func loadUntilShown(t *testing.T, page context.Context, address, picture string, texts ...string) {
	t.Helper()
	defer saveScreenshot(t, page, picture)
	eventually(t, 2*patience, func() error {
		if err := chromedp.Do(page, chromedp.Navigate(address)); err != nil {
			return err
		}
		for _, text := range texts {
			shown := chromedp.Poll[bool](fmt.Sprintf("(%s)(%q)", hasText, text), chromedp.WithPollingTimeout(10*time.Second))
			if _, err := chromedp.Run(page, shown); err != nil {
				return fmt.Errorf("the page does not show %q: %w\n%s", text, err, pageText(page))
			}
		}
		return nil
	})
}

func saveScreenshot(t *testing.T, page context.Context, picture string) {
	t.Helper()
	if screenshots == "" || picture == "" {
		return
	}
	image, err := chromedp.Run(page, chromedp.CaptureScreenshot())
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(screenshots, picture+".png"), image, 0o644))
}

func pageText(page context.Context) string {
	text, err := chromedp.Run(page, chromedp.Evaluate[string](`document.body.innerText`))
	if err != nil {
		return err.Error()
	}
	return text
}

// orderPage is a page of the Web UI about an order.
type orderPage struct {
	// picture is the name of the page's picture.
	picture string
	order   ramp.ID
	status  ramp.Status
	// tab is the tab of the page; empty is that of the current details.
	tab   string
	shows []string
}

// TestWebUIShowsWhereAnOrderStandsWhyAndWhatHelps checks docs/how-to/web-ui.md with an order in every final and every waiting
// status. Orders reach their ends on a fast clock; the others wait in real time, with a provider whose clock stands still.
func TestWebUIShowsWhereAnOrderStandsWhyAndWhatHelps(t *testing.T) {
	t.Parallel()
	s := newStack(t, 600)
	s.startCodecServer()
	s.closeOrders()
	s.slowDown()
	s.keepOrdersWaiting()
	page := browser(t)

	for _, v := range slices.Concat(waitingPages(), closedPages(), detailPages()) {
		s.awaitStatus(v.order, patience, v.status)
		tab := cmp.Or(v.tab, "user-metadata")
		loadUntilShown(t, page, s.page(v.order)+"/"+tab, v.picture, v.shows...)
	}
	s.requireSavedViews()
	require.NoError(t, chromedp.Do(page, chromedp.Navigate(s.list(""))))
	requireShows(t, page, "orders", "onramp/to-pay", "awaiting_payment", "offramp/to-send", "RampExpiresAt", "refunded")
	_, err := chromedp.Run(page, chromedp.Evaluate[bool](openSavedViews))
	require.NoError(t, err)
	requireShows(t, page, "", "Needs attention", "Waits for its user", "Ended without success") // views of the devserver
	require.NoError(t, chromedp.Do(page, chromedp.Navigate(s.list(views(t)["Needs attention"]))))
	requireShows(t, page, "orders-attention", "offramp/payout-failed")
	requireHides(t, page, "onramp/paid", "onramp/unpaid")
}

// openSavedViews clicks the button of the saved views.
const openSavedViews = `Array.from(document.querySelectorAll("button")).find(each => each.textContent.includes("Saved Views")).click() || true`

// closedPages returns pages of closed orders.
func closedPages() []orderPage {
	return []orderPage{
		{picture: "ended-completed", order: buy("paid"), status: ramp.Completed,
			shows: []string{"Completed", "Delivered", "The provider says completed."}},
		{picture: "ended-paid-out", order: sell("sold"), status: ramp.Completed,
			shows: []string{"Completed", "Delivered", "The provider says PayoutSuccess."}},
		{picture: "ended-cancelled", order: buy("given-up"), status: ramp.Cancelled,
			shows: []string{"Cancelled", "Cancelled on request."}},
		{picture: "ended-cancelled-by-provider", order: buy("amount-differs"), status: ramp.Cancelled,
			shows: []string{"Cancelled", "Provider’s reason",
				"starter reorder onramp/amount-differs --reference NEW-REFERENCE"}},
		{picture: "ended-refunded", order: buy("refunded"), status: ramp.Refunded,
			shows: []string{"Refunded", "Provider’s reason", "The user misses the payment"}},
		{picture: "ended-rejected", order: buy("too-small"), status: ramp.Rejected,
			shows: []string{"Rejected", "Amount is out of limits"}},
		{picture: "ended-expired", order: buy("unpaid"), status: ramp.Expired,
			shows: []string{"Expired", "No accepted UTR in time.",
				"starter reorder onramp/unpaid --reference NEW-REFERENCE --utr UTR"}},
	}
}

// waitingPages returns pages of waiting orders.
func waitingPages() []orderPage {
	return []orderPage{
		{picture: "waits-in-review", order: buy("in-review"), status: ramp.VerifyingKYC,
			shows: []string{"The provider reviews the user’s KYC documents"}},
		{picture: "waits-for-documents", order: buy("no-kyc"), status: ramp.AwaitingKYC,
			shows: []string{"The user must submit KYC documents", "starter submit-kyc onramp/no-kyc DOSSIER-URL"}},
		{picture: "waits-for-the-link", order: buy("being-linked"), status: ramp.LinkingAccount,
			shows: []string{"The provider links the user’s UPI ID"}},
		{picture: "waits-for-another-account", order: buy("refused-account"), status: ramp.AwaitingAccount,
			shows: []string{"The user must name another UPI ID",
				"starter submit-account onramp/refused-account --file account.json"}},
		{picture: "waits-for-confirmation", order: buy("asked"), status: ramp.AwaitingConfirmation,
			shows: []string{"The user must confirm the price", "starter confirm-quote onramp/asked"}},
		{picture: "waits-for-the-order", order: buy("provider-down"), status: ramp.CreatingOrder,
			shows: []string{"The provider creates the order"}},
		{picture: "waits-for-payment", order: buy("to-pay"), status: ramp.AwaitingPayment,
			shows: []string{"Buy USDC for ₹1,000 · to-pay", "The user must pay ₹1,000",
				"starter submit-utr onramp/to-pay UTR"}},
		{picture: "waits-for-tokens", order: sell("to-send"), status: ramp.AwaitingPayment,
			shows: []string{"Sell 100 USDC for INR · to-send", "The user must pay 100 USDC",
				"starter submit-hash offramp/to-send TRANSACTION-HASH"}},
		{picture: "waits-for-the-payment-to-be-found", order: buy("looked-for"), status: ramp.VerifyingPayment,
			shows: []string{"The provider looks for the payment"}},
		{picture: "waits-for-delivery", order: buy("delivered"), status: ramp.Settling,
			shows: []string{"The provider has the payment and delivers"}},
		{picture: "waits-for-refund", order: buy("returned"), status: ramp.Refunding,
			shows: []string{"The provider returns the payment"}},
		{picture: "needs-attention", order: sell("payout-failed"), status: ramp.Settling,
			shows: []string{"Needs attention: the provider could not pay out to the bank account.",
				"What to do: ask the provider’s support"}},
	}
}

// detailPages returns pages with technical details.
func detailPages() []orderPage {
	return []orderPage{
		{picture: "order-timeline", order: buy("paid"), status: ramp.Completed, tab: "timeline",
			// The observed statuses depend on the speed of the machine.
			shows: []string{"Descending", "Watch the order until it is no longer "}},
		{picture: "watch-heartbeat", order: buy("looked-for"), status: ramp.VerifyingPayment, tab: "pending-activities",
			shows: []string{"WatchOrder", "lastAnswer", "fiatPending", "checkedAt"}},
		{picture: "failing-call", order: buy("provider-down"), status: ramp.CreatingOrder, tab: "pending-activities",
			shows: []string{"CreateOnrampOrder", "503"}},
		{picture: "search-attributes", order: buy("paid"), status: ramp.Completed, tab: "search-attributes",
			shows: []string{"RampStatus", "completed", "RampOrderId"}},
	}
}

// listedOrders is the orders that a view of docs/how-to/web-ui.md lists in this test.
type listedOrders struct {
	orders []ramp.ID
	// perhaps may be listed: it takes minutes to get there.
	perhaps ramp.ID
	// from replaces the example time of the page, relative to now.
	from time.Duration
}

func (s *stack) savedViews() map[string]listedOrders {
	return map[string]listedOrders{
		"Needs attention":                {orders: []ramp.ID{sell("payout-failed")}, perhaps: buy("provider-down")},
		"Waits for its user":             {orders: []ramp.ID{buy("no-kyc"), buy("refused-account"), buy("asked"), buy("to-pay"), sell("to-send")}},
		"Awaits payment for over 2 h":    {orders: []ramp.ID{buy("to-pay"), sell("to-send")}, from: 4 * time.Hour},
		"Verifies for over 30 min":       {orders: []ramp.ID{buy("looked-for")}, from: time.Minute},
		"One token":                      {orders: s.all()},
		"One of the provider's orders":   {orders: []ramp.ID{buy("paid")}},
		"Refunds":                        {orders: []ramp.ID{buy("refunded"), buy("returned")}},
		"One direction":                  {orders: []ramp.ID{sell("sold"), sell("to-send"), sell("payout-failed")}},
		"Large orders":                   {},
		"Ended without success today":    {orders: []ramp.ID{buy("unpaid"), buy("amount-differs"), buy("given-up"), buy("too-small")}, from: -time.Hour},
		"Broken: ended without a result": {},
		"Hangs, and is no order":         {},
	}
}

// requireSavedViews requires that every query of docs/how-to/web-ui.md lists the expected orders.
func (s *stack) requireSavedViews() {
	s.t.Helper()
	queries := views(s.t)
	paid, err := s.Orders.Get(s.t.Context(), buy("paid"))
	require.NoError(s.t, err)
	for name, want := range s.savedViews() {
		require.Contains(s.t, queries, name)
		query := exampleTime.ReplaceAllString(queries[name], time.Now().Add(want.from).UTC().Format(time.RFC3339))
		query = strings.ReplaceAll(query, exampleOrder, paid.OrderID)
		eventually(s.t, patience, func() error { return s.matches(query, want) })
		delete(queries, name)
	}
	require.Empty(s.t, queries, "views that are not tested")
}

// Example values in the queries of docs/how-to/web-ui.md.
var exampleTime = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`)

const exampleOrder = "6b03ddeb72e294e4663ce82e"

// views returns the queries of docs/how-to/web-ui.md by name.
func views(t *testing.T) map[string]string {
	t.Helper()
	page, err := os.ReadFile("../../docs/how-to/web-ui.md")
	require.NoError(t, err)
	found := make(map[string]string)
	for _, row := range regexp.MustCompile("(?m)^\\| ([^|]+) \\| `([^`]+)` \\|$").FindAllStringSubmatch(string(page), -1) {
		found[row[1]] = row[2]
	}
	return found
}

// matches returns an error unless exactly the wanted orders match a list filter.
func (s *stack) matches(query string, wanted listedOrders) error {
	answer, err := s.Temporal.ListWorkflow(s.t.Context(), &workflowservice.ListWorkflowExecutionsRequest{Query: query})
	if err != nil {
		return err
	}
	var found, want []string
	for _, execution := range answer.GetExecutions() {
		if id := execution.GetExecution().GetWorkflowId(); id != wanted.perhaps.Direction.WorkflowID(wanted.perhaps.Reference) {
			found = append(found, id)
		}
	}
	for _, id := range wanted.orders {
		want = append(want, id.Direction.WorkflowID(id.Reference))
	}
	slices.Sort(found)
	slices.Sort(want)
	if !slices.Equal(found, want) {
		return fmt.Errorf("%s lists %v, not %v", query, found, want)
	}
	return nil
}

// all returns the orders of all pages.
func (s *stack) all() []ramp.ID {
	known := make(map[ramp.ID]bool)
	for _, v := range slices.Concat(closedPages(), waitingPages()) {
		known[v.order] = true
	}
	return slices.Collect(maps.Keys(known))
}

// list returns the URL of the list of orders that match a query; empty lists all.
func (s *stack) list(query string) string {
	return s.ui + "/namespaces/default/workflows?query=" + url.QueryEscape(query)
}

// closeOrders runs an order to each final status; the one that expires takes some seconds more.
func (s *stack) closeOrders() {
	s.t.Helper()
	begin := func(request ramp.OnrampRequest) {
		_, err := s.Orders.StartOnramp(s.t.Context(), request)
		require.NoError(s.t, err)
	}
	begin(onrampRequest("unpaid"))
	for n, reference := range []string{"paid", "refunded", "amount-differs"} {
		request := onrampRequest(reference)
		request.Fiat.Amount = []string{"1000.00", "1000.02", "1000.01"}[n]
		request.UTR = ramp.UTR(utrOf(n + 1))
		begin(request)
	}
	begin(onrampRequest("given-up"))
	_, err := s.Orders.Cancel(s.t.Context(), buy("given-up"))
	require.NoError(s.t, err)
	tiny := onrampRequest("too-small")
	tiny.Fiat.Amount = "1.00"
	begin(tiny)
	sale := offrampRequest("sold")
	sale.TransactionHash = hashOf(1)
	_, err = s.Orders.StartOfframp(s.t.Context(), sale)
	require.NoError(s.t, err)
	for reference, status := range map[string]ramp.Status{
		"paid": ramp.Completed, "refunded": ramp.Refunded, "amount-differs": ramp.Cancelled,
		"given-up": ramp.Cancelled, "too-small": ramp.Rejected,
	} {
		s.awaitStatus(buy(reference), completionTime, status)
	}
	s.awaitStatus(sell("sold"), completionTime, ramp.Completed)
}

// slowDown switches to real time, and stops the provider's clock.
func (s *stack) slowDown() {
	s.t.Helper()
	s.setClock(`{"speed":0}`)
	s.stop(s.worker)
	s.Speed = 1
	s.worker = s.startWorker()
}

// keepOrdersWaiting brings an order to each status in which it waits.
func (s *stack) keepOrdersWaiting() {
	s.t.Helper()
	s.post("/sandbox/faults", `{"fault":"error","route":"POST /v1/orders/create","reference":"provider-down"}`)
	review := unverified("in-review", "review")
	review.KYC = &ramp.KYC{Dossier: ramp.Dossier(writeDossier(s.t, dossier(string(review.Email))))}
	linking, refused := onrampRequest("being-linked"), onrampRequest("refused-account")
	linking.Email, linking.UPI.ID = "asha+1@example.test", "ashapending@okbank"
	refused.Email, refused.UPI.ID = "asha+2@example.test", "ashafailed@okbank"
	asked := onrampRequest("asked")
	asked.Quote = &ramp.QuoteTerms{Confirm: true}
	proven := onrampRequest("looked-for")
	proven.UTR = ramp.UTR(utrOf(11))
	delivering, returning := onrampRequest("delivered"), onrampRequest("returned")
	delivering.UTR, returning.UTR = ramp.UTR(utrOf(12)), ramp.UTR(utrOf(13))
	for _, request := range []ramp.OnrampRequest{
		onrampRequest("provider-down"), unverified("no-kyc", "nokyc"), review, linking, refused, asked, onrampRequest("to-pay"),
		proven, delivering, returning,
	} {
		s.startUnattended(func(ctx context.Context) (*ramp.Order, error) { return s.Orders.StartOnramp(ctx, request) })
	}
	failing := offrampRequest("payout-failed")
	failing.TransactionHash = hashOf(12)
	for _, request := range []ramp.OfframpRequest{failing, offrampRequest("to-send")} {
		s.startUnattended(func(ctx context.Context) (*ramp.Order, error) { return s.Orders.StartOfframp(ctx, request) })
	}
	for id, status := range map[ramp.ID]string{
		buy("delivered"): "fiatReceived", buy("returned"): "refundInitiated", sell("payout-failed"): "fiatFailed",
	} {
		order := s.await(id, patience, (*ramp.Order).Accepted)
		s.setProviderStatus(order.OrderID, status)
	}
}

// startUnattended starts an order without waiting for its payment instructions, which may never come.
func (s *stack) startUnattended(start func(context.Context) (*ramp.Order, error)) {
	s.t.Helper()
	go func() { _, _ = start(s.t.Context()) }() // it ends with the test
}

// page returns the URL of an order's page in the Web UI.
func (s *stack) page(id ramp.ID) string {
	s.t.Helper()
	description, err := s.Temporal.DescribeWorkflow(s.t.Context(), id.Direction.WorkflowID(id.Reference), "")
	require.NoError(s.t, err)
	return s.ui + "/namespaces/default/workflows/" + url.PathEscape(id.Direction.WorkflowID(id.Reference)) + "/" +
		description.WorkflowExecution.RunID
}

func TestWebUIShowsPayloadsOnlyThroughTheCodecServer(t *testing.T) {
	t.Parallel()
	s := newStack(t, 30)
	request := onrampRequest("sealed")
	_, err := s.Orders.StartOnramp(t.Context(), request)
	require.NoError(t, err)
	personal := []string{string(request.Email), string(request.UPI.ID), string(request.UPI.Name)}
	input := s.page(buy("sealed")) + "/timeline"
	desk := []string{s.page(buy("sealed")) + "/user-metadata", s.page(buy("sealed")) + "/search-attributes", s.ui + "/namespaces/default/workflows"}

	page := browser(t)
	require.NoError(t, chromedp.Do(page, chromedp.Navigate(input)))
	requireShows(t, page, "order-sealed", "encryption-key-id", "onramp/sealed")
	requireHides(t, page, personal...)
	for _, address := range desk {
		require.NoError(t, chromedp.Do(page, chromedp.Navigate(address)))
		requireShows(t, page, "", "onramp/sealed")
		requireHides(t, page, personal...)
	}

	server := s.startCodecServer()
	page = browser(t)
	require.NoError(t, chromedp.Do(page, chromedp.Navigate(input)))
	requireShows(t, page, "order-decoded", personal...)
	for _, address := range desk {
		require.NoError(t, chromedp.Do(page, chromedp.Navigate(address)))
		requireShows(t, page, "", "onramp/sealed")
		requireHides(t, page, personal...)
	}
	require.NoError(t, chromedp.Do(page, chromedp.Navigate(desk[0])))
	requireShows(t, page, "", "Buy USDC for ₹1,000 · sealed", "The user must pay ₹1,000")
	requireHides(t, page, personal...)
	s.awaitLog(server, `"workflows":["onramp/sealed"]`)
	log, err := os.ReadFile(server.Log())
	require.NoError(t, err)
	for _, text := range personal {
		require.NotContains(t, string(log), text)
	}
}

func requireHides(t *testing.T, page context.Context, texts ...string) {
	t.Helper()
	for _, text := range texts {
		shown, err := chromedp.Run(page, chromedp.Evaluate[bool](fmt.Sprintf("(%s)(%q)", hasText, text)))
		require.NoError(t, err)
		require.False(t, shown, "the page shows %q:\n%s", text, pageText(page))
	}
}
