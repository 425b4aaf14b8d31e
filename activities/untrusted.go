package activities

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"rampart/internal/redact"
	"rampart/onmeta"
	"rampart/ramp"
)

// Which values of the provider reach an order, in which form, and which are withheld. Users pay by these values, backends render and
// open them, and support staff read them, so a faulty or impersonated provider must not be able to misdirect anybody. Package onmeta
// cleans statuses and reasons and checks ids when it decodes them.

const (
	// maxLinkLength bounds a link and the text of a QR code, in bytes. Usual ones have a few hundred.
	maxLinkLength = 2048
	// maxLinks bounds the number of deep links.
	maxLinks = 20
	// maxNameLength bounds the name of an account or of an app, in characters.
	maxNameLength = 100
	// minAccountLength and maxAccountLength bound an account number. Accounts that collect payments may be virtual, with letters.
	minAccountLength, maxAccountLength = 4, 35
	// maxWordLength bounds an id or a hash that is shown as it is, in bytes.
	maxWordLength = 128
	// maxSymbolLength bounds the symbol of a token, in bytes, as requests do.
	maxSymbolLength = 20
)

// omissions are the reasons why parts of the payment instructions were left out, for the timeline. They repeat nothing of those parts.
type omissions []string

func (o *omissions) add(reason string) {
	if !slices.Contains(*o, reason) {
		*o = append(*o, reason)
	}
}

// note says in a sentence what was left out; empty if nothing was.
func (o omissions) note() string {
	if len(o) == 0 {
		return ""
	}
	return "Some of the provider's payment instructions are withheld: " + strings.Join(o, "; ") + "."
}

// withheld says why all payment instructions are withheld; empty if nothing was left out.
func (o omissions) withheld() string {
	if len(o) == 0 {
		return ""
	}
	return "the provider's payment instructions cannot be trusted and are withheld (" + strings.Join(o, "; ") + ")"
}

// upiInstructions returns how to pay by UPI: a QR code that is a upi://pay link, a VPA, and links that open a UPI app, all for the same
// account. If the QR code and the VPA name different accounts, everything is withheld. It returns nil if there is nothing to pay by.
func upiInstructions(order onmeta.OnrampCreated) (*ramp.UPIInstructions, omissions) {
	var left omissions
	how := ramp.UPIInstructions{QR: order.QR, VPA: order.VPA}
	payee, err := qrPayee(order.QR)
	if order.QR != "" && err != nil {
		how.QR = ""
		left.add("the QR code " + err.Error())
	}
	if order.VPA != "" && ramp.ValidateVPA(string(order.VPA)) != nil {
		how.VPA = ""
		left.add("the VPA is invalid")
	}
	switch {
	case how.VPA == "":
	case how.QR != "" && !strings.EqualFold(payee, string(how.VPA)):
		return nil, omissions{"the QR code and the VPA name different accounts"}
	default:
		payee = string(how.VPA)
	}
	how.DeepLinks = deepLinks(order.DeepLinks, payee, &left)
	if how.QR == "" && how.VPA == "" && len(how.DeepLinks) == 0 {
		return nil, left
	}
	return &how, left
}

// appSchemes are the URL schemes of UPI apps: of those that the provider names (provider 3.16), and upi for any.
func appSchemes() []string { return []string{"upi", "phonepe", "paytmmp", "tez", "gpay"} }

// deepLinks returns the links that open a UPI app to pay to this account or, if it is not known, to the first link's.
func deepLinks(links []onmeta.DeepLink, payee string, left *omissions) []ramp.DeepLink {
	var kept []ramp.DeepLink
	for i, link := range links {
		if i == maxLinks {
			left.add("there are too many links")
			break
		}
		to, err := linkPayee(link.URL, appSchemes())
		switch {
		case err != nil:
			left.add("a link " + err.Error())
			continue
		case payee != "" && !strings.EqualFold(to, payee):
			left.add("a link pays another account")
			continue
		}
		payee = to
		kept = append(kept, ramp.DeepLink{Name: name(link.Name), URL: link.URL})
	}
	return kept
}

// qrPayee returns the account that the text of a QR code pays to.
func qrPayee(text string) (string, error) {
	payee, err := linkPayee(text, []string{"upi"})
	if err == nil && !strings.HasPrefix(strings.ToLower(text), "upi://pay?") {
		return "", errors.New("is not a upi://pay link")
	}
	return payee, err
}

// linkPayee returns the account that a link with one of these schemes pays to. The error does not repeat the link.
func linkPayee(link string, schemes []string) (string, error) {
	parsed, err := parseURL(link)
	if err != nil || !slices.Contains(schemes, parsed.Scheme) {
		return "", errors.New("does not open a UPI app")
	}
	values, err := url.ParseQuery(parsed.RawQuery)
	if err != nil || !allPrintable(values) {
		return "", errors.New("cannot be parsed")
	}
	var payees []string
	for key, given := range values {
		if strings.EqualFold(key, "pa") {
			payees = append(payees, given...)
		}
	}
	if len(payees) != 1 || !values.Has("pa") || ramp.ValidateVPA(payees[0]) != nil {
		return "", errors.New("names no account, or more than one")
	}
	return payees[0], nil
}

// allPrintable reports whether decoded parameters hold printable characters only.
func allPrintable(values url.Values) bool {
	for key, given := range values {
		if !printable(key) || slices.ContainsFunc(given, func(value string) bool { return !printable(value) }) {
			return false
		}
	}
	return true
}

