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

// What of the provider's values reaches an order, in which form, and what is shown to nobody. A user pays by them, a backend draws
// and opens them, and support reads them: a provider that errs, or is not itself, must not be able to lead anybody astray.
// Statuses and reasons are cleaned where they are decoded, in package onmeta, and ids are checked there.

const (
	// longestLink bounds a link and the text of a QR code, in bytes. Real ones have some hundred.
	longestLink = 2048
	// mostLinks bounds the apps that links are told for.
	mostLinks = 20
	// longestName bounds the name of an account or of an app, in characters.
	longestName = 100
	// Accounts that collect payments may be virtual ones, with letters.
	leastAccount, longestAccount = 4, 35
)

// doubts are what was not told of how to pay, and why, in words for the timeline. They repeat nothing of it.
type doubts []string

func (d *doubts) add(doubt string) {
	if !slices.Contains(*d, doubt) {
		*d = append(*d, doubt)
	}
}

// note says in a sentence what was left out; empty for nothing.
func (d doubts) note() string {
	if len(d) == 0 {
		return ""
	}
	return "Not everything that the provider told of how to pay is shown: " + strings.Join(d, "; ") + "."
}

// distrust says why nothing is told of how to pay; empty where nothing was left out.
func (d doubts) distrust() string {
	if len(d) == 0 {
		return ""
	}
	return "the provider's payment instructions cannot be trusted and are shown to nobody (" + strings.Join(d, "; ") + ")"
}

// upiInstructions are what an answer tells of how to pay by UPI: a QR code that is a upi://pay link, a VPA, and links that open a UPI app,
// all to one account. An answer whose QR code and VPA name different accounts tells nothing. It returns nil for nothing.
func upiInstructions(order onmeta.OnrampCreated) (*ramp.UPIInstructions, doubts) {
	var d doubts
	how := ramp.UPIInstructions{QR: order.QR, VPA: ramp.VPA(order.VPA)}
	payee, err := qrPayee(order.QR)
	if order.QR != "" && err != nil {
		how.QR = ""
		d.add("the QR code " + err.Error())
	}
	if order.VPA != "" && ramp.ValidateVPA(order.VPA) != nil {
		how.VPA = ""
		d.add("the VPA is none")
	}
	switch {
	case how.VPA == "":
	case how.QR != "" && !strings.EqualFold(payee, string(how.VPA)):
		return nil, doubts{"the QR code and the VPA name different accounts"}
	default:
		payee = string(how.VPA)
	}
	how.DeepLinks = deepLinks(order.DeepLinks, payee, &d)
	if how.QR == "" && how.VPA == "" && len(how.DeepLinks) == 0 {
		return nil, d
	}
	return &how, d
}

// appSchemes are those by which UPI apps are opened: of the apps that the provider names (provider 3.16), and of any.
func appSchemes() []string { return []string{"upi", "phonepe", "paytmmp", "tez", "gpay"} }

// deepLinks are those that open a UPI app to pay to this account, or, where no other is known, to the first one's.
func deepLinks(links []onmeta.DeepLink, payee string, d *doubts) []ramp.DeepLink {
	var told []ramp.DeepLink
	for i, link := range links {
		if i == mostLinks {
			d.add("there are too many links")
			break
		}
		to, err := linkPayee(link.URL, appSchemes())
		switch {
		case err != nil:
			d.add("a link " + err.Error())
			continue
		case payee != "" && !strings.EqualFold(to, payee):
			d.add("a link pays another account")
			continue
		}
		payee = to
		told = append(told, ramp.DeepLink{Name: name(link.Name), URL: link.URL})
	}
	return told
}

// qrPayee is the account that the text of a QR code pays to.
func qrPayee(text string) (string, error) {
	payee, err := linkPayee(text, []string{"upi"})
	if err == nil && !strings.HasPrefix(strings.ToLower(text), "upi://pay?") {
		return "", errors.New("is no upi://pay link")
	}
	return payee, err
}

// linkPayee is the account that a link pays to, one of these schemes. The error does not repeat the link.
func linkPayee(link string, schemes []string) (string, error) {
	parsed, err := harmlessURL(link)
	if err != nil || !slices.Contains(schemes, parsed.Scheme) {
		return "", errors.New("is none of a UPI app")
	}
	values, err := url.ParseQuery(parsed.RawQuery)
	if err != nil || strange(values) {
		return "", errors.New("cannot be read")
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

// strange reports whether parameters, decoded, hold what cannot be printed.
func strange(values url.Values) bool {
	for key, given := range values {
		if !printable(key) || slices.ContainsFunc(given, func(value string) bool { return !printable(value) }) {
			return true
		}
	}
	return false
}

func printable(text string) bool {
	return strings.ToValidUTF8(text, "\x00") == text && !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) })
}

