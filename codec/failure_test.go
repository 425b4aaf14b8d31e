package codec_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/proto"

	"rampart/codec"
)

func secured(t *testing.T, namespace string) client.Options {
	t.Helper()
	options := client.Options{Namespace: namespace}
	codec.Secure(&options, newKeyring(t))
	return options
}

func TestErrorsAreEncryptedWithTheirDetailsAndCauses(t *testing.T) {
	t.Parallel()
	options := secured(t, "")
	own := converter.WithFailureConverterSerializationContext(options.FailureConverter, order("default", "onramp/inv-42"))
	cause := errors.New("no account of " + secret)
	failure := own.ErrorToFailure(temporal.NewApplicationErrorWithOptions("refused for "+secret, "Refused",
		temporal.ApplicationErrorOptions{NonRetryable: true, Cause: cause, Details: []any{secret}}))

	raw, err := proto.Marshal(failure)
	require.NoError(t, err)
	require.NotContains(t, string(raw), "asha")
	require.Equal(t, "Refused", failure.GetApplicationFailureInfo().GetType(), "the type is what decides, and says nothing of the user")
	require.Equal(t, "onramp/inv-42", codec.WorkflowID(failure.GetEncodedAttributes()))

	var read *temporal.ApplicationError
	require.ErrorAs(t, own.FailureToError(failure), &read)
	require.ErrorContains(t, read, "refused for "+secret)
	require.ErrorContains(t, read, cause.Error())
	require.True(t, read.NonRetryable())
	var detail string
	require.NoError(t, read.Details(&detail))
	require.Equal(t, secret, detail)
}

func TestErrorOfAnotherWorkflowStaysUnread(t *testing.T) {
	t.Parallel()
	options := secured(t, "default")
	theirs := converter.WithFailureConverterSerializationContext(options.FailureConverter, order("default", "onramp/inv-41"))
	ours := converter.WithFailureConverterSerializationContext(options.FailureConverter, order("default", "onramp/inv-42"))
	read := ours.FailureToError(theirs.ErrorToFailure(errors.New("about " + secret)))
	require.NotContains(t, read.Error(), "asha")
}
