package ramp

import (
	"errors"
	"strings"
)

// ParseUTR returns the UTR of a payment made by this method without the white space around it. Its case is kept: UTRs are
// case-sensitive (provider 1.7). A UTR is 12 digits for INR_UPI, 12 to 16 digits for INR_IMPS, and 16 to 22 letters and digits for
// INR_NEFT (provider 3.17, the newer ranges).
//
// The error says what is valid and does not contain the UTR.
func ParseUTR(method PaymentMethod, utr string) (string, error) {
	trimmed := strings.TrimSpace(utr)
	switch method {
	case UPI:
		if !only(trimmed, 12, 12, isDigit) {
			return "", errors.New("must be the 12 digits that the UPI app shows for the payment")
		}
	case IMPS:
		if !only(trimmed, 12, 16, isDigit) {
			return "", errors.New("must be the 12 to 16 digits that the bank shows for the IMPS transfer")
		}
	case NEFT:
		if !only(trimmed, 16, 22, isAlphanumeric) {
			return "", errors.New("must be the 16 to 22 letters and digits that the bank shows for the NEFT transfer")
		}
	default:
		return "", errors.New("needs a payment method to be read: " + paymentMethods)
	}
	return trimmed, nil
}
