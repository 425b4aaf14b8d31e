package onmeta_test

import (
	"bytes"
	"context"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"rampart/onmeta"
)

func onrampRequest() onmeta.CreateOnrampRequest {
	return onmeta.CreateOnrampRequest{
		TokenSymbol: "USDC", TokenAddress: usdc, ChainID: 137, FiatCurrency: "INR",
		FiatAmount: decimal.RequireFromString("1000.00"), ReceiverAddress: wallet, PaymentMode: "INR_UPI",
		UPI:      &onmeta.UPIAccount{ID: "asha@okbank", Name: "Asha Rao"},
		MetaData: map[string]string{"reference": "inv-42"},
	}
}

func bankOnrampRequest() onmeta.CreateOnrampRequest {
	request := onrampRequest()
	request.PaymentMode, request.UPI, request.MetaData = "INR_IMPS", nil, nil
	request.Bank = &onmeta.PayerBank{AccountName: "Asha Rao", AccountNumber: "50100000004821", IFSC: "HDFC0001234"}
	return request
}

func offrampRequest() onmeta.CreateOfframpRequest {
	return onmeta.CreateOfframpRequest{
		TokenSymbol: "USDC", TokenAddress: usdc, ChainID: 137, FiatCurrency: "INR",
		TokenAmount: decimal.RequireFromString("5"), SenderWallet: wallet, RefundWallet: wallet,
		Bank:     onmeta.PayoutBank{AccountNumber: "XXXX4821", IFSC: "HDFC0001234"},
		MetaData: map[string]string{"reference": "wd-7"},
	}
}

func kycUpload() onmeta.KYCUpload {
	return onmeta.KYCUpload{
		FirstName: "Asha", LastName: "Rao", PAN: "ABCPE1234F", Aadhaar: "123456789012",
		IncomeRange: "< 10 L", Profession: "Engineer",
		Selfie:       fileOf("selfie.jpg", "selfie bytes"),
		AadhaarFront: fileOf("af.jpg", "aadhaar front bytes"), AadhaarBack: fileOf("ab.jpg", "aadhaar back bytes"),
		PANFront: fileOf("pf.jpg", "pan front bytes"), PANBack: fileOf("pb.jpg", "pan back bytes"),
	}
}

