// Package codec encrypts what orders leave in Temporal: inputs, results, signals, updates, queries, heartbeats, summaries
// and errors. Histories are kept for days and read by many; with this codec they hold nothing in clear but names of
// things, search attributes and the types of errors.
//
// An encrypted payload belongs to its namespace, its workflow and its role there: it decrypts nowhere else. Keys come from
// a Tink keyset that can be rotated while orders run.
package codec

import (
	"encoding/binary"
	"errors"
	"fmt"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/proto"

	"rampart/internal/payloadmeta"
)

// What an encrypted payload's metadata holds. Its data is a Tink AEAD ciphertext of the payload inside, a serialized
// temporal.api.common.v1.Payload.
const (
	// Encoding is the value of the metadata "encoding".
	Encoding = payloadmeta.Encoding
	// MetadataKeyID names the key in the keyset, in decimal.
	MetadataKeyID = payloadmeta.MetadataKeyID
	// MetadataWorkflowID names the workflow that the payload belongs to. A codec server, which is told the namespace
	// alone, takes it from here; the associated data proves it.
	MetadataWorkflowID = "workflow-id"
	// MetadataRole names what the payload is there for: the type of the activity that it belongs to, or nothing for what
	// belongs to the workflow itself. A payload without it is of format 1, which knew no roles.
	MetadataRole = "role"
)

// What the associated data begins with: the format of a payload.
const (
	format1 = "rampart payload 1"
	format2 = "rampart payload 2"
)

// ErrUndecryptable says that a payload was encrypted for another workflow, namespace or role, or was changed.
var ErrUndecryptable = errors.New("the payload does not decrypt here: it belongs to another workflow or namespace, or to another part of the workflow, or was changed")

// UnknownKeyError says that a payload was encrypted with a key that the keyset lacks. Another process may have it: a
// keyset is distributed before its new key is used.
type UnknownKeyError struct {
	KeyID uint32
}

// Error implements error.
func (e *UnknownKeyError) Error() string {
	return fmt.Sprintf("the payload is encrypted with key %d, which this process's keyset lacks; distribute the keyset that has it", e.KeyID)
}

// Codec encrypts and decrypts payloads of one namespace and, once it is given a serialization context, of one role in one
// workflow. It is safe for concurrent use.
//
// It writes format 2. It reads format 1 as well, which orders in flight may have of the version before: such a payload belongs
// to its workflow, in whatever role.
type Codec struct {
	keyring    *Keyring
	namespace  string
	workflowID string
	// role is the type of an activity, for what belongs to one, and empty for what is the workflow's own.
	role string
	// bound is whether a payload must be of workflowID and role.
	bound bool
}

var (
	_ converter.PayloadCodec                         = (*Codec)(nil)
	_ converter.PayloadCodecWithSerializationContext = (*Codec)(nil)
)

// New returns the codec of a namespace. Until it is given a serialization context it decrypts what any workflow of the
// namespace has, as a codec server must, and what it encrypts belongs to no workflow, so that none accepts it.
func New(keyring *Keyring, namespace string) *Codec {
	return &Codec{keyring: keyring, namespace: namespace}
}

// replayer is what Temporal's replayer gives for the namespace, which a history does not tell it.
const replayer = "ReplayNamespace"

// WithSerializationContext returns the codec of what a context names: a workflow's own payloads, or those of its activities of
// one type. A context without a namespace, as a replayer's, is of the codec's own.
func (c *Codec) WithSerializationContext(context converter.SerializationContext) converter.PayloadCodec {
	return c.in(context)
}

func (c *Codec) in(context converter.SerializationContext) *Codec {
	switch context := context.(type) {
	case converter.WorkflowSerializationContext:
		return c.of(context.Namespace, context.WorkflowID, "")
	case converter.ActivitySerializationContext:
		return c.of(context.Namespace, context.WorkflowID, context.ActivityType)
	default:
		return c
	}
}

func (c *Codec) of(namespace, workflowID, role string) *Codec {
	if namespace == "" || namespace == replayer {
		namespace = c.namespace
	}
	return &Codec{keyring: c.keyring, namespace: namespace, workflowID: workflowID, role: role, bound: true}
}

