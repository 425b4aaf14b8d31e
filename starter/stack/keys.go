package stack

import (
	"context"
	"errors"
	"fmt"

	"rampart/codec"
)

// keys encrypt the payloads of the orders.
type keys struct {
	ring *codec.Keyring
	// environment is the variables of a program that uses the keys.
	environment []string
}

// openKeyset opens the keyset, and creates it if it does not exist.
func (s *Stack) openKeyset(ctx context.Context) error {
	source := s.options.Keyset
	path, err := source.Path()
	if err != nil {
		return err
	}
	ring, err := codec.OpenKeyring(ctx, source)
	line := "%s encrypts everything that the orders store in Temporal"
	if errors.Is(err, codec.ErrNoKeyset) {
		if _, err := codec.CreateKeyset(ctx, source); err != nil {
			return fmt.Errorf("create a keyset: %w", err)
		}
		line = "created %s, readable by you only; it encrypts everything that the orders store in Temporal"
		ring, err = codec.OpenKeyring(ctx, source)
	}
	if err != nil {
		return err
	}
	s.report("Keyset", line, path)
	s.keys = keys{ring: ring, environment: []string{"RAMP_KEYSET_FILE=" + path}}
	s.Addresses.Keyset = path
	return nil
}
