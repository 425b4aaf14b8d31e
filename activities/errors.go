package activities

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"rampart/internal/redact"
	"rampart/onmeta"
	"rampart/ramp"
)

// Types of the application errors that activities fail with.
const (
	// ErrRefused: the provider said no to this very request. Final.
	ErrRefused = "ProviderRefused"
	// ErrQuoteExpired: the quote was too old when the order was to be made, and the price is worse by now than the user
	// agreed to; or the provider's own order is. Nobody is told how to pay. Final: the user must agree to another price.
	ErrQuoteExpired = "QuoteExpired"
	// ErrDossier: the KYC dossier cannot be read or is incomplete. Final: the user submits another.
	ErrDossier = "InvalidDossier"

	// ErrUnauthorized: the provider does not accept our API key. Retried, for an operator will correct it.
	ErrUnauthorized = "ProviderUnauthorized"
	// ErrRateLimited: the provider asked us to slow down. Retried when it said.
	ErrRateLimited = "ProviderRateLimited"
	// ErrUnavailable: no usable answer, whether the request arrived or not. Retried.
	ErrUnavailable = "ProviderUnavailable"
	// ErrStore: the blob store of the KYC dossiers does not answer. Retried.
	ErrStore = "DossierStoreUnavailable"
	// ErrTemporal: Temporal does not tell whether an order is its reference's first. Retried.
	ErrTemporal = "TemporalUnavailable"
	// ErrKeyMissing: a message is encrypted with a key that no worker has yet. Retried.
	ErrKeyMissing = "KeyMissing"
	// ErrHandover: this worker stops and another takes the watch over. Retried at once, and no fault of anybody.
	ErrHandover = "WatchHandover"
)

// classify turns an error of the provider client into what Temporal needs to know: whether to retry, and when. It is
// the only place that decides; activities return its result unwrapped. Only a refusal of this very request is final:
// an outage, a wrong API key or an answer that is not the provider's is ours or theirs to mend, and the order waits. So
// it does for a login that is refused on the way: that says nothing of what the order asks for.
func classify(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return interrupted(ctx)
	}
	var provider *onmeta.Error
	if !errors.As(err, &provider) {
		return retryable(ctx, ErrUnavailable, err, 0)
	}
	switch provider.Kind {
	case onmeta.KindRefused:
		if provider.Route == onmeta.RouteLogin {
			return retryable(ctx, ErrUnavailable, lookup(err), 0)
		}
		return refusal(provider, nil)
	case onmeta.KindInvalid:
		return invalid(err)
	case onmeta.KindUnauthorized:
		return retryable(ctx, ErrUnauthorized, err, 0)
	case onmeta.KindRateLimited:
		return retryable(ctx, ErrRateLimited, err, provider.RetryAfter)
	default:
		return retryable(ctx, ErrUnavailable, err, provider.RetryAfter)
	}
}

// refusal is the final error of a request that the provider refused, with the order's state where that was looked at.
func refusal(provider *onmeta.Error, state *OrderState) error {
	return refused(provider, Refusal{State: state})
}

// refused is the error of a refusal, with what more is known of it.
func refused(provider *onmeta.Error, told Refusal) error {
	told.HTTPStatus, told.Code, told.Reason = provider.Status, provider.Code, provider.Message
	return temporal.NewNonRetryableApplicationError(said(provider), ErrRefused, nil, told)
}

// interrupted is the error of an activity whose context has ended. A worker that stops ends it too, which is neither a
// cancellation of the order nor an answer: another worker tries again.
func interrupted(ctx context.Context) error {
	select {
	case <-activity.GetWorkerStopChannel(ctx):
		return retryable(ctx, ErrUnavailable, errors.New("this worker stopped before the provider answered"), 0)
	default:
		return ctx.Err()
	}
}

// lookup is the error of a call that only looks something up on the way to another. Its refusal is no refusal of what
// the order asks for.
func lookup(err error) error {
	var provider *onmeta.Error
	if errors.As(err, &provider) && provider.Kind == onmeta.KindRefused {
		return fmt.Errorf("a look-up on the way was refused: %s", provider.Error())
	}
	return err
}

func retryable(ctx context.Context, kind string, err error, retryAfter time.Duration) error {
	return temporal.NewApplicationErrorWithOptions(said(err), kind, temporal.ApplicationErrorOptions{
		NextRetryDelay: retryPause(activity.GetInfo(ctx).Attempt, retryAfter),
	})
}

// longestProblem bounds the text of an error.
const longestProblem = 400

// said is what an error says, fit for a log, a history and the Web UI. What the provider says is so already; this is for
// everything else that may be in an error, and for whoever forgets.
func said(err error) string { return redact.Message(err.Error(), longestProblem) }

