package main

import (
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"rampart/codec"
)

const secret = "s3cr3t-that-nobody-may-see"

func complete() map[string]string {
	return map[string]string{
		"ONMETA_BASE_URL":   "https://stg.api.onmeta.in",
		"ONMETA_API_KEY":    secret,
		"ONMETA_API_SECRET": secret,
		"ONMETA_KYC_SECRET": secret,
	}
}

func with(changes map[string]string) map[string]string {
	environment := complete()
	maps.Copy(environment, changes)
	return environment
}

func TestWorkerRequiresOnlyTheProvidersSettings(t *testing.T) {
	t.Parallel()

	c, err := loadConfig(complete())

	require.NoError(t, err)
	require.Equal(t, "https://stg.api.onmeta.in", c.Onmeta.BaseURL)
	require.InDelta(t, 1, c.Onmeta.ClockSpeed, 0)
	require.Equal(t, 25*time.Second, c.Worker.StopTimeout)
	require.Equal(t, 20000, c.Worker.Watches)
	require.Equal(t, []string{"file:///var/lib/rampart/kyc/"}, c.Worker.KYCStores)
	require.Empty(t, c.temporal.HostPort)
}

func TestTemporalIsConfiguredByItsOwnVariables(t *testing.T) {
	t.Parallel()

	c, err := loadConfig(with(map[string]string{
		"TEMPORAL_ADDRESS":   "temporal.example.test:7233",
		"TEMPORAL_NAMESPACE": "orders",
		"TEMPORAL_API_KEY":   secret,
	}))

	require.NoError(t, err)
	require.Equal(t, "temporal.example.test:7233", c.temporal.HostPort)
	require.Equal(t, "orders", c.temporal.Namespace)
	require.NotNil(t, c.temporal.Credentials)
	require.NotNil(t, c.temporal.ConnectionOptions.TLS)
}

func TestErrorNamesEveryMissingOrInvalidSetting(t *testing.T) {
	t.Parallel()

	_, err := loadConfig(map[string]string{
		"ONMETA_API_KEY":       secret,
		"ONMETA_RATE_LIMIT":    "many",
		"RAMP_LOG_FORMAT":      "xml",
		"RAMP_LOG_LEVEL":       "loud",
		"RAMP_STOP_TIMEOUT":    "-1s",
		"RAMP_MAX_WATCHES":     "0",
		"TEMPORAL_CONFIG_FILE": "no such file",
	})

	for _, name := range []string{
		"ONMETA_BASE_URL must be set", "ONMETA_API_SECRET must be set", "ONMETA_KYC_SECRET must be set",
		"ONMETA_RATE_LIMIT must be", "RAMP_LOG_FORMAT must be", "RAMP_LOG_LEVEL must be", "RAMP_STOP_TIMEOUT must be",
		"RAMP_MAX_WATCHES must be",
	} {
		require.ErrorContains(t, err, name)
	}
	require.NotContains(t, err.Error(), "ONMETA_API_KEY")
}

