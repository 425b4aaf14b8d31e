package onmeta

import (
	"fmt"
	"io"
	"log/slog"

	"rampart/internal/redact"
)

// What holds personal data prints itself without it, whatever prints it: a verb of fmt, slog, zap, an error. A test walks
// all types of this package and fails for one that shows what it must not. On the wire nothing changes.

// String shows it as package redact does.
func (v User) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v User) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v User) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v BankAccount) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v BankAccount) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v BankAccount) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v UPIID) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v UPIID) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v UPIID) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v LinkBankRequest) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v LinkBankRequest) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v LinkBankRequest) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v LinkUPIRequest) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v LinkUPIRequest) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v LinkUPIRequest) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v KYCUpload) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v KYCUpload) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v KYCUpload) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v CreateOnrampRequest) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v CreateOnrampRequest) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v CreateOnrampRequest) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v UPIAccount) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v UPIAccount) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v UPIAccount) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v PayerBank) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v PayerBank) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v PayerBank) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v OnrampCreated) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v OnrampCreated) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v OnrampCreated) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v OnrampStatus) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v OnrampStatus) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v OnrampStatus) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v CreateOfframpRequest) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v CreateOfframpRequest) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v CreateOfframpRequest) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v PayoutBank) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v PayoutBank) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v PayoutBank) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v OfframpStatus) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v OfframpStatus) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v OfframpStatus) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v HistoryOrder) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v HistoryOrder) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v HistoryOrder) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v Beneficiary) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v Beneficiary) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v Beneficiary) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v PaymentMode) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v PaymentMode) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v PaymentMode) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v WebhookEvent) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v WebhookEvent) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v WebhookEvent) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v File) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v File) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v File) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v Currency) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v Currency) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v Currency) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v Answer) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v Answer) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v Answer) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v Config) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v Config) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v Config) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v Token) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v Token) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v Token) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v Session) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v Session) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v Session) LogValue() slog.Value { return redact.LogValue(v) }

// String is the route alone: the rest of a call is secret or personal.
func (c Call) String() string { return c.Route.String() }

// Format writes String, for every verb.
func (c Call) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, c.String()) }

// LogValue is String for slog.
func (c Call) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Format keeps what the provider has sent out of whatever prints an answer that is being decoded: all texts on the wire
// are of this type.
func (text) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, redacted) }

// Format keeps a request's personal data out of whatever prints it.
func (w wireLinkBank) Format(s fmt.State, verb rune) { redact.Format(s, verb, w) }

// Format does so too.
func (w wirePayer) Format(s fmt.State, verb rune) { redact.Format(s, verb, w) }

// Format does so too.
func (w wireUPIAccount) Format(s fmt.State, verb rune) { redact.Format(s, verb, w) }

// Format does so too.
func (w wirePayoutBank) Format(s fmt.State, verb rune) { redact.Format(s, verb, w) }

// Format does so too.
func (w wireCreateOnramp) Format(s fmt.State, verb rune) { redact.Format(s, verb, w) }

// Format does so too.
func (w wireCreateOfframp) Format(s fmt.State, verb rune) { redact.Format(s, verb, w) }
