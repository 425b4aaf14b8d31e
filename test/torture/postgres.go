package torture

import (
	"context"

	"rampart/internal/process"
	"rampart/test/testbed"
)

// official is the official Temporal server on a PostgreSQL cluster of its own.
type official struct{ *testbed.Official }

var _ server = official{}

func newOfficial(ctx context.Context, s *stack) (server, error) {
	started, err := s.NewOfficial(ctx)
	if started == nil {
		return nil, err
	}
	if s.options.Cluster {
		return services{official{started}}, err
	}
	return official{started}, err
}

func (o official) storage() string { return "PostgreSQL (" + o.Database.Version + ")" }

func (o official) start(ctx context.Context) (*process.Process, error) { return o.Start(ctx) }

func (o official) remove() { o.Database.Remove() }
