package httpserver_test

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/internal/httpserver"
)

// waitLimit bounds waits for what takes milliseconds on an idle machine.
const waitLimit = 30 * time.Second

// server is a server whose only request waits until it is released.
type server struct {
	address  net.Addr
	entered  chan struct{}
	release  chan struct{}
	response chan int
	served   chan error
	stop     context.CancelFunc
}

func start(t *testing.T, o httpserver.Options) *server {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &server{
		address: listener.Addr(), entered: make(chan struct{}), release: make(chan struct{}),
		response: make(chan int, 1), served: make(chan error, 1),
	}
	var ctx context.Context
	ctx, s.stop = context.WithCancel(t.Context())
	o.ErrorLog = log.New(io.Discard, "", 0)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(s.entered)
		select {
		case <-s.release:
		case <-r.Context().Done():
		}
		w.WriteHeader(http.StatusNoContent)
	})
	go func() { s.served <- httpserver.Serve(ctx, listener, handler, o) }()
	go func() {
		request, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodGet, "http://"+s.address.String(), http.NoBody)
		if err != nil {
			s.response <- 0
			return
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			s.response <- 0
			return
		}
		_ = response.Body.Close()
		s.response <- response.StatusCode
	}()
	<-s.entered
	return s
}

func (s *server) listens() bool {
	connection, err := net.Dial("tcp", s.address.String())
	if err != nil {
		return false
	}
	_ = connection.Close()
	return true
}

func TestRequestsInFlightFinishBeforeTheServerStops(t *testing.T) {
	t.Parallel()
	s := start(t, httpserver.Options{StopTimeout: waitLimit})

	s.stop()
	require.Eventually(t, func() bool { return !s.listens() }, waitLimit, time.Millisecond)
	require.Empty(t, s.served, "the server stopped before its request finished")
	close(s.release)

	require.Equal(t, http.StatusNoContent, <-s.response)
	require.NoError(t, <-s.served)
}

func TestRequestsThatDoNotFinishInTimeAreCutOff(t *testing.T) {
	t.Parallel()
	s := start(t, httpserver.Options{StopTimeout: time.Millisecond})

	s.stop()

	require.NoError(t, <-s.served)
	require.Zero(t, <-s.response)
	require.False(t, s.listens())
}

func TestListenerThatFailsEndsTheServer(t *testing.T) {
	t.Parallel()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())

	require.ErrorIs(t, httpserver.Serve(t.Context(), listener, http.NotFoundHandler(), httpserver.Options{}), net.ErrClosed)
}
