package activities

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"rampart/dossier"
	"rampart/internal/redact"
	"rampart/onmeta"
	"rampart/ramp"
)

// The errors of activities: which are final and which are retried, and how workflows tell them apart.

// Types of the application errors that activities fail with. A workflow also sees ramp.InvalidRequest, ramp.Unencrypted and
// ramp.ReferenceTaken, which are final.
const (
	// ErrRefused: the provider refused this very request. Final.
	ErrRefused = "ProviderRefused"
	// ErrQuoteExpired: no order exists at a price that the user agreed to. Either the quote expired and the price is worse now, or
	// the provider's own order is worse than the quote, and its payment instructions are withheld. Final: the user must agree to
	// another price.
	ErrQuoteExpired = "QuoteExpired"
	// ErrDossier: the KYC dossier cannot be read or is incomplete. Final: the user submits another.
	ErrDossier = "InvalidDossier"

	// ErrUnauthorized: the provider does not accept the API key. Retried until an operator corrects it.
	ErrUnauthorized = "ProviderUnauthorized"
	// ErrRateLimited: the provider limits the rate of requests. Retried after its Retry-After.
	ErrRateLimited = "ProviderRateLimited"
	// ErrUnavailable: no usable answer, whether or not the request arrived. Retried.
	ErrUnavailable = "ProviderUnavailable"
	// ErrStore: the blob store of the KYC dossiers does not answer. Retried.
	ErrStore = "DossierStoreUnavailable"
	// ErrTemporal: Temporal does not tell whether an order is the first of its reference. Retried.
	ErrTemporal = "TemporalUnavailable"
	// ErrRecords: the store of records does not answer, or what it has cannot be read. Retried.
	ErrRecords = "RecordsUnavailable"
	// ErrKeyMissing: a message is encrypted with a key that no worker has yet. Retried.
	ErrKeyMissing = "KeyMissing"
	// ErrHandover: this worker stops, and another one continues the watch. Retried at once; not counted as a failure.
	ErrHandover = "WatchHandover"
)

// classify turns an error into the one that Temporal gets, which says whether to retry and when. Nothing else decides that;
// activities return its result unwrapped. Only a refusal of this very request and an invalid dossier are final. An outage, a wrong
// API key or an answer that is not the provider's will be corrected, by us or by the provider, and the order waits. The same goes
// for a refused login on the way, which says nothing about what the order asks for.
func classify(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return interrupted(ctx)
	}
	var invalidDossier dossier.InvalidError
	var store dossier.StoreError
	var provider *onmeta.Error
	switch {
	case errors.As(err, &invalidDossier):
		return temporal.NewNonRetryableApplicationError(invalidDossier.Error(), ErrDossier, nil)
	case errors.As(err, &store):
		return retryable(ctx, ErrStore, store, 0)
	case !errors.As(err, &provider):
		return retryable(ctx, ErrUnavailable, err, 0)
	}
	switch provider.Kind {
	case onmeta.KindRefused:
		if provider.Route == onmeta.RouteLogin {
			return retryable(ctx, ErrUnavailable, lookupError(err), 0)
		}
		return refusal(provider, Refusal{})
	case onmeta.KindInvalid:
		return invalidRequest(err)
	case onmeta.KindUnauthorized:
		return retryable(ctx, ErrUnauthorized, err, 0)
	case onmeta.KindRateLimited:
		return retryable(ctx, ErrRateLimited, err, provider.RetryAfter)
	default:
		return retryable(ctx, ErrUnavailable, err, provider.RetryAfter)
	}
}

// lookupError is the error of a call that an activity makes before its own. A refusal of it says nothing about what the order asks
// for, so it is no longer recognized as one.
func lookupError(err error) error {
	var provider *onmeta.Error
	if errors.As(err, &provider) && provider.Kind == onmeta.KindRefused {
		return fmt.Errorf("a preceding call was refused: %s", provider.Error())
	}
	return err
}

