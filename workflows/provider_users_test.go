package workflows_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/onmeta"
	"rampart/ramp"
)

// unverifiedBuy is a request, with its UTR, of a user whose accounts are linked.
func unverifiedBuy(tag, dossier string) ramp.OnrampRequest {
	request := linkedBuy("1000.00")
	request.Email, request.UTR = ramp.Email("asha+"+tag+"+linked@example.test"), utr
	if dossier != "" {
		request.KYC = &ramp.KYC{Dossier: ramp.Dossier(dossier)}
	}
	return request
}

func TestDossierOfTheRequestIsUploadedAndVerified(t *testing.T) {
	t.Parallel()
	for tag, after := range map[string]time.Duration{"nokyc": 0, "review": 6 * time.Hour} {
		t.Run(tag, func(t *testing.T) {
			t.Parallel()
			withProvider(t, func(p *provider) {
				r := p.journey(ramp.Onramp)
				r.pace = time.Minute

				order := r.buy(unverifiedBuy(tag, p.dossier))

				require.Equal(t, ramp.Completed, order.Status)
				require.NotContains(t, statuses(order), ramp.AwaitingKYC)
				require.Len(t, p.network.sent(onmeta.RouteUploadKYC), 1)
				require.WithinDuration(t, order.CreatedAt.Add(after), order.Proof.AcceptedAt, 3*time.Minute)
			})
		})
	}
}

func TestUserIsAskedForADossierUntilTheProviderTakesOne(t *testing.T) {
	t.Parallel()
	withProvider(t, func(p *provider) {
		r := p.journey(ramp.Offramp)
		asked := r.update(0, ramp.AwaitOrder)
		unreadable := r.update(time.Hour, ramp.SubmitKYC, ramp.KYCSubmission{Dossier: ramp.Dossier(p.dossier + "/nowhere")})
		refused := r.update(2*time.Hour, ramp.SubmitKYC, ramp.KYCSubmission{Dossier: ramp.Dossier(p.dossier)})
		taken := r.update(3*time.Hour, ramp.SubmitKYC, ramp.KYCSubmission{Dossier: ramp.Dossier(p.dossier)})
		request := linkedSell("100.00")
		request.Email, request.TransactionHash = "asha+kycrefused+linked@example.test", hash

		order := r.sell(request)

		require.Equal(t, ramp.AwaitingKYC, asked.order.Status)
		requireType(t, unreadable.failed, ramp.KYCRefused)
		requireType(t, refused.failed, ramp.KYCRefused)
		require.ErrorContains(t, refused.failed, "Invalid request")
		require.NoError(t, taken.failed)
		require.Equal(t, ramp.Completed, order.Status)
		require.Len(t, p.network.sent(onmeta.RouteUploadKYC), 2)
	})
}

func TestUserWhomTheProviderNeverVerifiesIsRejectedAfterTheTimeForAReview(t *testing.T) {
	t.Parallel()
	withProvider(t, func(p *provider) {
		r := p.journey(ramp.Onramp)
		r.pace = time.Minute

		order := r.buy(unverifiedBuy("neververified", p.dossier))

		require.Equal(t, ramp.Rejected, order.Status)
		require.WithinDuration(t, order.CreatedAt.Add(26*time.Hour), order.UpdatedAt, 5*time.Minute)
		require.Empty(t, p.orders())
		require.Less(t, len(p.network.sent(onmeta.RouteKYCStatus)), 26*30+20, "one poll in two minutes")
	})
}

func TestKYCUploadThatLostItsAnswerIsIdempotent(t *testing.T) {
	t.Parallel()
	for name, unheard := range afterTheDeed() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			withProvider(t, func(p *provider) {
				p.network.once(onmeta.RouteUploadKYC, unheard)

				order := p.journey(ramp.Onramp).buy(unverifiedBuy("nokyc", p.dossier))

				require.Equal(t, ramp.Completed, order.Status)
				require.NotContains(t, statuses(order), ramp.AwaitingKYC)
				require.Len(t, p.payouts(), 1)
			})
		})
	}
}

// unexplained is what the user is told of an account whose link the provider reports as failed, and no more.
const unexplained = "the account's details are wrong, or its holder's name differs from the KYC"

