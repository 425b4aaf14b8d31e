package onmeta_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/onmeta"
)

func TestAnswersShowWhetherTheProviderAcceptsTheKey(t *testing.T) {
	t.Parallel()
	answered := func(kind onmeta.ErrorKind, status int) error {
		return &onmeta.Error{Kind: kind, Status: status, Reached: onmeta.Answered}
	}
	for _, test := range []struct {
		name    string
		route   onmeta.Route
		err     error
		verdict onmeta.Verdict
	}{
		{"an answer", onmeta.RouteQuoteBuy, nil, onmeta.KeyAccepted},
		{"an answer to a user", onmeta.RouteKYCStatus, nil, onmeta.KeyAccepted},
		{"a refusal of the request", onmeta.RouteQuoteBuy, answered(onmeta.KindRefused, 400), onmeta.KeyAccepted},
		{"401 without a user", onmeta.RouteLogin, answered(onmeta.KindUnauthorized, 401), onmeta.KeyRefused},
		{"403 without a user", onmeta.RouteLogin, answered(onmeta.KindRefused, 403), onmeta.KeyRefused},
		{"401 to a user, whose token may be old", onmeta.RouteKYCStatus, answered(onmeta.KindUnauthorized, 401), onmeta.KeyUnknown},
		{"401 to a refresh token", onmeta.RouteRefreshToken, answered(onmeta.KindUnauthorized, 401), onmeta.KeyUnknown},
		{"403 to a user", onmeta.RouteKYCStatus, answered(onmeta.KindRefused, 403), onmeta.KeyUnknown},
		{"an outage", onmeta.RouteLogin, answered(onmeta.KindUnavailable, 503), onmeta.KeyUnknown},
		{"a rate limit", onmeta.RouteLogin, answered(onmeta.KindRateLimited, 429), onmeta.KeyUnknown},
		{"a gateway's page", onmeta.RouteLogin, answered(onmeta.KindMalformed, 200), onmeta.KeyUnknown},
		{"no answer", onmeta.RouteLogin, &onmeta.Error{Kind: onmeta.KindUnavailable, Reached: onmeta.NotSent}, onmeta.KeyUnknown},
		{"an error of another kind", onmeta.RouteLogin, errors.New("broken"), onmeta.KeyUnknown},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			heard := onmeta.WatchCredentials(saying{err: test.err})
			require.Equal(t, onmeta.KeyUnknown, heard.Verdict())

			_, err := heard.Call(t.Context(), onmeta.Call{Route: test.route})

			require.Equal(t, test.err, err)
			require.Equal(t, test.verdict, heard.Verdict())
		})
	}
}

func TestUnrelatedAnswersLeaveTheVerdictUnchanged(t *testing.T) {
	t.Parallel()
	provider := new(saying)
	heard := onmeta.WatchCredentials(provider)
	for _, step := range []struct {
		err     error
		verdict onmeta.Verdict
	}{
		{&onmeta.Error{Kind: onmeta.KindUnauthorized, Reached: onmeta.Answered, Status: 401}, onmeta.KeyRefused},
		{&onmeta.Error{Kind: onmeta.KindUnavailable, Reached: onmeta.Answered, Status: 502}, onmeta.KeyRefused},
		{nil, onmeta.KeyAccepted},
		{&onmeta.Error{Kind: onmeta.KindUnavailable, Reached: onmeta.NotSent}, onmeta.KeyAccepted},
	} {
		provider.err = step.err
		_, _ = heard.Call(t.Context(), onmeta.Call{Route: onmeta.RouteLogin})
		require.Equal(t, step.verdict, heard.Verdict())
	}
}
