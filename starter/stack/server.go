package stack

import (
	"context"
	"errors"
	"fmt"
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

// startTemporal connects to the Temporal server that the environment names, or starts one.
func (s *Stack) startTemporal(ctx context.Context) error {
	address, _ := s.options.Environment.LookupEnv("TEMPORAL_ADDRESS")
	if address == "" {
		return s.startOwnServer(ctx)
	}
	options, err := connection.Options(ctx, s.options.Environment)
	if err != nil {
		return err
	}
	codec.Secure(&options, s.keys.ring)
	existing, err := connection.DialOptions(ctx, options)
	if unreachable := new(connection.UnreachableError); errors.As(err, &unreachable) && ctx.Err() == nil {
		s.report("Temporal", "no server answers at TEMPORAL_ADDRESS=%s, so the %s starts one", address, s.options.Purpose)
		return s.startOwnServer(ctx)
	}
	if err != nil {
		return err
	}
	if err := s.useServer(ctx, existing); err != nil {
		existing.Close()
		return existing.Explain(err)
	}
	return nil
}

// useServer prepares a server that the stack did not start. It fails if another worker polls the task queue of the orders.
func (s *Stack) useServer(ctx context.Context, c *connection.Connection) error {
	s.progress("Temporal", "preparing the server at "+c.Address)
	former, err := formerPollers(ctx, c)
	if err != nil {
		return err
	}
	_, err = setup.EnsureSearchAttributes(ctx, c.Temporal.OperatorService(), c.Temporal, c.Namespace)
	if err != nil {
		return err
	}
	// Whether clear payloads are accepted is a property of this server.
	s.connected(c, s.existingUI(c), s.environment("TEMPORAL_", loopback.AllowPlaintext+"="))
	s.formerPollers = former
	s.report("Temporal", "server at %s, namespace %s; the search attributes of orders are registered", c.Address, c.Namespace)
	return nil
}

// connected notes the connection, the base URL of the Web UI, and the variables of programs that connect to the same server.
func (s *Stack) connected(c *connection.Connection, ui string, environment []string) {
	s.Connection, s.temporal = c, environment
	s.UI = view.WebUI{Base: ui, Namespace: c.Namespace}
	s.Addresses.Temporal, s.Addresses.Namespace, s.Addresses.WebUI = c.Address, c.Namespace, ui
}

// existingUI returns the base URL of the Web UI of a server that the stack did not start; empty if it is unknown.
func (s *Stack) existingUI(c *connection.Connection) string {
	if base, given := s.options.Environment.LookupEnv("RAMP_UI_URL"); given || s.options.Ports.UI == 0 || !loopback.Target(c.Address) {
		return base
	}
	return "http://" + local(s.options.Ports.UI)
}

// startOwnServer starts a Temporal server, its Web UI and a codec server.
func (s *Stack) startOwnServer(ctx context.Context) error {
	if err := findPrograms(s.options.Bin, devserver); err != nil {
		return err
	}
	if err := s.chooseServerPorts(); err != nil {
		return err
	}
	began, ports := time.Now(), s.options.Ports
	s.progress("Temporal", "starting a server and its Web UI")
	environment := s.environment()
	p, err := s.launch(devserver, []string{
		"--config", s.options.Config,
		"--port", strconv.Itoa(int(ports.Temporal)),
		"--ui-port", strconv.Itoa(int(ports.UI)),
		"--db", s.options.Database,
		"--codec-endpoint", "http://" + local(ports.Codec),
	}, environment)
	if err != nil {
		return err
	}
	ready, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	c, err := s.dialOwn(ready, p)
	if err != nil {
		return &programError{devserver, err}
	}
	s.Own = true
	s.connected(c, "http://"+local(ports.UI), append(environment,
		"TEMPORAL_ADDRESS="+c.Address,
		"TEMPORAL_NAMESPACE="+c.Namespace,
		"TEMPORAL_CONFIG_FILE="+os.DevNull, // a profile of the user's is for another server
	))
	s.report("Temporal", "server at %s, Web UI at %s (ready in %.1f s)", c.Address, s.UI.Base, time.Since(began).Seconds())
	if err := s.startCodecServer(ctx); err != nil {
		c.Close()
		return err
	}
	return nil
}

// dialOwn connects to a devserver once it serves.
func (s *Stack) dialOwn(ctx context.Context, p *process.Process) (*connection.Connection, error) {
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
	codec.Secure(&options, s.keys.ring)
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
