package activities_test

import (
	"errors"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"rampart/activities"
	"rampart/onmeta"
	"rampart/ramp"
)

// orders lists the ids of the provider's orders, oldest first.
func (w *world) orders() []string {
	var ids []string
	for _, order := range w.sandbox.Ledger().Orders {
		ids = append(ids, order.ID)
	}
	return ids
}

func TestUPIOrderSaysHowToPay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	created, err := run(w, w.calls.CreateOnrampOrder, onrampRequest())
	require.NoError(t, err)
	require.Equal(t, w.orders(), []string{created.OrderID})
	require.Equal(t, "fiatPending", created.ProviderStatus)
	require.Equal(t, 3*time.Hour, created.Lifetime)
	require.False(t, created.Adopted)
	require.Nil(t, created.Instructions.Bank)
	upi := created.Instructions.UPI
	require.True(t, strings.HasPrefix(upi.QR, "upi://pay?"), upi.QR)
	require.Contains(t, upi.QR, "am=1000.00")
	require.NotEmpty(t, upi.VPA)
	require.Len(t, upi.DeepLinks, 5)
	require.Equal(t, "Phonepe", upi.DeepLinks[0].Name)
	require.True(t, strings.HasPrefix(upi.DeepLinks[0].URL, "phonepe://pay?"))
}

func byBankTransfer(method ramp.PaymentMethod) activities.CreateOnrampOrderRequest {
	request := onrampRequest()
	request.PaymentMethod, request.UPI, request.Bank = method, nil, linkedBank()
	return request
}

func TestBankTransferIsPaidToTheBeneficiaryOfItsMode(t *testing.T) {
	t.Parallel()
	for _, method := range []ramp.PaymentMethod{ramp.IMPS, ramp.NEFT} {
		t.Run(string(method), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			created, err := run(w, w.calls.CreateOnrampOrder, byBankTransfer(method))
			require.NoError(t, err)
			require.Nil(t, created.Instructions.UPI)
			require.NotEmpty(t, created.Instructions.Bank.Name)
			require.NotEmpty(t, created.Instructions.Bank.AccountNumber)
			require.Regexp(t, `^[A-Z]{4}0[A-Z0-9]{6}$`, string(created.Instructions.Bank.IFSC))
			require.NotContains(t, w.network.sent(onmeta.RouteCreateOnramp)[0].body, "ABCPE1234F", "an order needs no PAN")
		})
	}
}

func TestBeneficiaryThatTheOrderNamesComesFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.network.on(onmeta.RouteCreateOnramp, rewritten(`"paymentDetails":{`,
		`"paymentDetails":{"name":"Order's Own","account":"50100000000777","ifsc":"ICIC0000777",`))
	created, err := run(w, w.calls.CreateOnrampOrder, byBankTransfer(ramp.IMPS))
	require.NoError(t, err)
	require.Equal(t, &ramp.Beneficiary{Name: "Order's Own", AccountNumber: "50100000000777", IFSC: "ICIC0000777"},
		created.Instructions.Bank)
}

func TestNoOrderIsMadeWithoutABeneficiaryToPay(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]fault{
		"not listed": answers(http.StatusOK, `{"success":true,"data":[{"currencyCode":"INR","paymentModes":[{"code":"INR_IMPS"}]}]}`),
		"refused":    refuses(http.StatusBadRequest, "bad request"),
		"outage":     refuses(http.StatusInternalServerError, "internal server error"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.network.on(onmeta.RouteCurrencies, f)
			_, err := run(w, w.calls.CreateOnrampOrder, byBankTransfer(ramp.IMPS))
			requireRetried(t, activities.ErrUnavailable, err)
			require.Empty(t, w.orders())
		})
	}
}

