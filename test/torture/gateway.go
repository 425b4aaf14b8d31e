package torture

import (
	"context"
	"net"
	"os"

	"rampart/gateway/webhook"
	"rampart/internal/process"
)

// webhookFaults are the shares of the provider's webhooks that do not arrive as they should; the others arrive on time.
const webhookFaults = "lost=20%,late=10%,twice=10%,reorder=10%,forged=5%,unsigned=5%,wrapped=5%"

// gateway receives the provider's webhooks for a stack, as hints to its orders.
type gateway struct {
	listen, provider string
	process          *process.Process
}

// newGateway chooses the addresses of a gateway.
func newGateway() (*gateway, error) {
	api, err := process.FreePort()
	if err != nil {
		return nil, err
	}
	provider, err := process.FreePort()
	if err != nil {
		return nil, err
	}
	return &gateway{listen: net.JoinHostPort("127.0.0.1", api), provider: net.JoinHostPort("127.0.0.1", provider)}, nil
}

// sandboxArguments make the sandbox send webhooks.
func (g *gateway) sandboxArguments() []string {
	return []string{"--webhooks", "http://" + g.provider + webhook.OrdersPath, "--webhook-faults", webhookFaults}
}

// startGateway starts the gateway, again after a kill.
func (s *stack) startGateway(ctx context.Context) error {
	started, _, err := s.Start(ctx, process.Program{
		Name: "gateway", Path: s.Program("gateway"),
		Environment: append(os.Environ(), s.WorkerEnvironment("RAMP_GATEWAY_LISTEN="+s.gateway.listen, "RAMP_GATEWAY_PROVIDER_LISTEN="+s.gateway.provider)...),
	}, "gateway started")
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gateway.process = started
	return nil
}

func (s *stack) killGateway() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gateway.process.Kill()
}

// webhooks returns how many webhooks the provider sent, by the status of the answer.
func (s *stack) webhooks(ctx context.Context) (map[string]int, error) {
	var sent struct {
		Answers map[string]int `json:"answers"`
	}
	err := s.ReadSandbox(ctx, "/sandbox/webhooks", &sent)
	return sent.Answers, err
}
