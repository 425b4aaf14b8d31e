package ramp

import (
	"errors"
	"strings"
)

// paymentMethods lists the payment methods for problems that name them.
const paymentMethods = string(UPI + ", " + IMPS + " or " + NEFT)

// AccountKind is the kind of account that an order links to its user.
type AccountKind string

// Kinds of accounts, named as the fields of AccountSubmission and of the requests.
const (
	// AccountUPI is a VPA: for on-ramp orders paid by UPI.
	AccountUPI AccountKind = "upi"
	// AccountBank is a bank account: for on-ramp orders paid by IMPS or NEFT, and for every off-ramp order (guide).
	AccountBank AccountKind = "bank"
)

// AccountKind returns the kind of account that must be linked before an order is paid by this method (guide). It is empty for an
// unknown method.
func (m PaymentMethod) AccountKind() AccountKind {
	switch m {
	case UPI:
		return AccountUPI
	case IMPS, NEFT:
		return AccountBank
	default:
		return ""
	}
}

func validatePaymentMethod(m PaymentMethod) error {
	if m.AccountKind() == "" {
		return errors.New("must be " + paymentMethods)
	}
	return nil
}

const (
	maxHolderName = 100
	// The provider takes account numbers from 4 digits on (provider 3.8). Indian banks go up to 18; NACH carries 35.
	minAccountNumber = 4
	maxAccountNumber = 35
)

// ValidateVPA checks a UPI address, of at most 255 characters: a name of 2 to 190 letters, digits, dots, hyphens and underscores, an @,
// and the handle of a bank or app, a letter and 1 to 63 letters or digits. The provider checks that it exists.
//
// The error says what is valid and does not contain the VPA.
func ValidateVPA(vpa string) error {
	name, handle, _ := strings.Cut(vpa, "@")
	if !only(name, 2, 190, isNameByte) || !only(handle, 2, 64, isAlphanumeric) || !isLetter(handle[0]) {
		return errors.New("must be a name, an @ and the handle of a bank or app, such as asha@okbank")
	}
	return nil
}

// ValidateIFSC checks the code of an Indian bank branch, which is written in capitals.
//
// The error says what is valid and does not contain the code.
func ValidateIFSC(ifsc string) error {
	if len(ifsc) != 11 || !only(ifsc[:4], 4, 4, isCapital) || ifsc[4] != '0' || !only(ifsc[5:], 6, 6, isCapitalOrDigit) {
		return errors.New("must be 4 capital letters, a zero (no letter O) and 6 capital letters or digits, such as HDFC0001234")
	}
	return nil
}

// ValidateAccountNumber checks the full number of an Indian bank account: 4 to 35 digits. A masked number is
// invalid, since an account cannot be linked with it.
//
// The error says what is valid and does not contain the number.
func ValidateAccountNumber(number string) error {
	if !only(number, minAccountNumber, maxAccountNumber, isDigit) {
		return errors.New("must be the full account number: 4 to 35 digits, not masked")
	}
	return nil
}

// validateHolderName checks the name of an account's holder.
func validateHolderName(name string) error {
	if strings.TrimSpace(name) == "" || !atMost(name, maxHolderName) || !printable(name) {
		return errors.New("must be the holder's name: 1 to 100 printable characters, not all blank")
	}
	return nil
}