func TestOrderCarriesItsReference(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	onramp, offramp := onrampRequest(), offrampRequest()
	onramp.Metadata = map[string]string{"invoice": "42"}
	offramp.Reference = "wd-7"
	_, err := run(w, w.calls.CreateOnrampOrder, onramp)
	require.NoError(t, err)
	_, err = run(w, w.calls.CreateOfframpOrder, offramp)
	require.NoError(t, err)
	orders := w.sandbox.Ledger().Orders
	require.Equal(t, map[string]string{"reference": "inv-42", "invoice": "42"}, orders[0].MetaData)
	require.Equal(t, map[string]string{"reference": "wd-7"}, orders[1].MetaData)
}

func TestExpiredQuoteIsFetchedAgainBeforeTheOrderIsMade(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	onramp, offramp := onrampRequest(), offrampRequest()
	onramp.Quote, offramp.Quote = staleQuote(), staleQuote()
	onramp.MinReceived, offramp.MinReceived = "1", "1"
	bought, err := run(w, w.calls.CreateOnrampOrder, onramp)
	require.NoError(t, err)
	sold, err := run(w, w.calls.CreateOfframpOrder, offramp)
	require.NoError(t, err)
	for _, quote := range []*ramp.Quote{bought.Quote, sold.Quote} {
		require.NotEqual(t, "quote", quote.ID)
		require.True(t, quote.ExpiresAt.After(time.Now()))
	}
	require.Len(t, w.network.sent(onmeta.RouteQuoteBuy), 1)
	require.Len(t, w.network.sent(onmeta.RouteQuoteSell), 1)
}

func TestQuoteThatExpiresWhileItsUserLogsInMakesNoOrderAtAWorsePrice(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		w.network.on(onmeta.RouteLogin, slow(10*time.Second, unharmed))
		onramp, offramp := onrampRequest(), offrampRequest()
		onramp.Quote.ExpiresAt, onramp.MinReceived = time.Now().Add(5*time.Second), "1000000"
		_, err := run(w, w.calls.CreateOnrampOrder, onramp)
		require.True(t, quoteExpired(err), "%v", err)
		offramp.Email = "asha+linked+2@example.test"
		offramp.Quote.ExpiresAt, offramp.MinReceived = time.Now().Add(5*time.Second), "1000000"
		_, err = run(w, w.calls.CreateOfframpOrder, offramp)
		require.True(t, quoteExpired(err), "%v", err)
		require.Empty(t, w.orders())
	})
}

func TestQuoteThatMayExpireOnTheWayMakesNoOrderAtAWorsePrice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	onramp, offramp := onrampRequest(), offrampRequest()
	onramp.Quote.ExpiresAt, onramp.MinReceived = time.Now().Add(2*time.Second), "1000000"
	offramp.Quote.ExpiresAt, offramp.MinReceived = onramp.Quote.ExpiresAt, onramp.MinReceived
	_, err := run(w, w.calls.CreateOnrampOrder, onramp)
	require.True(t, quoteExpired(err), "%v", err)
	_, err = run(w, w.calls.CreateOfframpOrder, offramp)
	require.True(t, quoteExpired(err), "%v", err)
	require.Empty(t, w.orders())
}

func TestQuoteThatExpiresWhileItsUserLogsInAgainMakesNoOrder(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		requireLate := func(err error) {
			require.ErrorContains(t, err, "the time to send the call by has passed")
			require.False(t, failure(t, err).NonRetryable())
		}
		for _, route := range []onmeta.Route{onmeta.RouteCreateOnramp, onmeta.RouteCreateOfframp} {
			w.network.once(route, slow(14*time.Second, refuses(http.StatusUnauthorized, "the token has expired")))
		}
		w.network.on(onmeta.RouteRefreshToken, slow(14*time.Second, unharmed))
		_, err := run(w, w.calls.CreateOnrampOrder, onrampRequest())
		requireLate(err)
		_, err = run(w, w.calls.CreateOfframpOrder, offrampRequest())
		requireLate(err)
		require.Empty(t, w.orders())
	})
}