func TestEachCallSendsTheDocumentedRequest(t *testing.T) {
	t.Parallel()
	const bearer = "Bearer user-token"
	bank := onmeta.LinkBankRequest{
		Name: "Asha Rao", PAN: "ABCPE1234F", AccountName: "Asha Rao", AccountNumber: "50100000004821", IFSC: "HDFC0001234",
	}
	quoteSell := onmeta.QuoteSellRequest{
		TokenSymbol: "USDC", TokenAddress: usdc, ChainID: 137, FiatCurrency: "INR", SenderAddress: wallet,
	}
	sellTokens, sellFiat := quoteSell, quoteSell
	sellTokens.TokenAmount = decimal.RequireFromString("100.000000000000000001")
	sellFiat.FiatAmount = decimal.RequireFromString("8400.5")
	fiatOfframp := offrampRequest()
	fiatOfframp.TokenAmount, fiatOfframp.FiatAmount, fiatOfframp.MetaData = decimal.Zero, decimal.NewFromInt(445), nil

	tests := []struct {
		name   string
		call   func(context.Context, *onmeta.Client) error
		route  onmeta.Route
		method string
		path   string
		auth   string
		body   string
	}{
		{
			name: "login", route: onmeta.RouteLogin, method: "POST", path: "/v1/users/login",
			call: func(ctx context.Context, c *onmeta.Client) error { _, err := c.Login(ctx, email); return err },
			body: `{"email":"Asha@example.test"}`,
		}, {
			name: "refresh token", route: onmeta.RouteRefreshToken, method: "GET", path: "/v1/users/refresh-token",
			auth: "Bearer refresh-token",
			call: func(ctx context.Context, c *onmeta.Client) error {
				_, err := c.RefreshToken(ctx, "refresh-token")
				return err
			},
		}, {
			name: "KYC status", route: onmeta.RouteKYCStatus, method: "POST", path: "/v1/users/kyc-status", auth: bearer,
			call: func(ctx context.Context, c *onmeta.Client) error { _, err := c.KYCStatus(ctx, asha); return err },
			body: `{"email":"Asha@example.test"}`,
		}, {
			name: "bank accounts", route: onmeta.RouteBankAccounts, method: "GET", path: "/v1/users/bank/fetch", auth: bearer,
			call: func(ctx context.Context, c *onmeta.Client) error { _, err := c.BankAccounts(ctx, asha); return err },
		}, {
			name: "UPI ids", route: onmeta.RouteUPIIDs, method: "GET", path: "/v1/users/upi/fetch", auth: bearer,
			call: func(ctx context.Context, c *onmeta.Client) error { _, err := c.UPIIDs(ctx, asha); return err },
		}, {
			name: "link bank", route: onmeta.RouteLinkBank, method: "POST", path: "/v1/users/account-link", auth: bearer,
			call: func(ctx context.Context, c *onmeta.Client) error { _, err := c.LinkBank(ctx, asha, bank); return err },
			body: `{"name":"Asha Rao","panNumber":"ABCPE1234F","email":"Asha@example.test","kycVerfied":true,
				"bankDetails":{"accountName":"Asha Rao","accountNumber":"50100000004821","ifsc":"HDFC0001234"}}`,
		}, {
			name: "bank link status", route: onmeta.RouteBankLinkStatus, method: "GET",
			path: "/v1/users/get-bank-status/ref%2F1%3Fx%20y", auth: bearer,
			call: func(ctx context.Context, c *onmeta.Client) error {
				_, err := c.BankLinkStatus(ctx, asha, "ref/1?x y")
				return err
			},
		}, {
			name: "link UPI", route: onmeta.RouteLinkUPI, method: "POST", path: "/v1/users/upi-link", auth: bearer,
			call: func(ctx context.Context, c *onmeta.Client) error {
				_, err := c.LinkUPI(ctx, asha, onmeta.LinkUPIRequest{Name: "Asha Rao", UPIID: "asha@okbank"})
				return err
			},
			body: `{"name":"Asha Rao","email":"Asha@example.test","upiId":"asha@okbank"}`,
		}, {
			name: "UPI link status", route: onmeta.RouteUPILinkStatus, method: "GET",
			path: "/v1/users/get-upi-status/ref-2", auth: bearer,
			call: func(ctx context.Context, c *onmeta.Client) error {
				_, err := c.UPILinkStatus(ctx, asha, "ref-2")
				return err
			},
		}, {
			name: "buy quote", route: onmeta.RouteQuoteBuy, method: "POST", path: "/v1/quote/buy",
			call: func(ctx context.Context, c *onmeta.Client) error {
				_, err := c.QuoteBuy(ctx, onmeta.QuoteBuyRequest{
					TokenSymbol: "USDC", TokenAddress: usdc, ChainID: 137, FiatCurrency: "INR",
					FiatAmount: decimal.RequireFromString("12345678901234567890.12"),
				})
				return err
			},
			body: `{"buyTokenSymbol":"USDC","buyTokenAddress":"` + usdc + `","chainId":137,"fiatCurrency":"inr",
				"fiatAmount":12345678901234567890.12}`,
		}, {
			name: "sell quote by tokens", route: onmeta.RouteQuoteSell, method: "POST", path: "/v1/quote/sell",
			call: func(ctx context.Context, c *onmeta.Client) error { _, err := c.QuoteSell(ctx, sellTokens); return err },
			body: `{"sellTokenSymbol":"USDC","sellTokenAddress":"` + usdc + `","chainId":137,"fiatCurrency":"inr",
				"sellTokenAmount":100.000000000000000001,"senderAddress":"` + wallet + `"}`,
		}, {
			name: "sell quote by fiat", route: onmeta.RouteQuoteSell, method: "POST", path: "/v1/quote/sell",
			call: func(ctx context.Context, c *onmeta.Client) error { _, err := c.QuoteSell(ctx, sellFiat); return err },
			body: `{"sellTokenSymbol":"USDC","sellTokenAddress":"` + usdc + `","chainId":137,"fiatCurrency":"inr",
				"fiatAmount":8400.5,"senderAddress":"` + wallet + `"}`,
		}, {
			name: "chain limits", route: onmeta.RouteChainLimits, method: "GET", path: "/v1/orders/get-chain-limit",
			call: func(ctx context.Context, c *onmeta.Client) error { _, err := c.ChainLimits(ctx); return err },
		}, {
			name: "currencies", route: onmeta.RouteCurrencies, method: "GET", path: "/v1/orders/currencies", auth: bearer,
			call: func(ctx context.Context, c *onmeta.Client) error { _, err := c.Currencies(ctx, asha); return err },
		}, {
			name: "currencies for nobody", route: onmeta.RouteCurrencies, method: "GET", path: "/v1/orders/currencies",
			call: func(ctx context.Context, c *onmeta.Client) error {
				_, err := c.Currencies(ctx, onmeta.User{})
				return err
			},
		}, {
			name: "create on-ramp by UPI", route: onmeta.RouteCreateOnramp, method: "POST", path: "/v1/orders/create", auth: bearer,
			call: func(ctx context.Context, c *onmeta.Client) error {
				_, err := c.CreateOnramp(ctx, asha, onrampRequest())
				return err
			},
			body: `{"buyTokenSymbol":"USDC","buyTokenAddress":"` + usdc + `","chainId":137,"fiatCurrency":"inr","fiatAmount":1000,
				"receiverAddress":"` + wallet + `","paymentMode":"INR_UPI","upiId":{"upiId":"asha@okbank","name":"Asha Rao"},
				"metaData":{"reference":"inv-42"}}`,
		}, {
			name: "create on-ramp by bank", route: onmeta.RouteCreateOnramp, method: "POST", path: "/v1/orders/create", auth: bearer,
			call: func(ctx context.Context, c *onmeta.Client) error {
				_, err := c.CreateOnramp(ctx, asha, bankOnrampRequest())
				return err
			},
			body: `{"buyTokenSymbol":"USDC","buyTokenAddress":"` + usdc + `","chainId":137,"fiatCurrency":"inr","fiatAmount":1000,
				"receiverAddress":"` + wallet + `","paymentMode":"INR_IMPS",
				"bankDetails":{"accountName":"Asha Rao","accountNumber":"50100000004821","ifsc":"HDFC0001234"}}`,
		}, {
			name: "submit UTR", route: onmeta.RouteSubmitUTR, method: "POST", path: "/v1/orders/utr", auth: bearer,
			call: func(ctx context.Context, c *onmeta.Client) error {
				return c.SubmitUTR(ctx, asha, orderID, "AbC123456789")
			},
			body: `{"orderId":"` + orderID + `","utr":"AbC123456789"}`,
		}, {
			name: "on-ramp status", route: onmeta.RouteOnrampStatus, method: "POST", path: "/v1/orders/status", auth: bearer,
			call: func(ctx context.Context, c *onmeta.Client) error {
				_, err := c.OnrampStatus(ctx, asha, orderID)
				return err
			},
			body: `{"orderId":"` + orderID + `"}`,
		}, {
			name: "order history", route: onmeta.RouteOrderHistory, method: "GET", path: "/v1/orders/2", auth: bearer,
			call: func(ctx context.Context, c *onmeta.Client) error { _, err := c.OrderHistory(ctx, asha, 2); return err },
		}, {
			name: "create off-ramp by tokens", route: onmeta.RouteCreateOfframp, method: "POST", path: "/v1/offramp/orders/create",
			auth: bearer,
			call: func(ctx context.Context, c *onmeta.Client) error {
				_, err := c.CreateOfframp(ctx, asha, offrampRequest())
				return err
			},
			body: `{"sellTokenSymbol":"USDC","sellTokenAddress":"` + usdc + `","chainId":137,"fiatCurrency":"inr","sellTokenAmount":5,
				"senderWalletAddress":"` + wallet + `","refundWalletAddress":"` + wallet + `",
				"bankDetails":{"accountNumber":"XXXX4821","ifsc":"HDFC0001234"},"metaData":{"reference":"wd-7"}}`,
		}, {
			name: "create off-ramp by payout", route: onmeta.RouteCreateOfframp, method: "POST", path: "/v1/offramp/orders/create",
			auth: bearer,
			call: func(ctx context.Context, c *onmeta.Client) error {
				_, err := c.CreateOfframp(ctx, asha, fiatOfframp)
				return err
			},
			body: `{"sellTokenSymbol":"USDC","sellTokenAddress":"` + usdc + `","chainId":137,"fiatCurrency":"inr","fiatAmount":445,
				"senderWalletAddress":"` + wallet + `","refundWalletAddress":"` + wallet + `",
				"bankDetails":{"accountNumber":"XXXX4821","ifsc":"HDFC0001234"}}`,
		}, {
			name: "submit hash", route: onmeta.RouteSubmitHash, method: "POST", path: "/v1/offramp/orders/txnhash", auth: bearer,
			call: func(ctx context.Context, c *onmeta.Client) error {
				return c.SubmitTransactionHash(ctx, asha, orderID, "0xabc")
			},
			body: `{"orderId":"` + orderID + `","txnHash":"0xabc"}`,
		}, {
			name: "off-ramp status", route: onmeta.RouteOfframpStatus, method: "POST", path: "/v1/offramp/orders/status", auth: bearer,
			call: func(ctx context.Context, c *onmeta.Client) error {
				_, err := c.OfframpStatus(ctx, asha, orderID)
				return err
			},
			body: `{"orderId":"` + orderID + `"}`,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			// A refusal, so that the request is all that this test is about.
			p := answering(t, http.StatusTeapot, `{"success":false,"error":{"code":418,"message":"no"}}`)
			err := test.call(t.Context(), p.client(t))
			failure := failureOf(t, err)
			require.Equal(t, onmeta.KindRefused, failure.Kind, "%v", err)
			require.Equal(t, test.route, failure.Route)

			got := p.last(t)
			require.Equal(t, test.method, got.Method)
			require.Equal(t, test.path, got.Path)
			require.Equal(t, apiKey.Reveal(), got.Header.Get("x-api-key"))
			require.Equal(t, test.auth, got.Header.Get("Authorization"))
			require.Equal(t, "application/json", got.Header.Get("Accept"))
			require.NoError(t, uuid.Validate(got.Header.Get("x-request-id")))
			require.Equal(t, failure.RequestID, got.Header.Get("x-request-id"))
			if test.body == "" {
				require.Empty(t, got.Body)
				require.Empty(t, got.Header.Get("Content-Type"))
				return
			}
			require.Equal(t, "application/json", got.Header.Get("Content-Type"))
			require.Equal(t, compactJSON(t, test.body), compactJSON(t, string(got.Body)))
		})
	}
}

