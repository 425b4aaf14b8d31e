package redactlog_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/exp/zapslog"
	"go.uber.org/zap/zapcore"

	"rampart/internal/redact"
	"rampart/internal/redact/redactlog"
	"rampart/ramp"
)

const (
	email   = "asha@example.test"
	number  = "50100000004821"
	pan     = "ABCPE1234F"
	holder  = "Zebulon Quux"
	apiKey  = "5a9db0c5-0000-4000-8000-000000000001"
	jwt     = "eyJhbGciOiJIUzI1NiJ9.eyJ1c2VySWQiOiI2NTAwIn0.c2lnbmF0dXJl"
	orderID = "650000000000000000000001"
)

func secrets() []string { return []string{email, number, pan, holder, "Zebulon", apiKey, jwt} }

// logging returns a logger at debug level with the core, and its output.
func logging(t *testing.T) (*zap.Logger, *bytes.Buffer) {
	t.Helper()
	var out bytes.Buffer
	encoder := zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig())
	next := zapcore.NewCore(encoder, zapcore.AddSync(&out), zapcore.DebugLevel)
	return zap.New(next, zap.WrapCore(redactlog.Core(apiKey, ""))), &out
}

func requireClean(t *testing.T, out *bytes.Buffer) {
	t.Helper()
	require.NotEmpty(t, out.String())
	for _, secret := range secrets() {
		require.NotContains(t, out.String(), secret)
	}
}

type stringer string

func (s stringer) String() string { return string(s) }

type broken struct{}

func (*broken) String() string { panic("asha@example.test") }

type object struct{ account string }

func (o object) MarshalLogObject(encoder zapcore.ObjectEncoder) error {
	encoder.AddString("note", "for "+email)
	encoder.AddString("accountNumber", o.account)
	encoder.AddInt("attempt", 3)
	encoder.AddBinary("image", []byte(email))
	return encoder.AddReflected("raw", map[string]string{"x": holder})
}

type personal struct {
	Who   string
	Inner *struct{ Number string }
}

func everyField() []zap.Field {
	verbose := fmt.Errorf("wrapped: %w", errors.Join(errors.New("no "+email), errors.New("nor "+number)))
	return []zap.Field{
		zap.String("text", "of "+email+" and "+apiKey),
		zap.String("accountName", holder),
		zap.Stringp("pan", new(pan)),
		zap.Strings("texts", []string{email, number}),
		zap.Error(verbose),
		zap.NamedError("cause", verbose),
		zap.Errors("errors", []error{verbose}),
		zap.Stringer("stringer", stringer(email)),
		zap.Stringer("broken", (*broken)(nil)),
		zap.Any("any", stringer(number)),
		zap.Any("struct", personal{Who: holder}),
		zap.Reflect("reflect", personal{Who: holder}),
		zap.Reflect("pointer", &personal{Who: holder}),
		zap.Reflect("list", []string{holder}),
		zap.Reflect("map", map[string]string{"who": holder}),
		zap.Reflect("nothing", nil),
		zap.Reflect("named", stringer(email)), zap.Reflect("panics", (*broken)(nil)), zap.Any("kind", ramp.Status(email)),
		zap.Reflect("request", ramp.OnrampRequest{Email: email}),
		zap.ByteString("bytes", []byte(email)),
		zap.ByteStrings("byteses", [][]byte{[]byte(email)}),
		zap.Binary("binary", []byte(email)),
		zap.Object("object", object{number}),
		zap.Inline(object{number}),
		zap.Objects("objects", []object{{number}}),
		zap.Dict("dict", zap.String("email", email), zap.Dict("deeper", zap.String("pan", pan))),
		zap.Int64("accountNumber2", 7), zap.Int64("accountNumber", 50100000004821),
		zap.Namespace("inner"),
		zap.String("vpa", "zebulon@okbank"),
	}
}

