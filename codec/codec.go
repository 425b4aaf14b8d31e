// Package codec encrypts the payloads that orders leave in Temporal: inputs, results, signals, updates, query results,
// heartbeats, summaries and failures. A history then holds in clear only type names, ids, search attributes, times and the
// types of errors.
//
// [Secure] configures a Temporal client. Keys come from a Tink keyset ([KeysetSource], [OpenKeyring]) that can be rotated
// while orders run.
//
// # Payload format
//
// The data of an encrypted payload is a Tink AEAD ciphertext of the original payload, serialized as a
// temporal.api.common.v1.Payload. Its metadata is
//
//	encoding           binary/encrypted
//	encryption-key-id  id of the key in the keyset, in decimal
//	workflow-id        workflow that the payload belongs to
//	role               type of the activity that the payload belongs to; empty for the workflow's own payloads
//
// The ciphertext is bound to its context by associated data, which is not stored: the name of the format, followed by each
// value with its length in bytes as a 32-bit big-endian number.
//
//	format 2  "rampart payload 2", namespace, workflow id, role
//	format 1  "rampart payload 1", namespace, workflow id
//
// The codec writes format 2. It also decrypts format 1, which histories of earlier releases hold and whose metadata has no
// role.
//
// # What is authenticated
//
//   - AEAD authenticates a payload's content, namespace, workflow and role. A payload that was copied to another workflow,
//     namespace or role does not decrypt. The metadata encryption-key-id is informative: the ciphertext's own prefix
//     selects the key.
//   - A failure's encoded attributes authenticate its message, stack trace, kind, type and retry settings, and through a
//     SHA-256 digest its details and its cause: see [NewFailureConverter]. In format 1 they authenticate message and stack
//     trace only.
//   - A timeout that the Temporal server reports is not authenticated, since the server has no keys.
//   - Nothing authenticates when a payload was written. An activity's inputs, heartbeats and results share one role, so that
//     results are decoded strictly, by their shape.
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

// The metadata of an encrypted payload: see the package comment.
const (
	// Encoding is the value of the metadata "encoding".
	Encoding = payloadmeta.Encoding
	// MetadataKeyID holds the id of the key in the keyset, in decimal.
	MetadataKeyID = payloadmeta.MetadataKeyID
	// MetadataWorkflowID holds the id of the workflow that the payload belongs to. A codec server knows only the namespace
	// of a request and takes the workflow from here; the associated data authenticates it.
	MetadataWorkflowID = "workflow-id"
	// MetadataRole holds the type of the activity that the payload belongs to, or is empty for the workflow's own payloads.
	// It is absent in format 1.
	MetadataRole = "role"
)

// The first bytes of the associated data.
const (
	format1 = "rampart payload 1"
	format2 = "rampart payload 2"
)

// ErrUndecryptable is the error of a payload that belongs to another workflow, namespace or role, or that was modified.
var ErrUndecryptable = errors.New("the payload cannot be decrypted here: it belongs to another workflow, namespace or activity type, or it was modified")

// UnknownKeyError is the error of a payload whose key is not in the keyset. Another process may have the key: a keyset is
// distributed before its new key is used.
type UnknownKeyError struct {
	KeyID uint32
}

// Error implements error.
func (e *UnknownKeyError) Error() string {
	return fmt.Sprintf("["+payloadmeta.MissingKeyCode+"] the payload is encrypted with key %d, which is not in this process's keyset: distribute a keyset that contains it", e.KeyID)
}

// Codec encrypts and decrypts the payloads of one namespace. Given a serialization context, it is bound to one workflow and
// one role and decrypts nothing else. It is safe for concurrent use.
type Codec struct {
	keyring    *Keyring
	namespace  string
	workflowID string
	// role is an activity type, or empty for the workflow's own payloads.
	role string
	// bound is whether decryption requires workflowID and role.
	bound bool
}

var (
	_ converter.PayloadCodec                         = (*Codec)(nil)
	_ converter.PayloadCodecWithSerializationContext = (*Codec)(nil)
)

// New returns the codec of a namespace. Without a serialization context it decrypts the payloads of every workflow of the
// namespace, as a codec server must. What it encrypts then belongs to no workflow, and no workflow accepts it.
func New(keyring *Keyring, namespace string) *Codec {
	return &Codec{keyring: keyring, namespace: namespace}
}

// replayNamespace is the namespace in the serialization contexts of Temporal's replayer, since a history does not contain
// its own.
const replayNamespace = "ReplayNamespace"