func TestUPIIDIsLinkedOrAskedForAnew(t *testing.T) {
	t.Parallel()
	for vpa, reason := range map[string]string{
		"asha@okaxis":              "",
		"ashapending@okbank":       "",
		"ashafailed@okbank":        unexplained,
		"ashapendingfailed@okbank": unexplained,
		"ashamismatch@okbank":      unexplained,
		"ashaunknown@okbank":       "account not found for vpa",
	} {
		t.Run(vpa, func(t *testing.T) {
			t.Parallel()
			withProvider(t, func(p *provider) {
				r := p.journey(ramp.Onramp)
				r.at(time.Hour, func() { require.Equal(t, reason != "", r.order().Status == ramp.AwaitingAccount) })
				r.update(time.Hour+time.Minute, ramp.SubmitAccount, ramp.AccountSubmission{UPI: &ramp.UPIAccount{ID: "asha@okicici", Name: "Asha Rao"}})
				r.signalUTR(2*time.Hour, utr)
				request := onrampRequest()
				request.UPI.ID = ramp.VPA(vpa)

				order := r.buy(request)

				require.Equal(t, ramp.Completed, order.Status)
				require.Contains(t, notes(order), reason)
				require.Len(t, p.orders(), 1)
			})
		})
	}
}

func TestBankAccountIsLinkedOrAskedForAnew(t *testing.T) {
	t.Parallel()
	for number, reason := range map[string]string{
		"50100000004821": "",
		"50100000009001": "",
		"50100000009002": unexplained,
		"50100000009003": unexplained,
		"50100000009004": unexplained,
	} {
		t.Run(number, func(t *testing.T) {
			t.Parallel()
			withProvider(t, func(p *provider) {
				r := p.journey(ramp.Offramp)
				r.at(time.Hour, func() { require.Equal(t, reason != "", r.order().Status == ramp.AwaitingAccount) })
				r.update(time.Hour+time.Minute, ramp.SubmitAccount, ramp.AccountSubmission{Bank: offrampRequest().Bank})
				r.signalHash(2*time.Hour, hash)
				request := offrampRequest()
				request.Bank.AccountNumber = ramp.AccountNumber(number)

				order := r.sell(request)

				require.Equal(t, ramp.Completed, order.Status)
				require.Contains(t, notes(order), reason)
			})
		})
	}
}

func TestAccountLinkedBeforeIsNotLinkedAgain(t *testing.T) {
	t.Parallel()
	withProvider(t, func(p *provider) {
		request := linkedBuy("1000.00")
		request.UTR = utr

		require.Equal(t, ramp.Completed, p.journey(ramp.Onramp).buy(request).Status)

		require.Empty(t, p.network.sent(onmeta.RouteLinkUPI))
	})
}

func TestAccountThatTheProviderHasLinkedAlreadyIsLinked(t *testing.T) {
	t.Parallel()
	for name, unheard := range afterTheDeed() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			withProvider(t, func(p *provider) {
				p.network.once(onmeta.RouteLinkUPI, unheard)
				p.network.once(onmeta.RouteLinkBank, unheard)
				buy, sell := onrampRequest(), offrampRequest()
				buy.UTR, sell.TransactionHash = utr, hash

				bought := p.journey(ramp.Onramp).buy(buy)
				sold := p.journey(ramp.Offramp).sell(sell)

				require.Equal(t, ramp.Completed, bought.Status)
				require.Equal(t, ramp.Completed, sold.Status)
				require.NotContains(t, append(statuses(bought), statuses(sold)...), ramp.AwaitingAccount)
				require.Contains(t, p.sandbox.Ledger().Refusals, "POST /v1/users/upi-link: 406 account already verified")
				require.Contains(t, p.sandbox.Ledger().Refusals, "POST /v1/users/account-link: 406 account already verified")
			})
		})
	}
}

// At amounts that end in .06 the price is 10 % worse in every second window of 30 s. Orders in these tests begin with the
// good one.
const swingingPrice = "1000.06"

// goodPrice is what a swinging amount buys in a good window.
func goodPrice(t *testing.T) string {
	t.Helper()
	var price string
	withProvider(t, func(p *provider) {
		request := linkedBuy(swingingPrice)
		request.UTR = utr
		price = p.journey(ramp.Onramp).buy(request).Quote.Receive.Amount
	})
	return price
}

