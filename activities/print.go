package activities

import (
	"fmt"
	"log/slog"

	"rampart/internal/redact"
)

// What holds personal data prints itself without it, whatever prints it: a verb of fmt, slog, zap, an error. JSON, which
// goes to Temporal, stays as it is. A test walks all types of this package and fails for one that shows what it must not.

// String shows it as package redact does.
func (v KYCStatusRequest) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v KYCStatusRequest) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v KYCStatusRequest) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v UploadKYCRequest) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v UploadKYCRequest) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v UploadKYCRequest) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v WatchKYCRequest) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v WatchKYCRequest) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v WatchKYCRequest) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v AccountRequest) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v AccountRequest) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v AccountRequest) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v WatchLinkRequest) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v WatchLinkRequest) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v WatchLinkRequest) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v CreateOrderRequest) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v CreateOrderRequest) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v CreateOrderRequest) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v CreateOnrampOrderRequest) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v CreateOnrampOrderRequest) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v CreateOnrampOrderRequest) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v CreateOfframpOrderRequest) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v CreateOfframpOrderRequest) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v CreateOfframpOrderRequest) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v CreatedOrder) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v CreatedOrder) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v CreatedOrder) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v OrderRequest) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v OrderRequest) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v OrderRequest) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v OrderState) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v OrderState) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v OrderState) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v WatchOrderRequest) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v WatchOrderRequest) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v WatchOrderRequest) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v WatchOrderResult) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v WatchOrderResult) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v WatchOrderResult) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v SubmitUTRRequest) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v SubmitUTRRequest) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v SubmitUTRRequest) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v SubmitTransactionHashRequest) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v SubmitTransactionHashRequest) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v SubmitTransactionHashRequest) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v Options) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v Options) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v Options) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v ReadMessageRequest) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v ReadMessageRequest) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v ReadMessageRequest) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v ReadMessageResult) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v ReadMessageResult) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v ReadMessageResult) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v EarlierRun) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v EarlierRun) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v EarlierRun) LogValue() slog.Value { return redact.LogValue(v) }
