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
)

// Decrypter decrypts what came to orders.
type Decrypter interface {
	// KeyIDs are the ids of the keys there are, in decimal and sorted.
	KeyIDs() []string
	// Decrypt decrypts a message to a workflow. The error is ErrNoKey for one that needs a key which is not there, and any other for one
	// that is not the workflow's.
	Decrypt(workflowID string, sealed *commonpb.Payload) (*commonpb.Payload, error)
}

// ErrNoKey says that a message is encrypted with a key that this worker lacks.
var ErrNoKey = errors.New("the message is encrypted with a key that this worker lacks")

// ReadMessageRequest is a message that was set aside because no key could read it.
type ReadMessageRequest struct {
	// Sealed is the message as the workflow has it, a serialized temporal.api.common.v1.Payload: encrypted, unless the worker that
	// set it aside had the key by then.
	Sealed []byte `json:"sealed"`
	// KeyID is the key that it needs.
	KeyID string `json:"keyId"`
}

// ReadMessageResult is the message in clear.
type ReadMessageResult struct {
	// Opened is a serialized temporal.api.common.v1.Payload; empty for a message that is not the order's.
	Opened []byte `json:"opened"`
}

// ReadMessage decrypts a message once this worker has the key.
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

// ReadMessageOnce runs the activity once.
func ReadMessageOnce(ctx workflow.Context, req ReadMessageRequest) (ReadMessageResult, error) {
	return callWithin[ReadMessageResult](ctx, callTimeout, 1, concludes, "Read a message, if a worker has key "+req.KeyID, (*Calls)(nil).ReadMessage, req)
}

// ReadMessage runs the activity until a worker has the key.
func ReadMessage(ctx workflow.Context, req ReadMessageRequest) (ReadMessageResult, error) {
	return call[ReadMessageResult](WithUnlimitedRetries(ctx), concludes, "Read a message, once a worker has key "+req.KeyID, (*Calls)(nil).ReadMessage, req)
}
