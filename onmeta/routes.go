package onmeta

import "net/http"

// Route is an endpoint of the provider (provider 2). Its text is stable, for metric labels, logs and activity summaries. The zero value is no
// endpoint.
type Route string

// The endpoints this client calls.
const (
	RouteLogin          Route = "users/login"
	RouteRefreshToken   Route = "users/refresh-token"
	RouteKYCStatus      Route = "users/kyc-status"
	RouteUploadKYC      Route = "users/upload/kyc"
	RouteBankAccounts   Route = "users/bank/fetch"
	RouteUPIIDs         Route = "users/upi/fetch"
	RouteLinkBank       Route = "users/account-link"
	RouteBankLinkStatus Route = "users/get-bank-status"
	RouteLinkUPI        Route = "users/upi-link"
	RouteUPILinkStatus  Route = "users/get-upi-status"
	RouteQuoteBuy       Route = "quote/buy"
	RouteQuoteSell      Route = "quote/sell"
	RouteChainLimits    Route = "orders/get-chain-limit"
	RouteCurrencies     Route = "orders/currencies"
	RouteCreateOnramp   Route = "orders/create"
	RouteSubmitUTR      Route = "orders/utr"
	RouteOnrampStatus   Route = "orders/status"
	RouteOrderHistory   Route = "orders/history"
	RouteCreateOfframp  Route = "offramp/orders/create"
	RouteSubmitHash     Route = "offramp/orders/txnhash"
	RouteOfframpStatus  Route = "offramp/orders/status"
)

const (
	apiPrefix   = "/v1/"
	historyPath = apiPrefix + "orders"
	paramSuffix = "/{param}"
)

// AuthKind is the credential that an endpoint requires besides the API key.
type AuthKind int

// The kinds of endpoint.
const (
	// AuthMerchant: the API key alone; a call that names a user carries that user's token too.
	AuthMerchant AuthKind = iota
	// AuthUser: the end user's access token as bearer.
	AuthUser
	// AuthRefresh: the end user's refresh token as bearer.
	AuthRefresh
)

type endpoint struct {
	method   string
	path     string
	auth     AuthKind
	hasParam bool
}

// Routes returns every endpoint that this client calls, in the order of an order's steps.
func Routes() []Route {
	return []Route{
		RouteLogin, RouteRefreshToken, RouteKYCStatus, RouteUploadKYC,
		RouteBankAccounts, RouteUPIIDs, RouteLinkBank, RouteBankLinkStatus, RouteLinkUPI, RouteUPILinkStatus,
		RouteQuoteBuy, RouteQuoteSell, RouteChainLimits, RouteCurrencies,
		RouteCreateOnramp, RouteSubmitUTR, RouteOnrampStatus, RouteOrderHistory,
		RouteCreateOfframp, RouteSubmitHash, RouteOfframpStatus,
	}
}

// String returns the route's stable name.
func (r Route) String() string {
	if r == "" {
		return "unknown route"
	}
	return string(r)
}

// Method returns the route's HTTP method, "" for an unknown route.
func (r Route) Method() string { return r.endpoint().method }

// Path returns the route's path below the base URL, "" for an unknown route. A parameter shows as {param}:
// the path is a pattern that net/http.ServeMux takes.
func (r Route) Path() string {
	e := r.endpoint()
	if e.hasParam {
		return e.path + paramSuffix
	}
	return e.path
}

// Auth returns the credential that the route requires besides the API key.
func (r Route) Auth() AuthKind { return r.endpoint().auth }

func (r Route) endpoint() endpoint {
	e := endpoint{path: apiPrefix + string(r)}
	switch r {
	case RouteLogin, RouteQuoteBuy, RouteQuoteSell:
		e.method, e.auth = http.MethodPost, AuthMerchant
	case RouteChainLimits, RouteCurrencies:
		e.method, e.auth = http.MethodGet, AuthMerchant
	case RouteRefreshToken:
		e.method, e.auth = http.MethodGet, AuthRefresh
	case RouteBankAccounts, RouteUPIIDs:
		e.method, e.auth = http.MethodGet, AuthUser
	case RouteBankLinkStatus, RouteUPILinkStatus:
		e.method, e.auth, e.hasParam = http.MethodGet, AuthUser, true
	case RouteOrderHistory:
		e = endpoint{method: http.MethodGet, path: historyPath, auth: AuthUser, hasParam: true}
	case RouteKYCStatus, RouteUploadKYC, RouteLinkBank, RouteLinkUPI,
		RouteCreateOnramp, RouteSubmitUTR, RouteOnrampStatus,
		RouteCreateOfframp, RouteSubmitHash, RouteOfframpStatus:
		e.method, e.auth = http.MethodPost, AuthUser
	default:
		return endpoint{}
	}
	return e
}
