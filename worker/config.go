package main

import (
	"errors"
	"fmt"
	"math"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"rampart/codec"
	"rampart/codec/kms"
	"rampart/dossier"
	"rampart/internal/loopback"
	"rampart/internal/redact/redactlog"
	"rampart/onmeta"
)

// config is the worker's configuration, from the environment alone.
type config struct {
	Onmeta onmetaConfig `envPrefix:"ONMETA_"`
	Worker workerConfig `envPrefix:"RAMP_"`
	// Keyset has the keys that encrypt what orders leave in Temporal.
	Keyset codec.KeysetSource `envPrefix:"RAMP_"`

	// temporal is how to reach Temporal: its own TEMPORAL_* variables, or a profile of its configuration file.
	temporal client.Options
	// temporalSecrets are the credentials in it.
	temporalSecrets []string
	level           zapcore.Level
}

// onmetaConfig configures the provider client. The comments of the fields are the meanings in docs/reference/configuration.md; one that
// ends in "Default: …" says what holds when the variable is not set.
type onmetaConfig struct {
	// BaseURL is the base URL of the provider's API, such as https://stg.api.onmeta.in.
	BaseURL string `env:"BASE_URL,notEmpty"`
	// APIKey is the Client ID of the provider's dashboard.
	APIKey onmeta.Secret `env:"API_KEY,notEmpty"`
	// APISecret is the Client Secret of the provider's dashboard.
	APISecret onmeta.Secret `env:"API_SECRET,notEmpty"`
	// KYCSecret encrypts the fields of KYC uploads.
	KYCSecret onmeta.Secret `env:"KYC_SECRET,notEmpty"`
	// RateLimit is the maximum number of requests per second that this worker sends to the provider.
	RateLimit float64 `env:"RATE_LIMIT" envDefault:"50"`
	// ClockSpeed is how many times faster than real time the provider's clock runs. Other than 1 only with the sandbox.
	ClockSpeed float64 `env:"CLOCK_SPEED" envDefault:"1"`
	// CheckoutURL is the provider's payment page, which takes the order id as the parameter orderId (provider 13.13). It is shown for an
	// order that was created without payment instructions. Default: none.
	CheckoutURL string `env:"CHECKOUT_URL"`
}

// workerConfig configures the process.
type workerConfig struct {
	// LogFormat is json or console.
	LogFormat string `env:"LOG_FORMAT" envDefault:"json"`
	// LogLevel is debug, info, warn or error.
	LogLevel string `env:"LOG_LEVEL" envDefault:"info"`
	// HTTPAddress is the host:port that serves /metrics, /healthz and /readyz. Default: 127.0.0.1:9464, or another port if it is taken.
	HTTPAddress string `env:"HTTP_ADDRESS"`
	// Pprof serves Go's profiles on the same address, to requests from this machine only.
	Pprof bool `env:"PPROF"`
	// AllowClear accepts unencrypted requests, accounts, dossiers and confirmations. Unencrypted proofs of payment and cancellations are
	// always accepted. Default: true if Temporal and the provider are both on loopback, else false.
	AllowClear *bool `env:"ALLOW_CLEAR"`
	// StopTimeout is how long running activities may take to finish once the worker is told to stop. It must be shorter than the
	// platform's grace period before it kills the process.
	StopTimeout time.Duration `env:"STOP_TIMEOUT" envDefault:"25s"`
	// Deployment is the name that all versions of the workers share.
	Deployment string `env:"DEPLOYMENT" envDefault:"ramp"`
	// BuildID is the version of this worker. An order stays with the version that it started on. A worker without a version takes
	// orders as soon as it starts. Default: no version.
	BuildID string `env:"BUILD_ID"`
	// WorkflowCache is how many orders this worker keeps in memory between their workflow tasks. Others are replayed from their history.
	WorkflowCache int `env:"WORKFLOW_CACHE" envDefault:"1000"`
	// Watches is how many orders this worker watches at the same time.
	Watches int `env:"MAX_WATCHES" envDefault:"20000"`
	// KYCStores are the blob stores that KYC dossiers may come from: URLs of prefixes, separated by commas, with the parameters of the
	// stores' drivers, such as file:///srv/kyc/,s3://ramp-kyc/users/?region=ap-south-1.
	KYCStores []string `env:"KYC_STORES" envDefault:"file:///var/lib/rampart/kyc/"`
}

