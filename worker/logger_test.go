package main

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"rampart/redact/redactlog"
)

func TestWorkerLogsThroughTheLastLineOfDefence(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"json", "console"} {
		logger, err := config{Worker: workerConfig{LogFormat: format}}.logger()
		require.NoError(t, err)
		require.IsType(t, redactlog.Core()(zap.NewNop().Core()), logger.Core())
	}
}
