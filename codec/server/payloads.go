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

// codecFor returns the codec of a request. A request to encode must name the workflow that the payloads belong to.
func (s *server) codecFor(r *http.Request, entry *entry) (converter.PayloadCodec, error) {
	namespace := codec.New(s.keyring, entry.namespace)
	if entry.action == decode {
		return namespace, nil
	}
	workflowID, err := singleHeader(r, WorkflowHeader)
	if err != nil {
		return nil, &refusal{Status: http.StatusBadRequest, Reason: "the request must have exactly one header " + WorkflowHeader +
			" with the id of the workflow that the payloads are for; with the Temporal CLI: --codec-header " + WorkflowHeader + "=onramp/inv-42"}
	}
	entry.addWorkflow(workflowID)
	return namespace.WithSerializationContext(converter.WorkflowSerializationContext{
		Namespace:  entry.namespace,
		WorkflowID: workflowID,
	}), nil
}

// read decodes the payloads in the body. Its errors do not include those of the parser, which quote the body.
func (s *server) read(w http.ResponseWriter, r *http.Request) ([]*commonpb.Payload, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, s.maxBody))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, &refusal{
			Status: http.StatusRequestEntityTooLarge,
			Reason: fmt.Sprintf("the body is larger than the %d bytes that RAMP_CODEC_MAX_BODY allows", tooLarge.Limit),
		}
	}
	if err != nil {
		return nil, &refusal{Status: http.StatusBadRequest, Reason: "the body could not be read completely"}
	}
	var payloads commonpb.Payloads
	if err := protojson.Unmarshal(body, &payloads); err != nil {
		return nil, &refusal{Status: http.StatusBadRequest, Reason: `the body is not {"payloads": […]} in Temporal's JSON`}
	}
	return payloads.GetPayloads(), nil
}

// Limits of one request. The Web UI and the CLI decode an event or a page of one order's history at a time. To decode many
// orders takes many requests, each with its line in the audit log.
const (
	maxPayloads  = 1000
	maxWorkflows = 20
)

// checkSize refuses a request that exceeds the limits.
func checkSize(payloads []*commonpb.Payload) error {
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
		Status: http.StatusRequestEntityTooLarge,
		Reason: fmt.Sprintf("the request has %d payloads of %d workflows; the limit is %d payloads of %d workflows",
			len(payloads), len(workflows), maxPayloads, maxWorkflows),
	}
}

// respond converts the payloads and returns the body of the response.
func respond(payloadCodec converter.PayloadCodec, payloads []*commonpb.Payload, entry *entry) ([]byte, error) {
	response := &commonpb.Payloads{Payloads: make([]*commonpb.Payload, len(payloads))}
	for i, payload := range payloads {
		var err error
		if response.Payloads[i], err = convert(payloadCodec, payload, entry); err != nil {
			return nil, err
		}
	}
	return protojson.Marshal(response)
}

func allEncrypted(payloads []*commonpb.Payload) bool {
	return !slices.ContainsFunc(payloads, func(payload *commonpb.Payload) bool { return !codec.Encrypted(payload) })
}

func convert(payloadCodec converter.PayloadCodec, payload *commonpb.Payload, entry *entry) (*commonpb.Payload, error) {
	encrypted := codec.Encrypted(payload)
	switch {
	case entry.action == decode && encrypted:
		return decodeOne(payloadCodec, payload, entry), nil
	case entry.action == encode && !encrypted:
		return encodeOne(payloadCodec, payload, entry)
	default:
		entry.passed++
		return payload, nil
	}
}

// decodeOne decrypts a payload. It returns a payload that does not decrypt unchanged, so that the rest of the page stays readable.
func decodeOne(payloadCodec converter.PayloadCodec, payload *commonpb.Payload, entry *entry) *commonpb.Payload {
	decoded, err := payloadCodec.Decode([]*commonpb.Payload{payload})
	if err != nil {
		entry.undecryptable++
		var unknown *codec.UnknownKeyError
		if errors.As(err, &unknown) {
			entry.unknownKeys++
		}
		return payload
	}
	entry.decrypted++
	entry.addWorkflow(codec.WorkflowID(payload))
	return decoded[0]
}

func encodeOne(payloadCodec converter.PayloadCodec, payload *commonpb.Payload, entry *entry) (*commonpb.Payload, error) {
	encoded, err := payloadCodec.Encode([]*commonpb.Payload{payload})
	if err != nil {
		return nil, err
	}
	entry.encrypted++
	return encoded[0], nil
}
