package workflows_test

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/onmeta"
	"rampart/ramp"
)

// says puts this in place of a member's text in the provider's answers.
func says(member, text string) trouble {
	pattern := regexp.MustCompile(`"` + member + `":"[^"]*"`)
	return func(request *http.Request, next send) (*http.Response, error) {
		answer, err := next(request)
		if err != nil {
			return nil, err
		}
		defer answer.Body.Close()
		whole, err := io.ReadAll(answer.Body)
		if err != nil {
			return nil, err
		}
		return httpAnswer(request, answer.StatusCode, pattern.ReplaceAllLiteralString(string(whole), fmt.Sprintf("%q:%q", member, text))), nil
	}
}

func TestOrderWhoseDepositWalletCannotBeTrustedIsShownToNobodyAndNoOtherIsMade(t *testing.T) {
	t.Parallel()
	for name, wallet := range map[string]string{
		"nobody's": "0x0000000000000000000000000000000000000000", "the token's contract": linkedSell("1").Token.Address,
		"of Tron": "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", "mistyped": "0x5aAeb6053f3e94c9b9A09f33669435E7Ef1BeAed",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			withProvider(t, func(p *provider) {
				p.network.on(onmeta.RouteCreateOfframp, says("receiverWalletAddress", wallet))
				r := p.journey(ramp.Offramp)
				r.at(10*time.Minute, func() {
					order := r.order()
					require.Equal(t, ramp.AwaitingPayment, order.Status)
					require.Contains(t, order.Attention, "the deposit wallet")
					require.Contains(t, order.Attention, "cannot be trusted and are withheld")
					require.Nil(t, order.Instructions.Deposit)
					require.Equal(t, p.orders()[0].ID, order.OrderID, "support finds it")
					requireTells(t, r.card(), "## There are no payment instructions for 100 USDC", "the user must pay nothing", "`starter cancel offramp/", order.OrderID)
					require.NotContains(t, r.card(), wallet)
				})
				r.at(20*time.Minute, r.CancelWorkflow)

				order := r.sell(linkedSell("100.00"))

				require.Equal(t, ramp.Cancelled, order.Status)
				require.Empty(t, r.deposits)
				require.Len(t, p.orders(), 1)
				require.NotContains(t, fmt.Sprintf("%+v", order), wallet)
			})
		})
	}
}

func TestOrderOfAnUntrustedWalletExpiresWhenNobodyActs(t *testing.T) {
	t.Parallel()
	withProvider(t, func(p *provider) {
		p.network.on(onmeta.RouteCreateOfframp, says("receiverWalletAddress", ramp.NativeToken))
		order := p.journey(ramp.Offramp).sell(linkedSell("100.00"))
		require.Equal(t, ramp.Expired, order.Status)
		require.Len(t, p.orders(), 1)
	})
}

func TestOrderWhoseQRCodeAndVPADisagreeIsShownNeither(t *testing.T) {
	t.Parallel()
	withProvider(t, func(p *provider) {
		p.network.on(onmeta.RouteCreateOnramp, says("upiCode", "thief@evilbank"))
		r := p.journey(ramp.Onramp)
		r.at(10*time.Minute, func() {
			require.Contains(t, r.order().Attention, "the QR code and the VPA name different accounts")
			require.Nil(t, r.order().Instructions.UPI)
		})
		r.at(20*time.Minute, r.CancelWorkflow)
		order := r.buy(linkedBuy("1000.00"))
		require.Equal(t, ramp.Cancelled, order.Status)
		require.NotContains(t, fmt.Sprintf("%+v", order), "thief")
	})
}

// An id of 5,000 bytes once ended an order: the server takes no such search attribute. The order is found in the provider's history as
// after a lost answer.
func TestOrderWhoseIDIsNoneIsFoundByTheHistoryAndMadeOnce(t *testing.T) {
	t.Parallel()
	for name, id := range map[string]string{"long": strings.Repeat("6", 5000), "empty": "", "a path": "../../v1/users", "hidden direction": "65\u202e00"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			withProvider(t, func(p *provider) {
				p.network.on(onmeta.RouteCreateOnramp, says("orderId", id))
				r := p.journey(ramp.Onramp)
				r.signalUTR(time.Hour, utr)
				order := r.buy(linkedBuyByBank("1000.00"))
				require.Equal(t, ramp.Completed, order.Status)
				require.Len(t, p.orders(), 1)
				require.Equal(t, p.orders()[0].ID, order.OrderID)
			})
		})
	}
}

func TestNoSecondOrderIsCreatedWhileTheHistoryHasTheFirstUnderAnInvalidID(t *testing.T) {
	t.Parallel()
	withProvider(t, func(p *provider) {
		bad := says("orderId", strings.Repeat("6", 5000))
		p.network.on(onmeta.RouteCreateOnramp, bad)
		p.network.on(onmeta.RouteOrderHistory, bad)
		r := p.journey(ramp.Onramp)
		r.at(time.Hour, func() {
			require.NotEmpty(t, r.order().Attention)
			require.Len(t, p.network.sent(onmeta.RouteCreateOnramp), 1)
			p.network.on(onmeta.RouteOrderHistory, unharmed)
		})
		r.signalUTR(2*time.Hour, utr)
		order := r.buy(linkedBuyByBank("1000.00"))
		require.Len(t, p.orders(), 1)
		require.Equal(t, p.orders()[0].ID, order.OrderID)
		require.Equal(t, ramp.Completed, order.Status)
	})
}

func TestSettlementInAnotherCurrencyIsNotShownAndAsksForAttention(t *testing.T) {
	t.Parallel()
	withProvider(t, func(p *provider) {
		p.network.on(onmeta.RouteOnrampStatus, says("buyTokenSymbol", "![x](https://evil.test/p.png)"))
		r := p.journey(ramp.Onramp)
		r.signalUTR(time.Hour, utr)
		order := r.buy(linkedBuy("1000.00"))
		require.Equal(t, ramp.Completed, order.Status)
		require.NotEmpty(t, order.Settlement.TransactionHash)
		require.Empty(t, order.Settlement.Amount)
		require.Contains(t, notes(order), "Attention: the provider says that it delivered another currency than was ordered")
		require.NotContains(t, r.card(), "evil.test")
	})
}

func TestMetadataUnderTheKeyOfTheReferenceIsRefused(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"reference", "Reference", "REFERENCE"} {
		w := newWorld(t, ramp.Onramp)
		request := onrampRequest()
		request.Metadata = map[string]string{"invoice": "42", key: "inv-41"}
		failure := w.failure(ramp.OnrampWorkflow, request)
		require.Equal(t, string(ramp.InvalidRequest), failure.Type())
		require.ErrorContains(t, failure, "metadata."+key+" must be left out")
	}
}

// The activity of an earlier version took the provider's word for the currency, and its result is in the history.
func TestSettlementOfAnEarlierVersionInAnotherCurrencyIsNotShown(t *testing.T) {
	t.Parallel()
	for _, currency := range []string{"![x](https://evil.test/p.png)", "SHIB"} {
		w := newWorld(t, ramp.Onramp)
		told := completed
		told.Settlement = &ramp.Settlement{TransactionHash: hash, Amount: ramp.Amount{Amount: "10.63", Currency: currency}}
		w.happy(told)
		request := onrampRequest()
		request.UTR = utr
		order := w.buy(request)
		require.Equal(t, ramp.Completed, order.Status)
		require.Equal(t, &ramp.Settlement{TransactionHash: hash}, order.Settlement)
		require.NotContains(t, w.card(), currency)
	}
}
