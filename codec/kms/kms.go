// Package kms opens keys of key management services, which wrap keysets. It is separate from codec because of its dependencies: the
// clients of AWS, Google Cloud and HashiCorp Vault.
package kms

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/hashicorp/vault/api"
	"github.com/tink-crypto/tink-go-awskms/v3/integration/awskms"
	"github.com/tink-crypto/tink-go-gcpkms/v2/integration/gcpkms"
	"github.com/tink-crypto/tink-go-hcvault/v2/integration/hcvault"
	"github.com/tink-crypto/tink-go/v2/tink"

	"rampart/internal/credential"
	"rampart/internal/loopback"
)

// Open returns the key that a URI names: aws-kms://arn:…, gcp-kms://projects/…, or hcvault://host/transit/keys/name. Credentials
// come from where each vendor's own tools look for them.
func Open(ctx context.Context, uri string) (tink.AEADWithContext, error) {
	scheme, name, _ := strings.Cut(uri, "://")
	switch scheme {
	case "aws-kms":
		return withURI(uri)(awskms.NewAEADWithContext(ctx, name))
	case "gcp-kms":
		return withURI(uri)(gcpkms.GetAEADWithContext(ctx, uri))
	case "hcvault":
		return withURI(uri)(vaultKey(uri))
	default:
		return nil, fmt.Errorf("RAMP_KEYSET_KMS must begin with aws-kms://, gcp-kms:// or hcvault://, not %q", scheme)
	}
}

// withURI adds the key's URI to an error.
func withURI(uri string) func(tink.AEADWithContext, error) (tink.AEADWithContext, error) {
	return func(key tink.AEADWithContext, err error) (tink.AEADWithContext, error) {
		if err != nil {
			return nil, fmt.Errorf("the KMS key %s cannot be used: %w", uri, err)
		}
		return key, nil
	}
}

// vaultKey returns a key of Vault's transit engine. Address and token come from Vault's own variables; without VAULT_ADDR the address
// is the URI's host, over TLS.
func vaultKey(uri string) (tink.AEADWithContext, error) {
	location, err := url.Parse(uri)
	if err != nil {
		return nil, err
	}
	config := api.DefaultConfig()
	if config.Error != nil {
		return nil, config.Error
	}
	if os.Getenv(api.EnvVaultAddress) == "" {
		config.Address = "https://" + location.Host
	}
	// The connection carries a token and keys.
	if err := loopback.CheckURL("VAULT_ADDR", cmp.Or(config.AgentAddress, config.Address), os.LookupEnv); err != nil {
		return nil, err
	}
	client, err := api.NewClient(config)
	if err != nil {
		return nil, err
	}
	if err := readVaultToken(client); err != nil {
		return nil, err
	}
	key, err := hcvault.NewAEAD(location.Path, client.Logical())
	if err != nil {
		return nil, err
	}
	return withoutContext{key}, nil
}

// tokenFile names the file of Vault's token. Vault's own tools have no variable for one.
const tokenFile = "VAULT_TOKEN_FILE"

// readVaultToken sets the token of a file, if one is named. A keyset that has changed is unwrapped with the token that the file has then.
func readVaultToken(client *api.Client) error {
	file := os.Getenv(tokenFile)
	if file == "" {
		return nil
	}
	token, err := credential.ReadText(tokenFile, file)
	if err != nil {
		return err
	}
	client.SetToken(token)
	return nil
}

// withoutContext is a key whose calls ignore their context; Vault's client has its own timeout.
type withoutContext struct{ key tink.AEAD }

// EncryptWithContext implements tink.AEADWithContext.
func (c withoutContext) EncryptWithContext(_ context.Context, plaintext, associated []byte) ([]byte, error) {
	return c.key.Encrypt(plaintext, associated)
}

// DecryptWithContext implements tink.AEADWithContext.
func (c withoutContext) DecryptWithContext(_ context.Context, ciphertext, associated []byte) ([]byte, error) {
	return c.key.Decrypt(ciphertext, associated)
}
