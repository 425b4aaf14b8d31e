package activities

import (
	"context"
	"net/url"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"

	"rampart/dossier"
	"rampart/events"
	"rampart/onmeta"
	"rampart/onmeta/session"
	"rampart/ramp"
	"rampart/records"
)

// Calls are the activities that call the provider and return, for the task queue ramp. Every exported method is an activity, whose
// type is the method's name.
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

	endpoints events.Endpoints
	temporal  client.Client
	records   *records.Store
	hashes    Hashes
}

// Hashes makes the hashes by which orders are found. Hash is that of the key in use, and empty where orders have none; Hashes are those of
// every key that an order may have been hashed with.
type Hashes interface {
	Hash(ctx context.Context, term ramp.Personal) string
	Hashes(ctx context.Context, term ramp.Personal) []string
}

// Watches are the activities that poll the provider until something changes. They have a task queue of their own, ramp-watch, because
// each holds its slot for hours. Every exported method is an activity; RegisterWatches registers them.
type Watches struct {
	provider *onmeta.Client
	timings  Timings
	running  running
}

// Options are what activities need.
type Options struct {
	// Caller calls the provider, without user sessions.
	Caller onmeta.Caller
	// KYCSecret returns the secret that encrypts the fields of a KYC upload. Nil stands for none.
	KYCSecret func() onmeta.Secret
	Timings   Timings
	// Claims says which of our orders a provider's order belongs to.
	Claims OrderClaims
	// Dossiers opens KYC dossiers. If it is nil, none can be opened.
	Dossiers Dossiers
	// Checkout is the provider's payment page, which takes an order as the query parameter orderId (provider 13). It is shown for
	// orders without other payment instructions; if it is nil, such orders cannot be paid.
	Checkout *url.URL
	// Staging is set for the provider's staging environment, whose orders are for other amounts than were asked for (provider 13):
	// a difference that fails an order elsewhere is only noted there.
	Staging bool
	// Runs finds the earlier runs of an order.
	Runs Runs
	// Decrypter decrypts the messages that orders have set aside; nil if nothing is encrypted.
	Decrypter Decrypter
	// AllowClear accepts unencrypted requests, accounts, dossiers and confirmations. Proofs and cancellations are always accepted.
	AllowClear bool
	// Endpoints are the endpoints that events of orders go to; nil if events are off.
	Endpoints events.Endpoints
	// Temporal starts the deliveries of events, and takes the heartbeats of creations that must happen at most once.
	Temporal client.Client
	// Records keeps the final states of orders; nil if records are off.
	Records *records.Store
	// Hashes makes the hashes by which orders are found; nil where they have none.
	Hashes Hashes
}

// New returns the activities of one worker process, which share user sessions.
func New(o Options) (*Calls, *Watches) {
	sessions := session.New(o.Caller)
	if o.KYCSecret == nil {
		o.KYCSecret = func() onmeta.Secret { return "" }
	}
	provider := onmeta.New(sessions, onmeta.WithCurrentKYCSecret(o.KYCSecret))
	if o.Dossiers == nil {
		o.Dossiers = dossier.Stores{}
	}
	calls := &Calls{
		provider: provider, sessions: sessions, timings: o.Timings, dossiers: o.Dossiers, claims: o.Claims,
		checkout: o.Checkout, staging: o.Staging, runs: o.Runs, decrypter: o.Decrypter, allowClear: o.AllowClear,
		endpoints: o.Endpoints, temporal: o.Temporal, records: o.Records, hashes: o.Hashes,
	}
	return calls, &Watches{provider: provider, timings: o.Timings}
}

// Registry is a worker, or a test environment.
type Registry interface {
	RegisterActivity(activity any)
}

// RegisterWatches registers the watches one by one. The SDK calls the methods of a registered struct through reflection twice, and
// that stack would be held for as long as an order is watched (docs/explanation/performance.md).
func RegisterWatches(registry Registry, w *Watches) {
	registry.RegisterActivity(w.WatchOrder)
	registry.RegisterActivity(w.WatchLink)
	registry.RegisterActivity(w.WatchKYC)
}

// watchNames are the names of the watches as activities.
func watchNames() []string { return []string{"WatchOrder", "WatchLink", "WatchKYC"} }

// hash returns the hash of a term, or empty.
func (c *Calls) hash(ctx context.Context, term ramp.Personal) string {
	if c.hashes == nil {
		return ""
	}
	return c.hashes.Hash(ctx, term)
}

// claimant returns the order of an activity, which is this user's, as one that claims an order of the provider.
func (c *Calls) claimant(ctx context.Context, email ramp.Email) Claimant {
	claimant := Claimant{WorkflowID: activity.GetInfo(ctx).WorkflowExecution.ID, Email: email}
	if c.hashes != nil {
		claimant.Users = c.hashes.Hashes(ctx, ramp.UserTerm(email))
	}
	return claimant
}

func user(email ramp.Email) onmeta.User { return onmeta.User{Email: email} }

// holder is the user with the name of the account's holder, which is not sent but hidden in the provider's texts.
func holder(email ramp.Email, name ramp.Personal) onmeta.User {
	return onmeta.User{Email: email, Name: name}
}

func now() time.Time { return time.Now().UTC() }
