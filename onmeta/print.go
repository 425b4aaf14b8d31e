package onmeta

import (
	"fmt"
	"io"
	"log/slog"

	"rampart/internal/redact"
)

// Fields that hold personal data have masked types. Loggers that encode a whole struct as JSON, such as slog's JSONHandler and zap.Any,
// would still log such a field in full, so each struct that has one has a LogValue (slog) and a String (zap) method. Format is for the
// other verbs: for one that does not fit a field, package fmt prints what a pointer points to without calling any method of it.

func (v User) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v User) LogValue() slog.Value          { return redact.LogValue(v) }
func (v User) String() string                { return redact.String(v) }

func (v BankAccount) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v BankAccount) LogValue() slog.Value          { return redact.LogValue(v) }
func (v BankAccount) String() string                { return redact.String(v) }

func (v UPIID) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v UPIID) LogValue() slog.Value          { return redact.LogValue(v) }
func (v UPIID) String() string                { return redact.String(v) }

func (v LinkBankRequest) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v LinkBankRequest) LogValue() slog.Value          { return redact.LogValue(v) }
func (v LinkBankRequest) String() string                { return redact.String(v) }

func (v LinkUPIRequest) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v LinkUPIRequest) LogValue() slog.Value          { return redact.LogValue(v) }
func (v LinkUPIRequest) String() string                { return redact.String(v) }

func (v CreateOnrampRequest) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v CreateOnrampRequest) LogValue() slog.Value          { return redact.LogValue(v) }
func (v CreateOnrampRequest) String() string                { return redact.String(v) }

func (v UPIAccount) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v UPIAccount) LogValue() slog.Value          { return redact.LogValue(v) }
func (v UPIAccount) String() string                { return redact.String(v) }

func (v PayerBank) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v PayerBank) LogValue() slog.Value          { return redact.LogValue(v) }
func (v PayerBank) String() string                { return redact.String(v) }

func (v OnrampCreated) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v OnrampCreated) LogValue() slog.Value          { return redact.LogValue(v) }
func (v OnrampCreated) String() string                { return redact.String(v) }

func (v CreateOfframpRequest) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v CreateOfframpRequest) LogValue() slog.Value          { return redact.LogValue(v) }
func (v CreateOfframpRequest) String() string                { return redact.String(v) }

func (v PayoutBank) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v PayoutBank) LogValue() slog.Value          { return redact.LogValue(v) }
func (v PayoutBank) String() string                { return redact.String(v) }

func (v OfframpStatus) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v OfframpStatus) LogValue() slog.Value          { return redact.LogValue(v) }
func (v OfframpStatus) String() string                { return redact.String(v) }

func (v HistoryOrder) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v HistoryOrder) LogValue() slog.Value          { return redact.LogValue(v) }
func (v HistoryOrder) String() string                { return redact.String(v) }

func (v Currency) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v Currency) LogValue() slog.Value          { return redact.LogValue(v) }
func (v Currency) String() string                { return redact.String(v) }

func (v PaymentMode) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v PaymentMode) LogValue() slog.Value          { return redact.LogValue(v) }
func (v PaymentMode) String() string                { return redact.String(v) }

func (v Beneficiary) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v Beneficiary) LogValue() slog.Value          { return redact.LogValue(v) }
func (v Beneficiary) String() string                { return redact.String(v) }

func (v WebhookEvent) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v WebhookEvent) LogValue() slog.Value          { return redact.LogValue(v) }
func (v WebhookEvent) String() string                { return redact.String(v) }

func (v KYCWebhookEvent) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v KYCWebhookEvent) LogValue() slog.Value          { return redact.LogValue(v) }
func (v KYCWebhookEvent) String() string                { return redact.String(v) }

func (v Answer) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v Answer) LogValue() slog.Value          { return redact.LogValue(v) }
func (v Answer) String() string                { return redact.String(v) }

func (v KYCUpload) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v KYCUpload) LogValue() slog.Value          { return redact.LogValue(v) }
func (v KYCUpload) String() string                { return redact.String(v) }

func (v File) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v File) LogValue() slog.Value          { return redact.LogValue(v) }
func (v File) String() string                { return redact.String(v) }

func (v Config) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v Config) LogValue() slog.Value          { return redact.LogValue(v) }
func (v Config) String() string                { return redact.String(v) }

func (v Token) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v Token) LogValue() slog.Value          { return redact.LogValue(v) }
func (v Token) String() string                { return redact.String(v) }

func (v Session) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v Session) LogValue() slog.Value          { return redact.LogValue(v) }
func (v Session) String() string                { return redact.String(v) }

// String returns the route alone: the rest of a call is secret or personal.
func (c Call) String() string { return c.Route.String() }

// Format writes String, for every verb.
func (c Call) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, c.String()) }

// LogValue is String for slog.
func (c Call) LogValue() slog.Value { return slog.StringValue(c.String()) }
