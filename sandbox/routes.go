package sandbox

// access is the credential that a call requires.
type access int

const (
	withKey     access = iota // the API key
	withToken                 // and an access token
	withRefresh               // and a refresh token
)

// route is one call of the provider.
type route struct {
	pattern string
	access  access
	// malformed returns the refusal of a malformed request.
	malformed func(why string) *refusal
	// handle returns an envelope, or another value that is encoded as it is. An error that is not a refusal means a malformed
	// request.
	handle func(*call) (any, error)
}

// Routes with traits that faults affect.
const (
	onrampStatusRoute  = "POST /v1/orders/status"
	offrampStatusRoute = "POST /v1/offramp/orders/status"
	onrampCreateRoute  = "POST /v1/orders/create"
	offrampCreateRoute = "POST /v1/offramp/orders/create"
	historyRoute       = "GET /v1/orders/{skip}"
	quoteBuyRoute      = "POST /v1/quote/buy"
	quoteFetchRoute    = "POST /v1/quote/fetch"
	quoteSellRoute     = "POST /v1/quote/sell"
)

// routes returns the provider's API (provider 2). Where documents disagree on a path, both are served.
func (s *Server) routes() []route {
	return []route{
		{"POST /v1/users/login", withKey, badRequest, s.login},
		{"GET /v1/users/refresh-token", withRefresh, invalidRequest, s.refreshToken},
		{"POST /v1/users/kyc-status", withToken, codelessWithData, s.kycStatus},
		{"GET /v1/users/kyc-status", withToken, codelessWithData, s.kycStatus},
		{"POST /v1/users/upload/kyc", withToken, codeless, s.uploadKYC},
		{"POST /v1/users/nri/kyc", withToken, nestedBadRequest, s.uploadNRIKYC},
		{"GET /v1/users/bank/fetch", withToken, invalidRequest, s.fetchBanks},
		{"GET /v1/users/upi/fetch", withToken, invalidRequest, s.fetchUPIs},
		{"POST /v1/users/account-link", withToken, badRequest, s.linkBank},
		{"GET /v1/users/get-bank-status/{reference}", withToken, invalidRequest, s.bankStatus},
		{"POST /v1/users/upi-link", withToken, invalidRequest, s.linkUPI},
		{"GET /v1/users/get-upi-status/{reference}", withToken, invalidRequest, s.upiStatus},
		{quoteBuyRoute, withKey, invalidRequest, s.quoteBuy},
		{quoteFetchRoute, withKey, invalidRequest, s.quoteBuy},
		{quoteSellRoute, withKey, invalidRequest, s.quoteSell},
		{"GET /v1/tokens", withKey, invalidRequest, s.listTokens},
		{"GET /v1/tokens/{$}", withKey, invalidRequest, s.listTokens},
		{"GET /v1/orders/get-chain-limit", withKey, invalidRequest, s.chainLimits},
		{"GET /v1/orders/chain_limits", withKey, invalidRequest, s.chainLimits},
		{"GET /v1/orders/currencies", withKey, invalidRequest, s.currencies},
		{"GET /v1/orders/invoice/{id}", withKey, invalidRequest, s.invoice},
		{historyRoute, withToken, invalidRequest, s.orderHistory},
		{onrampCreateRoute, withToken, invalidRequest, s.createOnramp},
		{"POST /v1/orders/utr", withToken, invalidRequest, s.submitUTR},
		{onrampStatusRoute, withToken, invalidRequest, s.onrampStatus},
		{offrampCreateRoute, withToken, invalidRequest, s.createOfframp},
		{"POST /v1/offramp/orders/txnhash", withToken, invalidRequest, s.submitHash},
		{offrampStatusRoute, withToken, invalidRequest, s.offrampStatus},
	}
}
