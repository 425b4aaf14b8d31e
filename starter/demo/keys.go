package demo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"time"

	"rampart/codec"
)

// keys are what encrypts the orders' payloads.
type keys struct {
	ring *codec.Keyring
	// environment lets a program use them.
	environment []string
}

// keyset opens the keyset, and makes it if there is none.
func (r *run) keyset(ctx context.Context) (keys, error) {
	path, err := r.Keyset.Path()
	if err != nil {
		return keys{}, err
	}
	ring, err := codec.OpenKeyring(ctx, r.Keyset)
	said := "everything that orders leave in Temporal is encrypted with %s"
	if errors.Is(err, codec.ErrNoKeyset) {
		if _, err := codec.CreateKeyset(ctx, r.Keyset); err != nil {
			return keys{}, fmt.Errorf("make a keyset: %w", err)
		}
		said = "made %s, which you alone can read: everything that orders leave in Temporal is encrypted with it"
		ring, err = codec.OpenKeyring(ctx, r.Keyset)
	}
	if err != nil {
		return keys{}, err
	}
	r.say("Keyset", said, path)
	return keys{ring: ring, environment: []string{"RAMP_KEYSET_FILE=" + path}}, nil
}

// codecServer starts the codec server of a Web UI.
func (r *run) codecServer(ctx context.Context, address, ui string) error {
	r.working("Codec", "starting a codec server")
	p, err := r.processes.start(codecServer, filepath.Join(r.Bin, codecServer), nil, slices.Concat(
		without(r.Environment, "ONMETA_", "RAMP_", "TEMPORAL_"), r.keys.environment,
		[]string{"RAMP_CODEC_LISTEN=" + address, "RAMP_CODEC_ORIGINS=" + ui, "RAMP_LOG_FORMAT=console"}))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, readyIn)
	defer cancel()
	for !healthy(ctx, "http://"+address+"/healthz") {
		select {
		case <-p.gone:
			return &partError{codecServer, fmt.Errorf("stopped at its start (%s)", p.cmd.ProcessState)}
		case <-ctx.Done():
			return &partError{codecServer, fmt.Errorf("not ready: %w", context.Cause(ctx))}
		case <-time.After(lookAgain):
		}
	}
	r.say("Codec", "the codec server at http://%s, with which the Web UI shows you what is encrypted", address)
	return nil
}

func healthy(ctx context.Context, url string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}