func TestExpiredQuoteMakesNoOrderAtAWorsePriceThanAgreed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	onramp, offramp := onrampRequest(), offrampRequest()
	onramp.Quote, offramp.Quote = staleQuote(), staleQuote()
	onramp.MinReceived, offramp.MinReceived = "1000000", "1000000"
	_, err := run(w, w.calls.CreateOnrampOrder, onramp)
	require.True(t, quoteExpired(err))
	require.True(t, failure(t, err).NonRetryable())
	_, err = run(w, w.calls.CreateOfframpOrder, offramp)
	require.True(t, quoteExpired(err))
	_, refused := activities.Refused(err)
	require.False(t, refused)
	require.Empty(t, w.network.sent(onmeta.RouteCreateOnramp))
	require.Empty(t, w.network.sent(onmeta.RouteCreateOfframp))
}

func TestRefusedOrderIsFinal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	request := onrampRequest()
	request.UPI.ID = "asha@okaxis"
	_, err := inWorkflow(w, activities.CreateOnrampOrder, request)
	requireRefused(t, http.StatusNotFound, "UPI details are not found for the user", err)
	require.Len(t, w.network.sent(onmeta.RouteCreateOnramp), 1)
}

func TestOrderOfAnUnreadableAmountIsOurDefect(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	onramp, byTokens, byPayout := onrampRequest(), offrampRequest(), offrampRequest()
	onramp.Fiat.Amount, byTokens.TokenAmount, byPayout.TokenAmount = "01", "1e2", ""
	_, onrampErr := run(w, w.calls.CreateOnrampOrder, onramp)
	_, tokensErr := run(w, w.calls.CreateOfframpOrder, byTokens)
	_, payoutErr := run(w, w.calls.CreateOfframpOrder, byPayout)
	for _, err := range []error{onrampErr, tokensErr, payoutErr} {
		require.Equal(t, string(ramp.InvalidRequest), failure(t, err).Type())
	}
	require.Empty(t, w.orders())
}

// TestLostAnswerLeavesExactlyOneOrder runs the activity with its real retries.
func TestLostAnswerLeavesExactlyOneOrder(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		faults  []fault
		adopted bool
	}{
		"answer lost":                    {[]fault{lost}, true},
		"answer broken off":              {[]fault{truncated}, true},
		"gateway's page after the order": {[]fault{gatewayTimeout}, true},
		"never sent":                     {[]fault{reset}, false},
		"never sent twice, then lost":    {[]fault{reset, reset, lost}, true},
		"provider down before the order": {[]fault{refuses(http.StatusInternalServerError, "internal server error")}, false},
		"rate limited, then lost":        {[]fault{answers(http.StatusTooManyRequests, "", "Retry-After", "5"), lost}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			controlled(t, func(t *testing.T, w *world) {
				w.network.once(onmeta.RouteCreateOnramp, tc.faults...)
				created, err := untilCreated(w, onrampRequest())
				require.NoError(t, err)
				require.Equal(t, []string{created.OrderID}, w.orders())
				require.Equal(t, tc.adopted, created.Adopted)
				require.Equal(t, tc.adopted, created.Instructions.UPI == nil, "only the answer to the creation holds them")
				require.Equal(t, "fiatPending", created.ProviderStatus)
			})
		})
	}
}

// gatewayTimeout is what a gateway says of an order that the provider made.
func gatewayTimeout(request *http.Request, next send) (*http.Response, error) {
	answer, err := next(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	return response(request, http.StatusGatewayTimeout, "<html>504 Gateway Time-out</html>"), nil
}

func again(request activities.CreateOnrampOrderRequest) activities.CreateOnrampOrderRequest {
	request.OrderMayExist = true
	return request
}

// lose makes an order that nobody records, as an attempt does whose worker dies, and returns its id.
func (w *world) lose(t *testing.T, request activities.CreateOnrampOrderRequest) string {
	t.Helper()
	created, err := run(w, w.calls.CreateOnrampOrder, request)
	require.NoError(t, err)
	return created.OrderID
}

func TestLaterActivityAdoptsTheOrderOfAnEarlierOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lostID := w.lose(t, onrampRequest())
	request := onrampRequest()
	request.Token.Address = strings.ToUpper(request.Token.Address)
	request.Fiat.Amount = "1000"
	created, err := run(w, w.calls.CreateOnrampOrder, again(request))
	require.NoError(t, err)
	require.True(t, created.Adopted)
	require.Equal(t, lostID, created.OrderID)
	require.Equal(t, []string{lostID}, w.orders())
}