// interrupted is the error of an activity whose context has ended. A worker that stops ends it too, which neither cancels the order
// nor answers the call: another worker tries again.
func interrupted(ctx context.Context) error {
	select {
	case <-activity.GetWorkerStopChannel(ctx):
		return retryable(ctx, ErrUnavailable, errors.New("this worker stopped before the provider answered"), 0)
	default:
		return ctx.Err()
	}
}

// refusal is the final error of a request that the provider refused. details holds what else is known.
func refusal(provider *onmeta.Error, details Refusal) error {
	details.HTTPStatus, details.Code, details.Reason = provider.Status, provider.Code, provider.Message
	return temporal.NewNonRetryableApplicationError(message(provider), ErrRefused, nil, details)
}

// refusedBy returns the provider's refusal of a call to this route. A refusal of a preceding call, such as the login, is not one.
func refusedBy(err error, route onmeta.Route) (*onmeta.Error, bool) {
	var provider *onmeta.Error
	if !errors.As(err, &provider) || provider.Kind != onmeta.KindRefused || provider.Route != route {
		return nil, false
	}
	return provider, true
}

// invalidRequest is the final error of a request that cannot be right, which only a defect of ours can cause.
func invalidRequest(err error) error {
	return temporal.NewNonRetryableApplicationError(message(err), string(ramp.InvalidRequest), nil)
}

// quoteExpired is the final error of an order that was not made at a price that the user agreed to.
func quoteExpired(message string, details StaleQuote) error {
	return temporal.NewApplicationErrorWithOptions(message, ErrQuoteExpired, temporal.ApplicationErrorOptions{
		NonRetryable: true, Category: temporal.ApplicationErrorCategoryBenign, Details: []any{details},
	})
}

// handover is the error of a watch that another one continues. The server drops it if the workflow has cancelled the watch.
func handover(why string) error {
	return temporal.NewApplicationErrorWithOptions(why, ErrHandover,
		temporal.ApplicationErrorOptions{Category: temporal.ApplicationErrorCategoryBenign})
}

func retryable(ctx context.Context, kind string, err error, retryAfter time.Duration) error {
	return temporal.NewApplicationErrorWithOptions(message(err), kind, temporal.ApplicationErrorOptions{
		NextRetryDelay: retryPause(activity.GetInfo(ctx).Attempt, retryAfter),
	})
}

// maxMessageLength bounds the text of an error.
const maxMessageLength = 400

// message is the text of an error, safe for logs, histories and the Web UI. The provider's texts are safe already; this covers
// everything else that an error may hold.
func message(err error) string { return redact.Message(err.Error(), maxMessageLength) }

// Refusal is what the provider said when it refused a request.
type Refusal struct {
	HTTPStatus int    `json:"httpStatus"`
	Code       string `json:"code,omitempty"`
	// Reason is the provider's message.
	Reason string `json:"reason"`
	// State is the order's state after the provider refused a proof of payment; nil for other refusals.
	State *OrderState `json:"state,omitempty"`
	// RetryAfter is how long the provider refuses the same request, if it says that it does so for a while only.
	RetryAfter time.Duration `json:"again,omitempty"`
}

// Refused returns the provider's refusal, and whether err is one.
func Refused(err error) (Refusal, bool) {
	var refusal Refusal
	application, refused := ofType(err, ErrRefused)
	if !refused {
		return refusal, false
	}
	if application.HasDetails() {
		_ = application.Details(&refusal) // it is a refusal without details too
	}
	if refusal.Reason == "" {
		refusal.Reason = "no reason given"
	}
	return refusal, true
}

// StaleQuote says more about a quote that no order could be made at.
type StaleQuote struct {
	// OrderMayExist is set when an earlier attempt may have made the order.
	OrderMayExist bool `json:"maybeMade,omitempty"`
	// Quote is the price of the order that the provider made, if that is worse than the user agreed to; nil otherwise.
	Quote *ramp.Quote `json:"quote,omitempty"`
	// OrderID is the provider's id of that order, whose payment instructions are withheld.
	OrderID string `json:"orderId,omitempty"`
}

