package main

import (
	"errors"
	"fmt"
	"math"
	"net"
	"net/url"
	"strings"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"rampart/activities"
	"rampart/codec"
	"rampart/codec/kms"
	"rampart/dossier"
	"rampart/internal/connection"
	"rampart/internal/credential"
	"rampart/internal/loopback"
	"rampart/internal/redact/redactlog"
	"rampart/internal/settings"
	"rampart/onmeta"
	"rampart/reconcile"
	"rampart/records"
)

// config is the worker's configuration. All of it comes from environment variables.
type config struct {
	Onmeta onmetaConfig `envPrefix:"ONMETA_"`
	Worker workerConfig `envPrefix:"RAMP_"`
	// Keyset locates the keys that encrypt the payloads of orders.
	Keyset codec.KeysetSource `envPrefix:"RAMP_"`
	// Controller is what Temporal's worker controller sets.
	Controller controllerConfig `envPrefix:"TEMPORAL_"`

	// temporal holds the connection settings, from TEMPORAL_* variables or a profile of Temporal's configuration file.
	temporal connection.Settings
	// credentials are those of all settings. apiKey and kycSecret are the provider's as they are now.
	credentials       *credential.Store
	apiKey, kycSecret func() onmeta.Secret
	level             zapcore.Level
	// lease is that of this process, set when it connects.
	lease activities.Lease
}

// onmetaConfig configures the provider client. The comments of the fields are the meanings in docs/reference/configuration.md; one that
// ends in "Default: …" says what holds when the variable is not set.
type onmetaConfig struct {
	// BaseURL is the base URL of the provider's API, such as https://stg.api.onmeta.in.
	BaseURL string `env:"BASE_URL,notEmpty"`
	// APIKey is the Client ID of the provider's dashboard. Default: required, or ONMETA_API_KEY_FILE.
	APIKey onmeta.Secret `env:"API_KEY"`
	// APIKeyFile is the file that holds the Client ID. A changed file takes effect within seconds. Default: none.
	APIKeyFile string `env:"API_KEY_FILE"`
	// APISecret is the Client Secret of the provider's dashboard. Default: required, or ONMETA_API_SECRET_FILE.
	APISecret onmeta.Secret `env:"API_SECRET"`
	// APISecretFile is the file that holds the Client Secret. Default: none.
	APISecretFile string `env:"API_SECRET_FILE"`
	// KYCSecret encrypts the fields of KYC uploads. Default: required, or ONMETA_KYC_SECRET_FILE.
	KYCSecret onmeta.Secret `env:"KYC_SECRET"`
	// KYCSecretFile is the file that holds the secret of KYC uploads. A changed file takes effect within seconds. Default: none.
	KYCSecretFile string `env:"KYC_SECRET_FILE"`
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
	// LogFormat is the format of the log: json or console.
	LogFormat string `env:"LOG_FORMAT" envDefault:"json"`
	// LogLevel is the lowest level that is logged: debug, info, warn or error.
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
	// Deployment is the name that all versions of the workers share. Default: TEMPORAL_DEPLOYMENT_NAME, or ramp.
	Deployment string `env:"DEPLOYMENT"`
	// BuildID is the version of this worker. An order stays with the version that it started on. A worker without a version takes
	// orders as soon as it starts. Default: TEMPORAL_WORKER_BUILD_ID, or no version.
	BuildID string `env:"BUILD_ID"`
	// WorkflowCache is how many orders this worker keeps in memory between their workflow tasks. Others are replayed from their history.
	WorkflowCache int `env:"WORKFLOW_CACHE" envDefault:"1000"`
	// Watches is how many orders this worker watches at the same time.
	Watches int `env:"MAX_WATCHES" envDefault:"20000"`
	// EventsFile is the YAML file of the endpoints that the events of orders are delivered to. Default: no events.
	EventsFile string `env:"EVENTS_FILE"`
	// Records is the blob store that keeps the final states of orders, encrypted: the URL of a prefix, with the parameters of the store's
	// driver, such as s3://ramp-records/orders/?region=ap-south-1 or file:///var/lib/rampart/records/. Default: no records.
	Records string `env:"RECORDS"`
	// KYCStores are the blob stores that KYC dossiers may come from: URLs of prefixes, separated by commas, with the parameters of the
	// stores' drivers, such as file:///srv/kyc/,s3://ramp-kyc/users/?region=ap-south-1.
	KYCStores []string `env:"KYC_STORES" envDefault:"file:///var/lib/rampart/kyc/"`
	// ReconcileStore is the blob store that reconciliations write their findings to: the URL of a prefix, with the parameters of its driver,
	// such as s3://ramp-books/reconcile/?region=ap-south-1. Default: none, and this worker reconciles nothing.
	ReconcileStore string `env:"RECONCILE_STORE"`
}

// controllerConfig is the version as Temporal's worker controller for Kubernetes injects it into the pods that it makes.
type controllerConfig struct {
	// DeploymentName is the deployment's name as Temporal's worker controller sets it, in place of RAMP_DEPLOYMENT. Default: none.
	DeploymentName string `env:"DEPLOYMENT_NAME"`
	// BuildID is the version as Temporal's worker controller sets it, in place of RAMP_BUILD_ID. Default: none.
	BuildID string `env:"WORKER_BUILD_ID"`
}