func printable(text string) bool {
	return strings.ToValidUTF8(text, "\x00") == text && !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) })
}

// parseURL parses a URL of printable ASCII characters that have no meaning in Markdown and HTML, without a user name. Spaces are
// allowed: payment links have them in the payee's name, against the rules.
func parseURL(text string) (*url.URL, error) {
	special := func(r rune) bool { return r < ' ' || r > '~' || strings.ContainsRune("<>\"`\\[]{}|^", r) }
	if len(text) > maxLinkLength || strings.ContainsFunc(text, special) {
		return nil, errors.New("not a safe URL")
	}
	parsed, err := url.Parse(text)
	if err != nil {
		return nil, err
	}
	if parsed.User != nil || parsed.Opaque != "" || parsed.Host == "" {
		return nil, errors.New("not a plain URL")
	}
	return parsed, nil
}

// explorerURL returns the page of a block explorer: https, on a named host. It returns "" for anything else.
func explorerURL(given string) string {
	parsed, err := parseURL(given)
	if err != nil || strings.ContainsAny(given, " '()") || parsed.Scheme != "https" || !isHostName(parsed.Host) {
		return ""
	}
	return given
}

// isHostName reports whether a host is a name with a domain, neither an address nor with a port.
func isHostName(host string) bool {
	_, domain, _ := strings.Cut(host, ".")
	notLetter := func(r rune) bool { return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') }
	return domain != "" && !strings.ContainsFunc(host, notInWord("-.")) && !strings.ContainsFunc(host[len(host)-1:], notLetter)
}

// bankInstructions returns the account that a bank transfer goes to. The error does not repeat any of it.
func bankInstructions(to *onmeta.Beneficiary) (*ramp.Beneficiary, error) {
	account := &ramp.Beneficiary{
		Name: ramp.Personal(name(string(to.Name))), AccountNumber: to.AccountNumber, IFSC: ramp.Personal(strings.ToUpper(string(to.IFSC))),
	}
	if n := len(account.AccountNumber); n < minAccountLength || n > maxAccountLength || strings.ContainsFunc(string(account.AccountNumber), notInWord("")) {
		return nil, errors.New("the account number is invalid")
	}
	if to.Name != "" && account.Name == "" {
		return nil, errors.New("the account name is invalid")
	}
	if account.IFSC != "" && ramp.ValidateIFSC(string(account.IFSC)) != nil {
		return nil, errors.New("the account's IFSC is invalid")
	}
	return account, nil
}

// depositInstructions returns where an off-ramp order's tokens go, or why that is withheld: a wallet that is impossible on its chain, that
// nobody can hold, or that is certainly not the provider's. Tokens sent there would be lost.
func (r CreateOfframpOrderRequest) depositInstructions(order onmeta.OfframpCreated, amount string) (*ramp.Deposit, omissions) {
	wallet := order.ReceiverWallet
	if err := ramp.ValidateDeposit(r.Token, wallet); err != nil {
		return nil, omissions{"the deposit wallet " + err.Error()}
	}
	for _, own := range []string{r.SenderWallet, r.RefundWallet} {
		if ramp.SameAddress(r.Token.ChainID, wallet, own) {
			return nil, omissions{"the deposit wallet must be the provider's, not the user's own"}
		}
	}
	return &ramp.Deposit{WalletAddress: wallet, Amount: amount, Symbol: r.Token.Symbol, ChainID: r.Token.ChainID}, nil
}

// name returns the name of a person or an app without control characters and markup; empty if it could be taken for an account.
func name(given string) string {
	if strings.Contains(given, "@") {
		return ""
	}
	return redact.Plain(given, maxNameLength)
}

// sameCurrency reports whether the provider names the order's own currency, or none.
func sameCurrency(given, own string) bool { return given == "" || strings.EqualFold(given, own) }

// feeCurrency returns the currency of a fee, in the order's own spelling if it is one of the order's. A fee may also be in the chain's coin.
func feeCurrency(given string, own ...string) (string, error) {
	for _, currency := range own {
		if sameCurrency(given, currency) {
			return currency, nil
		}
	}
	if len(given) > maxSymbolLength || strings.ContainsFunc(given, notInWord(".+$-")) {
		return "", errors.New("the provider's quote has a fee in an invalid currency")
	}
	return given, nil
}

// hash returns a transaction's hash and reports whether it is valid on some chain: not every request names the order's chain. Hedera's
// transaction ids have an @ between an account and a time.
func hash(given string) (string, bool) {
	hedera := !strings.ContainsFunc(given, func(r rune) bool { return (r < '0' || r > '9') && r != '.' && r != '@' })
	word := !strings.ContainsFunc(given, notInWord("-_.:+/=")) && !strings.Contains(given, "://")
	if len(given) > maxWordLength || !hedera && !word {
		return "", false
	}
	return given, true
}

// isPlainID reports whether an id of the provider may be shown as it is.
func isPlainID(id string) bool {
	return id != "" && len(id) <= maxWordLength &&
		(!strings.ContainsFunc(id, notInWord("-_")) || redact.Message(id, maxWordLength) == id)
}

// notInWord returns a function that reports whether a character is neither an ASCII letter or digit nor one of others.
func notInWord(others string) func(rune) bool {
	return func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && !strings.ContainsRune(others, r)
	}
}

// Why a person must look at what the provider says it has delivered.
const (
	otherCurrency = "the provider says that it delivered another currency than was ordered; the amount is withheld"
	noHash        = "the provider names the transaction by a hash that is none"
)
