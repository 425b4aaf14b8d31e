package activities

import (
	"fmt"
	"log/slog"

	"rampart/internal/redact"
)

// Fields that hold personal data have masked types. Loggers that encode a whole struct as JSON, such as slog's JSONHandler and zap.Any,
// would still log such a field in full, so each struct that has one has a LogValue (slog) and a String (zap) method. Format is for the
// other verbs: for one that does not fit a field, package fmt prints what a pointer points to without calling any method of it.

func (v KYCStatusRequest) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v KYCStatusRequest) LogValue() slog.Value          { return redact.LogValue(v) }
func (v KYCStatusRequest) String() string                { return redact.String(v) }

func (v UploadKYCRequest) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v UploadKYCRequest) LogValue() slog.Value          { return redact.LogValue(v) }
func (v UploadKYCRequest) String() string                { return redact.String(v) }

func (v WatchKYCRequest) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v WatchKYCRequest) LogValue() slog.Value          { return redact.LogValue(v) }
func (v WatchKYCRequest) String() string                { return redact.String(v) }

func (v AccountRequest) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v AccountRequest) LogValue() slog.Value          { return redact.LogValue(v) }
func (v AccountRequest) String() string                { return redact.String(v) }

func (v WatchLinkRequest) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v WatchLinkRequest) LogValue() slog.Value          { return redact.LogValue(v) }
func (v WatchLinkRequest) String() string                { return redact.String(v) }

func (v CreateOrderRequest) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v CreateOrderRequest) LogValue() slog.Value          { return redact.LogValue(v) }
func (v CreateOrderRequest) String() string                { return redact.String(v) }

func (v CreateOnrampOrderRequest) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v CreateOnrampOrderRequest) LogValue() slog.Value          { return redact.LogValue(v) }
func (v CreateOnrampOrderRequest) String() string                { return redact.String(v) }

func (v CreateOfframpOrderRequest) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v CreateOfframpOrderRequest) LogValue() slog.Value          { return redact.LogValue(v) }
func (v CreateOfframpOrderRequest) String() string                { return redact.String(v) }

func (v CreatedOrder) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v CreatedOrder) LogValue() slog.Value          { return redact.LogValue(v) }
func (v CreatedOrder) String() string                { return redact.String(v) }

func (v OrderRequest) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v OrderRequest) LogValue() slog.Value          { return redact.LogValue(v) }
func (v OrderRequest) String() string                { return redact.String(v) }

func (v AdoptOrderRequest) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v AdoptOrderRequest) LogValue() slog.Value          { return redact.LogValue(v) }
func (v AdoptOrderRequest) String() string                { return redact.String(v) }

func (v KeepRecordRequest) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v KeepRecordRequest) LogValue() slog.Value          { return redact.LogValue(v) }
func (v KeepRecordRequest) String() string                { return redact.String(v) }

func (v OrderState) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v OrderState) LogValue() slog.Value          { return redact.LogValue(v) }
func (v OrderState) String() string                { return redact.String(v) }

func (v WatchOrderRequest) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v WatchOrderRequest) LogValue() slog.Value          { return redact.LogValue(v) }
func (v WatchOrderRequest) String() string                { return redact.String(v) }

func (v WatchOrderResult) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v WatchOrderResult) LogValue() slog.Value          { return redact.LogValue(v) }
func (v WatchOrderResult) String() string                { return redact.String(v) }

func (v SubmitUTRRequest) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v SubmitUTRRequest) LogValue() slog.Value          { return redact.LogValue(v) }
func (v SubmitUTRRequest) String() string                { return redact.String(v) }

func (v SubmitTransactionHashRequest) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v SubmitTransactionHashRequest) LogValue() slog.Value          { return redact.LogValue(v) }
func (v SubmitTransactionHashRequest) String() string                { return redact.String(v) }

func (v Options) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v Options) LogValue() slog.Value          { return redact.LogValue(v) }
func (v Options) String() string                { return redact.String(v) }

func (v ReadMessageRequest) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v ReadMessageRequest) LogValue() slog.Value          { return redact.LogValue(v) }
func (v ReadMessageRequest) String() string                { return redact.String(v) }

func (v ReadMessageResult) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v ReadMessageResult) LogValue() slog.Value          { return redact.LogValue(v) }
func (v ReadMessageResult) String() string                { return redact.String(v) }

func (v EarlierRun) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v EarlierRun) LogValue() slog.Value          { return redact.LogValue(v) }
func (v EarlierRun) String() string                { return redact.String(v) }

func (v Refusal) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v Refusal) LogValue() slog.Value          { return redact.LogValue(v) }
func (v Refusal) String() string                { return redact.String(v) }

func (v PublishEventsRequest) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v PublishEventsRequest) LogValue() slog.Value          { return redact.LogValue(v) }
func (v PublishEventsRequest) String() string                { return redact.String(v) }

func (v DeliverEventsRequest) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v DeliverEventsRequest) LogValue() slog.Value          { return redact.LogValue(v) }
func (v DeliverEventsRequest) String() string                { return redact.String(v) }

func (v Admission) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v Admission) LogValue() slog.Value          { return redact.LogValue(v) }
func (v Admission) String() string                { return redact.String(v) }

func (v KeepOpenRequest) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v KeepOpenRequest) LogValue() slog.Value          { return redact.LogValue(v) }
func (v KeepOpenRequest) String() string                { return redact.String(v) }

func (v AdmissionRules) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v AdmissionRules) LogValue() slog.Value          { return redact.LogValue(v) }
func (v AdmissionRules) String() string                { return redact.String(v) }

func (v KYCStatusResult) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v KYCStatusResult) LogValue() slog.Value          { return redact.LogValue(v) }
func (v KYCStatusResult) String() string                { return redact.String(v) }

func (v Claimant) Format(s fmt.State, verb rune) { redact.Format(s, verb, v) }
func (v Claimant) LogValue() slog.Value          { return redact.LogValue(v) }
func (v Claimant) String() string                { return redact.String(v) }
