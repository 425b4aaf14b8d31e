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

// keysetTimeout bounds opening the keyset at start: a KMS may not answer.
const keysetTimeout = 30 * time.Second

// openKeyring opens the keyset. The worker does not start without one, except in development, where it creates one at the
// default place.
func openKeyring(ctx context.Context, c config, logger *zap.Logger) (*codec.Keyring, error) {
	ctx, cancel := context.WithTimeout(ctx, keysetTimeout)
	defer cancel()
	keyring, err := codec.OpenKeyring(ctx, c.Keyset)
	if errors.Is(err, codec.ErrNoKeyset) && c.developing() {
		path, err := codec.CreateKeyset(ctx, c.Keyset)
		if err != nil && !errors.Is(err, fs.ErrExist) { // another process may have been first
			return nil, fmt.Errorf("the worker cannot create a keyset: %w", err)
		}
		if err == nil {
			logger.Warn("created a keyset for this machine; other workers need the same one", zap.String("file", path))
		}
		return codec.OpenKeyring(ctx, c.Keyset)
	}
	if err != nil {
		return nil, fmt.Errorf("the worker cannot start without a keyset, since it would write personal data in clear: %w", err)
	}
	return keyring, nil
}

// developing reports whether everything is on this machine and no keyset is configured.
func (c config) developing() bool {
	return c.local() && c.Keyset.Keyset == "" && c.Keyset.File == "" && c.Keyset.KMS == ""
}

func reportKeyset(logger *zap.Logger, keyring *codec.Keyring, err error) {
	if err != nil {
		logger.Error("the keyset cannot be reloaded; the previous keys stay in use", zap.Error(err))
		return
	}
	logger.Info("keyset reloaded", zap.String("primary", keyring.Primary()))
}
