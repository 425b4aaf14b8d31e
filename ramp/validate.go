package ramp

import (
	"errors"
	"strings"

	"go.temporal.io/sdk/workflow"
)

const (
	maxTokenSymbol     = 20
	maxQuoteID         = 128
	maxOrderID         = 128
	maxMetadataEntries = 20
	maxMetadataKey     = 40
	maxMetadataValue   = 500
)

// Validate checks the request. It returns nil or an *Error of type InvalidRequest that names every bad field by its JSON path, in the
// order of the struct, and contains no values. Workflows call it: it is deterministic, and a change to its rules is a change to
// workflow code.
//
// An order is paid in INR, at most 100 000 by UPI and 500 000 by other methods (provider 7). UPI must be given for
// INR_UPI, and Bank for INR_IMPS and INR_NEFT (guide); the other is optional and not used, but must be valid.
// The provider checks the limits of each chain, which change with gas prices.
func (r *OnrampRequest) Validate() error {
	var p problems
	p.check("reference", ValidateReference(r.Reference))
	p.check("email", ValidateEmail(string(r.Email)))
	p.check("fiat.amount", validateRupees(r.Fiat.Amount, r.PaymentMethod.maxRupees()))
	p.check("fiat.currency", validateCurrency(r.Fiat.Currency))
	p.token(r.Token)
	p.wallet("walletAddress", r.WalletAddress, r.Token)
	p.check("paymentMethod", validatePaymentMethod(r.PaymentMethod))
	p.upi(r.UPI, r.PaymentMethod.AccountKind() == AccountUPI)
	p.bank(r.Bank, r.PaymentMethod.AccountKind() == AccountBank)
	p.kyc(r.KYC)
	p.quote(r.Quote, validateTokens)
	p.maxPaid(r.Quote, validatePayout, "fiat.amount", r.Fiat)
	p.earlyUTR(string(r.UTR), r.PaymentMethod)
	p.previous(r.Previous, r)
	p.adopt(r.Adopt)
	p.metadata(r.Metadata)
	p.events(r.Events)
	return p.invalid("the on-ramp request is invalid", r.Reference)
}

// Validate checks the request as that of OnrampRequest does, with the same kind of error.
//
// Exactly one of TokenAmount and Fiat.Amount must be given. The payout is in INR, at most 500 000 (provider 7).
func (r *OfframpRequest) Validate() error {
	var p problems
	p.check("reference", ValidateReference(r.Reference))
	p.check("email", ValidateEmail(string(r.Email)))
	p.token(r.Token)
	p.sellAmount(r.TokenAmount, r.Fiat.Amount)
	p.check("fiat.currency", validateCurrency(r.Fiat.Currency))
	p.wallet("senderWallet", r.SenderWallet, r.Token)
	p.wallet("refundWallet", r.RefundWallet, r.Token)
	p.bank(r.Bank, true)
	p.kyc(r.KYC)
	p.quote(r.Quote, validatePayout)
	p.maxPaid(r.Quote, validateTokens, "tokenAmount", Amount{Amount: r.TokenAmount})
	p.earlyHash(r.TransactionHash, r.Token.ChainID)
	p.adopt(r.Adopt)
	p.metadata(r.Metadata)
	p.events(r.Events)
	return p.invalid("the off-ramp request is invalid", r.Reference)
}

// Validate checks the UTR of a payment made by this method, as ParseUTR does. It returns nil or an *Error of type
// InvalidRequest.
func (s *UTRSubmission) Validate(method PaymentMethod) error {
	var p problems
	_, err := ParseUTR(method, string(s.UTR))
	p.check("utr", err)
	return p.invalid("the UTR is invalid", "")
}

// Validate checks the hash of a transfer on this chain, as ParseTransactionHash does. It returns nil or an *Error of
// type InvalidRequest.
func (s *HashSubmission) Validate(chainID int64) error {
	var p problems
	_, err := ParseTransactionHash(chainID, s.TransactionHash)
	p.check("transactionHash", err)
	return p.invalid("the transaction hash is invalid", "")
}

// Validate checks the dossier's URL. It returns nil or an *Error of type InvalidRequest.
func (s *KYCSubmission) Validate() error {
	var p problems
	p.check("dossier", ValidateDossier(string(s.Dossier)))
	return p.invalid("the KYC submission is invalid", "")
}

