package demo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"go.temporal.io/sdk/client"

	"rampart/codec"
	"rampart/internal/loopback"
	"rampart/internal/process"
	"rampart/starter/connection"
	"rampart/starter/setup"
	"rampart/starter/view"
)

// server is the Temporal server that the demo uses.
type server struct {
	connection *connection.Connection
	ui         view.WebUI
	// environment is the variables of a worker that connects to it.
	environment []string
	// formerPollers is the last poll of each worker that polled before the demo started its own, by identity.
	formerPollers map[string]time.Time
}

// temporal connects to the Temporal server that the environment names, or starts one.
func (r *run) temporal(ctx context.Context) (*server, error) {
	address, _ := r.Environment.LookupEnv("TEMPORAL_ADDRESS")
	if address == "" {
		return r.ownServer(ctx)
	}
	options, err := connection.Options(ctx, r.Environment)
	if err != nil {
		return nil, err
	}
	codec.Secure(&options, r.keys.ring)
	existing, err := connection.DialOptions(ctx, options)
	if unreachable := new(connection.UnreachableError); errors.As(err, &unreachable) && ctx.Err() == nil {
		r.report("Temporal", "no server answers at TEMPORAL_ADDRESS=%s, so the demo starts one", address)
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

// existingServer prepares a server that the demo did not start. It fails if another worker polls the task queue of the orders.
func (r *run) existingServer(ctx context.Context, c *connection.Connection) (*server, error) {
	r.progress("Temporal", "preparing the server at "+c.Address)
	former, err := formerPollers(ctx, c)
	if err != nil {
		return nil, err
	}
	_, err = setup.EnsureSearchAttributes(ctx, c.Temporal.OperatorService(), c.Temporal, c.Namespace)
	if err != nil {
		return nil, err
	}
	s := &server{
		connection: c,
		ui:         view.WebUI{Base: r.existingUI(c), Namespace: c.Namespace},
		// Whether clear payloads are accepted is a property of this server.
		environment:   r.environment("TEMPORAL_", loopback.AllowPlaintext+"="),
		formerPollers: former,
	}
	r.report("Temporal", "server at %s, namespace %s; the search attributes of orders are registered", c.Address, c.Namespace)
	return s, nil
}

// existingUI returns the base URL of the Web UI of a server that the demo did not start; empty if it is unknown.
func (r *run) existingUI(c *connection.Connection) string {
	if base, given := r.Environment.LookupEnv("RAMP_UI_URL"); given || r.UIPort == 0 || !loopback.Target(c.Address) {
		return base
	}
	return fmt.Sprintf("http://%s:%d", localhost, r.UIPort)
}

// ownServer starts a Temporal server, its Web UI and a codec server.
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
	r.progress("Temporal", "starting a server and its Web UI")
	environment := r.environment()
	p, err := r.start(devserver, []string{
		"--config", r.Config,
		"--port", strconv.Itoa(int(r.Port)),
		"--ui-port", strconv.Itoa(uiPort),
		"--codec-endpoint", "http://" + codecAddress,
	}, environment)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	c, err := r.dialOwn(ctx, p)
	if err != nil {
		return nil, &programError{devserver, err}
	}
	r.report("Temporal", "server at %s, Web UI at %s (ready in %.1f s)", c.Address, base, time.Since(began).Seconds())
	if err := r.codecServer(ctx, codecAddress, base); err != nil {
		c.Close()
		return nil, err
	}
	return &server{
		connection: c,
		ui:         view.WebUI{Base: base, Namespace: c.Namespace},
		environment: append(environment,
			"TEMPORAL_ADDRESS="+c.Address,
			"TEMPORAL_NAMESPACE="+c.Namespace,
			"TEMPORAL_CONFIG_FILE="+os.DevNull, // a profile of the user's is for another server
		),
	}, nil
}

// dialOwn connects to a devserver once it serves.
func (r *run) dialOwn(ctx context.Context, p *process.Process) (*connection.Connection, error) {
	line, err := p.UntilLine(ctx, "TEMPORAL_ADDRESS=")
	if err != nil {
		return nil, err
	}
	var options client.Options
	for word := range strings.FieldsSeq(line) {
		switch name, value, _ := strings.Cut(word, "="); name {
		case "TEMPORAL_ADDRESS":
			options.HostPort = value
		case "TEMPORAL_NAMESPACE":
			options.Namespace = value
		}
	}
	codec.Secure(&options, r.keys.ring)
	c, err := connection.DialOptions(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("connect to the devserver: %w", err)
	}
	if _, err := c.Temporal.CheckHealth(ctx, &client.CheckHealthRequest{}); err != nil {
		c.Close()
		return nil, fmt.Errorf("check the health of the devserver: %w", err)
	}
	return c, nil
}

// ports returns the ports of the Web UI and of the codec server. It fails if one of the three ports is in use: the demo would take
// another program for its own.
func (r *run) ports() (ui, codec int, err error) {
	if _, err := free(int(r.Port)); err != nil {
		return 0, 0, fmt.Errorf("port %d of %s is in use: stop the program that uses it, choose another port with --port (0 means any free "+
			"one), or, if the program is a Temporal server that the demo is to use, set TEMPORAL_ADDRESS=%s:%d", r.Port, localhost, localhost, r.Port)
	}
	if ui, err = free(int(r.UIPort)); err != nil {
		return 0, 0, inUse(r.UIPort, "--ui-port")
	}
	if codec, err = free(int(r.CodecPort)); err != nil {
		return 0, 0, inUse(r.CodecPort, "--codec-port")
	}
	return ui, codec, nil
}

func inUse(port uint16, flag string) error {
	return fmt.Errorf("port %d of %s is in use: stop the program that uses it, or choose another port with %s (0 means any free one)",
		port, localhost, flag)
}

// free returns the port, or any free one for 0. It fails if a program listens on the port.
func free(port int) (int, error) {
	listener, err := net.Listen("tcp", net.JoinHostPort(localhost, strconv.Itoa(port)))
	if err != nil {
		return 0, err
	}
	found := listener.Addr().(*net.TCPAddr).Port
	return found, listener.Close()
}
