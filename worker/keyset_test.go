package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"rampart/codec"
)

func TestWorkerDoesNotStartWithoutAKeyset(t *testing.T) {
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	for name, changes := range map[string]map[string]string{
		"real provider, Temporal here":  {"TEMPORAL_ADDRESS": "127.0.0.1:1"},
		"Temporal elsewhere":            {"TEMPORAL_ADDRESS": "temporal.example.test:7233", "TEMPORAL_TLS": "true", "ONMETA_BASE_URL": "http://127.0.0.1:8480"},
		"all here, keyset named":        {"TEMPORAL_ADDRESS": "127.0.0.1:1", "ONMETA_BASE_URL": "http://127.0.0.1:8480", "RAMP_KEYSET_FILE": "/nowhere/keyset.json"},
		"all here, but wrapped by KMS":  {"TEMPORAL_ADDRESS": "127.0.0.1:1", "ONMETA_BASE_URL": "http://127.0.0.1:8480", "RAMP_KEYSET_KMS": "hcvault://vault/transit/keys/ramp"},
		"an unreadable one":             {"RAMP_KEYSET": "not a keyset"},
		"all here, and a broken keyset": {"TEMPORAL_ADDRESS": "127.0.0.1:1", "ONMETA_BASE_URL": "http://127.0.0.1:8480", "RAMP_KEYSET": "{}"},
	} {
		err := run(t.Context(), with(changes))
		require.ErrorContains(t, err, "the worker cannot start without a keyset", name)
		require.NotContains(t, err.Error(), "127.0.0.1:1", "Temporal is not reached")
	}
	path, err := codec.DefaultFile()
	require.NoError(t, err)
	require.NoFileExists(t, path)
}

func TestKeysetIsCreatedOnceInDevelopment(t *testing.T) {
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	c, err := loadConfig(with(map[string]string{"ONMETA_BASE_URL": "http://127.0.0.1:8480"}))
	require.NoError(t, err)
	first, err := openKeyring(t.Context(), c, zap.NewNop())
	require.NoError(t, err)
	second, err := openKeyring(t.Context(), c, zap.NewNop())
	require.NoError(t, err)
	require.Equal(t, first.Primary(), second.Primary())
	info, err := os.Stat(filepath.Join(os.Getenv("XDG_CONFIG_HOME"), "rampart", "keyset.json"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}