func TestInvalidSettingsAreNamed(t *testing.T) {
	t.Parallel()
	for problem, environment := range map[string]map[string]string{
		"https":                             {"ONMETA_BASE_URL": "http://stg.api.onmeta.in"},
		"ONMETA_BASE_URL":                   {"ONMETA_BASE_URL": "stg.api.onmeta.in"},
		"would be polled too fast":          {"ONMETA_CLOCK_SPEED": "60"},
		"ONMETA_CLOCK_SPEED must be 1":      {"ONMETA_CLOCK_SPEED": "0.5"},
		"ONMETA_RATE_LIMIT must be above 0": {"ONMETA_RATE_LIMIT": "0"},
		"RAMP_STOP_TIMEOUT must be a":       {"RAMP_STOP_TIMEOUT": "soon"},
		"RAMP_ALLOW_CLEAR must be true or":  {"RAMP_ALLOW_CLEAR": "perhaps"},
		"RAMP_ALLOW_PLAINTEXT must be true": {"RAMP_ALLOW_PLAINTEXT": "perhaps", "TEMPORAL_ADDRESS": "temporal.example.test:7233"},
		"ONMETA_API_SECRET must be set":     {"ONMETA_API_SECRET": ""},
		"TEMPORAL_*":                        {"TEMPORAL_PROFILE": "no such profile"},
		"RAMP_KYC_STORES: store 2 must be":  {"RAMP_KYC_STORES": "s3://ramp-kyc/?region=ap-south-1, /kyc/" + secret},
		"RAMP_KYC_STORES: store 1 must not": {"RAMP_KYC_STORES": "file:///kyc/?secret_key_path=" + secret},
		"RAMP_RECORDS: the store must be":   {"RAMP_RECORDS": "/records/" + secret},
		"RAMP_RECORDS: the store must not":  {"RAMP_RECORDS": "s3://key:" + secret + "@ramp-records/"},
		"ONMETA_API_KEY: onmeta API key":    {"ONMETA_API_KEY": "two\nlines"},
		"must not both be set":              {"ONMETA_API_KEY_FILE": "/run/secrets/key"},
	} {
		t.Run(problem, func(t *testing.T) {
			t.Parallel()

			_, err := loadConfig(with(environment))

			require.ErrorContains(t, err, problem)
			require.ErrorContains(t, err, "nothing was started")
			require.NotContains(t, err.Error(), secret)
		})
	}
}

func TestProvidersKeysMayBeInFiles(t *testing.T) {
	t.Parallel()
	environment := complete()
	for _, variable := range []string{"ONMETA_API_KEY", "ONMETA_API_SECRET", "ONMETA_KYC_SECRET"} {
		file := filepath.Join(t.TempDir(), "secret")
		require.NoError(t, os.WriteFile(file, []byte("of-the-file-"+variable+"\n"), 0o600))
		delete(environment, variable)
		environment[variable+"_FILE"] = file
	}
	c, err := loadConfig(environment)
	require.NoError(t, err)
	require.Equal(t, "of-the-file-ONMETA_API_KEY", c.apiKey().Reveal())
	require.Equal(t, "of-the-file-ONMETA_KYC_SECRET", c.kycSecret().Reveal())
	require.NotContains(t, c.credentials.Hide("with of-the-file-ONMETA_API_SECRET"), "of-the-file")

	environment["ONMETA_API_KEY_FILE"], environment["ONMETA_KYC_SECRET_FILE"] = "/missing/key", "/missing/secret"
	_, err = loadConfig(environment)
	require.ErrorContains(t, err, "ONMETA_API_KEY_FILE: open /missing/key")
	require.ErrorContains(t, err, "ONMETA_KYC_SECRET_FILE: open /missing/secret")
}

func TestFastClockIsAllowedForALocalSandbox(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"http://127.0.0.1:8480", "http://localhost:8480", "http://[::1]:8480"} {
		_, err := loadConfig(with(map[string]string{"ONMETA_BASE_URL": base, "ONMETA_CLOCK_SPEED": "60"}))
		require.NoError(t, err)
	}
}

func TestErrorNamesAnUnreachableTemporal(t *testing.T) {
	t.Parallel()

	keyset := filepath.Join(t.TempDir(), "keyset.json")
	_, err := codec.CreateKeyset(t.Context(), codec.KeysetSource{File: keyset})
	require.NoError(t, err)
	err = run(t.Context(), with(map[string]string{"TEMPORAL_ADDRESS": "127.0.0.1:1", "RAMP_KEYSET_FILE": keyset}))

	require.ErrorContains(t, err, "127.0.0.1:1")
	require.ErrorContains(t, err, "TEMPORAL_ADDRESS")
}

func TestSeveralDossierStoresCanBeConfigured(t *testing.T) {
	t.Parallel()

	c, err := loadConfig(with(map[string]string{
		"RAMP_KYC_STORES": "file:///srv/kyc, s3://ramp-kyc/users/?region=ap-south-1&use_path_style=true,gs://ramp-kyc/,azblob://ramp-kyc/",
	}))

	require.NoError(t, err)
	require.Len(t, c.Worker.KYCStores, 4)
}