func TestKYCUploadSendsTheDocumentedForm(t *testing.T) {
	t.Parallel()
	p := answering(t, http.StatusOK, `{"success":true,"error":{}}`)
	require.NoError(t, p.client(t).UploadKYC(t.Context(), asha, kycUpload()))

	got := p.last(t)
	require.Equal(t, "POST", got.Method)
	require.Equal(t, "/v1/users/upload/kyc", got.Path)
	require.Equal(t, "Bearer user-token", got.Header.Get("Authorization"))

	fields, files := readForm(t, got)
	for name, plaintext := range map[string]string{
		"firstName": "Asha", "lastName": "Rao", "panNumber": "ABCPE1234F", "aadharNumber": "123456789012",
	} {
		decrypted, err := onmeta.DecryptKYCField(kycSecret, fields[name])
		require.NoError(t, err, name)
		require.Equal(t, plaintext, decrypted)
		delete(fields, name)
	}
	require.Equal(t, map[string]string{"email": email, "incomeRange": "<10L", "profession": "Engineer"}, fields)
	require.Equal(t, map[string]string{
		"selfie":      "selfie.jpg image/jpeg selfie bytes",
		"aadharFront": "af.jpg image/jpeg aadhaar front bytes", "aadharBack": "ab.jpg image/jpeg aadhaar back bytes",
		"panFront": "pf.jpg image/jpeg pan front bytes", "panBack": "pb.jpg image/jpeg pan back bytes",
	}, files)
}

