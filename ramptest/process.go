package ramptest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"

	"rampart/codec"
	"rampart/internal/process"
	"rampart/ramp"
	"rampart/starter/stack/addresses"
)

// childProcess is a running starter dev. It stops everything and exits when its standard input ends, which this process does not close:
// the system does, however this process ends.
type childProcess struct {
	addresses addresses.Addresses
}

// startProcess starts the stack, and returns once it is ready.
func startProcess(built programs, speed float64) (*childProcess, error) {
	cmd := exec.Command(filepath.Join(built.bin, "starter"), "dev", "-o", "json", "--stop-with-stdin", "--free-ports",
		"--bin", built.bin, "--config", built.config, "--keyset", built.keyset, "--speed", strconv.FormatFloat(speed, 'g', -1, 64))
	if _, err := cmd.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	var progress bytes.Buffer
	cmd.Stderr = &progress
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the stack: %w", err)
	}
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	started := new(childProcess)
	if err == nil {
		err = json.Unmarshal(line, &started.addresses)
	}
	if err != nil {
		_ = cmd.Wait() // the output says why
		return nil, fmt.Errorf("the stack did not start:\n%s", progress.String())
	}
	go func() { _ = cmd.Wait() }() // reads what the stack writes
	return started, nil
}

// tailLines is how many lines of a log a failed test shows.
const tailLines = 15

// tails returns the last lines of the programs that a backend's order passes.
func (p *childProcess) tails() string {
	var text strings.Builder
	for _, name := range []string{"gateway", "worker"} {
		log := filepath.Join(p.addresses.Logs, name+".log")
		_, _ = fmt.Fprintf(&text, "ramptest: %s ends:\n%s\n", log, strings.Join(process.Tail(log, tailLines), "\n"))
	}
	return text.String()
}

// connect connects to a stack as a backend that has the keys.
func connect(ctx context.Context, at addresses.Addresses) (*Stack, error) {
	keyring, err := codec.OpenKeyring(ctx, codec.KeysetSource{File: at.Keyset})
	if err != nil {
		return nil, err
	}
	options := client.Options{
		HostPort: at.Temporal, Namespace: at.Namespace, Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	}
	codec.Secure(&options, keyring)
	temporal, err := client.DialContext(ctx, options)
	if err != nil {
		return nil, err
	}
	return &Stack{
		GatewayURL: at.Gateway, Token: at.Token, SandboxURL: at.Sandbox, EventsSecret: at.EventsSecret,
		Orders: ramp.NewClient(temporal, options.DataConverter), Temporal: temporal,
	}, nil
}

// maxAnswer bounds what is read of an answer of the sandbox.
const maxAnswer = 1 << 20

// control calls the sandbox's control plane.
func (s *Stack) control(ctx context.Context, path, body string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.SandboxURL+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return errors.New("the sandbox refuses " + path + ": " + string(answer))
	}
	return nil
}
