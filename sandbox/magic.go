package sandbox

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// MagicValue is a request value that selects an outcome, as a test card number does.
type MagicValue struct {
	// Where names the value, for example "on-ramp INR amount".
	Where string `json:"where"`
	// Value is the condition on it, for example "ends in .01".
	Value string `json:"value"`
	// Outcome describes what happens.
	Outcome string `json:"outcome"`
	// Course is the name of the course that an amount selects, for CourseShare and the ledger; empty for other values.
	Course string `json:"course,omitempty"`
}

// MagicTable returns every magic value, from the definitions that the sandbox's behaviour follows. README.md shows the table.
func MagicTable() []MagicValue {
	var table []MagicValue
	for _, t := range emailTags() {
		table = append(table, MagicValue{Where: "e-mail, tag before the @", Value: "`+" + t.tag + "`", Outcome: t.outcome})
	}
	for _, m := range accountMagics() {
		table = append(table, MagicValue{Where: "bank account number", Value: "ends in `" + m.account + "`", Outcome: m.describe()})
	}
	for _, m := range accountMagics() {
		table = append(table, MagicValue{Where: "UPI id, before the @", Value: "ends in `" + m.upi + "`", Outcome: m.describe()})
	}
	table = append(table,
		MagicValue{Where: "UPI id, before the @", Value: "ends in `" + unknownVPA + "`", Outcome: "400 `account not found for vpa`"})
	for _, s := range onrampCourses() {
		table = append(table, MagicValue{Where: "on-ramp INR amount", Value: "ends in `" + s.fraction + "`", Outcome: s.describe(), Course: s.name})
	}
	for _, s := range offrampCourses() {
		table = append(table,
			MagicValue{Where: "off-ramp amount, of tokens or INR, as ordered", Value: "ends in `" + s.fraction + "`", Outcome: s.describe(), Course: s.name})
	}
	return append(table,
		MagicValue{Where: "UTR", Value: "only zeros", Outcome: "403 `Invalid UTR`, however well-formed"},
		MagicValue{Where: "UTR", Value: "begins with `" + unmatchedUTR + "`",
			Outcome: "accepted, but no payment is ever found: `fiatPending` until the order expires"},
		MagicValue{Where: "UTR", Value: "begins with `" + secondUTR + "`",
			Outcome: "accepted, but no payment is found for its first order; once that has expired it pays a new one"},
		MagicValue{Where: "transaction hash", Value: "only zeros (`1`s on Solana)",
			Outcome: "400 `Invalid transaction hash`, however well-formed"},
		MagicValue{Where: "transaction hash", Value: "ends in `" + unseenHash + "`",
			Outcome: "accepted, but the tokens are never seen: `pending` for ever"},
	)
}

// WriteMagicTable writes the magic values for a terminal.
func WriteMagicTable(w io.Writer) error {
	columns := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(columns, "WHERE\tVALUE\tOUTCOME\tCOURSE")
	for _, m := range MagicTable() {
		_, _ = fmt.Fprintf(columns, "%s\t%s\t%s\t%s\n", m.Where, plain(m.Value), plain(m.Outcome), m.Course)
	}
	return columns.Flush()
}

func plain(markdown string) string { return strings.ReplaceAll(markdown, "`", "") }

// Tags of e-mails.
const (
	tagNoKYC             = "nokyc"
	tagReview            = "review"
	tagKYCRefused        = "kycrefused"
	tagNeverVerified     = "neververified"
	tagReviewRefused     = "reviewrefused"
	tagKYCFails          = "kycfails"
	tagKYCLocked         = "kyclocked"
	tagVerifiedElsewhere = "verifiedelsewhere"
	tagLinked            = "linked"
	tagEmptyList         = "emptylist"
	tagNullList          = "nulllist"
)

type emailTag struct{ tag, outcome string }

