package dispatch_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"rampart/events/dispatch"
	"rampart/ramp"
)

const (
	oldSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	newSecret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
)

func changed(version int64) ramp.Event {
	return ramp.Event{
		ID: "0199-7-status_changed", Type: ramp.StatusChanged, Reference: "inv-42", Direction: ramp.Onramp, Status: ramp.Completed,
		Version: version, At: time.Date(2026, 11, 27, 10, 30, 0, 0, time.UTC),
	}
}

// endpointsFile is a file of endpoints in a directory of the test's own.
type endpointsFile struct {
	t    *testing.T
	path string
}

func newFile(t *testing.T, text string) endpointsFile {
	t.Helper()
	f := endpointsFile{t, filepath.Join(t.TempDir(), "events.yaml")}
	f.write(text)
	return f
}

func (f endpointsFile) write(text string) { f.writeBeside("events.yaml", text) }

// writeBeside replaces a file by another, so that its version changes whatever the clock of the file system.
func (f endpointsFile) writeBeside(name, text string) {
	f.t.Helper()
	path := filepath.Join(filepath.Dir(f.path), name)
	require.NoError(f.t, os.WriteFile(path+".new", []byte(text), 0o600))
	require.NoError(f.t, os.Rename(path+".new", path))
}

func (f endpointsFile) open() (*dispatch.Dispatcher, *observer.ObservedLogs) {
	f.t.Helper()
	core, logs := observer.New(zapcore.InfoLevel)
	d, err := dispatch.Open(f.path, "orders", zap.New(core))
	require.NoError(f.t, err)
	f.t.Cleanup(func() { d.Close(f.t.Context()) })
	return d, logs
}

// to returns the dispatcher of a file with one endpoint, shop, on this machine.
func to(t *testing.T, url string) *dispatch.Dispatcher {
	t.Helper()
	d, _ := newFile(t, shop(url)).open()
	return d
}

func shop(url string) string {
	return "endpoints:\n  - name: shop\n    url: " + url + "\n    allowPrivate: true\n    secrets: [" + oldSecret + "]\n"
}

func serve(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

// requireQuiet checks that an error tells nothing of what is kept from logs.
func requireQuiet(t *testing.T, err error, kept ...string) {
	t.Helper()
	require.Error(t, err)
	for _, text := range append(kept, "://", strings.TrimPrefix(oldSecret, "whsec_")) {
		require.NotContains(t, err.Error(), text)
	}
}
