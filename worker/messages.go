package main

import (
	"errors"
	"fmt"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"

	"rampart/activities"
	"rampart/codec"
)

// decrypter decrypts messages that orders have set aside, with the keys that the worker has now.
type decrypter struct {
	keyring   *codec.Keyring
	namespace string
}

var _ activities.Decrypter = decrypter{}

// KeyIDs implements activities.Decrypter.
func (d decrypter) KeyIDs() []string { return d.keyring.IDs() }

// Decrypt implements activities.Decrypter.
func (d decrypter) Decrypt(workflowID string, sealed *commonpb.Payload) (*commonpb.Payload, error) {
	order := codec.New(d.keyring, d.namespace).WithSerializationContext(converter.WorkflowSerializationContext{
		Namespace: d.namespace, WorkflowID: workflowID,
	})
	opened, err := order.Decode([]*commonpb.Payload{sealed})
	var unknown *codec.UnknownKeyError
	switch {
	case errors.As(err, &unknown):
		return nil, fmt.Errorf("%w: %w", activities.ErrNoKey, err)
	case err != nil:
		return nil, err
	}
	return opened[0], nil
}
