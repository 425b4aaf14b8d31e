package main

import (
	"errors"

	"github.com/invopop/jsonschema"

	"rampart/ramp"
)

// documents are all that is sent to an order and all that it answers.
func documents() []document {
	return []document{
		{title: "Request of an on-ramp order", value: ramp.OnrampRequest{}, strict: true, refine: refineOnramp},
		{title: "Request of an off-ramp order", value: ramp.OfframpRequest{}, strict: true, refine: refineOfframp},
		{title: "Argument of submit-utr", value: ramp.UTRSubmission{}, strict: true, refine: keywords{".utr": submittedUTR}.add},
		{title: "Argument of submit-transaction-hash", value: ramp.HashSubmission{}, strict: true, refine: keywords{".transactionHash": hash}.add},
		{title: "Argument of submit-kyc", value: ramp.KYCSubmission{}, strict: true, refine: keywords{".dossier": dossier}.add},
		{title: "Argument of submit-account", value: ramp.AccountSubmission{}, strict: true, refine: refineAccount},
		{title: "Argument of confirm-quote", value: ramp.QuoteConfirmation{}, strict: true, refine: keywords{".quoteId": quoteID}.add},
		{title: "Argument of await-order", value: ramp.Awaiting{}, strict: true, refine: keywords{".fingerprint": fingerprint, ".request": anyRequest}.add},
		{title: "Request of a new order for a payment", value: ramp.ReorderRequest{}, strict: true, refine: reorder.add},
		{title: "Request to find orders", value: ramp.FindRequest{}, strict: true, refine: refineFind},
		{title: "Order", value: ramp.Order{}, refine: order.add},
		{title: "Page of a list of orders", value: ramp.Page{}, refine: page.add},
		{title: "Error", value: ramp.Error{}, refine: refineError},
	}
}

// Fields that may be left out or empty: given, or not.
var given, empty = &jsonschema.Schema{MinLength: number(1)}, &jsonschema.Schema{MaxLength: number(0)}

// What both requests have.
var common = keywords{
	".reference":                reference,
	".email":                    email,
	".metadata":                 metadata,
	"Amount.currency":           inr,
	"Token.symbol":              symbol,
	"Token.address":             address,
	"Token.chainId":             chainID,
	"UPIAccount.id":             vpa,
	"UPIAccount.name":           holder,
	"BankAccount.accountName":   holder,
	"BankAccount.accountNumber": accountNumber,
	"BankAccount.ifsc":          ifsc,
	"BankAccount.pan":           pan,
	"KYC.dossier":               optional(dossier),
	"PreviousOrder.reference":   reference,
	"PreviousOrder.orderId":     optional(orderID),
	"AdoptedOrder.orderId":      orderID,
	"EventTarget.url":           eventURL,
}

func refineOnramp(s *jsonschema.Schema) error {
	err := errors.Join(common.add(s), keywords{
		"Amount.amount":          rupees(maxRupees),
		".walletAddress":         wallet,
		".paymentMethod":         paymentMethod,
		".utr":                   optional(earlyUTR),
		"QuoteTerms.minReceived": optional(tokens),
		"QuoteTerms.maxPaid":     optional(rupees(maxRupees)),
	}.add(s))
	s.Definitions["Amount"].Required = append([]string{"amount"}, s.Definitions["Amount"].Required...)
	s.AllOf = []*jsonschema.Schema{
		whenPaidBy(ramp.UPI, "upi", fields{
			"fiat": fields{"amount": rupees(maxUPIRupees).alone()}.with(),
			"utr":  optional(digits(12, 12)).alone(),
		}),
		whenPaidBy(ramp.IMPS, "bank", fields{"utr": optional(digits(12, 16)).alone()}),
		whenPaidBy(ramp.NEFT, "bank", fields{"utr": optional(alphanumeric(16, 22)).alone()}),
	}
	s.DependentSchemas = map[string]*jsonschema.Schema{"previous": fields{"utr": given}.with("utr")}
	return err
}

// whenPaidBy is what a payment method asks for besides: an account, and what else it makes of the request.
func whenPaidBy(method ramp.PaymentMethod, account string, request fields) *jsonschema.Schema {
	return &jsonschema.Schema{If: fields{"paymentMethod": {Const: method}}.with(), Then: request.with(account)}
}

func refineOfframp(s *jsonschema.Schema) error {
	err := errors.Join(common.add(s), keywords{
		"Amount.amount":          optional(rupees(maxRupees)),
		".tokenAmount":           optional(tokens),
		".senderWallet":          wallet,
		".refundWallet":          wallet,
		".transactionHash":       optional(hash),
		"QuoteTerms.minReceived": optional(rupees(maxRupees)),
		"QuoteTerms.maxPaid":     optional(tokens),
	}.add(s))
	byTokens := fields{"tokenAmount": given, "fiat": fields{"amount": empty}.with()}.with("tokenAmount")
	byPayout := fields{"tokenAmount": empty, "fiat": fields{"amount": given}.with("amount")}.with()
	s.OneOf = []*jsonschema.Schema{byTokens, byPayout}
	return err
}

func refineAccount(s *jsonschema.Schema) error {
	s.OneOf = []*jsonschema.Schema{{Required: []string{"upi"}}, {Required: []string{"bank"}}}
	return keywords{
		"UPIAccount.id":             vpa,
		"UPIAccount.name":           holder,
		"BankAccount.accountName":   holder,
		"BankAccount.accountNumber": accountNumber,
		"BankAccount.ifsc":          ifsc,
		"BankAccount.pan":           pan,
	}.add(s)
}

// What an order answers. Its words may become more, so that none is enumerated alone.
var order = keywords{
	".reference":             reference,
	".direction":             oneOf(string(ramp.Onramp), string(ramp.Offramp)),
	".status":                status,
	".cancelledBy":           knownOr(ramp.CancelledByProvider, ramp.CancelledByRequest),
	"Amount.amount":          decimals,
	"Quote.rate":             decimals,
	"Fee.amount":             decimals,
	"Deposit.amount":         decimals,
	"TimelineEntry.status":   status,
	"UPIInstructions.qr":     format("uri"),
	"DeepLink.url":           format("uri"),
	"Settlement.explorerUrl": format("uri"),
}

// What a new order for a payment of an earlier one is asked with. The path names the earlier one.
var reorder = keywords{
	".newReference": reference,
	".utr":          optional(earlyUTR),
	".amount":       optional(rupees(maxRupees)),
}

// refineFind demands exactly one of what orders are found by.
func refineFind(s *jsonschema.Schema) error {
	s.OneOf = []*jsonschema.Schema{{Required: []string{"email"}}, {Required: []string{"utr"}}, {Required: []string{"transactionHash"}}}
	return keywords{
		".email": email, ".utr": submittedUTR, ".transactionHash": hash,
		".limit":  func(s *jsonschema.Schema) { s.Minimum, s.Maximum = "1", "200" },
		".cursor": pattern(`[A-Za-z0-9_-]*`, 2048),
	}.add(s)
}

var page = keywords{
	"Summary.direction": oneOf(string(ramp.Onramp), string(ramp.Offramp)),
	"Summary.status":    status,
}

func refineError(s *jsonschema.Schema) error {
	return errors.Join(order.prefixed("Order").add(s), keywords{".type": knownOr(ramp.ErrorTypes()...)}.add(s))
}
