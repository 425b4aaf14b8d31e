package main

import (
	"errors"
	"fmt"
	"net"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"rampart/codec"
	"rampart/codec/kms"
	"rampart/internal/bearer"
	"rampart/internal/connection"
	"rampart/internal/credential"
	"rampart/internal/loopback"
	"rampart/internal/redact/redactlog"
	"rampart/internal/settings"
	"rampart/onmeta"
)

// config is the gateway's configuration. All of it comes from environment variables.
type config struct {
	Gateway gatewayConfig `envPrefix:"RAMP_GATEWAY_"`
	Process processConfig `envPrefix:"RAMP_"`
	Onmeta  onmetaConfig  `envPrefix:"ONMETA_"`
	// Keyset locates the keys that encrypt the payloads of orders.
	Keyset codec.KeysetSource `envPrefix:"RAMP_"`

	// temporal holds the connection settings, from TEMPORAL_* variables or a profile of Temporal's configuration file.
	temporal connection.Settings
	// credentials are those of all settings. apiSecret is the provider's as it is now.
	credentials *credential.Store
	apiSecret   func() onmeta.Secret
	level       zapcore.Level
}

// gatewayConfig configures the gateway's two listeners. The comments of the fields are the meanings in docs/reference/configuration.md; one that
// ends in "Default: …" says what holds when the variable is not set.
type gatewayConfig struct {
	// Listen is the host:port of the HTTP API for backends. An address beyond loopback requires tokens and TLS.
	Listen string `env:"LISTEN" envDefault:"127.0.0.1:8088"`
	// ProviderListen is the host:port that receives the provider's webhooks, which requires ONMETA_API_SECRET. An address beyond loopback requires
	// TLS. Default: none; webhooks are not received.
	ProviderListen string `env:"PROVIDER_LISTEN"`

	// TokensFile is the file of the tokens that backends send, as starter token prints them. A changed file takes effect at once. Default: none.
	TokensFile string `env:"TOKENS_FILE"`
	// Issuer is the https URL of the OpenID Connect provider whose tokens are accepted too. Default: none.
	Issuer string `env:"OIDC_ISSUER"`
	// Audience is the audience that tokens of the OpenID Connect provider must have. Default: none.
	Audience string `env:"OIDC_AUDIENCE"`
	// PermissionsClaim is the token's claim that lists permissions as "namespace:role".
	PermissionsClaim string `env:"PERMISSIONS_CLAIM" envDefault:"permissions"`

	// TLSCert is the PEM file of the certificate of both listeners. A renewed file is loaded without a restart. Default: none.
	TLSCert string `env:"TLS_CERT"`
	// TLSKey is the PEM file of the certificate's private key. Default: none.
	TLSKey string `env:"TLS_KEY"`
	// MaxConnections is how many connections each listener holds at the same time. Further ones wait.
	MaxConnections int `env:"MAX_CONNECTIONS" envDefault:"20000"`

	// Nexus handles Nexus operations on the task queue ramp-nexus, so that workflows of other namespaces can run orders without keys. Whoever may
	// call the Nexus endpoint needs no token, and requests cross Temporal unencrypted.
	Nexus bool `env:"NEXUS"`
}

// processConfig configures the process.
type processConfig struct {
	// LogFormat is the format of the log: json or console.
	LogFormat string `env:"LOG_FORMAT" envDefault:"json"`
	// LogLevel is the lowest level that is logged: debug, info, warn or error. Requests are logged at info.
	LogLevel string `env:"LOG_LEVEL" envDefault:"info"`
	// HTTPAddress is the host:port that serves /metrics, /healthz and /readyz. Default: 127.0.0.1:9465, or another port if it is taken.
	HTTPAddress string `env:"HTTP_ADDRESS"`
	// Pprof serves Go's profiles on the same address, to requests from this machine only.
	Pprof bool `env:"PPROF"`
	// StopTimeout is how long requests in flight may take to finish once the gateway is told to stop. Those that wait for an order end at once. It
	// must be shorter than the platform's grace period before it kills the process.
	StopTimeout time.Duration `env:"STOP_TIMEOUT" envDefault:"25s"`
}

type onmetaConfig struct {
	// APISecret is the Client Secret of the provider's dashboard, which signs webhooks. Default: none; required with RAMP_GATEWAY_PROVIDER_LISTEN, or
	// ONMETA_API_SECRET_FILE.
	APISecret onmeta.Secret `env:"API_SECRET"`
	// APISecretFile is the file that holds the Client Secret. A changed file takes effect within seconds. Default: none.
	APISecretFile string `env:"API_SECRET_FILE"`
}