// Validate checks that the submission holds a valid account of this kind and no other. For an on-ramp order the kind is
// PaymentMethod.AccountKind, for an off-ramp order AccountBank. It returns nil or an *Error of type InvalidRequest that
// names every bad field.
func (s *AccountSubmission) Validate(kind AccountKind) error {
	var p problems
	if kind == AccountUPI {
		p.upi(s.UPI, true)
		p.absent("bank", s.Bank != nil, "a VPA")
	} else {
		p.absent("upi", s.UPI != nil, "a bank account")
		p.bank(s.Bank, true)
	}
	return p.invalid("the account is invalid", "")
}

// Validate checks the quote's id. It returns nil or an *Error of type InvalidRequest.
func (c *QuoteConfirmation) Validate() error {
	var p problems
	if !only(c.QuoteID, 1, maxQuoteID, isVisible) {
		p.add("quoteId", "must be the id of the quote that the user saw")
	}
	return p.invalid("the confirmation is invalid", "")
}

// problems collects the errors of fields.
type problems struct {
	fields []FieldError
}

func (p *problems) add(field, problem string) {
	p.fields = append(p.fields, FieldError{Field: field, Problem: problem})
}

// check adds err, if any, as the field's problem.
func (p *problems) check(field string, err error) {
	if err != nil {
		p.add(field, err.Error())
	}
}

// invalid returns the error with all problems, or nil if there are none. It omits an invalid reference.
func (p *problems) invalid(message, reference string) error {
	if len(p.fields) == 0 {
		return nil
	}
	if ValidateReference(reference) != nil {
		reference = ""
	}
	return &Error{Type: InvalidRequest, Reference: reference, Message: message, Fields: p.fields}
}

func (p *problems) token(token Token) {
	if !only(token.Symbol, 1, maxTokenSymbol, isSymbolByte) {
		p.add("token.symbol", "must be 1 to 20 letters, digits and . - _ + $, such as USDC")
	}
	p.onChain("token.address", token.Address, token.ChainID, validateTokenAddress)
	if token.ChainID <= 0 {
		p.add("token.chainId", "must be the number of a chain, such as 137 for Polygon")
	}
}

// isSymbolByte allows the characters of existing symbols, such as USDC.e, 1INCH, USD+ and $WIF.
func isSymbolByte(c byte) bool {
	return isNameByte(c) || c == '+' || c == '$'
}

// wallet checks a wallet of the user. Tokens that are sent to their own contract are lost, an easy mistake: both addresses are often
// copied from the same page.
func (p *problems) wallet(field, address string, token Token) {
	p.onChain(field, address, token.ChainID, func(_ int64, wallet string) error { return ValidateDeposit(token, wallet) })
}

// onChain checks a text whose format depends on the chain. Without a chain it can only be missing.
func (p *problems) onChain(field, text string, chainID int64, validate func(int64, string) error) {
	switch {
	case chainID > 0:
		p.check(field, validate(chainID, text))
	case text == "":
		p.add(field, "must be given")
	}
}

func (p *problems) upi(account *UPIAccount, required bool) {
	if account == nil {
		p.required("upi", required, "a VPA")
		return
	}
	p.check("upi.id", ValidateVPA(string(account.ID)))
	p.check("upi.name", validateHolderName(string(account.Name)))
}

func (p *problems) bank(account *BankAccount, required bool) {
	if account == nil {
		p.required("bank", required, "a bank account")
		return
	}
	p.check("bank.accountName", validateHolderName(string(account.AccountName)))
	p.check("bank.accountNumber", ValidateAccountNumber(string(account.AccountNumber)))
	p.check("bank.ifsc", ValidateIFSC(string(account.IFSC)))
	if account.PAN != "" {
		p.check("bank.pan", ValidatePAN(string(account.PAN)))
	}
}

// required adds that an account is missing.
func (p *problems) required(field string, required bool, wanted string) {
	if required {
		p.add(field, "must be given: the order needs "+wanted)
	}
}

// absent adds that an account must not be given.
func (p *problems) absent(field string, present bool, wanted string) {
	if present {
		p.add(field, "must be left out: the order needs "+wanted)
	}
}

func (p *problems) kyc(kyc *KYC) {
	if kyc != nil && kyc.Dossier != "" {
		p.check("kyc.dossier", ValidateDossier(string(kyc.Dossier)))
	}
}

func (p *problems) quote(terms *QuoteTerms, validate func(string) error) {
	if terms != nil && terms.MinReceived != "" {
		p.check("quote.minReceived", validate(terms.MinReceived))
	}
}

