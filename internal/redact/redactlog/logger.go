package redactlog

import (
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// New returns a logger that writes redacted lines to standard error, in the format json or console. The secrets are the process's credentials.
func New(format string, level zapcore.Level, secrets ...string) (*zap.Logger, error) {
	settings := zap.NewProductionConfig()
	if format == "console" {
		settings = zap.NewDevelopmentConfig()
		settings.Development = false
	}
	settings.Level = zap.NewAtomicLevelAt(level)
	settings.Sampling = nil
	settings.DisableStacktrace = true
	return settings.Build(zap.WrapCore(Core(secrets...)))
}