// loadConfig reads and checks all settings. Its error lists every problem.
func loadConfig(environment map[string]string) (config, error) {
	c := config{credentials: credential.NewStore()}
	problems := settings.Parse(&c, environment)
	c.Keyset.OpenKMS = kms.Open
	problems = append(problems, c.checkProcess()...)
	problems = append(problems, c.Gateway.check()...)
	var err error
	if c.apiSecret, err = c.credentials.Secret("ONMETA_API_SECRET", c.Onmeta.APISecret, c.Onmeta.APISecretFile, nil); err != nil {
		problems = append(problems, err)
	} else if c.Gateway.ProviderListen != "" && c.apiSecret() == "" {
		problems = append(problems, errors.New("RAMP_GATEWAY_PROVIDER_LISTEN requires ONMETA_API_SECRET, or ONMETA_API_SECRET_FILE, without which "+
			"webhooks cannot be verified"))
	}
	if c.temporal, err = connection.Load(environment, c.credentials); err != nil {
		problems = append(problems, fmt.Errorf("TEMPORAL_*: %w", err))
	}
	if err := settings.NewError("gateway", problems); err != nil {
		return config{}, err
	}
	return c, nil
}

func (c *config) checkProcess() []error {
	var problems []error
	add := func(message string) { problems = append(problems, errors.New(message)) }
	if c.Process.LogFormat != "json" && c.Process.LogFormat != "console" {
		add("RAMP_LOG_FORMAT must be json or console")
	}
	if err := c.level.Set(c.Process.LogLevel); err != nil {
		add("RAMP_LOG_LEVEL must be debug, info, warn or error")
	}
	if _, _, err := net.SplitHostPort(c.Process.HTTPAddress); c.Process.HTTPAddress != "" && err != nil {
		add("RAMP_HTTP_ADDRESS must be host:port, such as 127.0.0.1:9465")
	}
	if c.Process.StopTimeout <= 0 {
		add("RAMP_STOP_TIMEOUT must be above 0, such as 25s")
	}
	return problems
}

func (c *gatewayConfig) check() []error {
	var problems []error
	add := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if c.MaxConnections < 1 {
		add("RAMP_GATEWAY_MAX_CONNECTIONS must be at least 1")
	}
	if c.PermissionsClaim == "" {
		add("RAMP_GATEWAY_PERMISSIONS_CLAIM must name a claim, such as permissions")
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		add("RAMP_GATEWAY_TLS_CERT and RAMP_GATEWAY_TLS_KEY must be set together")
	}
	if (c.Issuer == "") != (c.Audience == "") {
		add("RAMP_GATEWAY_OIDC_ISSUER and RAMP_GATEWAY_OIDC_AUDIENCE must be set together")
	}
	if c.Issuer != "" {
		if err := bearer.CheckIssuer(c.Issuer); err != nil {
			add("RAMP_GATEWAY_OIDC_ISSUER: %w", err)
		}
	}
	problems = append(problems, c.checkReach("RAMP_GATEWAY_LISTEN", c.Listen)...)
	if c.ProviderListen != "" {
		problems = append(problems, c.checkReach("RAMP_GATEWAY_PROVIDER_LISTEN", c.ProviderListen)...)
	}
	if !c.authenticates() && !loopback.Host(c.Listen) {
		add("RAMP_GATEWAY_LISTEN=%s is reachable from other machines, which could create orders without a token: set RAMP_GATEWAY_TOKENS_FILE, or "+
			"RAMP_GATEWAY_OIDC_ISSUER and RAMP_GATEWAY_OIDC_AUDIENCE, or listen on 127.0.0.1", c.Listen)
	}
	return problems
}

// checkReach requires TLS of a listener that other machines can reach.
func (c *gatewayConfig) checkReach(variable, address string) []error {
	if _, _, err := net.SplitHostPort(address); err != nil {
		return []error{fmt.Errorf("%s must be host:port, such as 127.0.0.1:8088", variable)}
	}
	if loopback.Host(address) || c.TLSCert != "" {
		return nil
	}
	return []error{fmt.Errorf("%s=%s is reachable from other machines, and personal data would cross the network in clear: "+
		"set RAMP_GATEWAY_TLS_CERT and RAMP_GATEWAY_TLS_KEY", variable, address)}
}

// authenticates reports whether callers need a token.
func (c *gatewayConfig) authenticates() bool { return c.TokensFile != "" || c.Issuer != "" }

// logger returns a logger that writes redacted lines to standard error.
func (c config) logger() (*zap.Logger, error) {
	return redactlog.New(c.Process.LogFormat, c.level, c.credentials.Hide)
}
