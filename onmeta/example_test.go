package onmeta_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/shopspring/decimal"

	"rampart/onmeta"
)

func Example() {
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"success":true,"data":{"receivedTokens":"10.63","conversionRate":"94.07"},"error":{}}`)
	}))
	defer provider.Close()

	transport, err := onmeta.NewTransport(onmeta.Config{BaseURL: provider.URL, APIKey: "the-client-id"})
	if err != nil {
		fmt.Println(err)
		return
	}
	client := onmeta.New(onmeta.WithRateLimit(transport, onmeta.NewRateLimit(20)))

	quote, err := client.QuoteBuy(context.Background(), onmeta.QuoteBuyRequest{
		TokenSymbol: "USDC", TokenAddress: "0x3c499c542cef5e3811e1192ce70d8cc03d5c3359", ChainID: 137,
		FiatCurrency: "INR", FiatAmount: decimal.RequireFromString("1000.00"),
	})
	switch {
	case onmeta.IsKind(err, onmeta.KindRefused):
		fmt.Println("the provider will not quote this:", err)
	case err != nil:
		fmt.Println("try again later:", err)
	default:
		fmt.Println(quote.ReceivedTokens, "USDC at", quote.Rate)
	}
	// Output: 10.63 USDC at 94.07
}
