package commands

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"rampart/ramp"
)

// referenceHint is for those who have not thought of a reference.
const referenceHint = "--reference is your own id for the order, such as inv-42. The same reference always means the same order,\n" +
	"so that a command repeated after a failure never makes a second one. None is made up for you."

// shared are the parts of a request that both directions have.
type shared struct {
	bank     ramp.BankAccount
	kyc      ramp.KYC
	quote    ramp.QuoteTerms
	metadata []string
}

func (s *shared) register(flags *pflag.FlagSet) {
	bankFlags(flags, &s.bank)
	flags.StringVar(&s.kyc.Dossier, "dossier", "", "`URL` of the user's KYC dossier, should they not be verified yet")
	flags.BoolVar(&s.quote.Confirm, "confirm", false, "wait until the user confirms the quote")
	flags.StringArrayVar(&s.metadata, "metadata", nil, "`key=value` for the provider's webhooks; repeat the flag for more")
}

func bankFlags(flags *pflag.FlagSet, bank *ramp.BankAccount) {
	flags.StringVar(&bank.AccountName, "account-name", "", "`holder` of the user's bank account")
	flags.StringVar(&bank.AccountNumber, "account-number", "", "`number` of the user's bank account")
	flags.StringVar(&bank.IFSC, "ifsc", "", "`code` of the bank's branch, such as HDFC0001234")
	flags.StringVar(&bank.PAN, "pan", "", "holder's `PAN`, which linking a new account needs")
}

func upiFlags(flags *pflag.FlagSet, upi *ramp.UPIAccount) {
	flags.StringVar(&upi.ID, "upi-id", "", "user's `VPA`, such as asha@okbank")
	flags.StringVar(&upi.Name, "upi-name", "", "`holder` of the VPA")
}

func tokenFlags(flags *pflag.FlagSet, token *ramp.Token) {
	flags.StringVar(&token.Symbol, "token", "", "`symbol` of the token, such as USDC")
	flags.StringVar(&token.Address, "token-address", "", "`address` of the token's contract")
	flags.Int64Var(&token.ChainID, "chain-id", 0, "`number` of the token's chain, such as 137 for Polygon")
}

// given returns what flags have filled, or nil if none has.
func given[T comparable](value T) *T {
	var nothing T
	if value == nothing {
		return nil
	}
	return &value
}

// entries reads the values of --metadata, which an error does not repeat.
func entries(pairs []string) (map[string]string, error) {
	if len(pairs) == 0 {
		return nil, nil
	}
	metadata := make(map[string]string)
	for _, pair := range pairs {
		key, value, found := strings.Cut(pair, "=")
		if _, twice := metadata[key]; twice || !found || key == "" {
			return nil, errors.New("--metadata takes key=value, each key once")
		}
		metadata[key] = value
	}
	return metadata, nil
}

// onlyFile refuses a request given both ways, since one of them would be ignored.
func onlyFile(cmd *cobra.Command, fields map[string]string) error {
	for _, flag := range slices.Sorted(maps.Values(fields)) {
		for name := range strings.SplitSeq(flag, ", ") {
			if cmd.Flags().Changed(strings.TrimPrefix(name, "--")) {
				return misused(cmd, "give the order by --file or by "+name+" and its like, not by both")
			}
		}
	}
	return nil
}

// invalid adds to a request's problems the flags by which it was given.
func invalid(err error, flags map[string]string) error {
	var contract *ramp.Error
	if !errors.As(err, &contract) {
		return err
	}
	return &requestError{invalid: contract, flags: flags}
}

// sharedFields names the flags of the fields that both requests have.
func sharedFields() map[string]string {
	return map[string]string{
		"reference":          "--reference",
		"email":              "--email",
		"token.symbol":       "--token",
		"token.address":      "--token-address",
		"token.chainId":      "--chain-id",
		"bank":               "--account-name, --account-number, --ifsc",
		"bank.accountName":   "--account-name",
		"bank.accountNumber": "--account-number",
		"bank.ifsc":          "--ifsc",
		"bank.pan":           "--pan",
		"kyc.dossier":        "--dossier",
		"quote.confirm":      "--confirm",
		"quote.minReceived":  "--min-received",
		"quote.maxPaid":      "--max-paid",
		"metadata":           "--metadata",
	}
}