func TestAdoptedBankTransferKeepsItsBeneficiary(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	request := byBankTransfer(ramp.IMPS)
	lostID := w.lose(t, request)
	created, err := run(w, w.calls.CreateOnrampOrder, again(request))
	require.NoError(t, err)
	require.Equal(t, lostID, created.OrderID)
	require.NotEmpty(t, created.Instructions.Bank.AccountNumber)
}

func TestOrderSaysWhenItWasAskedFor(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		asked := time.Now()
		w.network.on(onmeta.RouteCreateOnramp, slow(10*time.Second, unharmed))
		w.network.on(onmeta.RouteCreateOfframp, slow(10*time.Second, unharmed))
		bought, err := run(w, w.calls.CreateOnrampOrder, onrampRequest())
		require.NoError(t, err)
		require.WithinDuration(t, asked, bought.At, 5*time.Second)
		asked = time.Now()
		request := offrampRequest()
		request.Quote.ExpiresAt = time.Now().Add(25 * time.Second)
		sold, err := run(w, w.calls.CreateOfframpOrder, request)
		require.NoError(t, err)
		require.WithinDuration(t, asked, sold.At, 5*time.Second)
	})
}

func TestAdoptedOrderLivesFromItsQuoteAndNotFromItsAdoption(t *testing.T) {
	t.Parallel()
	controlled(t, func(t *testing.T, w *world) {
		request := onrampRequest()
		w.lose(t, request)
		pass(time.Hour)
		created, err := run(w, w.calls.CreateOnrampOrder, again(request))
		require.NoError(t, err, "an order is adopted whatever became of its quote")
		require.True(t, created.Adopted)
		require.Equal(t, 2*time.Hour, created.Lifetime)
	})
}

func TestOrderIsNotAdoptedUnlessItMustBeOurs(t *testing.T) {
	t.Parallel()
	for name, differ := range map[string]func(*testing.T, *world, *activities.CreateOnrampOrderRequest, string){
		"other amount": func(_ *testing.T, _ *world, r *activities.CreateOnrampOrderRequest, _ string) {
			r.Fiat.Amount = "1000.50"
		},
		"other wallet": func(_ *testing.T, _ *world, r *activities.CreateOnrampOrderRequest, _ string) {
			r.WalletAddress = "0x2222222222222222222222222222222222222222"
		},
		"other token": func(_ *testing.T, _ *world, r *activities.CreateOnrampOrderRequest, _ string) {
			r.Token = ramp.Token{Symbol: "USDT", Address: "0xc2132d05d31c914a87c6611c10748aeb04b58e8f", ChainID: 137}
		},
		"older than the first quote, whatever the clocks say": func(_ *testing.T, _ *world, r *activities.CreateOnrampOrderRequest, _ string) {
			r.NotBefore = testStart().Add(time.Minute + time.Second)
		},
		"owned by another order": func(_ *testing.T, w *world, _ *activities.CreateOnrampOrderRequest, id string) { w.owners.take(id) },
		"paid":                   forced("fiatReceived"),
		"completed":              forced("completed"),
		"expired":                forced("expired"),
		"status not known":       forced("complianceReview"),
		"of unknown age": func(_ *testing.T, w *world, _ *activities.CreateOnrampOrderRequest, _ string) {
			w.network.on(onmeta.RouteOrderHistory, rewritten("created_at", "made_at"))
		},
		"of unreadable amount": func(_ *testing.T, w *world, _ *activities.CreateOnrampOrderRequest, _ string) {
			w.network.on(onmeta.RouteOrderHistory, rewritten(`"amount":1000`, `"amount":null`))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			request := onrampRequest()
			other := w.lose(t, request)
			differ(t, w, &request, other)
			created, err := run(w, w.calls.CreateOnrampOrder, again(request))
			require.NoError(t, err)
			require.False(t, created.Adopted)
			require.Equal(t, []string{other, created.OrderID}, w.orders())
		})
	}
}

