package stack

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

const (
	// DevToken is the bearer token that the gateway of every stack accepts, for everything. It is public.
	DevToken = "rampart_dev"
	// DevEndpoint is the name of the endpoint that gets the events of orders.
	DevEndpoint = "dev"
	// DevEventsSecret signs the events of every stack (Standard Webhooks). It is public.
	DevEventsSecret = "whsec_cmFtcGFydC1kZXZlbG9wbWVudC1zZWNyZXQ="
)

// startGateway starts the gateway.
func (s *Stack) startGateway(ctx context.Context) error {
	tokens := filepath.Join(s.Addresses.Logs, "tokens")
	if err := os.WriteFile(tokens, devTokens(), 0o600); err != nil {
		return fmt.Errorf("write the gateway's tokens: %w", err)
	}
	s.progress("Gateway", "starting the gateway")
	address := local(s.options.Ports.Gateway)
	p, err := s.launch(gateway, nil, slices.Concat(s.temporal, s.keys.environment, s.credentials, []string{
		"RAMP_GATEWAY_LISTEN=" + address,
		"RAMP_GATEWAY_TOKENS_FILE=" + tokens,
		"RAMP_GATEWAY_PROVIDER_LISTEN=" + s.webhooks,
		logFormat,
	}))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	s.Addresses.Gateway, s.Addresses.Token = "http://"+address, DevToken
	if err := p.UntilHealthy(ctx, s.Addresses.Gateway+"/openapi.json"); err != nil {
		return &programError{gateway, err}
	}
	s.report("Gateway", "HTTP for backends at %s, documentation at %s/docs", s.Addresses.Gateway, s.Addresses.Gateway)
	return nil
}

// devTokens returns the gateway's file of tokens.
func devTokens() []byte {
	hash := sha256.Sum256([]byte(DevToken))
	return fmt.Appendf(nil, "dev read,write,operate sha256:%s\n", hex.EncodeToString(hash[:]))
}

// writeEvents writes the workers' file of endpoints, and returns its path.
func (s *Stack) writeEvents() (string, error) {
	s.Addresses.Events, s.Addresses.EventsSecret = "http://"+local(s.options.Ports.Events)+"/", DevEventsSecret
	path := filepath.Join(s.Addresses.Logs, "events.yaml")
	content := fmt.Sprintf("endpoints:\n  - name: %s\n    url: %s\n    allowPrivate: true\n    secrets: [%s]\n", DevEndpoint, s.Addresses.Events, DevEventsSecret)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		return "", fmt.Errorf("write the file of endpoints: %w", err)
	}
	return path, nil
}
