package kms_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/codec"
	"rampart/codec/kms"
)

// service plays the key of a KMS: what it is given to wrap it keeps, and gives back to who has the same context.
type service struct {
	mu      sync.Mutex
	wrapped map[string]string
}

func (s *service) wrap(plaintext, context string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := base64.StdEncoding.EncodeToString([]byte{byte(len(s.wrapped))})
	s.wrapped[name+context] = plaintext
	return name
}

func (s *service) unwrap(name, context string) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	plaintext, found := s.wrapped[name+context]
	return plaintext, found
}

func requireWrapsKeysets(t *testing.T, uri string) codec.KeysetSource {
	t.Helper()
	source := codec.KeysetSource{File: filepath.Join(t.TempDir(), "keyset.json"), KMS: uri, OpenKMS: kms.Open}
	_, err := codec.CreateKeyset(t.Context(), source)
	require.NoError(t, err)
	first, err := codec.OpenKeyring(t.Context(), source)
	require.NoError(t, err)
	_, err = codec.AddKey(t.Context(), source)
	require.NoError(t, err)
	second, err := codec.OpenKeyring(t.Context(), source)
	require.NoError(t, err)
	require.Equal(t, first.Primary(), second.Primary())

	clear := source
	clear.KMS = ""
	_, err = codec.OpenKeyring(t.Context(), clear)
	require.ErrorContains(t, err, "RAMP_KEYSET_KMS", "the file is unusable without the KMS")
	return source
}

// The tests set variables of the vendors' clients, and so cannot run side by side.

func TestVaultWrapsKeysets(t *testing.T) {
	vault := &service{wrapped: make(map[string]string)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var request struct {
			Plaintext  string `json:"plaintext"`
			Ciphertext string `json:"ciphertext"`
			Associated string `json:"associated_data"`
		}
		if r.Header.Get("X-Vault-Token") != "a-token" || json.NewDecoder(r.Body).Decode(&request) != nil {
			http.Error(w, `{"errors":["permission denied"]}`, http.StatusForbidden)
			return
		}
		data := map[string]string{}
		switch r.URL.Path {
		case "/v1/transit/encrypt/ramp":
			data["ciphertext"] = "vault:v1:" + vault.wrap(request.Plaintext, request.Associated)
		case "/v1/transit/decrypt/ramp":
			plaintext, found := vault.unwrap(strings.TrimPrefix(request.Ciphertext, "vault:v1:"), request.Associated)
			if !found {
				http.Error(w, `{"errors":["cipher: message authentication failed"]}`, http.StatusBadRequest)
				return
			}
			data["plaintext"] = plaintext
		default:
			http.NotFound(w, r)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"data": data})
	}))
	defer server.Close()
	t.Setenv("VAULT_ADDR", server.URL)
	t.Setenv("VAULT_TOKEN", "a-token")

	source := requireWrapsKeysets(t, "hcvault://vault.example.test/transit/keys/ramp")

	source.KMS = "hcvault://vault.example.test/transit/keys/other"
	_, err := codec.OpenKeyring(t.Context(), source)
	require.ErrorContains(t, err, "cannot be unwrapped with hcvault://vault.example.test/transit/keys/other")
	t.Setenv("VAULT_TOKEN", "expired")
	_, err = codec.OpenKeyring(t.Context(), source)
	require.ErrorContains(t, err, "permission denied")

	source.KMS = "hcvault://vault.example.test/transit/keys/ramp"
	token := filepath.Join(t.TempDir(), "token")
	t.Setenv("VAULT_TOKEN_FILE", token)
	_, err = codec.OpenKeyring(t.Context(), source)
	require.ErrorContains(t, err, "VAULT_TOKEN_FILE")
	require.NoError(t, os.WriteFile(token, []byte("a-token\n"), 0o600))
	_, err = codec.OpenKeyring(t.Context(), source)
	require.NoError(t, err, "the file's token, as it is now")
}

func TestVaultOnAnotherMachineRequiresTLS(t *testing.T) {
	for address, allowed := range map[string]bool{
		"http://vault.example.test:8200": false, "https://vault.example.test:8200": true, "http://127.0.0.1:8200": true,
	} {
		t.Setenv("VAULT_ADDR", address)
		t.Setenv("RAMP_ALLOW_PLAINTEXT", "")
		_, err := kms.Open(t.Context(), "hcvault://vault.example.test/transit/keys/ramp")
		if allowed {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, "VAULT_ADDR must be https")
		t.Setenv("RAMP_ALLOW_PLAINTEXT", "true")
		_, err = kms.Open(t.Context(), "hcvault://vault.example.test/transit/keys/ramp")
		require.NoError(t, err)
	}
}

func TestAWSWrapsKeysets(t *testing.T) {
	const key = "arn:aws:kms:ap-south-1:111122223333:key/ramp"
	aws := &service{wrapped: make(map[string]string)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var request struct {
			KeyID             string `json:"KeyId"`
			Plaintext         string
			CiphertextBlob    string
			EncryptionContext map[string]string
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		if json.NewDecoder(r.Body).Decode(&request) != nil || !strings.HasSuffix(key, request.KeyID) {
			http.Error(w, `{"__type":"NotFoundException"}`, http.StatusBadRequest)
			return
		}
		context, _ := json.Marshal(request.EncryptionContext)
		answer := map[string]string{"KeyId": key}
		switch r.Header.Get("X-Amz-Target") {
		case "TrentService.Encrypt":
			answer["CiphertextBlob"] = aws.wrap(request.Plaintext, string(context))
		case "TrentService.Decrypt":
			plaintext, found := aws.unwrap(request.CiphertextBlob, string(context))
			if !found {
				http.Error(w, `{"__type":"InvalidCiphertextException"}`, http.StatusBadRequest)
				return
			}
			answer["Plaintext"] = plaintext
		}
		_ = json.NewEncoder(w).Encode(answer)
	}))
	defer server.Close()
	t.Setenv("AWS_ENDPOINT_URL_KMS", server.URL)
	t.Setenv("AWS_ACCESS_KEY_ID", "a-key")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "a-secret")
	t.Setenv("AWS_REGION", "ap-south-1")

	requireWrapsKeysets(t, "aws-kms://"+key)
}

func TestUnknownKeyServiceIsRefused(t *testing.T) {
	for _, uri := range []string{"", "ramp", "https://vault.example.test/transit/keys/ramp", "azure-kms://x"} {
		_, err := kms.Open(t.Context(), uri)
		require.ErrorContains(t, err, "aws-kms://, gcp-kms:// or hcvault://")
	}
}

func TestVaultKeyMustBelongToTheTransitEngine(t *testing.T) {
	_, err := kms.Open(t.Context(), "hcvault://vault.example.test/secret/ramp")
	require.ErrorContains(t, err, "hcvault://vault.example.test/secret/ramp cannot be used")
}
