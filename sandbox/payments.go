package sandbox

import (
	"regexp"
	"strings"
)

// Payment modes (provider 3.15).
const (
	modeUPI  = "INR_UPI"
	modeIMPS = "INR_IMPS"
	modeNEFT = "INR_NEFT"
)

// merchantVPA collects UPI payments.
const merchantVPA = "merchant0001@examplebank"

// Formats of a UTR, the wider of the documented ranges (provider 3.17).
var (
	upiUTR  = regexp.MustCompile(`^[0-9]{12}$`)
	impsUTR = regexp.MustCompile(`^[0-9]{12,16}$`)
	neftUTR = regexp.MustCompile(`^[A-Za-z0-9]{16,22}$`)
)

func validUTR(mode, utr string) bool {
	switch mode {
	case modeUPI:
		return upiUTR.MatchString(utr)
	case modeIMPS:
		return impsUTR.MatchString(utr)
	default:
		return neftUTR.MatchString(utr)
	}
}

func knownMode(mode string) bool {
	return mode == modeUPI || mode == modeIMPS || mode == modeNEFT
}

type currency struct {
	CurrencyCode string        `json:"currencyCode"`
	Fraction     int           `json:"fraction"`
	Symbol       string        `json:"symbol"`
	PaymentModes []paymentMode `json:"paymentModes"`
}

type paymentMode struct {
	Code     string       `json:"code"`
	ImageURL string       `json:"imageUrl"`
	Extra    *beneficiary `json:"extra,omitempty"`
}

// beneficiary is the account that a payer sends to (provider 3.15).
type beneficiary struct {
	Name    string `json:"name"`
	IFSC    string `json:"ifsc"`
	Account string `json:"account"`
}

// currencies answers with INR only: the payment modes of the others are not documented (provider 3.15).
func (s *Server) currencies(*call) (any, error) {
	account := &beneficiary{Name: "Beneficiary Pvt Ltd", IFSC: "HDFC0001234", Account: "50100000000001"}
	return answer([]currency{{
		CurrencyCode: "INR", Fraction: fiatDecimals, Symbol: rupee,
		PaymentModes: []paymentMode{
			{Code: modeUPI, ImageURL: "https://example.test/upi.png"},
			{Code: modeIMPS, ImageURL: "https://example.test/imps.png", Extra: account},
			{Code: modeNEFT, ImageURL: "https://example.test/neft.png", Extra: account},
		},
	}}), nil
}

// rupee is the symbol of INR, fiatDecimals its decimals.
const (
	rupee        = "₹"
	fiatDecimals = 2
)

// readINR reads fiatCurrency, regardless of case; INR is the only one supported.
func readINR(o *object) {
	if !strings.EqualFold(o.text("fiatCurrency"), "inr") {
		o.complain("fiatCurrency", "must be inr, the only currency the sandbox plays")
	}
}
