package redactlog

import (
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// New returns a logger that writes redacted lines to standard error, in the format json or console. hide hides the process's own credentials.
func New(format string, level zapcore.Level, hide func(string) string) (*zap.Logger, error) {
	settings := zap.NewProductionConfig()
	if format == "console" {
		settings = zap.NewDevelopmentConfig()
		settings.Development = false
	}
	settings.Level = zap.NewAtomicLevelAt(level)
	settings.Sampling = nil
	settings.DisableStacktrace = true
	return settings.Build(zap.WrapCore(Hiding(hide)))
}
