package activities

import (
	"net/url"
	"time"

	"rampart/dossier"
	"rampart/onmeta"
	"rampart/onmeta/session"
)

// Calls are the activities that call the provider and return, for the task queue ramp. Every exported method is one.
type Calls struct {
	provider *onmeta.Client
	sessions *session.Caller
	timings  Timings
	dossiers Dossiers
	claims   OrderClaims
	checkout *url.URL
	staging  bool

	runs       Runs
	decrypter  Decrypter
	allowClear bool
}

// Watches are the activities that poll the provider until something changes. They run on a task queue of their own, ramp-watch,
// for each holds its slot for hours. Every exported method is one, and RegisterWatches registers it.
type Watches struct {
	provider *onmeta.Client
	timings  Timings
}

// Options are what activities need.
type Options struct {
	// Caller reaches the provider, without user sessions.
	Caller onmeta.Caller
	// KYCSecret encrypts the fields of KYC uploads.
	KYCSecret onmeta.Secret
	Timings   Timings
	// Claims tells which provider's orders are taken.
	Claims OrderClaims
	// Dossiers opens KYC dossiers. If it is nil, none can be opened.
	Dossiers Dossiers
	// Checkout is the provider's payment page, which takes an order as its query's orderId (provider 13). It is shown for
	// orders whose creation did not tell how to pay; nil leaves such orders without a way to pay.
	Checkout *url.URL
	// Staging is set for the provider's staging environment, whose orders are for other amounts than were asked for
	// (provider 13): what is checked of them elsewhere is only noted there.
	Staging bool
	// Runs tells an order's first run from a later one.
	Runs Runs
	// Decrypter decrypts what orders have set aside; nil where nothing is encrypted.
	Decrypter Decrypter
	// AllowClear lets requests, accounts, dossiers and confirmations in clear count, and not only proofs and cancellations.
	AllowClear bool
}

// New returns the activities of one worker process, which share user sessions.
func New(o Options) (*Calls, *Watches) {
	sessions := session.New(o.Caller)
	provider := onmeta.New(sessions, onmeta.WithKYCSecret(o.KYCSecret))
	if o.Dossiers == nil {
		o.Dossiers = dossier.Stores{}
	}
	calls := &Calls{
		provider: provider, sessions: sessions, timings: o.Timings, dossiers: o.Dossiers, claims: o.Claims,
		checkout: o.Checkout, staging: o.Staging, runs: o.Runs, decrypter: o.Decrypter, allowClear: o.AllowClear,
	}
	return calls, &Watches{provider: provider, timings: o.Timings}
}

// Registry is a worker, or an environment for tests.
type Registry interface {
	RegisterActivity(activity any)
}

// RegisterWatches registers each watch by itself. The SDK calls the methods of a registered struct through reflection twice, and
// the stack for that would be kept for as long as an order is watched: docs/explanation/performance.md.
func RegisterWatches(registry Registry, w *Watches) {
	registry.RegisterActivity(w.WatchOrder)
	registry.RegisterActivity(w.WatchLink)
	registry.RegisterActivity(w.WatchKYC)
}

func user(email string) onmeta.User { return onmeta.User{Email: email} }

// holder is the user by the name that their account is in. It is not sent, but hidden in what the provider says.
func holder(email, name string) onmeta.User { return onmeta.User{Email: email, Name: name} }

func now() time.Time { return time.Now().UTC() }
