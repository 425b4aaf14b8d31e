package ramp

import (
	"fmt"
	"log/slog"

	"rampart/internal/redact"
)

// What holds personal data prints itself without it, whatever prints it: a verb of fmt, slog, zap, an error. JSON, which
// goes to Temporal, stays as it is. A test walks all types of this package and fails for one that shows what it must not.

// String shows it as package redact does.
func (v OnrampRequest) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v OnrampRequest) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v OnrampRequest) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v OfframpRequest) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v OfframpRequest) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v OfframpRequest) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v UPIAccount) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v UPIAccount) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v UPIAccount) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v BankAccount) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v BankAccount) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v BankAccount) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v KYC) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v KYC) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v KYC) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v UTRSubmission) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v UTRSubmission) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v UTRSubmission) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v HashSubmission) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v HashSubmission) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v HashSubmission) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v KYCSubmission) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v KYCSubmission) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v KYCSubmission) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v AccountSubmission) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v AccountSubmission) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v AccountSubmission) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v ReorderRequest) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v ReorderRequest) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v ReorderRequest) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v Order) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v Order) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v Order) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v Instructions) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v Instructions) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v Instructions) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v UPIInstructions) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v UPIInstructions) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v UPIInstructions) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v Beneficiary) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v Beneficiary) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v Beneficiary) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v Proof) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v Proof) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v Proof) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v ReplacedProof) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v ReplacedProof) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v ReplacedProof) LogValue() slog.Value { return redact.LogValue(v) }

// String shows it as package redact does.
func (v Settlement) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v Settlement) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v Settlement) LogValue() slog.Value { return redact.LogValue(v) }

// String is the error's text, also of an Error that is no pointer.
func (e Error) String() string { return e.Error() }

// LogValue is String for slog.
func (e Error) LogValue() slog.Value { return slog.StringValue(e.Error()) }

// String shows it as package redact does.
func (v Awaiting) String() string { return redact.String(v) }

// Format writes String, for every verb.
func (v Awaiting) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }

// LogValue is String for slog.
func (v Awaiting) LogValue() slog.Value { return redact.LogValue(v) }
