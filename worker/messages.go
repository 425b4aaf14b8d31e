package main

import (
	"cmp"
	"errors"
	"fmt"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"rampart/activities"
	"rampart/codec"
)

// messages decrypts what orders have set aside, with the keys that the worker has by now.
type messages struct {
	keyring   *codec.Keyring
	namespace string
}

var _ activities.Decrypter = messages{}

// KeyIDs implements activities.Decrypter.
func (m messages) KeyIDs() []string { return m.keyring.IDs() }

// Decrypt implements activities.Decrypter.
func (m messages) Decrypt(workflowID string, sealed *commonpb.Payload) (*commonpb.Payload, error) {
	order := codec.New(m.keyring, m.namespace).WithSerializationContext(converter.WorkflowSerializationContext{
		Namespace: m.namespace, WorkflowID: workflowID,
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

func namespace(options client.Options) string {
	return cmp.Or(options.Namespace, client.DefaultNamespace)
}
