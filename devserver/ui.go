package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	uiserver "github.com/temporalio/ui-server/v2/server"
	uiconfig "github.com/temporalio/ui-server/v2/server/config"
	"github.com/temporalio/ui-server/v2/server/server_options"
	"go.temporal.io/server/common/config"
)

// startUI starts the Web UI beside the frontend and returns once it answers.
func startUI(ctx context.Context, cfg *config.Config, opts options) (*uiserver.Server, error) {
	ui := uiserver.NewServer(server_options.WithConfigProvider(&uiconfig.Config{
		TemporalGRPCAddress: frontendAddress(cfg),
		Host:                bracketed(listenHost(cfg)),
		Port:                int(opts.uiPort),
		EnableUI:            true,
		DefaultNamespace:    namespace,
		Codec:               uiconfig.Codec{Endpoint: opts.codecEndpoint},
		// The page is served over plain HTTP.
		CORS: uiconfig.CORS{CookieInsecure: true},
		// The UI calls nobody: no news, no version check.
		DisableNewsFetch:   true,
		NotifyOnNewVersion: false,
		HideLogs:           true,
	}))
	// Start returns when the UI stops; what keeps it from listening ends the process.
	go func() { _ = ui.Start() }()

	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	health := "http://" + uiAddress(cfg, opts.uiPort) + "/healthz"
	if err := retry(ctx, func() error { return get(ctx, health) }); err != nil {
		ui.Stop()
		return nil, fmt.Errorf("the Web UI does not answer: %w", err)
	}
	return ui, nil
}

// bracketed writes an IPv6 address as it stands before a port.
func bracketed(host string) string {
	return strings.TrimSuffix(net.JoinHostPort(host, ""), ":")
}

func uiAddress(cfg *config.Config, port uint16) string {
	return hostPort(reachable(listenHost(cfg)), int(port))
}

func get(ctx context.Context, address string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("status %s", resp.Status)
	}
	return nil
}

// checkCodecEndpoint accepts what a browser can call.
func checkCodecEndpoint(endpoint string) error {
	if endpoint == "" {
		return nil
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return fmt.Errorf("--codec-endpoint %q is not an http or https URL", endpoint)
	}
	return nil
}
