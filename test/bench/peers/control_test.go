package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// recorded is a client that knows one order.
type recorded struct{ name, utr string }

func (r *recorded) start(_ context.Context, name string, bought request) error {
	r.name = name + " " + bought.Reference + " " + bought.Token.Symbol
	return nil
}

func (r *recorded) prove(_ context.Context, _, utr string) error {
	r.utr = utr
	return nil
}

func (r *recorded) await(_ context.Context, reference string) (string, error) {
	if reference != "known" {
		return "", errors.New("no such order")
	}
	return "completed", nil
}

func TestControlPassesOrdersAndProofsToTheClientOfTheLibrary(t *testing.T) {
	t.Parallel()
	client := &recorded{}
	call := func(method, path, body string) (int, string) {
		response := httptest.NewRecorder()
		handler(client).ServeHTTP(response, httptest.NewRequest(method, path, strings.NewReader(body)))
		return response.Code, response.Body.String()
	}

	code, _ := call(http.MethodPost, "/orders?name=Order", `{"reference":"known","token":{"symbol":"USDT"},"fiat":{"amount":"1000"}}`)
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, "Order known USDT", client.name)

	code, _ = call(http.MethodPost, "/orders/known/utr", "999900000001")
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, "999900000001", client.utr)

	_, status := call(http.MethodGet, "/orders/known", "")
	require.Equal(t, "completed", status)
	code, text := call(http.MethodGet, "/orders/other", "")
	require.Equal(t, http.StatusInternalServerError, code)
	require.Contains(t, text, "no such order")
}

func TestTimesOfTheProviderAreScaled(t *testing.T) {
	t.Parallel()
	require.Equal(t, pollEvery/100, settings{speed: 100}.scaled(pollEvery))
	require.Equal(t, pollEvery, settings{speed: 1}.scaled(pollEvery))
}
