package commands

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"rampart/events/message"
	"rampart/internal/httpserver"
	"rampart/internal/loopback"
	"rampart/internal/redact"
	"rampart/ramp"
)

const (
	// maxEvent bounds the body of an event that is received, and of the answer to it, in bytes.
	maxEvent = 1 << 20
	// forwardTimeout is less than a worker waits, so that the worker gets an answer in any case.
	forwardTimeout = 12 * time.Second
)

// listeningAt is the first line of events listen as JSON.
type listeningAt struct {
	URL string `json:"listening"`
}

// received is an event that was received, as JSON.
type received struct {
	At    time.Time  `json:"receivedAt"`
	Event ramp.Event `json:"event"`
	// Signature is valid, not checked, or why it is not valid.
	Signature string `json:"signature"`
	// Answer is the status that the sender got.
	Answer int `json:"answer"`
	// Problem says why the event could not be read or forwarded.
	Problem string `json:"problem,omitempty"`
}

// listener receives events and forwards them.
type listener struct {
	program *Program
	secret  redact.Secret
	to      *url.URL // nil: events are not forwarded
	client  *http.Client

	mu sync.Mutex // one line at a time
}

func (p *Program) eventsListen() *cobra.Command {
	var port uint16
	var to string
	var secret secretFlags
	cmd := &cobra.Command{
		Use:   "listen",
		Short: "Receive events on this machine, show them, and forward them to a backend",
		Long: "Receive the events of orders on this machine, print a line for each, and forward each request as it is, with its signature, to a\n" +
			"backend under development. The sender gets the backend's answer, so that it repeats what the backend refuses. Without\n" +
			"--forward-to, every event is answered by 204. With a secret, requests without a valid signature are answered by 401.\n\n" +
			"The stack of starter dev delivers its events to the port that it prints. For other workers, an endpoint in their file of endpoints\n" +
			"must name this address.",
		Example: `  starter events listen --port 4242
  starter events listen --port 4242 --forward-to http://localhost:3000/hook --secret-file shop.secret`,
		Args: arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := p.newListener(cmd, to, &secret)
			if err != nil {
				return err
			}
			return l.run(cmd.Context(), port)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.Uint16Var(&port, "port", 4242, "`port` to listen on, on 127.0.0.1; 0 for any that is free")
	f.StringVar(&to, "forward-to", "", "`URL` of the backend")
	secret.register(cmd)
	return cmd
}

func (p *Program) newListener(cmd *cobra.Command, to string, flags *secretFlags) (*listener, error) {
	secret, err := flags.read(cmd)
	if err != nil {
		return nil, err
	}
	l := &listener{program: p, secret: secret, client: &http.Client{
		Timeout:       forwardTimeout,
		Transport:     &http.Transport{DisableCompression: true, MaxResponseHeaderBytes: maxEvent},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	if to == "" {
		return l, nil
	}
	l.to, err = url.Parse(to)
	if err != nil || l.to.Host == "" || l.to.Scheme != "http" && l.to.Scheme != "https" {
		return nil, misused(cmd, "--forward-to must be a URL such as http://localhost:3000/hook")
	}
	return l, nil
}

func (l *listener) run(ctx context.Context, port uint16) error {
	socket, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(int(port))))
	if err != nil {
		return fmt.Errorf("listen for events: %w; --port chooses another port", err)
	}
	if l.program.output.json {
		err = writeJSONLine(l.program.Stdout, listeningAt{URL: "http://" + socket.Addr().String() + "/"})
	} else {
		l.program.screen().Linef("Listening for events on http://%s/. Ctrl-C ends.", socket.Addr())
	}
	if err != nil {
		return err
	}
	return httpserver.Serve(ctx, socket, loopback.Guard(l), httpserver.Options{
		ReadTimeout: forwardTimeout, WriteTimeout: 2 * forwardTimeout, StopTimeout: time.Second,
	})
}

// ServeHTTP receives an event.
func (l *listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "events are sent by POST", http.StatusMethodNotAllowed)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxEvent))
	if err != nil {
		http.Error(w, "the body cannot be read, or is larger than 1 MiB", http.StatusBadRequest)
		return
	}
	seen := received{At: l.program.Now().UTC(), Signature: "not checked"}
	if seen.Event, err = message.Read(body); err != nil {
		seen.Problem = "it is no event of an order"
	}
	if l.secret != "" {
		seen.Signature = "valid"
		err = message.Verify(r.Header, l.secret, body, false)
		if err != nil {
			seen.Signature = err.Error()
			seen.Answer = http.StatusUnauthorized
			http.Error(w, err.Error(), seen.Answer)
			l.show(seen)
			return
		}
	}
	l.answer(w, r, body, &seen)
	l.show(seen)
}

// answer answers with the answer of the backend.
func (l *listener) answer(w http.ResponseWriter, r *http.Request, body []byte, seen *received) {
	if l.to == nil {
		seen.Answer = http.StatusNoContent
		w.WriteHeader(seen.Answer)
		return
	}
	answer, content, err := l.forward(r, body)
	if err != nil {
		seen.Answer, seen.Problem = http.StatusBadGateway, "the backend does not answer"
		http.Error(w, seen.Problem, seen.Answer)
		return
	}
	seen.Answer = answer.StatusCode
	for _, name := range []string{"Content-Type", "Retry-After"} {
		if value := answer.Header.Get(name); value != "" {
			w.Header().Set(name, value)
		}
	}
	w.WriteHeader(answer.StatusCode)
	_, _ = w.Write(content) // #nosec G705 -- the answer of the developer's own program, to the worker; it may be gone, and sends the event again
}

// forward sends a request on as it is: the same body, and the headers that describe and sign it.
func (l *listener) forward(r *http.Request, body []byte) (*http.Response, []byte, error) {
	request, err := http.NewRequestWithContext(r.Context(), http.MethodPost, l.to.String(), bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	for _, name := range []string{"Content-Type", "User-Agent", message.HeaderID, message.HeaderTimestamp, message.HeaderSignature} {
		if values := r.Header.Values(name); len(values) > 0 {
			request.Header[name] = values
		}
	}
	answer, err := l.client.Do(request)
	if err != nil {
		return nil, nil, err
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(io.LimitReader(answer.Body, maxEvent+1))
	if err == nil && len(content) > maxEvent {
		err = errors.New("the answer is larger than 1 MiB")
	}
	return answer, content, err
}

// show prints an event.
func (l *listener) show(seen received) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.program.output.json {
		_ = writeJSONLine(l.program.Stdout, seen) // who closes the output reads no more events
		return
	}
	l.program.screen().Received(seen.At, seen.Event, seen.Signature, seen.Answer, seen.Problem)
}
