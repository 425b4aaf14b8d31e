package commands

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"rampart/ramp"
)

// referenceHint follows an error about a missing or malformed reference.
const referenceHint = "The reference is your own id for the order, such as inv-42. The same reference always names the same order, so that\n" +
	"repeating a command after a failure never creates a second order. The starter therefore never invents one."

// requestFlags are the flags that fill a request, or --file, which holds the request as JSON. Each flag is registered with the JSON
// path of the field that it fills, so that an invalid field is reported by the name of its flag.
type requestFlags struct {
	command *cobra.Command
	file    string
	// flagOf is the flag of each field, or the flags of an object.
	flagOf map[string]string
}

// newRequestFlags registers --file on a command whose flags fill a request. what names the request, such as "request" or "account".
func newRequestFlags(command *cobra.Command, what string) *requestFlags {
	f := &requestFlags{command: command, flagOf: make(map[string]string)}
	command.Flags().SortFlags = false
	command.Flags().StringVar(&f.file, "file", "", "read the "+what+" as JSON from a `file`, or from standard input for -; replaces the flags below")
	return f
}

// text registers a flag for a field that holds a string.
func (f *requestFlags) text(field string, into *string, flag, usage string) {
	f.command.Flags().StringVar(into, flag, "", usage)
	f.flagOf[field] = "--" + flag
}

func (f *requestFlags) token(token *ramp.Token) {
	f.text("token.symbol", &token.Symbol, "token", "`symbol` of the token, such as USDC")
	f.text("token.address", &token.Address, "token-address", "`address` of the token's contract")
	f.command.Flags().Int64Var(&token.ChainID, "chain-id", 0, "`id` of the token's chain, such as 137 for Polygon")
	f.flagOf["token.chainId"] = "--chain-id"
}

func (f *requestFlags) upi(upi *ramp.UPIAccount) {
	f.text("upi.id", (*string)(&upi.ID), "upi-id", "the user's `VPA`, such as asha@okbank")
	f.text("upi.name", (*string)(&upi.Name), "upi-name", "`name` of the VPA's holder")
	f.flagOf["upi"] = "--upi-id, --upi-name"
}

func (f *requestFlags) bank(bank *ramp.BankAccount) {
	f.text("bank.accountName", (*string)(&bank.AccountName), "account-name", "`name` of the bank account's holder")
	f.text("bank.accountNumber", (*string)(&bank.AccountNumber), "account-number", "`number` of the user's bank account")
	f.text("bank.ifsc", (*string)(&bank.IFSC), "ifsc", "`IFSC` of the bank's branch, such as HDFC0001234")
	f.text("bank.pan", (*string)(&bank.PAN), "pan", "`PAN` of the account's holder; required to link an account that is not linked yet")
	f.flagOf["bank"] = "--account-name, --account-number, --ifsc"
}

// optionalParts are the optional parts that requests of both directions have.
type optionalParts struct {
	bank     ramp.BankAccount
	kyc      ramp.KYC
	quote    ramp.QuoteTerms
	metadata []string
}

// optional registers the flags of the optional parts. received and paid are the units of the least to receive and the most to pay.
func (f *requestFlags) optional(parts *optionalParts, received, paid string) {
	f.bank(&parts.bank)
	f.text("kyc.dossier", (*string)(&parts.kyc.Dossier), "dossier", "`URL` of the user's KYC dossier, in case the provider has not verified the user")
	f.command.Flags().BoolVar(&parts.quote.Confirm, "confirm", false, "create the order only after the user has confirmed the quote (confirm-quote)")
	f.flagOf["quote.confirm"] = "--confirm"
	f.command.Flags().StringArrayVar(&parts.metadata, "metadata", nil, "`key=value` to pass to the provider's webhooks; repeatable")
	f.flagOf["metadata"] = "--metadata"
	f.text("quote.minReceived", &parts.quote.MinReceived, "min-received", "least that the user accepts to receive, in `"+received+"`")
	f.text("quote.maxPaid", &parts.quote.MaxPaid, "max-paid", "most that the user accepts to pay, in `"+paid+"`")
}

// read returns the request from --file or, without it, from the flags by build. It validates the request, so that an invalid one is
// reported before a connection is opened.
func read[R any](p *Program, f *requestFlags, build func() (R, error), validate func(*R) error) (R, error) {
	if f.file == "" {
		request, err := build()
		if err != nil {
			return request, misused(f.command, err.Error())
		}
		return request, f.invalid(validate(&request))
	}
	var request R
	if err := f.onlyFile(); err != nil {
		return request, err
	}
	if err := p.readFile(f.file, &request); err != nil {
		return request, err
	}
	return request, validate(&request)
}

// onlyFile rejects --file together with flags that fill the request, since one of them would be ignored.
func (f *requestFlags) onlyFile() error {
	for _, flags := range slices.Sorted(maps.Values(f.flagOf)) {
		for flag := range strings.SplitSeq(flags, ", ") {
			if f.command.Flags().Changed(strings.TrimPrefix(flag, "--")) {
				return misused(f.command, "--file and "+flag+" cannot be combined: use either the file or flags")
			}
		}
	}
	return nil
}

// invalid adds the flags of the invalid fields to an error of the contract.
func (f *requestFlags) invalid(err error) error { return invalid(err, f.flagOf) }

// invalid adds flags, by the field that each fills, to an error of the contract. Any other error is returned as it is.
func invalid(err error, flagOf map[string]string) error {
	var contract *ramp.Error
	if !errors.As(err, &contract) {
		return err
	}
	return &requestError{invalid: contract, flagOf: flagOf}
}

// nonZero returns a pointer to a value, or nil for a zero value: an optional part of which no flag was given.
func nonZero[T comparable](value T) *T {
	var zero T
	if value == zero {
		return nil
	}
	return &value
}

// parseMetadata reads the values of --metadata. Its error repeats none of them.
func parseMetadata(pairs []string) (map[string]string, error) {
	if len(pairs) == 0 {
		return nil, nil
	}
	metadata := make(map[string]string)
	for _, pair := range pairs {
		key, value, found := strings.Cut(pair, "=")
		if _, repeated := metadata[key]; repeated || !found || key == "" {
			return nil, errors.New("--metadata must be key=value, with each key once")
		}
		metadata[key] = value
	}
	return metadata, nil
}