func emailTags() []emailTag {
	return []emailTag{
		{tagNoKYC, "KYC is missing; an upload verifies at once"},
		{tagReview, fmt.Sprintf("KYC is missing; an upload goes to manual review and is verified after %g hours",
			reviewTime.Hours())},
		{tagKYCRefused, "KYC is missing; the first upload is refused with 400 `Invalid request`, the next one verifies at once"},
		{tagNeverVerified, "KYC is missing; uploads are taken, but the user is never verified"},
		{tagReviewRefused, "KYC is missing; the first upload is taken and refused later, in review, the next one verifies at once"},
		{tagKYCFails, fmt.Sprintf("KYC is missing; the first %d uploads are refused with 400 `Invalid request`, and all for an hour "+
			"with 400 `%s`, the next one verifies at once", maxKYCFailures, kycLocked)},
		{tagKYCLocked, "KYC is missing; for an hour from the first one all uploads are refused with 400 `" + kycLocked +
			"`, the next one verifies at once"},
		{tagVerifiedElsewhere, fmt.Sprintf("KYC is missing, and verified elsewhere %g min after the first login, whatever is uploaded",
			elsewhereTime.Minutes())},
		{tagLinked, "KYC is verified for " + linkedName + "; linked are UPI `" + linkedUPI + "` and bank account `" +
			linkedAccount + "`, IFSC `" + linkedIFSC + "`"},
		{tagEmptyList, "while nothing is linked, the linked accounts are `[]`, not a 404"},
		{tagNullList, "while nothing is linked, the linked accounts are `null`, not a 404"},
	}
}

// The accounts of a user tagged linked.
const (
	linkedName    = "Asha Rao"
	linkedUPI     = "asha@okbank"
	linkedAccount = "50100000004821"
	linkedIFSC    = "HDFC0001234"
)

// unknownVPA is the end of the local part of a UPI id that does not exist.
const unknownVPA = "unknown"

// accountMagic is an outcome of linking, selected by the end of an account number or of a UPI id's local part.
type accountMagic struct {
	account string
	upi     string
	pending bool
	failure string // empty: the account is linked
	// unnamed leaves the link's reference out of the answer.
	unnamed bool
}

func accountMagics() []accountMagic {
	return []accountMagic{
		{account: "9001", upi: "pending", pending: true},
		{account: "9002", upi: "failed", failure: "account could not be verified"},
		{account: "9003", upi: "pendingfailed", pending: true, failure: "account could not be verified"},
		{account: "9004", upi: "mismatch", failure: reasonNameMismatch},
		{account: "9005", upi: "pendingunnamed", pending: true, unnamed: true},
	}
}

func (m accountMagic) describe() string {
	end := "`" + linkSuccess + "`"
	if m.failure != "" {
		end = "`" + linkFailed + "` (" + m.failure + ")"
	}
	if m.unnamed {
		return fmt.Sprintf("`%s` without a reference, after %g s %s", linkPending, linkTime.Seconds(), end)
	}
	if m.pending {
		return fmt.Sprintf("`%s`, after %g s %s", linkPending, linkTime.Seconds(), end)
	}
	return end + " at once"
}

// magicForAccount returns the outcome of linking a bank account.
func magicForAccount(number string) accountMagic {
	return firstOf(accountMagics(), func(m accountMagic) bool { return strings.HasSuffix(number, m.account) })
}

// magicForUPI returns the outcome of linking a UPI id. The longest matching end wins.
func magicForUPI(localPart string) accountMagic {
	magics := accountMagics()
	slices.SortFunc(magics, func(a, b accountMagic) int { return len(b.upi) - len(a.upi) })
	return firstOf(magics, func(m accountMagic) bool { return strings.HasSuffix(localPart, m.upi) })
}

// firstOf returns the first value that matches, or the zero value.
func firstOf[T any](values []T, match func(T) bool) T {
	for _, v := range values {
		if match(v) {
			return v
		}
	}
	var none T
	return none
}

const (
	// unmatchedUTR is the prefix of a UTR whose payment is never found.
	unmatchedUTR = "9999"
	// secondUTR is the prefix of a UTR that is free again once its order expires, and whose payment is found for the next order.
	secondUTR = "9998"
	// unseenHash is the end of a transaction hash whose tokens never arrive.
	unseenHash = "dead"
)

// refusedUTR reports whether a UTR is one that is always refused.
func refusedUTR(utr string) bool { return strings.Trim(utr, "0") == "" }

// refusedHash reports whether a transaction hash is one that is always refused: all its bytes are zero.
func refusedHash(hash string) bool {
	return strings.Trim(strings.TrimPrefix(hash, "0x"), "0") == "" || hash == strings.Repeat("1", solanaSigLength)
}
