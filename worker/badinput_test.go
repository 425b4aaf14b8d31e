package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/codec"
)

// macKeyset is a sound keyset of Tink's, of a key of zeros that signs and does not encrypt.
const macKeyset = `{"primaryKeyId":1,"key":[{"keyData":{"typeUrl":"type.googleapis.com/google.crypto.tink.HmacKey",
	"value":"EgQIAxAgGiAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==","keyMaterialType":"SYMMETRIC"},
	"status":"ENABLED","keyId":1,"outputPrefixType":"TINK"}]}`

// files are what bad settings name.
type files struct {
	directory, keyset, everybodys, empty, toml string
}

func newFiles(t *testing.T) files {
	t.Helper()
	directory := t.TempDir()
	write := func(name, content string, mode os.FileMode) string {
		path := filepath.Join(directory, name)
		require.NoError(t, os.WriteFile(path, []byte(content), mode))
		require.NoError(t, os.Chmod(path, mode))
		return path
	}
	keyset := filepath.Join(directory, "keyset.json")
	_, err := codec.CreateKeyset(t.Context(), codec.KeysetSource{File: keyset})
	require.NoError(t, err)
	content, err := os.ReadFile(keyset)
	require.NoError(t, err)
	return files{
		directory:  directory,
		keyset:     keyset,
		everybodys: write("everybodys.json", string(content), 0o644),
		empty:      write("empty.json", "", 0o600),
		toml:       write("temporal.toml", "[profile.default\naddress = 1", 0o600),
	}
}