// loadConfig reads and checks everything before anything starts, and names all that is missing or wrong at once.
func loadConfig(environment map[string]string) (config, error) {
	var c config
	var problems []error
	if err := env.ParseWithOptions(&c, env.Options{Environment: environment}); err != nil {
		problems = append(problems, settingProblems(err)...)
	}
	c.Keyset.OpenKMS = kms.Open
	problems = append(problems, c.check()...)
	if err := c.readTemporal(environment); err != nil {
		problems = append(problems, fmt.Errorf("TEMPORAL_*: %w", err))
	}
	if len(problems) > 0 {
		return config{}, configError(problems)
	}
	return c, nil
}

// readTemporal reads how to reach Temporal as its own tools do.
func (c *config) readTemporal(environment map[string]string) error {
	profile, err := envconfig.LoadClientConfigProfile(envconfig.LoadClientConfigProfileOptions{EnvLookup: lookup(environment)})
	if err != nil {
		return err
	}
	c.temporalSecrets = []string{profile.APIKey, profile.GRPCMeta["authorization"]}
	if c.temporal, err = profile.ToClientOptions(envconfig.ToClientOptionsRequest{}); err != nil {
		return err
	}
	return loopback.CheckTemporal(address(c.temporal), c.temporal.ConnectionOptions.TLS != nil, lookup(environment).LookupEnv)
}

// local reports whether Temporal and the provider are both on this machine: nobody's money moves then, and what would be a mistake
// elsewhere is a way to try things out.
func (c config) local() bool {
	return loopback.Target(address(c.temporal)) && loopback.URL(c.Onmeta.BaseURL)
}

// allowClear reports whether requests, accounts, dossiers and confirmations in clear count, as told or because all is local. Proofs of
// payment and cancellations always do.
func (c config) allowClear() bool {
	if c.Worker.AllowClear != nil {
		return *c.Worker.AllowClear
	}
	return c.local()
}

// logClear says what may be sent in clear, and by which rule.
func (c config) logClear(logger *zap.Logger) {
	switch {
	case !c.allowClear():
		logger.Info("in clear, orders take proofs of payment and cancellations alone; all else must be encrypted")
	case c.Worker.AllowClear == nil:
		logger.Info("orders take everything in clear too, since Temporal and the provider are on this machine")
	case c.local():
		logger.Info("orders take everything in clear too, by RAMP_ALLOW_CLEAR")
	default:
		logger.Warn("orders take everything in clear too, by RAMP_ALLOW_CLEAR: whoever may write to the namespace can order in any user's name")
	}
}

// configError lists what must be mended before the worker starts.
type configError []error

func (e configError) Error() string {
	lines := []string{"the worker's configuration is incomplete or wrong; nothing was started:"}
	for _, problem := range e {
		lines = append(lines, "  "+problem.Error())
	}
	return strings.Join(lines, "\n")
}

// settingProblems names the variables that could not be read, and none of their values, which may be secret.
func settingProblems(err error) []error {
	var all env.AggregateError
	if !errors.As(err, &all) {
		return []error{err}
	}
	var problems []error
	for _, one := range all.Errors {
		var empty env.EmptyVarError
		var unset env.VarIsNotSetError
		var unreadable env.ParseError
		switch {
		case errors.As(one, &empty):
			problems = append(problems, fmt.Errorf("%s must be set", empty.Key))
		case errors.As(one, &unset):
			problems = append(problems, fmt.Errorf("%s must be set", unset.Key))
		case errors.As(one, &unreadable):
			problems = append(problems, fmt.Errorf("%s must be a %s", variables[unreadable.Name],
				strings.TrimPrefix(unreadable.Type.String(), "*")))
		default:
			problems = append(problems, one)
		}
	}
	return problems
}

// variables are the names of the settings that are not text.
var variables = map[string]string{
	"RateLimit":     "ONMETA_RATE_LIMIT",
	"ClockSpeed":    "ONMETA_CLOCK_SPEED",
	"StopTimeout":   "RAMP_STOP_TIMEOUT",
	"Watches":       "RAMP_MAX_WATCHES",
	"WorkflowCache": "RAMP_WORKFLOW_CACHE",
	"Pprof":         "RAMP_PPROF",
	"AllowClear":    "RAMP_ALLOW_CLEAR",
}