func forced(status string) func(*testing.T, *world, *activities.CreateOnrampOrderRequest, string) {
	return func(t *testing.T, w *world, _ *activities.CreateOnrampOrderRequest, id string) {
		w.force(t, id, status)
	}
}

func TestOrdersOfOtherUsersAreNotSeen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := w.lose(t, onrampRequest())
	request := onrampRequest()
	request.Email = "asha+linked+2@example.test"
	created, err := run(w, w.calls.CreateOnrampOrder, again(request))
	require.NoError(t, err)
	require.NotEqual(t, other, created.OrderID)
}

func TestLostOrderIsFoundBehindNewerOrders(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lostID := w.lose(t, onrampRequest())
	for range 24 {
		other := onrampRequest()
		other.Fiat.Amount = "2000.00"
		_, err := run(w, w.calls.CreateOnrampOrder, other)
		require.NoError(t, err)
	}
	created, err := run(w, w.calls.CreateOnrampOrder, again(onrampRequest()))
	require.NoError(t, err)
	require.Equal(t, lostID, created.OrderID)
	require.Equal(t, 4, w.called(onmeta.RouteOrderHistory), "three pages, and the one that says that there are no more")
}

// An attempt that died after its claim has left nothing but the claim: it must be found again, whatever looks the same by then.
func TestOfOrdersThatLookTheSameTheOldestIsTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	claimed := w.lose(t, onrampRequest())
	w.lose(t, onrampRequest())
	created, err := run(w, w.calls.CreateOnrampOrder, again(onrampRequest()))
	require.NoError(t, err)
	require.Equal(t, claimed, created.OrderID)
}

func TestOrderOfUnknownAgeDoesNotEndTheSearch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lostID := w.lose(t, onrampRequest())
	w.network.once(onmeta.RouteOrderHistory, rewritten(`"data":[`, `"data":[{"orderId":"650000000000000000000009"},`))
	created, err := run(w, w.calls.CreateOnrampOrder, again(onrampRequest()))
	require.NoError(t, err)
	require.Equal(t, lostID, created.OrderID)
}

func TestSearchEndsWhereOrdersAreTooOld(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 11 {
		_, err := run(w, w.calls.CreateOnrampOrder, onrampRequest())
		require.NoError(t, err)
	}
	request := again(onrampRequest())
	request.NotBefore = testStart().Add(2 * time.Minute)
	_, err := run(w, w.calls.CreateOnrampOrder, request)
	require.NoError(t, err)
	require.Equal(t, 1, w.called(onmeta.RouteOrderHistory))
}

func TestSearchIsBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	row := `{"orderId":"650000000000000000000001","status":"fiatPending","amount":1,"created_at":"2026-01-10T10:00:01.000Z"}`
	w.network.on(onmeta.RouteOrderHistory, answers(http.StatusOK, `{"success":true,"data":[`+row+`]}`))
	created, err := run(w, w.calls.CreateOnrampOrder, again(onrampRequest()))
	require.NoError(t, err)
	require.False(t, created.Adopted)
	require.Len(t, w.network.sent(onmeta.RouteOrderHistory), 20)
}