// longestWord bounds a value of the provider that is shown as it is.
const longestWord = 128

// word is a value of the provider that is shown as it is, in the Web UI too: an id or a hash. One that is neither is made
// harmless.
func word(value string) string {
	strange := func(r rune) bool {
		return r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}
	if len(value) <= longestWord && !strings.ContainsFunc(value, strange) {
		return value
	}
	return redact.Message(value, longestWord)
}

// Refusal is what the provider said when it refused a request.
type Refusal struct {
	HTTPStatus int    `json:"httpStatus"`
	Code       string `json:"code,omitempty"`
	// Reason is the provider's message.
	Reason string `json:"reason"`
	// State is the order's, as the provider told it after it had refused a proof of payment; nil for other refusals.
	State *OrderState `json:"state,omitempty"`
	// RetryAfter is how long the same request is refused, where the provider says that it is for a while.
	RetryAfter time.Duration `json:"again,omitempty"`
}

// Refused returns the provider's refusal, if that is what err is.
func Refused(err error) (Refusal, bool) {
	var refusal Refusal
	if !hasType(err, ErrRefused) {
		return refusal, false
	}
	var application *temporal.ApplicationError
	if errors.As(err, &application) && application.HasDetails() {
		_ = application.Details(&refusal) // without details there is still a refusal
	}
	if refusal.Reason == "" {
		refusal.Reason = "no reason given"
	}
	return refusal, true
}

// StaleQuote says more of a quote that no order could be made at.
type StaleQuote struct {
	// OrderMayExist is set when an earlier attempt may have made the order.
	OrderMayExist bool `json:"maybeMade,omitempty"`
	// Quote is the price of an order that the provider made, where that is worse than the user agreed to; nil otherwise.
	Quote *ramp.Quote `json:"quote,omitempty"`
	// OrderID is the provider's id of that order. Nobody was told how to pay it.
	OrderID string `json:"orderId,omitempty"`
}

// QuoteExpired reports whether there is no order at a price that the user agreed to: the quote had expired, or the provider's
// order was worse than it, and there was none as good.
func QuoteExpired(err error) (StaleQuote, bool) {
	var stale StaleQuote
	var application *temporal.ApplicationError
	if !hasType(err, ErrQuoteExpired) || !errors.As(err, &application) {
		return stale, false
	}
	if application.HasDetails() {
		_ = application.Details(&stale) // without details the price is agreed anew all the same
	}
	return stale, true
}

// InvalidDossier returns what is wrong with a KYC dossier, if that is what err is.
func InvalidDossier(err error) (string, bool) {
	var application *temporal.ApplicationError
	if !hasType(err, ErrDossier) || !errors.As(err, &application) {
		return "", false
	}
	return application.Message(), true
}

// Unanswered returns the concern that a call raises which got no usable answer within its retries, without its time, and whether
// err is such a call's. No attempt is in flight then, but the provider may have done what it was asked.
func Unanswered(err error) (ramp.Concern, bool) {
	var timeout *temporal.TimeoutError
	if errors.As(err, &timeout) {
		return ramp.Concern{Type: ramp.ConcernProviderUnavailable, Reason: "no answer in time"}, true
	}
	switch {
	case hasType(err, ErrUnauthorized):
		return ramp.Concern{Type: ramp.ConcernAPIKeyRefused, Reason: "the provider does not accept the API key"}, true
	case hasType(err, ErrRateLimited):
		return ramp.Concern{Type: ramp.ConcernRateLimited, Reason: "the provider asks to slow down"}, true
	case hasType(err, ErrUnavailable):
		return ramp.Concern{Type: ramp.ConcernProviderUnavailable, Reason: "the provider does not answer properly"}, true
	case hasType(err, ErrTemporal):
		return ramp.Concern{Type: ramp.ConcernReferenceUnverified, Reason: "Temporal does not tell whether the reference was used before"}, true
	case hasType(err, ErrStore):
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

// invalid fails an activity whose request cannot be right, which only a defect of ours can cause.
func invalid(err error) error {
	return temporal.NewNonRetryableApplicationError(said(err), string(ramp.InvalidRequest), nil)
}

// RetryAfter is how long the last attempt of a call wanted the next one to wait.
func RetryAfter(err error) time.Duration {
	var application *temporal.ApplicationError
	if !errors.As(err, &application) {
		return 0
	}
	return application.NextRetryDelay()
}

// final reports whether an error of an activity is not retried.
func final(err error) bool {
	var application *temporal.ApplicationError
	return errors.As(err, &application) && application.NonRetryable()
}

func hasType(err error, kind string) bool {
	var application *temporal.ApplicationError
	return errors.As(err, &application) && application.Type() == kind
}