func readForm(t *testing.T, request received) (fields, files map[string]string) {
	t.Helper()
	mediaType, params, err := mime.ParseMediaType(request.Header.Get("Content-Type"))
	require.NoError(t, err)
	require.Equal(t, "multipart/form-data", mediaType)
	fields, files = map[string]string{}, map[string]string{}
	reader := multipart.NewReader(bytes.NewReader(request.Body), params["boundary"])
	for {
		part, err := reader.NextPart()
		if err == io.EOF {
			return fields, files
		}
		require.NoError(t, err)
		contents, err := io.ReadAll(part)
		require.NoError(t, err)
		if part.FileName() == "" {
			fields[part.FormName()] = string(contents)
		} else {
			files[part.FormName()] = part.FileName() + " " + part.Header.Get("Content-Type") + " " + string(contents)
		}
	}
}

func TestABodyCanBeSentTwice(t *testing.T) {
	t.Parallel()
	upload := kycUpload()
	upload.Selfie = fileOf("a\"b\r\n.jpg", "contents")
	form := uploadBody(t, upload)
	object, err := onmeta.JSON(map[string]int{"a": 1})
	require.NoError(t, err)

	for name, body := range map[string]onmeta.Body{"form": form, "json": object} {
		first, second := readBody(t, body), readBody(t, body)
		require.NotEmpty(t, first, name)
		require.Equal(t, first, second, name)
	}
}