// QuoteExpired returns why there is no order at a price that the user agreed to, and whether err says so.
func QuoteExpired(err error) (StaleQuote, bool) {
	var stale StaleQuote
	application, expired := ofType(err, ErrQuoteExpired)
	if expired && application.HasDetails() {
		_ = application.Details(&stale) // without details the price is agreed again too
	}
	return stale, expired
}

// InvalidDossier returns what is wrong with a KYC dossier, and whether err says so.
func InvalidDossier(err error) (string, bool) {
	application, invalid := ofType(err, ErrDossier)
	if !invalid {
		return "", false
	}
	return application.Message(), true
}

// NotAdmitted returns why an order may not begin, Unencrypted, ReferenceTaken or InvalidRequest, and whether err says so. An InvalidRequest
// that names no field is a defect.
func NotAdmitted(err error) (*ramp.Error, bool) {
	application, isApplication := ofType(err, string(ramp.Unencrypted), string(ramp.ReferenceTaken), string(ramp.InvalidRequest))
	if !isApplication || application.Type() == string(ramp.InvalidRequest) && !application.HasDetails() {
		return nil, false
	}
	why := &ramp.Error{Type: ramp.ErrorType(application.Type()), Message: application.Message()}
	if application.HasDetails() {
		_ = application.Details(why) // without details there is a reason too
	}
	return why, true
}

// Unanswered returns the concern that a call raises which got no usable answer within its retries, without its time, and whether
// err is such a call's. The provider may have done what it was asked, or be about to.
func Unanswered(err error) (ramp.Concern, bool) {
	var timeout *temporal.TimeoutError
	if errors.As(err, &timeout) {
		return ramp.Concern{Type: ramp.ConcernProviderUnavailable, Reason: "no answer in time"}, true
	}
	var application *temporal.ApplicationError
	if !errors.As(err, &application) {
		return ramp.Concern{}, false
	}
	switch application.Type() {
	case ErrUnauthorized:
		return ramp.Concern{Type: ramp.ConcernAPIKeyRefused, Reason: "the provider does not accept the API key"}, true
	case ErrRateLimited:
		return ramp.Concern{Type: ramp.ConcernRateLimited, Reason: "the provider asks to slow down"}, true
	case ErrUnavailable:
		return ramp.Concern{Type: ramp.ConcernProviderUnavailable, Reason: "the provider does not answer properly"}, true
	case ErrTemporal:
		return ramp.Concern{Type: ramp.ConcernReferenceUnverified, Reason: "Temporal does not tell whether the reference was used before"}, true
	case ErrRecords:
		return ramp.Concern{Type: ramp.ConcernReferenceUnverified, Reason: "the store of records does not tell whether the reference was used before"}, true
	case ErrStore:
		return ramp.Concern{Type: ramp.ConcernDossierStoreUnavailable, Reason: "the store of the KYC documents does not answer"}, true
	default:
		return ramp.Concern{}, false
	}
}

// concernOf returns the type of the concern that polls raise which fail with this error.
func concernOf(err error) ramp.ConcernType {
	var provider *onmeta.Error
	if !errors.As(err, &provider) {
		return ramp.ConcernProviderUnavailable
	}
	switch provider.Kind {
	case onmeta.KindUnauthorized:
		return ramp.ConcernAPIKeyRefused
	case onmeta.KindRateLimited:
		return ramp.ConcernRateLimited
	default:
		return ramp.ConcernProviderUnavailable
	}
}

// RetryAfter returns the pause that the last attempt of a call asked for before the next one; 0 for none.
func RetryAfter(err error) time.Duration {
	var application *temporal.ApplicationError
	if !errors.As(err, &application) {
		return 0
	}
	return application.NextRetryDelay()
}

// isFinal reports whether an error of an activity is not retried.
func isFinal(err error) bool {
	var application *temporal.ApplicationError
	return errors.As(err, &application) && application.NonRetryable()
}

// ofType returns the application error in err, and whether it has one of these types.
func ofType(err error, types ...string) (*temporal.ApplicationError, bool) {
	var application *temporal.ApplicationError
	for _, one := range types {
		if errors.As(err, &application) && application.Type() == one {
			return application, true
		}
	}
	return nil, false
}