// WithSerializationContext returns a codec that is bound to the context's workflow and, for an activity, to its type. A
// context without a namespace, or a replayer's, keeps the codec's own namespace.
func (c *Codec) WithSerializationContext(context converter.SerializationContext) converter.PayloadCodec {
	return c.withContext(context)
}

func (c *Codec) withContext(context converter.SerializationContext) *Codec {
	switch context := context.(type) {
	case converter.WorkflowSerializationContext:
		return c.bind(context.Namespace, context.WorkflowID, "")
	case converter.ActivitySerializationContext:
		return c.bind(context.Namespace, context.WorkflowID, context.ActivityType)
	default:
		return c
	}
}

func (c *Codec) bind(namespace, workflowID, role string) *Codec {
	if namespace == "" || namespace == replayNamespace {
		namespace = c.namespace
	}
	return &Codec{keyring: c.keyring, namespace: namespace, workflowID: workflowID, role: role, bound: true}
}

// Encode encrypts payloads. It returns encrypted payloads unchanged.
func (c *Codec) Encode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	return convert(payloads, c.encrypt)
}

// Decode decrypts payloads. It returns payloads that are not encrypted unchanged. The error is ErrUndecryptable or
// *UnknownKeyError.
func (c *Codec) Decode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	return convert(payloads, c.decrypt)
}

func convert(payloads []*commonpb.Payload, do func(*commonpb.Payload) (*commonpb.Payload, error)) ([]*commonpb.Payload, error) {
	converted := make([]*commonpb.Payload, len(payloads))
	for i, payload := range payloads {
		var err error
		if converted[i], err = do(payload); err != nil {
			return nil, err
		}
	}
	return converted, nil
}

func (c *Codec) encrypt(payload *commonpb.Payload) (*commonpb.Payload, error) {
	if Encrypted(payload) {
		return payload, nil
	}
	plaintext, err := proto.Marshal(payload)
	if err != nil {
		return nil, fmt.Errorf("encrypt payload: %w", err)
	}
	ciphertext, keyID, err := c.keyring.encrypt(plaintext, associatedData(format2, c.namespace, c.workflowID, c.role))
	if err != nil {
		return nil, fmt.Errorf("encrypt payload: %w", err)
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

func (c *Codec) decrypt(encrypted *commonpb.Payload) (*commonpb.Payload, error) {
	if !Encrypted(encrypted) {
		return encrypted, nil
	}
	associated, err := c.expectedContext(encrypted)
	if err != nil {
		return nil, err
	}
	plaintext, err := c.keyring.decrypt(encrypted.GetData(), associated)
	if err != nil {
		return nil, err
	}
	decrypted := &commonpb.Payload{}
	if err := proto.Unmarshal(plaintext, decrypted); err != nil {
		return nil, ErrUndecryptable
	}
	return decrypted, nil
}

// expectedContext returns the associated data that an encrypted payload must have been encrypted with.
func (c *Codec) expectedContext(encrypted *commonpb.Payload) ([]byte, error) {
	workflowID := WorkflowID(encrypted)
	if c.bound && workflowID != c.workflowID {
		return nil, ErrUndecryptable
	}
	if !hasRole(encrypted) {
		return associatedData(format1, c.namespace, workflowID), nil
	}
	role := Role(encrypted)
	if c.bound && role != c.role {
		return nil, ErrUndecryptable
	}
	return associatedData(format2, c.namespace, workflowID, role), nil
}

// associatedData encodes a payload's context. Length prefixes make the encoding unambiguous.
func associatedData(format string, values ...string) []byte {
	data := []byte(format)
	for _, value := range values {
		data = binary.BigEndian.AppendUint32(data, uint32(len(value)))
		data = append(data, value...)
	}
	return data
}

// Encrypted reports whether a payload was encrypted by this codec.
func Encrypted(payload *commonpb.Payload) bool {
	return string(payload.GetMetadata()[converter.MetadataEncoding]) == Encoding
}

// WorkflowID returns the workflow that an encrypted payload claims to belong to, or "". Only decryption proves the claim.
func WorkflowID(payload *commonpb.Payload) string {
	return string(payload.GetMetadata()[MetadataWorkflowID])
}

// Role returns the role that an encrypted payload claims: see MetadataRole. Only decryption proves the claim.
func Role(payload *commonpb.Payload) string {
	return string(payload.GetMetadata()[MetadataRole])
}

// hasRole distinguishes format 2 from format 1.
func hasRole(payload *commonpb.Payload) bool {
	_, found := payload.GetMetadata()[MetadataRole]
	return found
}

// KeyID returns the key that an encrypted payload claims to be encrypted with, or "".
func KeyID(payload *commonpb.Payload) string {
	return string(payload.GetMetadata()[MetadataKeyID])
}
