package message

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"rampart/internal/redact"
)

// SecretPrefix begins every secret in text form (Standard Webhooks, "Signature scheme").
const SecretPrefix = "whsec_"

// Sizes of a secret in bytes (Standard Webhooks, "Signature scheme").
const (
	minSecret = 24
	maxSecret = 64
)

// Headers of a signed request, canonical as net/http has them.
var (
	HeaderID        = http.CanonicalHeaderKey(webhooks.HeaderWebhookID)
	HeaderTimestamp = http.CanonicalHeaderKey(webhooks.HeaderWebhookTimestamp)
	HeaderSignature = http.CanonicalHeaderKey(webhooks.HeaderWebhookSignature)
)

// ValidateSecret checks that a secret is whsec_ and the base64 of 24 to 64 bytes. The error does not contain it.
func ValidateSecret(secret redact.Secret) error {
	encoded, prefixed := strings.CutPrefix(secret.Reveal(), SecretPrefix)
	key, err := base64.StdEncoding.DecodeString(encoded)
	if !prefixed || err != nil || len(key) < minSecret || len(key) > maxSecret {
		return errors.New("a secret must be whsec_ and the base64 of 24 to 64 random bytes")
	}
	return nil
}

// Sign sets the headers that sign a body by Standard Webhooks: id, time, and a signature by each secret, so that a receiver that knows one
// of them accepts it. That is how secrets are rotated.
func Sign(header http.Header, secrets []redact.Secret, id string, at time.Time, body []byte) error {
	signatures := make([]string, 0, len(secrets))
	for _, secret := range secrets {
		signer, err := signerOf(secret)
		if err != nil {
			return err
		}
		signature, err := signer.Sign(id, at, body)
		if err != nil {
			return errors.New("sign an event") // the library's error could quote what it signs
		}
		signatures = append(signatures, signature)
	}
	header.Set(HeaderID, id)
	header.Set(HeaderTimestamp, strconv.FormatInt(at.Unix(), 10))
	header.Set(HeaderSignature, strings.Join(signatures, " "))
	return nil
}

// Reasons why Verify refuses a request.
var (
	ErrUnsigned  = errors.New("the request lacks webhook-id, webhook-timestamp or webhook-signature")
	ErrTimestamp = errors.New("webhook-timestamp must be in seconds since 1970")
	ErrTooOld    = errors.New("the signature is older than five minutes: the request is a repetition, or a clock is wrong")
	ErrTooNew    = errors.New("the signature is more than five minutes in the future: a clock is wrong")
	ErrSignature = errors.New("no signature is of this secret and this body: another secret, or a body whose bytes have changed")
)

// Verify checks by Standard Webhooks that a request is signed with the secret, now. anyTime skips the check of the signature's age. Its
// error is one of the reasons above, or says that the secret is none.
func Verify(header http.Header, secret redact.Secret, body []byte, anyTime bool) error {
	verifier, err := signerOf(secret)
	if err != nil {
		return err
	}
	// The signature comes first: the age of a forged request is of no interest.
	err = verifier.VerifyIgnoringTimestamp(body, header)
	if err == nil && !anyTime {
		err = verifier.Verify(body, header)
	}
	return reason(err)
}

func reason(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, webhooks.ErrRequiredHeaders):
		return ErrUnsigned
	case errors.Is(err, webhooks.ErrInvalidHeaders):
		return ErrTimestamp
	case errors.Is(err, webhooks.ErrMessageTooOld):
		return ErrTooOld
	case errors.Is(err, webhooks.ErrMessageTooNew):
		return ErrTooNew
	default:
		return ErrSignature
	}
}

func signerOf(secret redact.Secret) (*webhooks.Webhook, error) {
	if err := ValidateSecret(secret); err != nil {
		return nil, err
	}
	signer, err := webhooks.NewWebhook(secret.Reveal())
	if err != nil {
		return nil, errors.New("the secret cannot be used") // the library's error could quote it
	}
	return signer, nil
}
