package activities_test

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/activities"
	"rampart/onmeta"
	"rampart/ramp"
	"rampart/sandbox"
)

// commitsLater makes the order only after the client has given up.
func commitsLater(after time.Duration) fault {
	return func(request *http.Request, next send) (*http.Response, error) {
		received, err := io.ReadAll(request.Body)
		if err != nil {
			return nil, err
		}
		go func() {
			time.Sleep(after)
			again := request.Clone(request.Context())
			again.Body = io.NopCloser(bytes.NewReader(received))
			if answer, err := next(again); err == nil {
				_ = answer.Body.Close()
			}
		}()
		return response(request, http.StatusGatewayTimeout, "<html>504 Gateway Time-out</html>"), nil
	}
}

func TestSlowCreationIsNotMadeTwice(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		w.network.once(onmeta.RouteCreateOnramp, commitsLater(40*time.Second))
		_, err := run(w, w.calls.CreateOnrampOrder, onrampRequest())
		requireRetried(t, activities.ErrUnavailable, err)
		next := failure(t, err).NextRetryDelay()
		require.Greater(t, next, 40*time.Second-5*time.Second, "a history without the order is not believed before the provider must have made it")

		pass(next)
		created, err := run(w, w.calls.CreateOnrampOrder, again(onrampRequest()))

		require.NoError(t, err)
		require.True(t, created.Adopted)
		require.Equal(t, []string{created.OrderID}, w.orders())
	})
}

func TestOrderWhoseAnswerIsLostIsFoundWithinSeconds(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		asked := time.Now()
		w.network.once(onmeta.RouteCreateOnramp, lost)
		created, err := run(w, w.calls.CreateOnrampOrder, onrampRequest())
		require.NoError(t, err)
		require.True(t, created.Adopted)
		require.WithinDuration(t, asked, time.Now(), 5*time.Second)
	})
}

// The provider's own error, or a request that never left, is known to have made no order: nothing is waited for.
func TestCreationThatIsKnownToHaveFailedIsTriedAgainAtOnce(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]fault{
		"the provider's 500": refuses(http.StatusInternalServerError, "internal server error"),
		"a wrong key":        refuses(http.StatusUnauthorized, "unauthorized to access"),
		"too many requests":  answers(http.StatusTooManyRequests, ""),
		"a login in between": nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if f == nil {
				w.network.on(onmeta.RouteLogin, refuses(http.StatusBadGateway, "down"))
			} else {
				w.network.on(onmeta.RouteCreateOnramp, f)
			}
			_, err := run(w, w.calls.CreateOnrampOrder, onrampRequest())
			requireRetried(t, failure(t, err).Type(), err)
			require.Less(t, failure(t, err).NextRetryDelay(), 2*time.Second)
			require.Empty(t, w.network.sent(onmeta.RouteOrderHistory))
		})
	}
}

func TestHistoryWhoseClockIsBehindDoesNotHideALostOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lostID := w.lose(t, onrampRequest())
	request := again(onrampRequest())
	request.NotBefore = request.NotBefore.Add(30 * time.Second)

	created, err := run(w, w.calls.CreateOnrampOrder, request)

	require.NoError(t, err)
	require.Equal(t, lostID, created.OrderID)
}

func TestOrderOfAnotherPaymentMethodIsNotAdoptedWhereTheHistoryTellsIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lostID := w.lose(t, byBankTransfer(ramp.IMPS))
	w.network.on(onmeta.RouteOrderHistory, replaced(regexp.MustCompile(`"orderId":"[0-9a-f]+"`), `$0,"paymentMode":"INR_IMPS"`))

	created, err := run(w, w.calls.CreateOnrampOrder, again(onrampRequest()))

	require.NoError(t, err)
	require.NotEqual(t, lostID, created.OrderID)
	require.False(t, created.Adopted)
}

func TestQuoteThatExpiresOnARetrySaysThatAnOrderMayHaveBeenMade(t *testing.T) {
	t.Parallel()
	for name, again := range map[string]bool{"first attempt": false, "later activity": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			onramp, offramp := onrampRequest(), offrampRequest()
			for _, p := range []*activities.CreateOrderRequest{&onramp.CreateOrderRequest, &offramp.CreateOrderRequest} {
				p.Quote, p.MinReceived, p.OrderMayExist = staleQuote(), "1000000", again
			}
			_, bought := run(w, w.calls.CreateOnrampOrder, onramp)
			_, sold := run(w, w.calls.CreateOfframpOrder, offramp)
			for _, err := range []error{bought, sold} {
				stale, yes := activities.QuoteExpired(err)
				require.True(t, yes, "%v", err)
				require.Equal(t, again, stale.OrderMayExist)
				require.Nil(t, stale.Quote)
			}
			require.Empty(t, w.orders())
		})
	}
}

