package activities

import (
	"context"
	"errors"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/protobuf/proto"

	"rampart/internal/payloadmeta"
	"rampart/internal/redact"
)

// Decrypter decrypts messages to orders.
type Decrypter interface {
	// KeyIDs returns the ids of the known keys, in decimal and sorted.
	KeyIDs() []string
	// Decrypt decrypts a message to a workflow. It fails with ErrNoKey if the key is missing, and with another error if the message was
	// not encrypted for this workflow.
	Decrypt(workflowID string, sealed *commonpb.Payload) (*commonpb.Payload, error)
}

// ErrNoKey says that a message is encrypted with a key that this worker lacks.
var ErrNoKey = errors.New("the message is encrypted with a key that this worker lacks")

// ReadMessageRequest is a message that was set aside because no key could read it.
type ReadMessageRequest struct {
	// Sealed is the message, a serialized temporal.api.common.v1.Payload. It is encrypted, unless the worker that set it aside had the
	// key by then.
	Sealed redact.Bytes `json:"sealed"`
	// KeyID is the id of the key that the message needs.
	KeyID string `json:"keyId"`
}

// ReadMessageResult is the decrypted message.
type ReadMessageResult struct {
	// Opened is a serialized temporal.api.common.v1.Payload; empty for a message that was not encrypted for this order.
	Opened redact.Bytes `json:"opened"`
}

// ReadMessage decrypts a message. It is retried until a worker has the key.
func (c *Calls) ReadMessage(ctx context.Context, req ReadMessageRequest) (ReadMessageResult, error) {
	var encrypted commonpb.Payload
	if err := proto.Unmarshal(req.Sealed, &encrypted); err != nil {
		return ReadMessageResult{}, invalidRequest(err)
	}
	if string(encrypted.GetMetadata()[converter.MetadataEncoding]) != payloadmeta.Encoding {
		return ReadMessageResult{Opened: req.Sealed}, nil
	}
	if c.decrypter == nil {
		return ReadMessageResult{}, retryable(ctx, ErrKeyMissing, ErrNoKey, 0)
	}
	opened, err := c.decrypter.Decrypt(activity.GetInfo(ctx).WorkflowExecution.ID, &encrypted)
	switch {
	case errors.Is(err, ErrNoKey):
		return ReadMessageResult{}, retryable(ctx, ErrKeyMissing, err, 0)
	case err != nil:
		return ReadMessageResult{}, nil
	}
	content, err := proto.Marshal(opened)
	if err != nil {
		return ReadMessageResult{}, invalidRequest(err)
	}
	return ReadMessageResult{Opened: content}, nil
}

// ReadMessageOnce runs the activity with a single attempt.
func ReadMessageOnce(ctx workflow.Context, req ReadMessageRequest) (ReadMessageResult, error) {
	return call[ReadMessageResult](ctx, onceOnly, "Read a message, if a worker has key "+req.KeyID, (*Calls)(nil).ReadMessage, req)
}

// ReadMessage runs the activity and retries it until a worker has the key.
func ReadMessage(ctx workflow.Context, req ReadMessageRequest) (ReadMessageResult, error) {
	return call[ReadMessageResult](WithUnlimitedRetries(ctx), orderPolicy, "Read a message, once a worker has key "+req.KeyID, (*Calls)(nil).ReadMessage, req)
}