func TestNothingPersonalIsLoggedAtAnyLevel(t *testing.T) {
	t.Parallel()
	for _, level := range []zapcore.Level{zap.DebugLevel, zap.InfoLevel, zap.WarnLevel, zap.ErrorLevel, zap.DPanicLevel} {
		logger, out := logging(t)
		logger.Log(level, "message of "+email+" with "+jwt, everyField()...)
		logger.Named("of "+email).With(everyField()...).Log(level, "with")
		if checked := logger.With(everyField()...).WithLazy(everyField()...).Check(level, "checked "+number); checked != nil {
			checked.Write(everyField()...)
		}
		logger.Sugar().With("email", email, "x", personal{Who: holder}).Logw(level, "sugar", "accountName", holder, "error", errors.New(number))
		logger.Sugar().Logf(level, "formatted %s %v", email, ramp.UPIAccount{ID: "zebulon@okbank", Name: holder})
		requireClean(t, out)
	}
}

func TestPanicsAreRedacted(t *testing.T) {
	t.Parallel()
	logger, out := logging(t)
	logger = logger.WithOptions(zap.AddStacktrace(zap.DebugLevel))
	require.Panics(t, func() { logger.Panic("of "+email, everyField()...) })
	requireClean(t, out)
	require.Contains(t, out.String(), "core_test.go:", "the stack is logged")
}

func TestTemporalsLoggerIsRedacted(t *testing.T) {
	t.Parallel()
	logger, out := logging(t)
	bridge := slog.New(zapslog.NewHandler(logger.Core()))
	bridge.With("Error", errors.New("no "+email)).WithGroup("g").Error("of "+number,
		"Error", errors.New(email), "request", ramp.OnrampRequest{Email: email, UPI: &ramp.UPIAccount{Name: holder}},
		"any", personal{Who: holder}, slog.Group("group", "pan", pan), "WorkflowID", "onramp/20261123000421")
	requireClean(t, out)
	require.Contains(t, out.String(), "onramp/20261123000421")
}

func TestOtherDataIsLoggedUnchanged(t *testing.T) {
	t.Parallel()
	logger, out := logging(t)
	logger.With(zap.String("WorkflowID", "onramp/20261123000421"), zap.Int32("Attempt", 2)).Info("order "+orderID+" is settling",
		zap.Duration("took", 1500*time.Millisecond), zap.Bool("ok", true), zap.Strings("taskQueues", []string{"ramp", "ramp-watch"}),
		zap.String("reference", "20261123000421"), zap.Float64("amount", 1000.5), zap.Error(errors.New("refused (HTTP 404): data not found")),
		zap.Object("object", object{"1234567890"}), zap.Reflect("type", personal{}), zap.Reflect("nothing", nil),
		zap.Any("status", ramp.Settling), zap.Reflect("number", uint16(7)), zap.Dict("dict", zap.Time("at", time.Unix(0, 0)), zap.Bool("on", true)))
	for _, kept := range []string{
		`"WorkflowID":"onramp/20261123000421"`, `"Attempt":2`, `"msg":"order ` + orderID + ` is settling"`, `"took":1.5`, `"ok":true`,
		`"taskQueues":["ramp","ramp-watch"]`, `"reference":"20261123000421"`, `"amount":1000.5`,
		`"error":"refused (HTTP 404): data not found"`, `"accountNumber":"XXXX7890"`, `"attempt":3`, `"raw":"[map[string]string]"`,
		`"type":"[redactlog_test.personal]"`, `"nothing":null`, `"status":"settling"`, `"number":7`, `"on":true`,
	} {
		require.Contains(t, out.String(), kept)
	}
}

func TestLevelsAndErrorsOfTheWrappedCoreAreKept(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	next := zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(&out), zapcore.WarnLevel)
	core := redactlog.Core()(next)
	require.False(t, core.Enabled(zap.InfoLevel))
	require.Nil(t, core.Check(zapcore.Entry{Level: zap.InfoLevel}, nil))
	zap.New(core).Info("not this")
	require.Empty(t, out.String())
	zap.New(core).Warn("but this")
	require.Equal(t, 1, strings.Count(out.String(), "\n"))
	require.NoError(t, core.Sync())

	full := redactlog.Core()(zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(full{}), zap.DebugLevel))
	require.ErrorIs(t, full.Write(zapcore.Entry{}, nil), errFull)
}

var errFull = errors.New("no space left")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestOnlyTheSecretIsHiddenInALine(t *testing.T) {
	t.Parallel()
	logger, out := logging(t)
	logger.Info("key " + apiKey + " does not work")
	require.Contains(t, out.String(), "key "+redact.Hidden+" does not work")
}