func TestInvalidSettingsAreRefusedBeforeConnecting(t *testing.T) {
	t.Parallel()
	f := newFiles(t)
	for _, bad := range []struct{ name, value, says string }{
		{"ONMETA_BASE_URL", "", "ONMETA_BASE_URL must be set"},
		{"ONMETA_BASE_URL", "stg.api.onmeta.in", "must begin with https://"},
		{"ONMETA_BASE_URL", "http://stg.api.onmeta.in", "plain http is for loopback hosts only"},
		{"ONMETA_BASE_URL", "http://127.0.0.1.nobody.test", "plain http is for loopback hosts only"},
		{"ONMETA_BASE_URL", "http://sandbox.localhost", "plain http is for loopback hosts only"},
		{"ONMETA_BASE_URL", "ftp://stg.api.onmeta.in", "must begin with https://"},
		{"ONMETA_BASE_URL", "https://", "names no host"},
		{"ONMETA_BASE_URL", "https://[::1", "not a URL"},
		{"ONMETA_BASE_URL", "https://stg.api.onmeta.in\n", "not a URL"},
		{"ONMETA_BASE_URL", "https://user:" + secret + "@stg.api.onmeta.in", "must not hold a user name or password"},
		{"ONMETA_BASE_URL", "https://stg.api.onmeta.in?key=" + secret, "must not hold a query or a fragment"},
		{"ONMETA_BASE_URL", "https://stg.api.onmeta.in#" + secret, "must not hold a query or a fragment"},
		{"ONMETA_BASE_URL", "https://stg.api.onmeta.in/v1/", "must not end in /v1"},
		{"ONMETA_API_KEY", "", "ONMETA_API_KEY must be set"},
		{"ONMETA_API_KEY", secret + " ", "holds a space or a character that is not ASCII"},
		{"ONMETA_API_KEY", secret + "\r\nX-Admin: 1", "holds a space or a character that is not ASCII"},
		{"ONMETA_API_KEY", "\u200b" + secret, "holds a space or a character that is not ASCII"},
		{"ONMETA_API_SECRET", "", "ONMETA_API_SECRET must be set"},
		{"ONMETA_KYC_SECRET", "", "ONMETA_KYC_SECRET must be set"},
		{"ONMETA_RATE_LIMIT", "many", "ONMETA_RATE_LIMIT must be a "},
		{"ONMETA_RATE_LIMIT", "50/s", "ONMETA_RATE_LIMIT must be a "},
		{"ONMETA_RATE_LIMIT", "0", "ONMETA_RATE_LIMIT must be above 0"},
		{"ONMETA_RATE_LIMIT", "-50", "ONMETA_RATE_LIMIT must be above 0"},
		{"ONMETA_RATE_LIMIT", "NaN", "ONMETA_RATE_LIMIT must be above 0"},
		{"ONMETA_RATE_LIMIT", "Inf", "ONMETA_RATE_LIMIT must be above 0"},
		{"ONMETA_CHECKOUT_URL", "http://platform.example.test/", "ONMETA_CHECKOUT_URL must be the https URL"},
		{"ONMETA_CHECKOUT_URL", "https://user:secret@platform.example.test/", "ONMETA_CHECKOUT_URL must be the https URL"},
		{"ONMETA_CHECKOUT_URL", "platform.example.test", "ONMETA_CHECKOUT_URL must be the https URL"},
		{"ONMETA_CHECKOUT_URL", "https://", "ONMETA_CHECKOUT_URL must be the https URL"},
		{"ONMETA_CLOCK_SPEED", "NaN", "ONMETA_CLOCK_SPEED must be 1"},
		{"ONMETA_CLOCK_SPEED", "+Inf", "ONMETA_CLOCK_SPEED must be 1"},
		{"ONMETA_CLOCK_SPEED", "fast", "ONMETA_CLOCK_SPEED must be a "},
		{"ONMETA_CLOCK_SPEED", "0", "ONMETA_CLOCK_SPEED must be 1, or more"},
		{"ONMETA_CLOCK_SPEED", "-60", "ONMETA_CLOCK_SPEED must be 1, or more"},
		{"ONMETA_CLOCK_SPEED", "60", "a real provider would be polled too fast"},
		{"RAMP_LOG_FORMAT", "xml", "RAMP_LOG_FORMAT must be json or console"},
		{"RAMP_LOG_FORMAT", "JSON", "RAMP_LOG_FORMAT must be json or console"},
		{"RAMP_LOG_LEVEL", "loud", "RAMP_LOG_LEVEL must be debug, info, warn or error"},
		{"RAMP_HTTP_ADDRESS", "9464", "RAMP_HTTP_ADDRESS must be host:port"},
		{"RAMP_HTTP_ADDRESS", "127.0.0.1", "RAMP_HTTP_ADDRESS must be host:port"},
		{"RAMP_HTTP_ADDRESS", "nobody.invalid:9464", "RAMP_HTTP_ADDRESS for metrics and health"},
		{"RAMP_PPROF", "perhaps", "RAMP_PPROF must be true or false"},
		{"OTEL_EXPORTER_OTLP_PROTOCOL", "http/json", "OTEL_EXPORTER_OTLP_PROTOCOL must be grpc or http/protobuf"},
		{"RAMP_STOP_TIMEOUT", "25", "RAMP_STOP_TIMEOUT must be a "},
		{"RAMP_STOP_TIMEOUT", "soon", "RAMP_STOP_TIMEOUT must be a "},
		{"RAMP_STOP_TIMEOUT", "0s", "RAMP_STOP_TIMEOUT must be above 0"},
		{"RAMP_STOP_TIMEOUT", "-25s", "RAMP_STOP_TIMEOUT must be above 0"},
		{"RAMP_MAX_WATCHES", "many", "RAMP_MAX_WATCHES must be a "},
		{"RAMP_MAX_WATCHES", "1e4", "RAMP_MAX_WATCHES must be a "},
		{"RAMP_MAX_WATCHES", "0", "RAMP_MAX_WATCHES must be at least 1"},
		{"RAMP_MAX_WATCHES", "99999999999999999999", "RAMP_MAX_WATCHES must be a "},
		{"RAMP_KYC_STORES", "/var/lib/rampart/kyc", "RAMP_KYC_STORES: store 1 must be the URL of a prefix"},
		{"RAMP_KYC_STORES", "file:///kyc/,", "RAMP_KYC_STORES: store 2 must be a URL"},
		{"RAMP_KYC_STORES", "file:///kyc/../etc/", "RAMP_KYC_STORES: store 1 must name its prefix plainly"},
		{"RAMP_KYC_STORES", "file:///kyc/?create_dir=" + secret, "RAMP_KYC_STORES: store 1 must not have parameters"},
		{"RAMP_KYC_STORES", "s3://key:" + secret + "@kyc/", "RAMP_KYC_STORES: store 1 must not carry credentials"},
		{"RAMP_KYC_STORES", "mem://kyc/", "RAMP_KYC_STORES: store 1 must be the URL of a prefix"},
		{"RAMP_RECORDS", "/var/lib/rampart/records", "RAMP_RECORDS: the store must be the URL of a prefix"},
		{"RAMP_RECORDS", "file:///records/?create_dir=" + secret, "RAMP_RECORDS: the store must not have parameters"},
		{"RAMP_RECORDS", "mem://records/", "RAMP_RECORDS: the store must be the URL of a prefix"},
		{"TEMPORAL_PROFILE", "nobody's", "TEMPORAL_*"},
		{"TEMPORAL_CONFIG_FILE", f.toml, "TEMPORAL_*"},
		{"RAMP_KEYSET_FILE", filepath.Join(f.directory, "missing.json"), "starter keyset create"},
		{"RAMP_KEYSET_FILE", f.directory, "the keyset"},
		{"RAMP_KEYSET_FILE", f.empty, "is not Tink's JSON in clear"},
		{"RAMP_KEYSET_FILE", f.toml, "is not Tink's JSON in clear"},
		{"RAMP_KEYSET_FILE", f.everybodys, "can be read by every user of this machine: run chmod 600"},
		{"RAMP_KEYSET", secret, "set RAMP_KEYSET or RAMP_KEYSET_FILE, not both"},
		{"RAMP_KEYSET_KMS", "hsm://" + f.directory, "RAMP_KEYSET_KMS"},
	} {
		t.Run(bad.name+"="+bad.value, func(t *testing.T) {
			t.Parallel()
			settings := map[string]string{
				"TEMPORAL_ADDRESS": "127.0.0.1:1", "RAMP_KEYSET_FILE": f.keyset, "OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318",
			}
			settings[bad.name] = bad.value

			err := run(t.Context(), with(settings))

			require.ErrorContains(t, err, bad.says)
			require.NotContains(t, err.Error(), secret)
			require.NotContains(t, err.Error(), "127.0.0.1:1", "Temporal was reached for")
		})
	}
}

func TestInvalidKeysetInTheEnvironmentIsRefused(t *testing.T) {
	t.Parallel()
	for says, keyset := range map[string]string{
		"is not Tink's JSON in clear; if a KMS wraps it": `{"encryptedKeyset":"` + secret + `"}`,
		"is not Tink's JSON in clear":                    "{",
		"authenticated encryption":                       macKeyset,
	} {
		err := run(t.Context(), with(map[string]string{"TEMPORAL_ADDRESS": "127.0.0.1:1", "RAMP_KEYSET": keyset}))

		require.ErrorContains(t, err, says)
		require.NotContains(t, err.Error(), secret)
		require.NotContains(t, err.Error(), "127.0.0.1:1", "Temporal was reached for")
	}
}