func (c *config) check() []error {
	var problems []error
	add := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if !positive(c.Onmeta.RateLimit) {
		add("ONMETA_RATE_LIMIT must be above 0 requests a second")
	}
	if !positive(c.Onmeta.ClockSpeed) || c.Onmeta.ClockSpeed < 1 {
		add("ONMETA_CLOCK_SPEED must be 1, or more for a sandbox whose clock runs faster")
	}
	if c.Onmeta.ClockSpeed > 1 && !loopback.URL(c.Onmeta.BaseURL) {
		add("ONMETA_CLOCK_SPEED above 1 is for a sandbox on this machine; a real provider would be polled too fast")
	}
	if _, err := c.Onmeta.checkout(); err != nil {
		add("ONMETA_CHECKOUT_URL must be the https URL of the provider's payment page, such as https://platform.example.test/")
	}
	if c.Worker.LogFormat != "json" && c.Worker.LogFormat != "console" {
		add("RAMP_LOG_FORMAT must be json or console")
	}
	if err := c.level.Set(c.Worker.LogLevel); err != nil {
		add("RAMP_LOG_LEVEL must be debug, info, warn or error")
	}
	if _, _, err := net.SplitHostPort(c.Worker.HTTPAddress); c.Worker.HTTPAddress != "" && err != nil {
		add("RAMP_HTTP_ADDRESS must be host:port, such as 127.0.0.1:9464")
	}
	if c.Worker.StopTimeout <= 0 {
		add("RAMP_STOP_TIMEOUT must be above 0, such as 25s")
	}
	problems = append(problems, c.Worker.checkVersion()...)
	if c.Worker.WorkflowCache < 0 {
		add("RAMP_WORKFLOW_CACHE must be at least 0")
	}
	if c.Worker.Watches < 1 {
		add("RAMP_MAX_WATCHES must be at least 1")
	}
	if _, err := dossier.NewStores(c.Worker.KYCStores...); err != nil {
		add("RAMP_KYC_STORES: %w", err)
	}
	if c.Onmeta.BaseURL != "" && c.Onmeta.APIKey != "" {
		if _, err := onmeta.NewTransport(c.Onmeta.transport()); err != nil {
			add("ONMETA_BASE_URL or ONMETA_API_KEY: %w", err)
		}
	}
	return problems
}

// positive reports whether a number is one to reckon with: above zero, and neither NaN nor infinite.
func positive(number float64) bool { return number > 0 && !math.IsInf(number, 1) }

// checkout is the provider's payment page; nil for none.
func (c onmetaConfig) checkout() (*url.URL, error) {
	if c.CheckoutURL == "" {
		return nil, nil
	}
	page, err := url.Parse(c.CheckoutURL)
	if err != nil {
		return nil, errors.New("not a URL")
	}
	if page.Host == "" || page.User != nil || page.Scheme != "https" && !(page.Scheme == "http" && loopback.URL(c.CheckoutURL)) {
		return nil, errors.New("not an https URL")
	}
	return page, nil
}

// stagingHost is the API of the provider's staging environment (provider 1.1).
const stagingHost = "stg.api.onmeta.in"

// staging reports whether orders are the staging environment's, whose amounts prove nothing (provider 13).
func (c onmetaConfig) staging() bool {
	base, err := url.Parse(c.BaseURL)
	return err == nil && strings.EqualFold(base.Hostname(), stagingHost)
}

func (c onmetaConfig) transport() onmeta.Config {
	return onmeta.Config{BaseURL: c.BaseURL, APIKey: c.APIKey}
}

// calls is how many calls this worker takes on at a time: as many as it makes in two seconds. The others wait in Temporal, where
// the most urgent goes first and any worker may take it.
func (c onmetaConfig) calls() int { return min(max(int(2*c.RateLimit), 20), 1000) }

// logger writes to standard error what package redact lets it.
func (c config) logger() (*zap.Logger, error) {
	settings := zap.NewProductionConfig()
	if c.Worker.LogFormat == "console" {
		settings = zap.NewDevelopmentConfig()
		settings.Development = false
	}
	settings.Level = zap.NewAtomicLevelAt(c.level)
	settings.Sampling = nil
	settings.DisableStacktrace = true
	return settings.Build(zap.WrapCore(redactlog.Core(c.secrets()...)))
}

// secrets are the process's own credentials, which no log may show.
func (c config) secrets() []string {
	return append([]string{c.Onmeta.APIKey.Reveal(), c.Onmeta.APISecret.Reveal(), c.Onmeta.KYCSecret.Reveal()}, c.temporalSecrets...)
}

// lookup gives Temporal's loader the same environment.
type lookup map[string]string

// Environ implements envconfig.EnvLookup.
func (l lookup) Environ() []string {
	var all []string
	for key, value := range l {
		all = append(all, key+"="+value)
	}
	return all
}

// LookupEnv implements envconfig.EnvLookup.
func (l lookup) LookupEnv(key string) (string, bool) {
	value, found := l[key]
	return value, found
}