// maxPaid checks the limit on what the user pays. It must not be below the amount that the request fixes in this field.
func (p *problems) maxPaid(terms *QuoteTerms, validate func(string) error, field string, fixed Amount) {
	if terms == nil || terms.MaxPaid == "" {
		return
	}
	if err := validate(terms.MaxPaid); err != nil {
		p.check("quote.maxPaid", err)
		return
	}
	if fixed.Amount != "" && validate(fixed.Amount) == nil && !fixed.AtMost(terms.MaxPaid) {
		p.add("quote.maxPaid", "must not be below "+field+", which is what the user pays")
	}
}

// sellAmount checks that an off-ramp order is given by token amount or by payout.
func (p *problems) sellAmount(tokens, payout string) {
	switch {
	case tokens == "" && payout == "":
		p.add("tokenAmount", "must be given, unless fiat.amount is")
	case tokens != "" && payout != "":
		p.add("tokenAmount", "must be left out when fiat.amount is given")
	case tokens != "":
		p.check("tokenAmount", validateTokens(tokens))
	}
	if payout != "" {
		p.check("fiat.amount", validatePayout(payout))
	}
}

// validatePayout checks an amount of INR paid out to a bank account.
func validatePayout(text string) error {
	return validateRupees(text, maxRupees)
}

// earlyUTR checks a UTR in the request. Without a valid payment method, which is a problem of its own, it is not checked.
func (p *problems) earlyUTR(utr string, method PaymentMethod) {
	if utr == "" || method.AccountKind() == "" {
		return
	}
	_, err := ParseUTR(method, utr)
	p.check("utr", err)
}

// previous checks the reference to the order that a payment was made for.
func (p *problems) previous(order *PreviousOrder, r *OnrampRequest) {
	if order == nil {
		return
	}
	if r.UTR == "" {
		p.add("previous", "must be left out, unless utr is given")
	}
	if order.Reference != "" && order.Reference == r.Reference {
		p.add("previous.reference", "must be another order's than reference")
	}
	p.check("previous.reference", ValidateReference(order.Reference))
	if order.OrderID != "" && !only(order.OrderID, 1, maxOrderID, isVisible) {
		p.add("previous.orderId", "must be the provider's id of the order")
	}
}

// adopt checks the order to take over.
func (p *problems) adopt(order *AdoptedOrder) {
	if order != nil && !only(order.OrderID, 1, maxOrderID, isVisible) {
		p.add("adopt.orderId", "must be the provider's id of the order")
	}
}

// earlyHash checks a transaction hash in the request.
func (p *problems) earlyHash(hash string, chainID int64) {
	if hash == "" {
		return
	}
	p.onChain("transactionHash", hash, chainID, validateTransactionHash)
}

func validateTransactionHash(chainID int64, hash string) error {
	_, err := ParseTransactionHash(chainID, hash)
	return err
}

const (
	// referenceKey is the metadata key under which the provider gets the order's own reference.
	referenceKey    = "reference"
	reservedProblem = "must be left out: the provider is told the order's reference under this key"
)

// OnlyReserved reports whether err is an InvalidRequest whose only problem is a reserved metadata key. Workflows accept such requests
// of orders that an earlier version started.
func OnlyReserved(err error) bool {
	var invalid *Error
	if !errors.As(err, &invalid) || invalid.Type != InvalidRequest || len(invalid.Fields) == 0 {
		return false
	}
	for _, field := range invalid.Fields {
		key, found := strings.CutPrefix(field.Field, "metadata.")
		if !found || !strings.EqualFold(key, referenceKey) || field.Problem != reservedProblem {
			return false
		}
	}
	return true
}

// metadata checks the entries in the order of their keys. The error does not contain a bad key.
func (p *problems) metadata(metadata map[string]string) {
	if len(metadata) > maxMetadataEntries {
		p.add("metadata", "must have at most 20 entries")
		return
	}
	keys := workflow.DeterministicKeys(metadata)
	for _, key := range keys {
		if !isMetadataKey(key) {
			p.add("metadata", "must have keys of 1 to 40 letters, digits, dots, hyphens and underscores")
			break
		}
	}
	for _, key := range keys {
		if strings.EqualFold(key, referenceKey) {
			p.add("metadata."+key, reservedProblem)
		}
		if isMetadataKey(key) && !atMost(metadata[key], maxMetadataValue) {
			p.add("metadata."+key, "must be at most 500 characters")
		}
	}
}

func isMetadataKey(key string) bool {
	return only(key, 1, maxMetadataKey, isNameByte)
}

func (p *problems) events(target *EventTarget) {
	if target != nil {
		p.check("events.url", ValidateEventURL(string(target.URL)))
	}
}
