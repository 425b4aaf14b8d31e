package sandbox

import (
	"encoding/json"
	"errors"
	"net/url"
	"strconv"
	"time"

	"rampart/onmeta"
)

// pageSize is how many orders one page of the history holds (provider 3.19).
const pageSize = 10

type historyItem struct {
	OrderID               string      `json:"orderId"`
	Status                string      `json:"status"`
	Amount                json.Number `json:"amount"`
	ReceiverWalletAddress string      `json:"receiverWalletAddress"`
	BuyTokenSymbol        string      `json:"buyTokenSymbol"`
	BuyTokenAddress       string      `json:"buyTokenAddress"`
	Currency              string      `json:"currency"`
	CurrencySymbol        string      `json:"currencySymbol"`
	CreatedAt             string      `json:"created_at"`
	Source                string      `json:"source"`
	ChainID               int64       `json:"chainId"`
	PaymentDetails        struct {
		Source    string `json:"source"`
		Reference string `json:"reference"`
	} `json:"paymentDetails"`
	Reason  string `json:"reason"`
	TxnHash string `json:"txnHash"`
}

// orderHistory lists the user's on-ramp orders, newest first (provider 3.19).
func (s *Server) orderHistory(c *call) (any, error) {
	page, err := strconv.ParseUint(c.request.PathValue("skip"), 10, 31)
	if err != nil {
		return nil, errors.New("the path must end in the number of a page, 0 for the newest orders")
	}
	newest := onrampOrders(c.user, c.now)
	from := min(int(page)*pageSize, len(newest))
	items := []historyItem{}
	for _, o := range newest[from:min(from+pageSize, len(newest))] {
		items = append(items, newHistoryItem(o, c.now))
	}
	return bare(items), nil
}

// onrampOrders lists a user's on-ramp orders, newest first, those left out that are still being made.
func onrampOrders(u *user, now time.Time) []*order {
	var newest []*order
	for i := len(u.orders) - 1; i >= 0; i-- {
		if u.orders[i].direction == onramp && u.orders[i].exists(now) {
			newest = append(newest, u.orders[i])
		}
	}
	return newest
}

func newHistoryItem(o *order, now time.Time) historyItem {
	now = o.shownAt(now)
	current := o.steps.current(now)
	item := historyItem{
		OrderID: o.id, Status: current.status, Amount: number(o.fiat), ReceiverWalletAddress: o.receiver,
		BuyTokenSymbol: o.token.symbol, BuyTokenAddress: o.token.address, ChainID: o.token.chain.id,
		Currency: "INR", CurrencySymbol: rupee, CreatedAt: timestamp(o.createdAt), Source: "UTR",
		Reason: current.reason, TxnHash: o.transfer(now).hash,
	}
	item.PaymentDetails.Source, item.PaymentDetails.Reference = "UTR", o.proof
	return item
}

// invoiceLife is how long the link to an invoice is valid (provider 3.20).
const invoiceLife = time.Hour

// invoice links to the invoice of a completed on-ramp order. The sandbox serves no document there.
func (s *Server) invoice(c *call) (any, error) {
	o, ok := s.store.ordersByID[c.request.PathValue("id")]
	if !ok || o.direction != onramp || o.phase(c.now) != onmeta.PhaseCompleted {
		return nil, invalidOrderID("only a completed on-ramp order has an invoice")
	}
	query := url.Values{"expires": {timestamp(c.now.Add(invoiceLife))}}
	return bare(map[string]string{"url": "https://invoices.example.test/" + o.id + ".pdf?" + query.Encode()}), nil
}