// loadConfig reads and checks all settings. Its error lists every problem.
func loadConfig(environment map[string]string) (config, error) {
	c := config{credentials: credential.NewStore()}
	problems := settings.Parse(&c, environment)
	c.Keyset.OpenKMS = kms.Open
	problems = append(problems, c.check()...)
	problems = append(problems, c.openProviderKeys()...)
	var err error
	if c.temporal, err = connection.Load(environment, c.credentials); err != nil {
		problems = append(problems, fmt.Errorf("TEMPORAL_*: %w", err))
	}
	if err := settings.NewError("worker", problems); err != nil {
		return config{}, err
	}
	return c, nil
}

// local reports whether Temporal and the provider are both on this machine, as in development. No real money moves then.
func (c config) local() bool {
	return loopback.Target(c.temporal.Address()) && loopback.URL(c.Onmeta.BaseURL)
}

// allowClear reports whether unencrypted requests, accounts, dossiers and confirmations are accepted: see workerConfig.AllowClear.
func (c config) allowClear() bool {
	if c.Worker.AllowClear != nil {
		return *c.Worker.AllowClear
	}
	return c.local()
}

// logClear logs which unencrypted messages orders accept, and why.
func (c config) logClear(logger *zap.Logger) {
	switch {
	case !c.allowClear():
		logger.Info("orders accept unencrypted proofs of payment and cancellations only; everything else must be encrypted")
	case c.Worker.AllowClear == nil:
		logger.Info("orders accept all messages unencrypted, since Temporal and the provider are on this machine")
	case c.local():
		logger.Info("orders accept all messages unencrypted (RAMP_ALLOW_CLEAR)")
	default:
		logger.Warn("orders accept all messages unencrypted (RAMP_ALLOW_CLEAR): anyone with write access to the namespace can create orders for any user")
	}
}

func (c *config) check() []error {
	var problems []error
	add := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if !positive(c.Onmeta.RateLimit) {
		add("ONMETA_RATE_LIMIT must be above 0 requests a second")
	}
	if !positive(c.Onmeta.ClockSpeed) || c.Onmeta.ClockSpeed < 1 {
		add("ONMETA_CLOCK_SPEED must be 1, or more for a sandbox with a faster clock")
	}
	if c.Onmeta.ClockSpeed > 1 && !loopback.URL(c.Onmeta.BaseURL) {
		add("ONMETA_CLOCK_SPEED above 1 requires a sandbox on this machine; a real provider would be polled too fast")
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
	problems = append(problems, c.chooseVersion()...)
	if c.Worker.WorkflowCache < 0 {
		add("RAMP_WORKFLOW_CACHE must be at least 0")
	}
	if c.Worker.Watches < 1 {
		add("RAMP_MAX_WATCHES must be at least 1")
	}
	if _, err := dossier.NewStores(c.Worker.KYCStores...); err != nil {
		add("RAMP_KYC_STORES: %w", err)
	}
	if c.Worker.ReconcileStore != "" {
		if err := reconcile.CheckStore(c.Worker.ReconcileStore); err != nil {
			add("RAMP_RECONCILE_STORE %w", err)
		}
	}
	if c.Worker.Records != "" {
		if err := records.CheckURL(c.Worker.Records); err != nil {
			add("RAMP_RECORDS: the store %w", err)
		}
	}
	return problems
}

// openProviderKeys reads the provider's keys, each from its variable or from a file, and tries them with the base URL.
func (c *config) openProviderKeys() []error {
	var problems []error
	open := func(variable string, value onmeta.Secret, file string, check func(onmeta.Secret) error) func() onmeta.Secret {
		current, err := c.credentials.Secret(variable, value, file, check)
		if err == nil && current() == "" {
			err = fmt.Errorf("%s must be set, or %s_FILE", variable, variable)
		}
		if err != nil {
			problems = append(problems, err)
			return nil
		}
		return current
	}
	c.apiKey = open("ONMETA_API_KEY", c.Onmeta.APIKey, c.Onmeta.APIKeyFile, onmeta.CheckAPIKey)
	open("ONMETA_API_SECRET", c.Onmeta.APISecret, c.Onmeta.APISecretFile, nil) // for the log to hide
	c.kycSecret = open("ONMETA_KYC_SECRET", c.Onmeta.KYCSecret, c.Onmeta.KYCSecretFile, nil)
	if c.Onmeta.BaseURL != "" && c.apiKey != nil {
		if _, err := onmeta.NewTransport(c.transport()); err != nil {
			problems = append(problems, fmt.Errorf("ONMETA_BASE_URL: %w", err))
		}
	}
	return problems
}

// positive reports whether a number is above zero and finite.
func positive(number float64) bool { return number > 0 && !math.IsInf(number, 1) }

// checkout returns the provider's payment page, or nil if none is configured.
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

// stagingHost is the API host of the provider's staging environment (provider 1.1).
const stagingHost = "stg.api.onmeta.in"

// staging reports whether the provider is the staging environment, whose settlement amounts are meaningless (provider 13).
func (c onmetaConfig) staging() bool {
	base, err := url.Parse(c.BaseURL)
	return err == nil && strings.EqualFold(base.Hostname(), stagingHost)
}

func (c config) transport() onmeta.Config {
	return onmeta.Config{BaseURL: c.Onmeta.BaseURL, CurrentAPIKey: c.apiKey}
}

// calls returns how many provider calls this worker runs at the same time: as many as the rate limit admits in two seconds. More
// would wait here, where neither their priority counts nor another worker can take them.
func (c onmetaConfig) calls() int { return min(max(int(2*c.RateLimit), 20), 1000) }

// logger returns a logger that writes redacted lines to standard error.
func (c config) logger() (*zap.Logger, error) {
	return redactlog.New(c.Worker.LogFormat, c.level, c.credentials.Hide)
}