// Encode encrypts payloads. One that is encrypted is left as it is.
func (c *Codec) Encode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	return each(payloads, c.encrypt)
}

// Decode decrypts payloads. One that is not encrypted is left as it is. The error is ErrUndecryptable or *UnknownKeyError.
func (c *Codec) Decode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	return each(payloads, c.decrypt)
}

func each(payloads []*commonpb.Payload, do func(*commonpb.Payload) (*commonpb.Payload, error)) ([]*commonpb.Payload, error) {
	done := make([]*commonpb.Payload, len(payloads))
	for i, payload := range payloads {
		var err error
		if done[i], err = do(payload); err != nil {
			return nil, err
		}
	}
	return done, nil
}

func (c *Codec) encrypt(payload *commonpb.Payload) (*commonpb.Payload, error) {
	if Encrypted(payload) {
		return payload, nil
	}
	plaintext, err := proto.Marshal(payload)
	if err != nil {
		return nil, fmt.Errorf("the payload cannot be encrypted: %w", err)
	}
	ciphertext, keyID, err := c.keyring.encrypt(plaintext, associated(format2, c.namespace, c.workflowID, c.role))
	if err != nil {
		return nil, fmt.Errorf("the payload cannot be encrypted: %w", err)
	}
	return &commonpb.Payload{
		Metadata: map[string][]byte{
			converter.MetadataEncoding: []byte(Encoding),
			MetadataKeyID:              []byte(keyID),
			MetadataWorkflowID:         []byte(c.workflowID),
			MetadataRole:               []byte(c.role),
		},
		Data: ciphertext,
	}, nil
}

func (c *Codec) decrypt(payload *commonpb.Payload) (*commonpb.Payload, error) {
	if !Encrypted(payload) {
		return payload, nil
	}
	bound, err := c.boundTo(payload)
	if err != nil {
		return nil, err
	}
	plaintext, err := c.keyring.decrypt(payload.GetData(), bound)
	if err != nil {
		return nil, err
	}
	inside := &commonpb.Payload{}
	if err := proto.Unmarshal(plaintext, inside); err != nil {
		return nil, ErrUndecryptable
	}
	return inside, nil
}

// boundTo is the associated data that a payload must have been encrypted with to be read here.
func (c *Codec) boundTo(payload *commonpb.Payload) ([]byte, error) {
	workflowID := WorkflowID(payload)
	if c.bound && workflowID != c.workflowID {
		return nil, ErrUndecryptable
	}
	if !hasRole(payload) {
		return associated(format1, c.namespace, workflowID), nil
	}
	role := Role(payload)
	if c.bound && role != c.role {
		return nil, ErrUndecryptable
	}
	return associated(format2, c.namespace, workflowID, role), nil
}

// associated is what a ciphertext is bound to. The lengths keep two names from being split elsewhere.
func associated(format string, names ...string) []byte {
	data := []byte(format)
	for _, name := range names {
		data = binary.BigEndian.AppendUint32(data, uint32(len(name)))
		data = append(data, name...)
	}
	return data
}

// Encrypted reports whether a payload is one of this codec's.
func Encrypted(payload *commonpb.Payload) bool {
	return string(payload.GetMetadata()[converter.MetadataEncoding]) == Encoding
}

// WorkflowID is the workflow that an encrypted payload says it belongs to, or empty. Only decrypting proves it.
func WorkflowID(payload *commonpb.Payload) string {
	return string(payload.GetMetadata()[MetadataWorkflowID])
}

// Role is what an encrypted payload says it is there for: see MetadataRole. Only decrypting proves it.
func Role(payload *commonpb.Payload) string {
	return string(payload.GetMetadata()[MetadataRole])
}

// hasRole tells format 2 from format 1.
func hasRole(payload *commonpb.Payload) bool {
	_, told := payload.GetMetadata()[MetadataRole]
	return told
}

// KeyID is the key that an encrypted payload says it was encrypted with, or empty.
func KeyID(payload *commonpb.Payload) string {
	return string(payload.GetMetadata()[MetadataKeyID])
}
