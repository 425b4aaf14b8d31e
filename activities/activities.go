package activities

import (
	"context"
	"time"

	"gocloud.dev/blob"

	"rampart/onmeta"
)

// Calls are the activities that call the provider and return, for the task queue ramp. Every exported method is one.
type Calls struct {
	provider *onmeta.Client
	sessions *Sessions
	timings  Timings
	dossiers OpenDossiers
	owners   Owners
}

// OpenDossiers opens a dossier by its URL, as a bucket that holds nothing else.
type OpenDossiers func(ctx context.Context, url string) (*blob.Bucket, error)

// Watches are the activities that poll the provider until something changes. They run on a task queue of their own, ramp-watch,
// for each holds its slot for hours. Every exported method is one.
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
	// Owners tells which provider's orders are taken.
	Owners Owners
	// OpenDossiers opens KYC dossiers; by default every blob store whose driver is linked in.
	OpenDossiers OpenDossiers
}

// New returns the activities of one worker process, which share user sessions.
func New(o Options) (*Calls, *Watches) {
	sessions := NewSessions(o.Caller)
	provider := onmeta.New(sessions, onmeta.WithKYCSecret(o.KYCSecret))
	if o.OpenDossiers == nil {
		o.OpenDossiers = openPrefix
	}
	calls := &Calls{provider: provider, sessions: sessions, timings: o.Timings, dossiers: o.OpenDossiers, owners: o.Owners}
	return calls, &Watches{provider: provider, timings: o.Timings}
}

func user(email string) onmeta.User { return onmeta.User{Email: email} }

func now() time.Time { return time.Now().UTC() }
