package activities_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"

	"rampart/activities"
	"rampart/dossier/dossiertest"
	"rampart/onmeta"
	"rampart/ramp"
	"rampart/sandbox"
)

func buy() activities.QuoteBuyRequest {
	return activities.QuoteBuyRequest{Fiat: rupees("1000.00"), Token: usdc()}
}

const wholeAnswer = `{"success":true,"data":{"receivedTokens":"10.63","conversionRate":"94.07"},"error":{}}`

func TestEveryFailureIsEitherFinalOrRetried(t *testing.T) {
	t.Parallel()
	const backoff = time.Second // of a first attempt, with jitter
	for name, tc := range map[string]struct {
		fault fault
		kind  string
		final bool
		// delay is exact, unless it is the backoff
		delay time.Duration
	}{
		"refused":                      {refuses(http.StatusBadRequest, "Amount is out of limits"), activities.ErrRefused, true, 0},
		"refused with HTTP 200":        {answers(http.StatusOK, `{"success":false,"error":{"message":"no"}}`), activities.ErrRefused, true, 0},
		"unauthorized":                 {refuses(http.StatusUnauthorized, "unauthorized to access"), activities.ErrUnauthorized, false, backoff},
		"rate limited":                 {answers(http.StatusTooManyRequests, "slow down"), activities.ErrRateLimited, false, backoff},
		"rate limited, with a time":    {answers(http.StatusTooManyRequests, "", "Retry-After", "7"), activities.ErrRateLimited, false, 7 * time.Second},
		"rate limited for very long":   {answers(http.StatusTooManyRequests, "", "Retry-After", "3000"), activities.ErrRateLimited, false, 5 * time.Minute},
		"server error":                 {refuses(http.StatusInternalServerError, "internal server error"), activities.ErrUnavailable, false, backoff},
		"unavailable, with a time":     {answers(http.StatusServiceUnavailable, "", "Retry-After", "20"), activities.ErrUnavailable, false, 20 * time.Second},
		"connection reset":             {reset, activities.ErrUnavailable, false, backoff},
		"answer lost":                  {lost, activities.ErrUnavailable, false, backoff},
		"answer broken off":            {truncated, activities.ErrUnavailable, false, backoff},
		"gateway's page":               {answers(http.StatusNotFound, "<html>404</html>"), activities.ErrUnavailable, false, backoff},
		"redirected":                   {answers(http.StatusFound, "", "Location", "https://login.example.test/"), activities.ErrUnavailable, false, backoff},
		"answer without what it needs": {answers(http.StatusOK, `{"success":true,"data":{}}`), activities.ErrUnavailable, false, backoff},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.network.on(onmeta.RouteQuoteBuy, tc.fault)
			_, err := run(w, w.calls.QuoteBuy, buy())
			got := failure(t, err)
			require.Equal(t, tc.kind, got.Type())
			require.Equal(t, tc.final, got.NonRetryable())
			require.InDelta(t, tc.delay, got.NextRetryDelay(), jitter(tc.delay, backoff))
			_, unanswered := activities.Unanswered(err)
			require.Equal(t, !tc.final, unanswered)
		})
	}
}

// jitter is how far a delay may be from the expected one: a tenth for our own backoff.
func jitter(delay, backoff time.Duration) float64 {
	if delay == backoff {
		return float64(backoff / 10)
	}
	return 0
}

func TestRequestThatCannotBeSentIsOurDefectAndFinal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, amount := range []string{"0", "1e3", ""} {
		request := buy()
		request.Fiat.Amount = amount
		_, err := run(w, w.calls.QuoteBuy, request)
		require.Equal(t, string(ramp.InvalidRequest), failure(t, err).Type())
		require.True(t, failure(t, err).NonRetryable())
	}
	require.Empty(t, w.network.sent(onmeta.RouteQuoteBuy))
}

func TestRefusalKeepsWhatTheProviderSaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.network.on(onmeta.RouteQuoteBuy, answers(http.StatusBadRequest,
		`{"success":false,"error":{"code":"INVALID_TOKEN","message":"Token is not supported"}}`))
	_, err := inWorkflow(w, activities.QuoteBuy, buy())
	refusal, refused := activities.Refused(err)
	require.True(t, refused)
	require.Equal(t, activities.Refusal{HTTPStatus: 400, Code: "INVALID_TOKEN", Reason: "Token is not supported"}, refusal)
	require.Len(t, w.network.sent(onmeta.RouteQuoteBuy), 1, "a refusal is not retried")
}

func TestRefusalWithoutDetailsIsStillOne(t *testing.T) {
	t.Parallel()
	refusal, refused := activities.Refused(temporal.NewNonRetryableApplicationError("no", activities.ErrRefused, nil))
	require.True(t, refused)
	require.Equal(t, "no reason given", refusal.Reason)
	_, refused = activities.Refused(temporal.NewApplicationError("busy", activities.ErrUnavailable))
	require.False(t, refused)
}

func TestUnansweredCallRaisesAConcernOfItsType(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]ramp.Concern{
		activities.ErrUnauthorized: {Type: ramp.ConcernAPIKeyRefused, Reason: "the provider does not accept the API key"},
		activities.ErrRateLimited:  {Type: ramp.ConcernRateLimited, Reason: "the provider asks to slow down"},
		activities.ErrUnavailable:  {Type: ramp.ConcernProviderUnavailable, Reason: "the provider does not answer properly"},
		activities.ErrTemporal:     {Type: ramp.ConcernReferenceUnverified, Reason: "Temporal does not tell whether the reference was used before"},
		activities.ErrRecords:      {Type: ramp.ConcernReferenceUnverified, Reason: "the store of records does not tell whether the reference was used before"},
		activities.ErrStore:        {Type: ramp.ConcernDossierStoreUnavailable, Reason: "the store of the KYC documents does not answer"},
	} {
		concern, unanswered := activities.Unanswered(temporal.NewApplicationError("details", kind))
		require.True(t, unanswered)
		require.Equal(t, want, concern)
	}
	concern, unanswered := activities.Unanswered(temporal.NewHeartbeatTimeoutError())
	require.True(t, unanswered)
	require.Equal(t, ramp.Concern{Type: ramp.ConcernProviderUnavailable, Reason: "no answer in time"}, concern)
	for _, kind := range []string{activities.ErrRefused, activities.ErrQuoteExpired, activities.ErrDossier} {
		_, unanswered := activities.Unanswered(temporal.NewApplicationError("details", kind))
		require.False(t, unanswered, kind)
	}
}

func TestWrongAPIKeyIsRetriedForAnOperatorToCorrect(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, "5a9db0c5-0000-4000-8000-00000000dead", activities.Options{})
	_, err := run(w, w.calls.QuoteBuy, buy())
	requireRetried(t, activities.ErrUnauthorized, err)
	_, err = run(w, w.calls.KYCStatus, activities.KYCStatusRequest{Email: newcomer})
	requireRetried(t, activities.ErrUnauthorized, err)
}

func TestCancellationPassesThrough(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	w.network.on(onmeta.RouteQuoteBuy, func(request *http.Request, next send) (*http.Response, error) {
		cancel()
		return silent(request, next)
	})
	env := w.env()
	env.SetWorkerOptions(worker.Options{BackgroundActivityContext: ctx})
	_, err := runIn(env, w.calls.QuoteBuy, buy())
	require.EqualError(t, failure(t, err), context.Canceled.Error())
	_, unanswered := activities.Unanswered(err)
	require.False(t, unanswered)
}

func TestCallThatAStoppingWorkerCutsOffIsRetried(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	stop := make(chan struct{})
	w.network.on(onmeta.RouteQuoteBuy, func(request *http.Request, next send) (*http.Response, error) {
		close(stop)
		cancel()
		return silent(request, next)
	})
	env := w.env()
	env.SetWorkerOptions(worker.Options{BackgroundActivityContext: ctx})
	env.SetWorkerStopChannel(stop)
	_, err := runIn(env, w.calls.QuoteBuy, buy())
	requireRetried(t, activities.ErrUnavailable, err)
	_, unanswered := activities.Unanswered(err)
	require.True(t, unanswered)
}

