package connection

import (
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
)

// keyless is the data converter of a client without keys: every conversion of a value fails with the reason why there are none, so that nothing is
// sent unencrypted.
type keyless struct{ cause error }

var _ converter.DataConverter = keyless{}

// ToPayload implements converter.DataConverter.
func (k keyless) ToPayload(any) (*commonpb.Payload, error) { return nil, k.cause }

// FromPayload implements converter.DataConverter.
func (k keyless) FromPayload(*commonpb.Payload, any) error { return k.cause }

// ToPayloads implements converter.DataConverter.
func (k keyless) ToPayloads(values ...any) (*commonpb.Payloads, error) {
	if len(values) == 0 {
		return nil, nil
	}
	return nil, k.cause
}

// FromPayloads implements converter.DataConverter.
func (k keyless) FromPayloads(*commonpb.Payloads, ...any) error { return k.cause }

// ToString implements converter.DataConverter.
func (k keyless) ToString(*commonpb.Payload) string { return k.cause.Error() }

// ToStrings implements converter.DataConverter.
func (k keyless) ToStrings(payloads *commonpb.Payloads) []string {
	strings := make([]string, len(payloads.GetPayloads()))
	for i := range strings {
		strings[i] = k.cause.Error()
	}
	return strings
}
