package server

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/encoding/protojson"

	"rampart/codec"
)

// target is what a request's payloads go through. Encoded ones belong to one workflow, so the request must name it.
func (s *server) target(r *http.Request, entry *entry) (converter.PayloadCodec, error) {
	namespace := codec.New(s.keyring, entry.namespace)
	if entry.action == decode {
		return namespace, nil
	}
	workflowID, err := one(r, WorkflowHeader)
	if err != nil {
		return nil, &refusal{status: http.StatusBadRequest, reason: "the request needs one header " + WorkflowHeader +
			" with the id of the workflow that the payloads are for, or no workflow accepts them; " +
			"with the Temporal CLI: --codec-header " + WorkflowHeader + "=onramp/inv-42"}
	}
	entry.seen(workflowID)
	return namespace.WithSerializationContext(converter.WorkflowSerializationContext{
		Namespace:  entry.namespace,
		WorkflowID: workflowID,
	}), nil
}

// read takes the payloads from the body. What is wrong with it is not told: the parser's words quote it.
func (s *server) read(w http.ResponseWriter, r *http.Request) ([]*commonpb.Payload, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, s.maxBody))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, &refusal{
			status: http.StatusRequestEntityTooLarge,
			reason: fmt.Sprintf("the body is larger than the %d bytes that RAMP_CODEC_MAX_BODY allows", tooLarge.Limit),
		}
	}
	if err != nil {
		return nil, &refusal{status: http.StatusBadRequest, reason: "the body could not be read to its end"}
	}
	var payloads commonpb.Payloads
	if err := protojson.Unmarshal(body, &payloads); err != nil {
		return nil, &refusal{status: http.StatusBadRequest, reason: `the body is not {"payloads": […]} in Temporal's JSON`}
	}
	return payloads.GetPayloads(), nil
}

// What one request may ask for. The Web UI and the CLI decode an event, or a page of one order's history, at a time; who wants
// all orders asks for each, and the audit log names each.
const (
	maxPayloads  = 1000
	maxWorkflows = 20
)

// bounded refuses to decode much at once, before anything is.
func bounded(payloads []*commonpb.Payload) error {
	workflows := make(map[string]struct{})
	for _, payload := range payloads {
		if codec.Encrypted(payload) {
			workflows[codec.WorkflowID(payload)] = struct{}{}
		}
	}
	if len(payloads) <= maxPayloads && len(workflows) <= maxWorkflows {
		return nil
	}
	return &refusal{
		status: http.StatusRequestEntityTooLarge,
		reason: fmt.Sprintf("the request holds %d payloads of %d workflows; ask for at most %d of at most %d at a time",
			len(payloads), len(workflows), maxPayloads, maxWorkflows),
	}
}

func respond(target converter.PayloadCodec, payloads []*commonpb.Payload, entry *entry) ([]byte, error) {
	answer := &commonpb.Payloads{Payloads: make([]*commonpb.Payload, len(payloads))}
	for i, payload := range payloads {
		var err error
		if answer.Payloads[i], err = convert(target, payload, entry); err != nil {
			return nil, err
		}
	}
	return protojson.Marshal(answer)
}

func allEncrypted(payloads []*commonpb.Payload) bool {
	return !slices.ContainsFunc(payloads, func(payload *commonpb.Payload) bool { return !codec.Encrypted(payload) })
}

func convert(target converter.PayloadCodec, payload *commonpb.Payload, entry *entry) (*commonpb.Payload, error) {
	encrypted := codec.Encrypted(payload)
	switch {
	case entry.action == decode && encrypted:
		return decodeOne(target, payload, entry), nil
	case entry.action == encode && !encrypted:
		return encodeOne(target, payload, entry)
	default:
		entry.passed++
		return payload, nil
	}
}

// decodeOne decrypts a payload. One that does not decrypt is handed back as it came, so that the rest of its page can
// be read.
func decodeOne(target converter.PayloadCodec, payload *commonpb.Payload, entry *entry) *commonpb.Payload {
	decoded, err := target.Decode([]*commonpb.Payload{payload})
	if err != nil {
		entry.undecryptable++
		var unknown *codec.UnknownKeyError
		if errors.As(err, &unknown) {
			entry.unknownKeys++
		}
		return payload
	}
	entry.decrypted++
	entry.seen(codec.WorkflowID(payload))
	return decoded[0]
}

func encodeOne(target converter.PayloadCodec, payload *commonpb.Payload, entry *entry) (*commonpb.Payload, error) {
	encoded, err := target.Encode([]*commonpb.Payload{payload})
	if err != nil {
		return nil, err
	}
	entry.encrypted++
	return encoded[0], nil
}
