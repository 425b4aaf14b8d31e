package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"rampart/codec"
)

// keys encrypt the payloads of the orders.
type keys struct {
	ring *codec.Keyring
	// environment is the variables of a program that uses the keys.
	environment []string
}

// keyset opens the keyset, and creates it if it does not exist.
func (r *run) keyset(ctx context.Context) (keys, error) {
	path, err := r.Keyset.Path()
	if err != nil {
		return keys{}, err
	}
	ring, err := codec.OpenKeyring(ctx, r.Keyset)
	line := "%s encrypts everything that the orders store in Temporal"
	if errors.Is(err, codec.ErrNoKeyset) {
		if _, err := codec.CreateKeyset(ctx, r.Keyset); err != nil {
			return keys{}, fmt.Errorf("create a keyset: %w", err)
		}
		line = "created %s, readable by you only; it encrypts everything that the orders store in Temporal"
		ring, err = codec.OpenKeyring(ctx, r.Keyset)
	}
	if err != nil {
		return keys{}, err
	}
	r.report("Keyset", line, path)
	return keys{ring: ring, environment: []string{"RAMP_KEYSET_FILE=" + path}}, nil
}

// codecServer starts the codec server of a Web UI.
func (r *run) codecServer(ctx context.Context, address, ui string) error {
	r.progress("Codec", "starting the codec server")
	p, err := r.start(codecServer, nil, slices.Concat(r.environment(), r.keys.environment,
		[]string{"RAMP_CODEC_LISTEN=" + address, "RAMP_CODEC_ORIGINS=" + ui, "RAMP_LOG_FORMAT=console"}))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	if err := p.UntilHealthy(ctx, "http://"+address+"/healthz"); err != nil {
		return &programError{codecServer, err}
	}
	r.report("Codec", "codec server at http://%s; it decrypts payloads for the Web UI", address)
	return nil
}
