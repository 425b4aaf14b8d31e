package demo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.temporal.io/sdk/client"

	"rampart/codec"
	"rampart/internal/loopback"
	"rampart/starter/connection"
	"rampart/starter/setup"
	"rampart/starter/view"
)

// server is the Temporal server that the demo uses.
type server struct {
	connection *connection.Connection
	ui         view.WebUI
	// environment is what the worker needs to reach it.
	environment []string
	// pollers are the workers that were there before the demo's, and when they were last seen.
	pollers map[string]time.Time
}

// temporal finds the Temporal server that the environment names, or starts one.
func (r *run) temporal(ctx context.Context) (*server, error) {
	address, _ := r.Environment.LookupEnv("TEMPORAL_ADDRESS")
	if address == "" {
		return r.ownServer(ctx)
	}
	options, err := connection.Options(ctx, r.Environment)
	if err != nil {
		return nil, err
	}
	codec.Secure(&options, r.keys.ring) // as the demo's worker does
	existing, err := connection.DialOptions(ctx, options)
	if unreachable := new(connection.UnreachableError); errors.As(err, &unreachable) && ctx.Err() == nil {
		r.say("Temporal", "nothing answers at TEMPORAL_ADDRESS=%s, so the demo starts its own server", address)
		return r.ownServer(ctx)
	}
	if err != nil {
		return nil, err
	}
	s, err := r.existingServer(ctx, existing)
	if err != nil {
		existing.Close()
		return nil, existing.Explain(err)
	}
	return s, nil
}

// existingServer makes a server of somebody else's ready, if it is safe to use.
func (r *run) existingServer(ctx context.Context, c *connection.Connection) (*server, error) {
	r.working("Temporal", "preparing the server at "+c.Address)
	pollers, err := idle(ctx, c)
	if err != nil {
		return nil, err
	}
	_, err = setup.EnsureSearchAttributes(ctx, c.Temporal.OperatorService(), c.Temporal, c.Namespace)
	if err != nil {
		return nil, err
	}
	environment := without(r.Environment, "ONMETA_", "RAMP_")
	if allowed, given := r.Environment.LookupEnv(loopback.AllowPlaintext); given {
		environment = append(environment, loopback.AllowPlaintext+"="+allowed) // it is about this very server
	}
	s := &server{
		connection:  c,
		ui:          view.WebUI{Base: r.existingUI(c), Namespace: c.Namespace},
		environment: environment,
		pollers:     pollers,
	}
	r.say("Temporal", "the server at %s, namespace %s, with the search attributes of orders", c.Address, c.Namespace)
	return s, nil
}

// existingUI is where the Web UI of a server of somebody else's is, as far as that can be known.
func (r *run) existingUI(c *connection.Connection) string {
	if base, given := r.Environment.LookupEnv("RAMP_UI_URL"); given || r.UIPort == 0 || !connection.Loopback(c.Address) {
		return base
	}
	return fmt.Sprintf("http://%s:%d", localhost, r.UIPort)
}

// ownServer starts a server.
func (r *run) ownServer(ctx context.Context) (*server, error) {
	if err := findPrograms(r.Bin, devserver); err != nil {
		return nil, err
	}
	uiPort, codecPort, err := r.ports()
	if err != nil {
		return nil, err
	}
	base, codecAddress := fmt.Sprintf("http://%s:%d", localhost, uiPort), fmt.Sprintf("%s:%d", localhost, codecPort)
	began := time.Now()
	r.working("Temporal", "starting a server and its Web UI")
	environment := without(r.Environment, "ONMETA_", "RAMP_", "TEMPORAL_")
	p, err := r.processes.start(devserver, filepath.Join(r.Bin, devserver), []string{
		"--config", r.Config,
		"--port", strconv.Itoa(int(r.Port)),
		"--ui-port", strconv.Itoa(uiPort),
		"--codec-endpoint", "http://" + codecAddress,
	}, environment)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, readyIn)
	defer cancel()
	address, namespace, err := whereabouts(ctx, p)
	if err != nil {
		return nil, err
	}
	options := client.Options{HostPort: address, Namespace: namespace}
	codec.Secure(&options, r.keys.ring)
	c, err := connection.DialOptions(ctx, options)
	if err != nil {
		return nil, &partError{devserver, err}
	}
	if _, err := c.Temporal.CheckHealth(ctx, &client.CheckHealthRequest{}); err != nil {
		c.Close()
		return nil, &partError{devserver, fmt.Errorf("health check: %w", err)}
	}
	r.say("Temporal", "server at %s, Web UI %s (ready in %.1f s)", address, base, time.Since(began).Seconds())
	if err := r.codecServer(ctx, codecAddress, base); err != nil {
		c.Close()
		return nil, err
	}
	return &server{
		connection: c,
		ui:         view.WebUI{Base: base, Namespace: namespace},
		environment: slices.Concat(environment, []string{
			"TEMPORAL_ADDRESS=" + address,
			"TEMPORAL_NAMESPACE=" + namespace,
			"TEMPORAL_CONFIG_FILE=" + os.DevNull, // a profile of the user's is for another server
		}),
	}, nil
}

// whereabouts reads the line by which devserver says that it is ready.
func whereabouts(ctx context.Context, p *process) (address, namespace string, err error) {
	line, err := p.says(ctx)
	if err != nil {
		return "", "", err
	}
	for word := range strings.FieldsSeq(line) {
		if value, found := strings.CutPrefix(word, "TEMPORAL_ADDRESS="); found {
			address = value
		}
		if value, found := strings.CutPrefix(word, "TEMPORAL_NAMESPACE="); found {
			namespace = value
		}
	}
	if address == "" || namespace == "" {
		return "", "", &partError{devserver, errors.New("did not say where it is")}
	}
	return address, namespace, nil
}

// ports checks that the ports are free, so that no other server is taken for the demo's, and returns the Web UI's and the
// codec server's.
func (r *run) ports() (ui, codec int, err error) {
	if _, err := free(int(r.Port)); err != nil {
		return 0, 0, fmt.Errorf("port %d of %s is taken by another program: stop it, choose another with --port (0 takes a free one), "+
			"or, if it is a Temporal server to be used, set TEMPORAL_ADDRESS=%s:%d", r.Port, localhost, localhost, r.Port)
	}
	if ui, err = free(int(r.UIPort)); err != nil {
		return 0, 0, taken(r.UIPort, "--ui-port")
	}
	if codec, err = free(int(r.CodecPort)); err != nil {
		return 0, 0, taken(r.CodecPort, "--codec-port")
	}
	return ui, codec, nil
}

func taken(port uint16, flag string) error {
	return fmt.Errorf("port %d of %s is taken by another program: stop it, or choose another with %s (0 takes a free one)",
		port, localhost, flag)
}

// free returns the port, or a free one for 0, unless something listens on it.
func free(port int) (int, error) {
	listener, err := net.Listen("tcp", net.JoinHostPort(localhost, strconv.Itoa(port)))
	if err != nil {
		return 0, err
	}
	found := listener.Addr().(*net.TCPAddr).Port
	return found, listener.Close()
}