func TestPriceAboveTheMinimumNeedsNoConfirmation(t *testing.T) {
	t.Parallel()
	good := goodPrice(t)
	withProvider(t, func(p *provider) {
		request := linkedBuy(swingingPrice)
		request.UTR, request.Quote = utr, &ramp.QuoteTerms{MinReceived: good}

		order := p.journey(ramp.Onramp).buy(request)

		require.Equal(t, ramp.Completed, order.Status)
		require.NotContains(t, statuses(order), ramp.AwaitingConfirmation)
		require.Equal(t, good, p.payouts()[0].Amount.String())
	})
}

func TestPriceBelowTheMinimumMakesNoOrderUntilItIsConfirmed(t *testing.T) {
	t.Parallel()
	good := goodPrice(t)
	withProvider(t, func(p *provider) {
		time.Sleep(30 * time.Second)
		r := p.journey(ramp.Onramp)
		var quoted ramp.Quote
		r.at(15*time.Second, func() {
			require.Equal(t, ramp.AwaitingConfirmation, r.order().Status)
			require.Empty(t, p.orders())
			quoted = *r.order().Quote
			r.SignalWorkflow(ramp.ConfirmQuote, ramp.QuoteConfirmation{QuoteID: quoted.ID})
		})
		request := linkedBuy(swingingPrice)
		request.UTR, request.Quote = utr, &ramp.QuoteTerms{MinReceived: good}

		order := r.buy(request)

		require.Equal(t, ramp.Completed, order.Status)
		require.Equal(t, quoted.Receive, order.Quote.Receive)
		require.Equal(t, quoted.Receive.Amount, p.payouts()[0].Amount.String())
		require.NotEqual(t, good, quoted.Receive.Amount)
	})
}

func TestPriceThatDropsBeforeItIsConfirmedIsConfirmedAgain(t *testing.T) {
	t.Parallel()
	withProvider(t, func(p *provider) {
		r := p.journey(ramp.Onramp)
		var first, second ramp.Quote
		r.at(35*time.Second, func() {
			first = *r.order().Quote
			r.SignalWorkflow(ramp.ConfirmQuote, ramp.QuoteConfirmation{QuoteID: first.ID})
		})
		r.at(40*time.Second, func() {
			second = *r.order().Quote
			require.Equal(t, ramp.AwaitingConfirmation, r.order().Status, "the price is 10 % worse by now")
			require.NotEqual(t, first.Receive, second.Receive)
			require.Empty(t, p.orders())
			r.SignalWorkflow(ramp.ConfirmQuote, ramp.QuoteConfirmation{QuoteID: second.ID})
		})
		request := linkedBuy(swingingPrice)
		request.UTR, request.Quote = utr, &ramp.QuoteTerms{Confirm: true}

		order := r.buy(request)

		require.Equal(t, ramp.Completed, order.Status)
		require.Equal(t, second.Receive.Amount, p.payouts()[0].Amount.String())
	})
}

// The creation is down until the quote has expired and the price has dropped.
func TestPriceThatDropsWhileTheProviderIsDownNeedsConfirmation(t *testing.T) {
	t.Parallel()
	good := goodPrice(t)
	withProvider(t, func(p *provider) {
		p.network.once(onmeta.RouteCreateOnramp, answersWith(http.StatusServiceUnavailable, "down", "Retry-After", "35"))
		r := p.journey(ramp.Onramp)
		r.at(50*time.Second, func() {
			require.Equal(t, ramp.AwaitingConfirmation, r.order().Status)
			require.Empty(t, p.orders())
		})
		r.at(time.Minute, func() {
			r.SignalWorkflow(ramp.ConfirmQuote, ramp.QuoteConfirmation{QuoteID: r.order().Quote.ID})
		})
		request := linkedBuy(swingingPrice)
		request.UTR, request.Quote = utr, &ramp.QuoteTerms{MinReceived: good}

		order := r.buy(request)

		require.Equal(t, ramp.Completed, order.Status)
		require.Contains(t, notes(order), "fetched again")
		require.Len(t, p.payouts(), 1)
	})
}