// uploadBody returns the body that a KYC upload is sent with.
func uploadBody(t *testing.T, upload onmeta.KYCUpload) onmeta.Body {
	t.Helper()
	var sent bodyRecorder
	require.NoError(t, onmeta.New(&sent, onmeta.WithKYCSecret(kycSecret)).UploadKYC(t.Context(), asha, upload))
	return sent.body
}

// bodyRecorder is a Caller that keeps a call's body and sends nothing.
type bodyRecorder struct{ body onmeta.Body }

func (r *bodyRecorder) Call(_ context.Context, call onmeta.Call) (onmeta.Answer, error) {
	r.body = call.Body
	return onmeta.Answer{Status: http.StatusOK}, nil
}

func readBody(t *testing.T, body onmeta.Body) string {
	t.Helper()
	reader, err := body.Open(t.Context())
	require.NoError(t, err)
	contents, err := io.ReadAll(reader)
	require.NoError(t, err)
	require.NoError(t, reader.Close())
	return string(contents)
}

func TestABodyThatCannotBeEncodedIsAnError(t *testing.T) {
	t.Parallel()
	_, err := onmeta.JSON(make(chan int))
	require.ErrorContains(t, err, "encode request")
}

func TestAnIncompleteRequestIsNeverSent(t *testing.T) {
	t.Parallel()
	p := answering(t, http.StatusOK, `{"success":true}`)
	client := p.client(t)
	ctx := t.Context()
	noSelfie := kycUpload()
	noSelfie.Selfie.Open = nil
	noPAN := kycUpload()
	noPAN.PAN = ""
	bothAmounts := offrampRequest()
	bothAmounts.FiatAmount = decimal.NewFromInt(1)
	noAmount := onrampRequest()
	noAmount.FiatAmount = decimal.Zero
	huge := onrampRequest()
	huge.FiatAmount = decimal.New(1, 1_000_000_000)
	noRefund := offrampRequest()
	noRefund.RefundWallet = ""
	noWallet := onrampRequest()
	noWallet.ReceiverAddress = ""
	quoteBuy := onmeta.QuoteBuyRequest{TokenSymbol: "USDC", FiatCurrency: "INR"}
	quoteSell := onmeta.QuoteSellRequest{TokenSymbol: "USDC", FiatCurrency: "INR"}
	negative := quoteSell
	negative.TokenAmount = decimal.NewFromInt(-1)

	tests := []struct {
		name    string
		message string
		call    func() error
	}{
		{"no e-mail at login", "email is missing", func() error { _, err := client.Login(ctx, ""); return err }},
		{"no refresh token", "token is missing", func() error { _, err := client.RefreshToken(ctx, ""); return err }},
		{"no user", "e-mail is missing", func() error { _, err := client.KYCStatus(ctx, onmeta.User{Token: token}); return err }},
		{"no token", "token is missing", func() error { _, err := client.KYCStatus(ctx, onmeta.User{Email: email}); return err }},
		{"token with a line break", "holds a space", func() error {
			_, err := client.KYCStatus(ctx, onmeta.User{Email: email, Token: "a\nb"})
			return err
		}},
		{"no reference", "reference is missing", func() error { _, err := client.BankLinkStatus(ctx, asha, ""); return err }},
		{"dots as a reference", "not a name", func() error { _, err := client.UPILinkStatus(ctx, asha, ".."); return err }},
		{"no IFSC", "name is missing", func() error { _, err := client.LinkBank(ctx, asha, onmeta.LinkBankRequest{}); return err }},
		{"no UPI id", "UPI id is missing", func() error {
			_, err := client.LinkUPI(ctx, asha, onmeta.LinkUPIRequest{Name: "Asha Rao"})
			return err
		}},
		{"negative page", "negative", func() error { _, err := client.OrderHistory(ctx, asha, -1); return err }},
		{"no order id for a UTR", "order id is missing", func() error { return client.SubmitUTR(ctx, asha, "", "1") }},
		{"no hash", "transaction hash is missing", func() error { return client.SubmitTransactionHash(ctx, asha, orderID, "") }},
		{"no order id for a status", "order id is missing", func() error { _, err := client.OnrampStatus(ctx, asha, ""); return err }},
		{"no amount", "more than zero", func() error { _, err := client.CreateOnramp(ctx, asha, noAmount); return err }},
		{"an amount out of bounds", "out of bounds", func() error { _, err := client.CreateOnramp(ctx, asha, huge); return err }},
		{"no wallet", "receiver address is missing", func() error { _, err := client.CreateOnramp(ctx, asha, noWallet); return err }},
		{"both amounts", "exactly one", func() error { _, err := client.CreateOfframp(ctx, asha, bothAmounts); return err }},
		{"no refund wallet", "refund wallet is missing", func() error { _, err := client.CreateOfframp(ctx, asha, noRefund); return err }},
		{"no quoted amount", "more than zero", func() error { _, err := client.QuoteBuy(ctx, quoteBuy); return err }},
		{"no quoted token", "token symbol is missing", func() error { _, err := client.QuoteBuy(ctx, onmeta.QuoteBuyRequest{}); return err }},
		{"no sold amount", "exactly one", func() error { _, err := client.QuoteSell(ctx, quoteSell); return err }},
		{"no sold token", "token symbol is missing", func() error { _, err := client.QuoteSell(ctx, onmeta.QuoteSellRequest{}); return err }},
		{"negative tokens", "more than zero", func() error { _, err := client.QuoteSell(ctx, negative); return err }},
		{"no selfie", "the file selfie is missing", func() error { return client.UploadKYC(ctx, asha, noSelfie) }},
		{"no PAN", "panNumber is missing", func() error { return client.UploadKYC(ctx, asha, noPAN) }},
		{"no KYC secret", "KYC secret is empty", func() error {
			return onmeta.New(p.transport(t)).UploadKYC(ctx, asha, kycUpload())
		}},
		{"unknown route", "no such endpoint", func() error {
			_, err := p.transport(t).Call(ctx, onmeta.Call{Route: "users/logout"})
			return err
		}},
		{"parameter too many", "takes no path parameter", func() error {
			_, err := p.transport(t).Call(ctx, onmeta.Call{Route: onmeta.RouteCurrencies, Param: "1"})
			return err
		}},
		{"parameter missing", "parameter is empty", func() error {
			_, err := p.transport(t).Call(ctx, onmeta.Call{Route: onmeta.RouteOrderHistory, Token: token})
			return err
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			failure := failureOf(t, test.call())
			require.Equal(t, onmeta.KindInvalid, failure.Kind)
			require.Equal(t, onmeta.NotSent, failure.Reached)
			require.Contains(t, failure.Error(), test.message)
		})
	}
	require.Zero(t, p.calls())
}

func TestRoutesAreUsableAsServerPatterns(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	for _, route := range onmeta.Routes() {
		require.NotPanics(t, func() { mux.HandleFunc(route.Method()+" "+route.Path(), http.NotFound) }, route)
		require.Equal(t, string(route), route.String())
	}
	require.Equal(t, "/v1/orders/{param}", onmeta.RouteOrderHistory.Path())
	require.Equal(t, onmeta.AuthUser, onmeta.RouteOrderHistory.Auth())
	require.Equal(t, onmeta.AuthMerchant, onmeta.RouteQuoteBuy.Auth())
	require.Equal(t, onmeta.AuthRefresh, onmeta.RouteRefreshToken.Auth())
	require.Empty(t, onmeta.Route("").Path())
	require.Equal(t, "unknown route", onmeta.Route("").String())
}
