package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"rampart/internal/credential"
	"rampart/internal/redact/redactlog"
)

func TestCredentialsForTemporalAreHiddenInLogs(t *testing.T) {
	t.Parallel()
	profile := filepath.Join(t.TempDir(), "temporal.toml")
	require.NoError(t, os.WriteFile(profile, []byte("[profile.cloud]\naddress = \"orders.example.test:7233\"\napi_key = \"key-in-the-file\"\n"), 0o600))
	for name, test := range map[string]struct {
		variables map[string]string
		key       string
	}{
		"in the environment":        {map[string]string{"TEMPORAL_API_KEY": "key-in-the-environment"}, "key-in-the-environment"},
		"in a profile":              {map[string]string{"TEMPORAL_CONFIG_FILE": profile, "TEMPORAL_PROFILE": "cloud"}, "key-in-the-file"},
		"in a header of every call": {map[string]string{"TEMPORAL_GRPC_META_AUTHORIZATION": "Bearer key-in-a-header"}, "Bearer key-in-a-header"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := loadConfig(with(test.variables))
			require.NoError(t, err)
			seen, logs := observer.New(zap.InfoLevel)
			zap.New(redactlog.Hiding(c.credentials.Hide)(seen)).Info("connecting with " + test.key)
			require.Len(t, logs.All(), 1)
			require.NotContains(t, logs.All()[0].Message, test.key)
		})
	}
}

func TestWorkerLogsAreRedacted(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"json", "console"} {
		logger, err := config{Worker: workerConfig{LogFormat: format}, credentials: credential.NewStore()}.logger()
		require.NoError(t, err)
		require.IsType(t, redactlog.Core()(zap.NewNop().Core()), logger.Core())
	}
}
