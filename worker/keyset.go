package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"go.uber.org/zap"

	"rampart/codec"
)

// keysetEvery is how often a keyset is read again, so that a rotated one is taken without a restart.
const keysetEvery = 30 * time.Second

// openKeyring opens the keyset. Without one the worker does not start, but for a developer's first one: where the
// Temporal server and the provider are both on this machine, and nothing says where the keyset is, it makes one.
func openKeyring(ctx context.Context, c config, logger *zap.Logger) (*codec.Keyring, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout) // a KMS may not answer
	defer cancel()
	keyring, err := codec.OpenKeyring(ctx, c.Keyset)
	if errors.Is(err, codec.ErrNoKeyset) && c.developing() {
		path, err := codec.CreateKeyset(ctx, c.Keyset)
		if err != nil && !errors.Is(err, fs.ErrExist) { // another process may have been first
			return nil, fmt.Errorf("the worker cannot make a keyset: %w", err)
		}
		if err == nil {
			logger.Warn("made a keyset for this machine; other workers need the same one", zap.String("file", path))
		}
		keyring, err = codec.OpenKeyring(ctx, c.Keyset)
		return keyring, err
	}
	if err != nil {
		return nil, fmt.Errorf("the worker does not start, for it would have to leave personal data in clear: %w", err)
	}
	return keyring, nil
}

// developing reports whether everything is on this machine, and the keyset where it is by default.
func (c config) developing() bool {
	return c.local() && c.Keyset.Keyset == "" && c.Keyset.File == "" && c.Keyset.KMS == ""
}

func reportKeyset(logger *zap.Logger, keyring *codec.Keyring, err error) {
	if err != nil {
		logger.Error("the keyset cannot be read again; the keys that were read before go on being used", zap.Error(err))
		return
	}
	logger.Info("took a changed keyset", zap.String("primary", keyring.Primary()))
}
