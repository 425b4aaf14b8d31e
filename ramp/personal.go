package ramp

import (
	"fmt"
	"log/slog"

	"rampart/internal/redact"
)

// The types of fields that hold personal data. Each is a string that prints masked, in package fmt and in loggers, and whose JSON is
// the text itself; string(v) is the text. Constants need no conversion: ramp.OnrampRequest{Email: "asha@example.test"}.
type (
	// Email is an e-mail address. It prints as "a***@example.test".
	Email = redact.Email
	// VPA is a UPI address. It prints as "a***@okbank".
	VPA = redact.VPA
	// AccountNumber is the number of a bank account. It prints as "XXXX4821".
	AccountNumber = redact.Account
	// UTR is a bank's reference of a payment. It prints as "XXXX8901".
	UTR = redact.UTR
	// Dossier is the URL of a KYC dossier. It prints as "file://[redacted]".
	Dossier = redact.Dossier
	// Personal is a text that is not shown at all: a name, a PAN, an IFSC. It prints as "[redacted]".
	Personal = redact.Personal
	// Metadata is the backend's own data on an order. It prints its keys and no value. A map[string]string can be assigned to it.
	Metadata = redact.Metadata
)

// Loggers that encode a whole struct as JSON, such as slog's JSONHandler and zap.Any, would log the contract's JSON, in full.
// They ask for LogValue (slog) or String (zap) first, so each struct that holds personal data has both. Both show its fields as
// package fmt does, and what its pointers point to. Format is for every other verb: for one that does not fit a field, such as %t,
// package fmt prints what a pointer points to without asking any method of it, so that the fields' own types do not help.

func (v OnrampRequest) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v OnrampRequest) LogValue() slog.Value          { return redact.LogValue(v) }
func (v OnrampRequest) String() string                { return redact.String(v) }

func (v OfframpRequest) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v OfframpRequest) LogValue() slog.Value          { return redact.LogValue(v) }
func (v OfframpRequest) String() string                { return redact.String(v) }

func (v UPIAccount) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v UPIAccount) LogValue() slog.Value          { return redact.LogValue(v) }
func (v UPIAccount) String() string                { return redact.String(v) }

func (v BankAccount) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v BankAccount) LogValue() slog.Value          { return redact.LogValue(v) }
func (v BankAccount) String() string                { return redact.String(v) }

func (v KYC) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v KYC) LogValue() slog.Value          { return redact.LogValue(v) }
func (v KYC) String() string                { return redact.String(v) }

func (v UTRSubmission) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v UTRSubmission) LogValue() slog.Value          { return redact.LogValue(v) }
func (v UTRSubmission) String() string                { return redact.String(v) }

func (v KYCSubmission) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v KYCSubmission) LogValue() slog.Value          { return redact.LogValue(v) }
func (v KYCSubmission) String() string                { return redact.String(v) }

func (v AccountSubmission) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v AccountSubmission) LogValue() slog.Value          { return redact.LogValue(v) }
func (v AccountSubmission) String() string                { return redact.String(v) }

func (v Awaiting) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v Awaiting) LogValue() slog.Value          { return redact.LogValue(v) }
func (v Awaiting) String() string                { return redact.String(v) }

func (v ReorderRequest) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v ReorderRequest) LogValue() slog.Value          { return redact.LogValue(v) }
func (v ReorderRequest) String() string                { return redact.String(v) }

func (v FindRequest) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v FindRequest) LogValue() slog.Value          { return redact.LogValue(v) }
func (v FindRequest) String() string                { return redact.String(v) }

func (v Order) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v Order) LogValue() slog.Value          { return redact.LogValue(v) }
func (v Order) String() string                { return redact.String(v) }

func (v Instructions) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v Instructions) LogValue() slog.Value          { return redact.LogValue(v) }
func (v Instructions) String() string                { return redact.String(v) }

func (v UPIInstructions) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v UPIInstructions) LogValue() slog.Value          { return redact.LogValue(v) }
func (v UPIInstructions) String() string                { return redact.String(v) }

func (v Beneficiary) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v Beneficiary) LogValue() slog.Value          { return redact.LogValue(v) }
func (v Beneficiary) String() string                { return redact.String(v) }

func (v Proof) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v Proof) LogValue() slog.Value          { return redact.LogValue(v) }
func (v Proof) String() string                { return redact.String(v) }

func (v ReplacedProof) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v ReplacedProof) LogValue() slog.Value          { return redact.LogValue(v) }
func (v ReplacedProof) String() string                { return redact.String(v) }

func (v HashSubmission) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v HashSubmission) LogValue() slog.Value          { return redact.LogValue(v) }
func (v HashSubmission) String() string                { return redact.String(v) }

func (v Settlement) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v Settlement) LogValue() slog.Value          { return redact.LogValue(v) }
func (v Settlement) String() string                { return redact.String(v) }

func (v EventTarget) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v EventTarget) LogValue() slog.Value          { return redact.LogValue(v) }
func (v EventTarget) String() string                { return redact.String(v) }

func (v Hint) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v Hint) LogValue() slog.Value          { return redact.LogValue(v) }
func (v Hint) String() string                { return redact.String(v) }

func (v UserQuestion) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v UserQuestion) LogValue() slog.Value          { return redact.LogValue(v) }
func (v UserQuestion) String() string                { return redact.String(v) }

// String is the error's text, also of an Error that is no pointer.
func (e Error) String() string { return e.Error() }

// LogValue is String for slog.
func (e Error) LogValue() slog.Value { return slog.StringValue(e.Error()) }
