package onmeta_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"rampart/internal/redact"
	"rampart/onmeta"
	"rampart/sandbox"
)

// merchant is a client of a sandbox, which judges every request strictly, on a clock that stands still.
type merchant struct {
	client *onmeta.Client
	clock  *sandbox.Clock
}

func openSandbox(t *testing.T) merchant {
	t.Helper()
	clock := sandbox.NewClock(tenOClock, 0)
	server, err := sandbox.New(sandbox.Options{Seed: 1, Clock: clock, APIKey: apiKey.Reveal(), KYCSecret: kycSecret.Reveal()})
	require.NoError(t, err)
	listening := httptest.NewServer(server)
	t.Cleanup(listening.Close)
	return merchant{client: (&provider{URL: listening.URL}).client(t), clock: clock}
}

func (m merchant) login(t *testing.T, email redact.Email) onmeta.User {
	t.Helper()
	session, err := m.client.Login(t.Context(), email)
	require.NoError(t, err)
	require.Equal(t, time.Hour, session.Access.Lifetime)
	require.Equal(t, 24*time.Hour, session.Refresh.Lifetime)
	fresh, err := m.client.RefreshToken(t.Context(), session.Refresh.Value)
	require.NoError(t, err)
	return onmeta.User{Email: email, Token: fresh.Value}
}

func (m merchant) verify(t *testing.T, user onmeta.User) {
	t.Helper()
	status, err := m.client.KYCStatus(t.Context(), user)
	require.NoError(t, err)
	require.False(t, status.Verified)
	require.NoError(t, m.client.UploadKYC(t.Context(), user, kycUpload()))
	status, err = m.client.KYCStatus(t.Context(), user)
	require.NoError(t, err)
	require.True(t, status.Verified)
}

func TestOnrampOrderCompletes(t *testing.T) {
	t.Parallel()
	ctx, m := t.Context(), openSandbox(t)
	user := m.login(t, "asha+nokyc@example.test")
	m.verify(t, user)

	link, err := m.client.LinkUPI(ctx, user, onmeta.LinkUPIRequest{Name: "Asha Rao", UPIID: "asha@okbank"})
	require.NoError(t, err)
	require.Equal(t, onmeta.LinkSuccess, link.Status)
	link, err = m.client.UPILinkStatus(ctx, user, link.Reference)
	require.NoError(t, err)
	require.Equal(t, onmeta.LinkSuccess, link.Status)
	ids, err := m.client.UPIIDs(ctx, user)
	require.NoError(t, err)
	require.EqualValues(t, "asha@okbank", ids[0].ID)

	quote, err := m.client.QuoteBuy(ctx, buyRequest)
	require.NoError(t, err)
	require.True(t, quote.ReceivedTokens.IsPositive())
	require.Equal(t, tenOClock, quote.At)

	created, err := m.client.CreateOnramp(ctx, user, onrampRequest())
	require.NoError(t, err)
	require.Contains(t, created.QR, "upi://pay?")
	require.NotEmpty(t, created.VPA)
	history, err := m.client.OrderHistory(ctx, user, 0)
	require.NoError(t, err)
	require.Equal(t, created.OrderID, history[0].OrderID)
	require.Equal(t, "1000", history[0].Amount.Decimal.String())

	err = m.client.SubmitUTR(ctx, user, created.OrderID, "000000000000")
	require.True(t, onmeta.IsKind(err, onmeta.KindRefused), "%v", err)
	require.NoError(t, m.client.SubmitUTR(ctx, user, created.OrderID, "412345678901"))
	m.clock.Advance(10 * time.Minute)
	user = m.login(t, user.Email)
	status, err := m.client.OnrampStatus(ctx, user, created.OrderID)
	require.NoError(t, err)
	require.Equal(t, onmeta.OnrampCompleted, status.Status)
	require.NotEmpty(t, status.TransactionHash)
	require.True(t, status.TransferredAmount.Decimal.IsPositive())
}

func TestOfframpOrderCompletes(t *testing.T) {
	t.Parallel()
	ctx, m := t.Context(), openSandbox(t)
	user := m.login(t, "asha+nokyc@example.test")
	m.verify(t, user)

	link, err := m.client.LinkBank(ctx, user, onmeta.LinkBankRequest{
		Name: "Asha Rao", PAN: "ABCPE1234F", AccountName: "Asha Rao", AccountNumber: "50100000004821", IFSC: "HDFC0001234",
	})
	require.NoError(t, err)
	require.Equal(t, onmeta.LinkSuccess, link.Status)
	link, err = m.client.BankLinkStatus(ctx, user, link.Reference)
	require.NoError(t, err)
	require.Equal(t, onmeta.LinkSuccess, link.Status)
	accounts, err := m.client.BankAccounts(ctx, user)
	require.NoError(t, err)
	require.EqualValues(t, "XXXX4821", accounts[0].AccountNumber)

	quote, err := m.client.QuoteSell(ctx, sellRequest)
	require.NoError(t, err)
	require.True(t, quote.FiatAmount.IsPositive())

	created, err := m.client.CreateOfframp(ctx, user, offrampRequest())
	require.NoError(t, err)
	requireDecimal(t, "5", created.TokenAmount)
	const hash = "0xabc0000000000000000000000000000000000000000000000000000000000001"
	require.NoError(t, m.client.SubmitTransactionHash(ctx, user, created.OrderID, hash))
	m.clock.Advance(10 * time.Minute)
	status, err := m.client.OfframpStatus(ctx, user, created.OrderID)
	require.NoError(t, err)
	require.Equal(t, onmeta.OfframpPayoutSuccess, status.Status)
	require.Equal(t, hash, status.TransactionHash)
	require.EqualValues(t, 137, status.ChainID)
}

func TestAnExpiredTokenIsUnauthorized(t *testing.T) {
	t.Parallel()
	m := openSandbox(t)
	user := m.login(t, "asha+linked@example.test")
	m.clock.Advance(2 * time.Hour)
	_, err := m.client.KYCStatus(t.Context(), user)
	require.True(t, onmeta.IsKind(err, onmeta.KindUnauthorized), "%v", err)
}

func TestTheCatalogueIsRead(t *testing.T) {
	t.Parallel()
	ctx, m := t.Context(), openSandbox(t)
	limits, err := m.client.ChainLimits(ctx)
	require.NoError(t, err)
	require.True(t, limits[0].Min["INR"].GreaterThan(decimal.Zero))
	currencies, err := m.client.Currencies(ctx, onmeta.User{})
	require.NoError(t, err)
	require.Equal(t, "INR", currencies[0].Code)
	require.NotEmpty(t, currencies[0].PaymentModes)
}