func TestQuoteAtWhichTheUserPaysMoreThanAgreedMakesNoOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	request := w.payoutRequest(t)
	request.Quote.ExpiresAt, request.MaxPaid = time.Now().Add(-time.Minute), "1"
	_, err := run(w, w.calls.CreateOfframpOrder, request)
	require.True(t, quoteExpired(err), "%v", err)
	require.Empty(t, w.orders())
}

// Any one of QR code, VPA and links is enough to pay by.
func TestInstructionsHoldWhateverTheAnswerTells(t *testing.T) {
	t.Parallel()
	checkout, err := url.Parse("https://checkout.example.test/pay?apiKey=k")
	require.NoError(t, err)
	qr, links := `"qr_checkout_string"`, `"deepLinks"`
	for name, tc := range map[string]struct {
		hidden      []string
		checkout    *url.URL
		upi, byPage bool
	}{
		"all":              {nil, checkout, true, false},
		"QR code alone":    {[]string{links, `"l"`, `"paymentDetails"`, `"p"`}, checkout, true, false},
		"links alone":      {[]string{qr, `"q"`, `"paymentDetails"`, `"p"`}, checkout, true, false},
		"VPA alone":        {[]string{`"redirect_actions"`, `"r"`}, checkout, true, false},
		"nothing":          {[]string{`"redirect_actions"`, `"r"`, `"paymentDetails"`, `"p"`}, checkout, false, true},
		"nothing, no page": {[]string{`"redirect_actions"`, `"r"`, `"paymentDetails"`, `"p"`}, nil, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorldWith(t, sandbox.DefaultAPIKey, activities.Options{Checkout: tc.checkout})
			w.network.on(onmeta.RouteCreateOnramp, rewritten(tc.hidden...))

			created, err := run(w, w.calls.CreateOnrampOrder, onrampRequest())

			require.NoError(t, err)
			require.False(t, created.Adopted, "the answer came: the order is made once")
			require.Equal(t, tc.upi, created.Instructions.UPI != nil)
			want := ""
			if tc.byPage {
				want = "https://checkout.example.test/pay?apiKey=k&orderId=" + created.OrderID
			}
			require.Equal(t, want, created.Instructions.CheckoutURL)
		})
	}
}

func TestAdoptedOrderIsPaidOnTheProvidersPage(t *testing.T) {
	t.Parallel()
	checkout, err := url.Parse("https://checkout.example.test/")
	require.NoError(t, err)
	w := newWorldWith(t, sandbox.DefaultAPIKey, activities.Options{Checkout: checkout})
	lostID := w.lose(t, onrampRequest())
	created, err := run(w, w.calls.CreateOnrampOrder, again(onrampRequest()))
	require.NoError(t, err)
	require.Equal(t, "https://checkout.example.test/?orderId="+lostID, created.Instructions.CheckoutURL)
}

// Staging asks for a fixed deposit, whatever was ordered (provider 13).
func TestStagingOrderOfAnotherAmountIsNotedAndNotRefused(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, sandbox.DefaultAPIKey, activities.Options{Staging: true})
	w.network.on(onmeta.RouteCreateOfframp, rewritten(`"quote":"100"`, `"quote":"0.01"`))
	created, err := run(w, w.calls.CreateOfframpOrder, offrampRequest())
	require.NoError(t, err)
	require.Equal(t, "0.01", created.Instructions.Deposit.Amount)
	require.Contains(t, created.Note, "staging")
}

func TestLoginThatIsRefusedIsNoRefusalOfTheCallItWasFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	onramp, offramp := w.onrampOrder(t), w.offrampOrder(t)
	w.revokeTokens(t, linked)
	w.network.on(onmeta.RouteLogin, refuses(http.StatusBadRequest, "bad request"))
	for name, err := range map[string]error{
		"UTR":      errOf(run(w, w.calls.SubmitUTR, activities.SubmitUTRRequest{Email: linked, OrderID: onramp, UTR: goodUTR})),
		"hash":     errOf(run(w, w.calls.SubmitTransactionHash, activities.SubmitTransactionHashRequest{Email: linked, OrderID: offramp, TransactionHash: goodHash})),
		"creation": errOf(run(w, w.calls.CreateOnrampOrder, onrampRequest())),
		"sale":     errOf(run(w, w.calls.CreateOfframpOrder, offrampRequest())),
		"status":   errOf(run(w, w.calls.OrderStatus, activities.OrderRequest{Email: linked, Direction: ramp.Onramp, OrderID: onramp})),
		"accounts": errOf(run(w, w.calls.LinkedAccounts, activities.AccountRequest{Email: linked, UPI: linkedUPI()})),
		"link":     errOf(run(w, w.calls.LinkAccount, activities.AccountRequest{Email: linked, UPI: linkedUPI()})),
	} {
		requireRetried(t, activities.ErrUnavailable, err)
		require.Contains(t, err.Error(), "refused", name)
	}
}

func errOf[T any](_ T, err error) error { return err }