// TestNoErrorHoldsASecretOrAPersonalValue has the provider refuse every request with all that it was sent.
func TestNoErrorHoldsASecretOrAPersonalValue(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, w.kycStatus(linked))
	const dossierPAN, dossierAadhaar = "ABCPE9876K", "482913570245"
	documents := dossiertest.New(t).With("email", linked).With("pan", dossierPAN).With("aadhaar", dossierAadhaar)
	upi, bank := &ramp.UPIAccount{ID: "new.vpa@okbank", Name: "Asha Rao"}, linkedBank()
	onrampByUPI, onrampByBank := onrampRequest(), onrampRequest()
	onrampByBank.PaymentMethod, onrampByBank.UPI, onrampByBank.Bank = ramp.IMPS, nil, bank
	for _, route := range onmeta.Routes() {
		if route != onmeta.RouteCurrencies && route != onmeta.RouteOnrampStatus && route != onmeta.RouteOrderHistory {
			w.network.on(route, echoes)
		}
	}
	orderID := "650000000000000000000001"
	w.network.on(onmeta.RouteOnrampStatus, answers(http.StatusOK, `{"success":true,"data":{"status":"fiatPending"}}`))

	for name, attempt := range map[string]func() error{
		"login":              attempt(w, w.calls.KYCStatus, activities.KYCStatusRequest{Email: newcomer}),
		"KYCStatus":          attempt(w, w.calls.KYCStatus, activities.KYCStatusRequest{Email: linked}),
		"UploadKYC":          attempt(w, w.calls.UploadKYC, activities.UploadKYCRequest{Email: linked, Dossier: ramp.Dossier(documents.URL)}),
		"LinkedAccounts":     attempt(w, w.calls.LinkedAccounts, activities.AccountRequest{Email: linked, Bank: bank}),
		"LinkAccount, UPI":   attempt(w, w.calls.LinkAccount, activities.AccountRequest{Email: linked, UPI: upi}),
		"LinkAccount, bank":  attempt(w, w.calls.LinkAccount, activities.AccountRequest{Email: linked, Bank: bank}),
		"QuoteBuy":           attempt(w, w.calls.QuoteBuy, buy()),
		"CreateOnramp, UPI":  attempt(w, w.calls.CreateOnrampOrder, onrampByUPI),
		"CreateOnramp, bank": attempt(w, w.calls.CreateOnrampOrder, onrampByBank),
		"CreateOfframp":      attempt(w, w.calls.CreateOfframpOrder, offrampRequest()),
		"SubmitUTR": attempt(w, w.calls.SubmitUTR,
			activities.SubmitUTRRequest{Email: linked, OrderID: orderID, UTR: goodUTR}),
		"SubmitTransactionHash": attempt(w, w.calls.SubmitTransactionHash,
			activities.SubmitTransactionHashRequest{Email: linked, OrderID: orderID, TransactionHash: goodHash}),
		"OrderStatus": attempt(w, w.calls.OrderStatus,
			activities.OrderRequest{Email: linked, Direction: ramp.Offramp, OrderID: orderID}),
	} {
		err := attempt()
		require.Error(t, err, name)
		for _, secret := range []string{
			linked, newcomer, sandbox.DefaultAPIKey, "eyJ", string(upi.ID), string(linkedUPI().ID), string(bank.AccountNumber), string(bank.PAN), "Asha", "Rao",
			goodUTR, dossierPAN, dossierAadhaar,
		} {
			require.NotContains(t, err.Error(), secret, name)
			refusal, _ := activities.Refused(err)
			require.NotContains(t, refusal.Reason, secret, name)
		}
	}
}

func attempt[Request, Result any](
	w *world, activity func(context.Context, Request) (Result, error), request Request,
) func() error {
	return func() error {
		_, err := run(w, activity, request)
		return err
	}
}