func TestNoOtherOrderIsMadeWhileNobodyKnowsWhetherThereIsOne(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*world){
		"history down": func(w *world) { w.network.on(onmeta.RouteOrderHistory, refuses(http.StatusBadGateway, "down")) },
		"history refused": func(w *world) {
			w.network.on(onmeta.RouteOrderHistory, refuses(http.StatusForbidden, "user is forbidden"))
		},
		"owners unknown": func(w *world) { w.owners.fail(errors.New("the visibility store is down")) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.lose(t, onrampRequest())
			spoil(w)
			_, err := run(w, w.calls.CreateOnrampOrder, again(onrampRequest()))
			requireRetried(t, activities.ErrUnavailable, err)
			require.Len(t, w.orders(), 1)
		})
	}
}

func TestSearchThatFindsNothingMakesNoOrderAtAWorsePriceThanAgreed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	request := again(onrampRequest())
	request.Quote, request.MinReceived = staleQuote(), "1000000"
	_, err := run(w, w.calls.CreateOnrampOrder, request)
	require.True(t, quoteExpired(err))
	require.Empty(t, w.orders())
}

func TestOfframpOrderByTokensSaysWhereToSendThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	request := offrampRequest()
	created, err := run(w, w.calls.CreateOfframpOrder, request)
	require.NoError(t, err)
	order := w.sandbox.Ledger().Orders[0]
	require.Equal(t, activities.CreatedOrder{
		OrderID: order.ID, ProviderStatus: "cryptoInit", Lifetime: 3 * time.Hour,
		Instructions: ramp.Instructions{Deposit: &ramp.Deposit{
			WalletAddress: order.WalletAddress, Amount: "100", Symbol: "USDC", ChainID: 137,
		}},
		Quote: created.Quote, At: created.At,
	}, created)
	require.Equal(t, request.Quote.ID, created.Quote.ID)
	body := w.network.sent(onmeta.RouteCreateOfframp)[0].body
	require.Contains(t, body, `"bankDetails":{"accountNumber":"XXXX4821","ifsc":"HDFC0001234"}`)
	require.Contains(t, body, `"sellTokenAmount":100`)
	require.NotContains(t, body, "fiatAmount")
}

func TestOfframpOrderByPayoutSaysHowManyTokensItTakes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	request := w.payoutRequest(t)
	created, err := run(w, w.calls.CreateOfframpOrder, request)
	require.NoError(t, err)
	require.Equal(t, request.Quote.Pay.Amount, created.Instructions.Deposit.Amount)
	order := w.sandbox.Ledger().Orders[0]
	require.Equal(t, order.Tokens.String(), created.Instructions.Deposit.Amount)
	require.Contains(t, w.network.sent(onmeta.RouteCreateOfframp)[0].body, `"fiatAmount":8400`)
}

// payoutRequest orders a payout, at the price of a quote.
func (w *world) payoutRequest(t *testing.T) activities.CreateOfframpOrderRequest {
	t.Helper()
	asked := sell()
	asked.TokenAmount, asked.Fiat = "", rupees("8400.00")
	quoted, err := run(w, w.calls.QuoteSell, asked)
	require.NoError(t, err)
	request := offrampRequest()
	request.Quote, request.TokenAmount, request.Fiat = quoted.Quote, "", asked.Fiat
	return request
}

func TestDepositOfAnotherAmountThanOrderedIsShownToNobody(t *testing.T) {
	t.Parallel()
	for name, quote := range map[string]string{
		"a little more": "100.000001", "a little less": "99.999999", "smallest units": "100000000",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.network.on(onmeta.RouteCreateOfframp, rewritten(`"quote":"100"`, `"quote":"`+quote+`"`))
			_, err := run(w, w.calls.CreateOfframpOrder, offrampRequest())
			requireRefused(t, 0, "the provider's order asks for another amount of tokens than was ordered", err)
		})
	}
}

func TestDepositAsOrderedIsShownHoweverItIsWritten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.network.on(onmeta.RouteCreateOfframp, rewritten(`"quote":"100"`, `"quote":"100.000000"`))
	created, err := run(w, w.calls.CreateOfframpOrder, offrampRequest())
	require.NoError(t, err)
	require.Equal(t, "100", created.Instructions.Deposit.Amount)
	require.Equal(t, "100", created.Quote.Pay.Amount)
}

