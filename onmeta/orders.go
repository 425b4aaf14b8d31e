package onmeta

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"rampart/internal/redact"
)

// wireOrderStatus has the fields of both directions' status calls.
type wireOrderStatus struct {
	OrderID               text      `json:"orderId"`
	Status                text      `json:"status"`
	Reason                text      `json:"reason"`
	TransactionHash       text      `json:"transactionHash"`
	TxnHash               text      `json:"txnHash"`
	TransactionID         text      `json:"transactionId"`
	ExplorerURL           text      `json:"explorerUrl"`
	TransferredAmount     amount    `json:"transferredAmount"`
	TransferredAmountWei  text      `json:"transferredAmountWei"`
	Fiat                  amount    `json:"fiat"`
	Currency              text      `json:"currency"`
	ChainID               integer   `json:"chainId"`
	ReceiverWalletAddress text      `json:"receiverWalletAddress"`
	SenderWalletAddress   text      `json:"senderWalletAddress"`
	BuyTokenSymbol        text      `json:"buyTokenSymbol"`
	BuyTokenAddress       text      `json:"buyTokenAddress"`
	SellTokenSymbol       text      `json:"sellTokenSymbol"`
	SellTokenAddress      text      `json:"sellTokenAddress"`
	CreatedAt             timestamp `json:"created_at"`
	CreatedAtCamel        timestamp `json:"createdAt"`
	UpdatedAt             timestamp `json:"updated_at"`
	UpdatedAtCamel        timestamp `json:"updatedAt"`

	// Customer and BankDetails are decoded to hide their values elsewhere in the answer.
	Customer    lenient[wireCustomer]    `json:"customer"`
	BankDetails lenient[wireBeneficiary] `json:"bankDetails"`
}

type wireCustomer struct {
	Name  text `json:"name"`
	Email text `json:"email"`
	Phone lenient[struct {
		Number text `json:"number"`
	}] `json:"phone"`
}

// reason returns the provider's reason, without the customer's values in the answer.
func (w wireOrderStatus) reason(user User) string {
	customer, bank := w.Customer.value, w.BankDetails.value
	return reason(w.Reason, user.personal(
		customer.Name, customer.Email, customer.Phone.value.Number, bank.AccountName, bank.AccountNumber, bank.Name)...)
}

func (c *Client) orderStatus(ctx context.Context, call Call, orderID string) (wireOrderStatus, Answer, error) {
	if err := require(call.Route, field{"order id", orderID}); err != nil {
		return wireOrderStatus{}, Answer{}, err
	}
	wire, answer, err := ask[wireOrderStatus](ctx, c, call, map[string]string{"orderId": orderID})
	if err != nil {
		return wireOrderStatus{}, Answer{}, err
	}
	var check checks
	wire.Status = status(wire.Status, string(call.User), string(call.Name))
	check.text("status", wire.Status)
	check.sameOrder(orderID, wire.OrderID)
	return wire, answer, check.err(call.Route, answer)
}

// HistoryOrder is a row of a user's order history (provider 3.19).
type HistoryOrder struct {
	// OrderID is "" if the provider's is not an id.
	OrderID string
	Status  Status
	Reason  string
	// Amount is the fiat amount in Currency (upper case); invalid when unreadable.
	Amount          decimal.NullDecimal
	Currency        string
	TokenSymbol     string
	TokenAddress    string
	ChainID         int64
	ReceiverWallet  string
	TransactionHash string
	// PaymentMode is the order's code, such as INR_UPI; "" if the provider omits it.
	PaymentMode string
	// PaymentReference is the UTR; empty until one is submitted.
	PaymentReference redact.UTR
	// CreatedAt is UTC, zero when unknown.
	CreatedAt time.Time
}

// OrderHistoryPageSize is the maximum number of orders on a page of OrderHistory.
const OrderHistoryPageSize = 10

// OrderHistory returns a page of the user's on-ramp orders, newest first; page 0 is the newest. Whether
// off-ramp orders appear is unknown (provider 3.19).
func (c *Client) OrderHistory(ctx context.Context, user User, page int) ([]HistoryOrder, error) {
	if page < 0 {
		return nil, invalid(RouteOrderHistory, "the page must not be negative")
	}
	call := user.call(RouteOrderHistory)
	call.Param = strconv.Itoa(page)
	wire, _, err := ask[list[wireHistoryOrder]](ctx, c, call, nil)
	if err != nil {
		return nil, err
	}
	orders := make([]HistoryOrder, 0, len(wire))
	for _, w := range wire {
		orders = append(orders, w.order(user))
	}
	return orders, nil
}

type wireHistoryOrder struct {
	wireOrderStatus
	Amount         amount `json:"amount"`
	PaymentMode    text   `json:"paymentMode"`
	PaymentDetails lenient[struct {
		Reference text `json:"reference"`
	}] `json:"paymentDetails"`
}

func (w wireHistoryOrder) order(user User) HistoryOrder {
	return HistoryOrder{
		OrderID:          identifier(w.OrderID),
		Status:           Status(status(w.Status, user.personal()...)),
		Reason:           w.reason(user),
		Amount:           w.Amount.optional(),
		Currency:         strings.ToUpper(string(w.Currency)),
		TokenSymbol:      string(w.BuyTokenSymbol),
		TokenAddress:     string(w.BuyTokenAddress),
		ChainID:          int64(w.ChainID),
		ReceiverWallet:   string(w.ReceiverWalletAddress),
		TransactionHash:  firstText(w.TxnHash, w.TransactionHash),
		PaymentMode:      string(w.PaymentMode),
		PaymentReference: redact.UTR(w.PaymentDetails.value.Reference),
		CreatedAt:        firstTime(w.CreatedAt, w.CreatedAtCamel),
	}
}