func TestCheckoutPagesRequireTLSExceptForALocalSandbox(t *testing.T) {
	t.Parallel()
	for _, page := range []string{"https://platform.example.test/?apiKey=k", "http://127.0.0.1:8480/checkout"} {
		c, err := loadConfig(with(map[string]string{"ONMETA_CHECKOUT_URL": page}))
		require.NoError(t, err)
		checkout, err := c.Onmeta.checkout()
		require.NoError(t, err)
		require.Equal(t, page, checkout.String())
	}
}

func TestTemporalOnAnotherMachineRequiresTLS(t *testing.T) {
	t.Parallel()
	elsewhere := map[string]string{"TEMPORAL_ADDRESS": "temporal.example.test:7233"}
	_, err := loadConfig(with(elsewhere))
	for _, way := range []string{"temporal.example.test:7233", "TEMPORAL_TLS=true", "TEMPORAL_API_KEY", "RAMP_ALLOW_PLAINTEXT=true", "nothing was started"} {
		require.ErrorContains(t, err, way)
	}
	for _, way := range []string{"TEMPORAL_TLS", "RAMP_ALLOW_PLAINTEXT"} {
		elsewhere := maps.Clone(elsewhere)
		elsewhere[way] = "true"
		_, err := loadConfig(with(elsewhere))
		require.NoError(t, err)
	}
}

func TestUnencryptedInputIsAcceptedLocallyOrIfAllowed(t *testing.T) {
	t.Parallel()
	const here, elsewhere = "127.0.0.1:7233", "temporal.example.test:7233"
	const sandbox, provider = "http://127.0.0.1:8480", "https://stg.api.onmeta.in"
	for name, test := range map[string]struct {
		temporal, provider, told string
		allowed                  bool
		said                     string
	}{
		"all here":                           {here, sandbox, "", true, "since Temporal and the provider are on this machine"},
		"all here, by gRPC's name":           {"dns:///localhost:7233", sandbox, "", true, "since Temporal and the provider are on this machine"},
		"all here, not allowed":              {here, sandbox, "false", false, "proofs of payment and cancellations only"},
		"all here, allowed":                  {here, sandbox, "true", true, "(RAMP_ALLOW_CLEAR)"},
		"Temporal here, provider not":        {here, provider, "", false, "proofs of payment and cancellations only"},
		"provider here, Temporal not":        {elsewhere, sandbox, "", false, "proofs of payment and cancellations only"},
		"a server named to ask for the name": {"dns://10.0.0.53/localhost:7233", sandbox, "", false, "proofs of payment and cancellations only"},
		"all elsewhere, allowed":             {elsewhere, provider, "true", true, "anyone with write access to the namespace"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := loadConfig(with(map[string]string{
				"TEMPORAL_ADDRESS": test.temporal, "TEMPORAL_TLS": "true", "ONMETA_BASE_URL": test.provider, "RAMP_ALLOW_CLEAR": test.told,
			}))
			require.NoError(t, err)
			require.Equal(t, test.allowed, c.allowClear())
			core, logged := observer.New(zap.InfoLevel)
			c.logClear(zap.New(core))
			require.Equal(t, 1, logged.Len())
			require.Contains(t, logged.All()[0].Message, test.said)
		})
	}
}

func TestStagingIsRecognizedByItsHost(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]bool{
		"https://stg.api.onmeta.in": true, "https://STG.api.onmeta.in/": true,
		"https://api.platform.onmeta.in": false, "https://stg.api.onmeta.in.example.test": false, "http://127.0.0.1:8480": false,
	} {
		c, err := loadConfig(with(map[string]string{"ONMETA_BASE_URL": base}))
		require.NoError(t, err, base)
		require.Equal(t, want, c.Onmeta.staging(), base)
	}
}