// The provider prices a payout by itself: what its order asks for is what the user must be told, and must have agreed to.
func TestPayoutThatTakesMoreTokensThanAgreedIsShownToNobody(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		maxPaid func(quoted decimal.Decimal) string
		deposit func(quoted decimal.Decimal) decimal.Decimal
		shown   bool
	}{
		"as quoted":                    {exactly, same, true},
		"a little more than confirmed": {exactly, percent(101), false},
		"a little more, and no limit":  {unlimited, percent(104), true},
		"much more, and no limit":      {unlimited, percent(106), false},
		"more, and within the limit":   {twice, percent(150), true},
		"less than confirmed":          {exactly, percent(99), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			request := w.payoutRequest(t)
			quoted := decimal.RequireFromString(request.Quote.Pay.Amount)
			request.MaxPaid = tc.maxPaid(quoted)
			deposit := tc.deposit(quoted).Truncate(6).String()
			w.network.on(onmeta.RouteCreateOfframp, rewritten(`"quote":"`+quoted.String()+`"`, `"quote":"`+deposit+`"`))

			created, err := run(w, w.calls.CreateOfframpOrder, request)

			if tc.shown {
				require.NoError(t, err)
				require.Equal(t, deposit, created.Instructions.Deposit.Amount)
				require.Equal(t, deposit, created.Quote.Pay.Amount, "there is one amount to pay")
				return
			}
			stale, yes := activities.QuoteExpired(err)
			require.True(t, yes, "%v", err)
			require.Equal(t, w.orders(), []string{stale.OrderID})
			require.Equal(t, deposit, stale.Quote.Pay.Amount)
			require.NotEqual(t, request.Quote.ID, stale.Quote.ID, "it is another price to confirm")
		})
	}
}

func exactly(quoted decimal.Decimal) string  { return quoted.String() }
func unlimited(decimal.Decimal) string       { return "" }
func twice(quoted decimal.Decimal) string    { return quoted.Mul(decimal.New(2, 0)).String() }
func same(d decimal.Decimal) decimal.Decimal { return d }
func percent(p int64) func(decimal.Decimal) decimal.Decimal {
	return func(d decimal.Decimal) decimal.Decimal { return d.Mul(decimal.New(p, -2)) }
}

func TestOrderWhosePayoutIsWorseThanAgreedIsShownToNobody(t *testing.T) {
	t.Parallel()
	for name, least := range map[string]string{"less than the minimum": "8000", "far less than the quote": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			request := offrampRequest()
			quoted, err := run(w, w.calls.QuoteSell, sell())
			require.NoError(t, err)
			request.Quote, request.MinReceived = quoted.Quote, least
			w.network.on(onmeta.RouteCreateOfframp, replaced(regexp.MustCompile(`"fiatAmount":[0-9.]+`), `"fiatAmount":4000`))

			_, err = run(w, w.calls.CreateOfframpOrder, request)

			stale, yes := activities.QuoteExpired(err)
			require.True(t, yes, "%v", err)
			require.Equal(t, w.orders(), []string{stale.OrderID})
			require.True(t, stale.Quote.Receive.AtMost("4000"))
			require.NotContains(t, err.Error(), "0x", "nobody is told where to send tokens")
		})
	}
}

func TestOfframpOrderToAnAccountThatIsNotLinkedIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	request := offrampRequest()
	request.AccountNumber = "XXXX0000"
	_, err := run(w, w.calls.CreateOfframpOrder, request)
	requireRefused(t, http.StatusNotFound, "Bank details are not found for the user", err)
}

func TestOfframpOrderWhoseAnswerWasLostIsMadeAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.network.once(onmeta.RouteCreateOfframp, lost)
	created, err := inWorkflow(w, activities.CreateOfframpOrder, offrampRequest())
	require.NoError(t, err)
	require.Equal(t, w.orders()[1:], []string{created.OrderID}, "nobody was told the first one's wallet")
}