// harmlessURL reads a URL that is written in ASCII characters that can be printed, without those of which Markdown and HTML make something, and
// names no user. Links to pay have spaces in the name of the payee, against the rules.
func harmlessURL(text string) (*url.URL, error) {
	heeded := func(r rune) bool { return r < ' ' || r > '~' || strings.ContainsRune("<>\"`\\[]{}|^", r) }
	if len(text) > longestLink || strings.ContainsFunc(text, heeded) {
		return nil, errors.New("no harmless URL")
	}
	parsed, err := url.Parse(text)
	if err != nil {
		return nil, err
	}
	if parsed.User != nil || parsed.Opaque != "" || parsed.Host == "" {
		return nil, errors.New("no plain URL")
	}
	return parsed, nil
}

// explorerURL is the page of a block explorer: by https, on a named host. Anything else is left out.
func explorerURL(told string) string {
	parsed, err := harmlessURL(told)
	if err != nil || strings.ContainsAny(told, " '()") || parsed.Scheme != "https" || !isHostName(parsed.Host) {
		return ""
	}
	return told
}

// isHostName reports whether a host is a name with a domain, and no address, and has no port.
func isHostName(host string) bool {
	_, domain, _ := strings.Cut(host, ".")
	letters := func(r rune) bool { return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') }
	return domain != "" && !strings.ContainsFunc(host, notInWord("-.")) && !strings.ContainsFunc(host[len(host)-1:], letters)
}

// bankInstructions is the account that a bank transfer goes to.
func bankInstructions(to *onmeta.Beneficiary) (*ramp.Beneficiary, error) {
	told := &ramp.Beneficiary{Name: ramp.Personal(name(to.Name)), AccountNumber: ramp.AccountNumber(to.AccountNumber), IFSC: ramp.Personal(strings.ToUpper(to.IFSC))}
	if n := len(told.AccountNumber); n < leastAccount || n > longestAccount || strings.ContainsFunc(string(told.AccountNumber), notInWord("")) {
		return nil, errors.New("the number of the account is none")
	}
	if to.Name != "" && told.Name == "" {
		return nil, errors.New("the name of the account is none")
	}
	if told.IFSC != "" && ramp.ValidateIFSC(string(told.IFSC)) != nil {
		return nil, errors.New("the IFSC of the account is none")
	}
	return told, nil
}

// deposit is where an off-ramp order's tokens go, and why nobody is told: a wallet that its chain cannot have, that nobody holds, or that
// is not the provider's for sure. What is sent there is lost.
func (r CreateOfframpOrderRequest) deposit(order onmeta.OfframpCreated, amount string) (*ramp.Deposit, doubts) {
	wallet := order.ReceiverWallet
	if err := ramp.ValidateDeposit(r.Token, wallet); err != nil {
		return nil, doubts{"the deposit wallet " + err.Error()}
	}
	for _, own := range []string{r.SenderWallet, r.RefundWallet} {
		if ramp.SameAddress(r.Token.ChainID, wallet, own) {
			return nil, doubts{"the deposit wallet must be the provider's, not the user's own"}
		}
	}
	return &ramp.Deposit{WalletAddress: wallet, Amount: amount, Symbol: r.Token.Symbol, ChainID: r.Token.ChainID}, nil
}

// name is somebody's or an app's name, as it is but harmless; empty for what names an account instead.
func name(told string) string {
	if strings.Contains(told, "@") {
		return ""
	}
	return redact.Plain(told, longestName)
}

// sameCurrency reports whether the provider means the order's own currency, by its name or by none.
func sameCurrency(told, own string) bool { return told == "" || strings.EqualFold(told, own) }

// feeCurrency is the currency of a fee, by the order's own spelling where it is one of the order's. A fee may be in the coin of the chain.
func feeCurrency(told string, own ...string) (string, error) {
	for _, currency := range own {
		if sameCurrency(told, currency) {
			return currency, nil
		}
	}
	if len(told) > longestSymbol || strings.ContainsFunc(told, notInWord(".+$-")) {
		return "", errors.New("the provider's quote has a fee in a currency that is none")
	}
	return told, nil
}

// longestSymbol bounds the symbol of a token, in bytes, as requests do.
const longestSymbol = 20

// hash is a transaction's, as far as it is one: of any chain, for not every look at an order says which. One with an @ is Hedera's, of an
// account and a time.
func hash(told string) (string, bool) {
	hedera := !strings.ContainsFunc(told, func(r rune) bool { return (r < '0' || r > '9') && r != '.' && r != '@' })
	word := !strings.ContainsFunc(told, notInWord("-_.:+/=")) && !strings.Contains(told, "://")
	if len(told) > maxWordLength || !hedera && !word {
		return "", false
	}
	return told, true
}

// maxWordLength bounds an id or a hash that is shown as it is, in bytes.
const maxWordLength = 128

// isPlainID reports whether an id of the provider may be shown as it is.
func isPlainID(id string) bool {
	return id != "" && len(id) <= maxWordLength &&
		(!strings.ContainsFunc(id, notInWord("-_")) || redact.Message(id, maxWordLength) == id)
}

// notInWord finds what is neither an ASCII letter, nor a digit, nor one of these.
func notInWord(others string) func(rune) bool {
	return func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && !strings.ContainsRune(others, r)
	}
}

// Why a person must look at what the provider says that it has delivered.
const (
	otherCurrency = "the provider says that it delivered another currency than was ordered; its amount is not shown"
	noHash        = "the provider names the transaction by a hash that is none"
)
