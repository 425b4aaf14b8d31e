package codec_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	failurepb "go.temporal.io/api/failure/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"rampart/codec"
	"rampart/internal/payloadmeta"
)

func secured(t *testing.T, namespace string) client.Options {
	t.Helper()
	options := client.Options{Namespace: namespace}
	codec.Secure(&options, newKeyring(t))
	return options
}

// failures returns a function that creates failure converters for contexts.
func failures(t *testing.T) func(converter.SerializationContext) converter.FailureConverter {
	t.Helper()
	options := secured(t, "default")
	return func(context converter.SerializationContext) converter.FailureConverter {
		return converter.WithFailureConverterSerializationContext(options.FailureConverter, context)
	}
}

// refusal is what an activity fails with when the provider refuses.
func refusal() error {
	return temporal.NewApplicationErrorWithOptions("refused for "+secret, "ProviderRefused", temporal.ApplicationErrorOptions{
		NonRetryable: true, Cause: errors.New("no account of " + secret), Details: []any{secret},
	})
}

func requireForged(t *testing.T, reader converter.FailureConverter, failure *failurepb.Failure, name string) {
	t.Helper()
	err := reader.FailureToError(failure)
	var forged *payloadmeta.UnauthenticatedError
	require.ErrorAs(t, err, &forged, name)
	var application *temporal.ApplicationError
	require.NotErrorAs(t, err, &application, name)
	var canceled *temporal.CanceledError
	require.NotErrorAs(t, err, &canceled, name)
	require.NotContains(t, err.Error(), "asha", name)
}

func TestErrorsAreEncryptedWithTheirDetailsAndCauses(t *testing.T) {
	t.Parallel()
	options := secured(t, "")
	own := converter.WithFailureConverterSerializationContext(options.FailureConverter, activity("default", "onramp/inv-42", "KYCStatus"))
	failure := own.ErrorToFailure(refusal())

	raw, err := proto.Marshal(failure)
	require.NoError(t, err)
	require.NotContains(t, string(raw), "asha")
	require.Equal(t, "ProviderRefused", failure.GetApplicationFailureInfo().GetType(), "the type contains no personal data")
	require.Equal(t, codec.HiddenMessage, failure.GetMessage(), "the message names the remedy for readers without keys")
	require.Equal(t, "onramp/inv-42", codec.WorkflowID(failure.GetEncodedAttributes()))
	require.Equal(t, "KYCStatus", codec.Role(failure.GetEncodedAttributes()))

	var read *temporal.ApplicationError
	require.ErrorAs(t, own.FailureToError(failure), &read)
	require.ErrorContains(t, read, "refused for "+secret)
	require.ErrorContains(t, read, "no account of "+secret)
	require.True(t, read.NonRetryable())
	var detail string
	require.NoError(t, read.Details(&detail))
	require.Equal(t, secret, detail)
}

func TestEveryKindOfErrorRoundTrips(t *testing.T) {
	t.Parallel()
	own := failures(t)(activity("default", "onramp/inv-42", "KYCStatus"))
	retried := temporal.NewApplicationErrorWithOptions("later", "ProviderRateLimited", temporal.ApplicationErrorOptions{NextRetryDelay: time.Minute})
	for name, err := range map[string]error{
		"plain": errors.New("plain"), "refused": refusal(), "retried": retried,
		"cancelled": temporal.NewCanceledError(secret),
		"timeout":   temporal.NewTimeoutError(enumspb.TIMEOUT_TYPE_HEARTBEAT, retried, secret),
	} {
		failure := own.ErrorToFailure(err)
		read := own.FailureToError(failure)
		var forged *payloadmeta.UnauthenticatedError
		require.NotErrorAs(t, read, &forged, name)
		require.Equal(t, err.Error(), read.Error(), name)
		again := own.FailureToError(own.ErrorToFailure(read))
		require.Equal(t, err.Error(), again.Error(), name)
	}
	var read *temporal.ApplicationError
	require.ErrorAs(t, own.FailureToError(own.ErrorToFailure(retried)), &read)
	require.Equal(t, time.Minute, read.NextRetryDelay())
	require.NoError(t, own.FailureToError(nil))
	require.Nil(t, own.ErrorToFailure(nil))
}

// A workflow that fails with its activity's error passes on what it has read.
func TestActivityErrorIsReencryptedForReadersOfTheWorkflow(t *testing.T) {
	t.Parallel()
	for _, contexts := range []converter.SerializationContext{order("default", "onramp/inv-42"), activity("default", "onramp/inv-42", "Other")} {
		of := failures(t)
		theirs, own := of(activity("default", "onramp/inv-42", "KYCStatus")), of(contexts)
		read := theirs.FailureToError(theirs.ErrorToFailure(refusal()))

		passedOn := own.ErrorToFailure(temporal.NewApplicationErrorWithOptions("a defect", "Defect", temporal.ApplicationErrorOptions{Cause: read}))

		raw, err := proto.Marshal(passedOn)
		require.NoError(t, err)
		require.NotContains(t, string(raw), "asha")
		require.ErrorContains(t, own.FailureToError(passedOn), "refused for "+secret)
		require.ErrorContains(t, theirs.FailureToError(theirs.ErrorToFailure(read)), "refused for "+secret, "what was read is as it was")
	}
}

func TestForgedFailureIsIgnored(t *testing.T) {
	t.Parallel()
	options := secured(t, "default")
	of := func(context converter.SerializationContext) converter.FailureConverter {
		return converter.WithFailureConverterSerializationContext(options.FailureConverter, context)
	}
	own := of(activity("default", "onramp/inv-42", "SubmitUTR"))
	genuine := func() *failurepb.Failure { return own.ErrorToFailure(refusal()) }
	changed := func(change func(*failurepb.Failure)) *failurepb.Failure {
		failure := genuine()
		change(failure)
		return failure
	}
	other := own.ErrorToFailure(temporal.NewApplicationErrorWithOptions("later", "ProviderUnavailable", temporal.ApplicationErrorOptions{Details: []any{1}}))
	input, err := converter.WithDataConverterSerializationContext(options.DataConverter, activity("default", "onramp/inv-42", "SubmitUTR")).
		ToPayload(map[string]string{"message": "forged"})
	require.NoError(t, err)
	details, err := converter.GetDefaultDataConverter().ToPayloads("forged")
	require.NoError(t, err)

	for name, forged := range map[string]*failurepb.Failure{
		"in clear":               temporal.GetDefaultFailureConverter().ErrorToFailure(refusal()),
		"in clear, as cancelled": temporal.GetDefaultFailureConverter().ErrorToFailure(temporal.NewCanceledError()),
		"in clear, as terminated": {
			FailureInfo: &failurepb.Failure_TerminatedFailureInfo{TerminatedFailureInfo: &failurepb.TerminatedFailureInfo{}}},
		"in clear, as the server's": {
			FailureInfo: &failurepb.Failure_ServerFailureInfo{ServerFailureInfo: &failurepb.ServerFailureInfo{NonRetryable: true}}},
		"in clear, as a reset": {
			FailureInfo: &failurepb.Failure_ResetWorkflowFailureInfo{ResetWorkflowFailureInfo: &failurepb.ResetWorkflowFailureInfo{}}},
		"of nothing": {},
		"of no kind, with an input as attributes": {EncodedAttributes: input},
		"in clear in a clear wrapper":             {Cause: genuine()},
		"with another type":                       changed(func(f *failurepb.Failure) { f.GetApplicationFailureInfo().Type = "QuoteExpired" }),
		"with another flag":                       changed(func(f *failurepb.Failure) { f.GetApplicationFailureInfo().NonRetryable = false }),
		"with another delay": changed(func(f *failurepb.Failure) {
			f.GetApplicationFailureInfo().NextRetryDelay = durationpb.New(time.Hour)
		}),
		"as cancelled": changed(func(f *failurepb.Failure) {
			f.FailureInfo = &failurepb.Failure_CanceledFailureInfo{CanceledFailureInfo: &failurepb.CanceledFailureInfo{Details: f.GetApplicationFailureInfo().GetDetails()}}
		}),
		"as a timeout": changed(func(f *failurepb.Failure) {
			f.FailureInfo = &failurepb.Failure_TimeoutFailureInfo{TimeoutFailureInfo: &failurepb.TimeoutFailureInfo{}}
		}),
		"without its details": changed(func(f *failurepb.Failure) { f.GetApplicationFailureInfo().Details = nil }),
		"with clear details":  changed(func(f *failurepb.Failure) { f.GetApplicationFailureInfo().Details = details }),
		"with another's details": changed(func(f *failurepb.Failure) {
			f.GetApplicationFailureInfo().Details = other.GetApplicationFailureInfo().GetDetails()
		}),
		"without its cause":           changed(func(f *failurepb.Failure) { f.Cause = nil }),
		"with another cause":          changed(func(f *failurepb.Failure) { f.Cause = other }),
		"with a clear cause":          changed(func(f *failurepb.Failure) { f.Cause.EncodedAttributes = nil }),
		"with another's attributes":   changed(func(f *failurepb.Failure) { f.EncodedAttributes = other.GetEncodedAttributes() }),
		"with an input as attributes": changed(func(f *failurepb.Failure) { f.EncodedAttributes = input }),
		"with clear attributes":       changed(func(f *failurepb.Failure) { f.EncodedAttributes = clear(t, map[string]string{"message": "forged"}) }),
		"of another activity":         of(activity("default", "onramp/inv-42", "CreateOnrampOrder")).ErrorToFailure(refusal()),
		"of the workflow":             of(order("default", "onramp/inv-42")).ErrorToFailure(refusal()),
		"of another order":            of(activity("default", "onramp/inv-41", "SubmitUTR")).ErrorToFailure(refusal()),
		"of other keys":               failures(t)(activity("default", "onramp/inv-42", "SubmitUTR")).ErrorToFailure(refusal()),
	} {
		requireForged(t, own, forged, name)
	}
}

// The server has no keys. Its timeout contains no result.
func TestServerTimeoutIsAcceptedWithoutItsForgedDetails(t *testing.T) {
	t.Parallel()
	own := failures(t)(activity("default", "onramp/inv-42", "SubmitUTR"))
	timeout := func(cause *failurepb.Failure, details *commonpb.Payloads) *failurepb.Failure {
		return &failurepb.Failure{Message: "javascript:forged", Cause: cause, FailureInfo: &failurepb.Failure_TimeoutFailureInfo{
			TimeoutFailureInfo: &failurepb.TimeoutFailureInfo{TimeoutType: enumspb.TIMEOUT_TYPE_START_TO_CLOSE, LastHeartbeatDetails: details},
		}}
	}
	var read *temporal.TimeoutError
	var application *temporal.ApplicationError

	genuine := own.ErrorToFailure(refusal())
	require.ErrorAs(t, own.FailureToError(timeout(genuine, genuine.GetApplicationFailureInfo().GetDetails())), &read)
	require.True(t, read.HasLastHeartbeatDetails())
	require.ErrorAs(t, read, &application, "the worker's earlier error")

	forged := temporal.GetDefaultFailureConverter().ErrorToFailure(refusal())
	require.ErrorAs(t, own.FailureToError(timeout(forged, forged.GetApplicationFailureInfo().GetDetails())), &read)
	require.Equal(t, enumspb.TIMEOUT_TYPE_START_TO_CLOSE, read.TimeoutType())
	require.False(t, read.HasLastHeartbeatDetails())
	require.NotErrorAs(t, read, &application)
	require.NotContains(t, read.Error(), "forged")
}

func TestErrorOfAnotherWorkflowIsNotDecrypted(t *testing.T) {
	t.Parallel()
	of := failures(t)
	theirs, ours := of(order("default", "onramp/inv-41")), of(order("default", "onramp/inv-42"))
	requireForged(t, ours, theirs.ErrorToFailure(errors.New("about "+secret)), "another order's")
	require.ErrorContains(t, ours.FailureToError(temporal.GetDefaultFailureConverter().ErrorToFailure(errors.New("x"))), "not encrypted",
		"a backend gets the reason")
}

// FuzzFailure decodes arbitrary failures. Those written without the keys are not accepted.
func FuzzFailure(f *testing.F) {
	elsewhere, err := codec.NewKeyring()
	require.NoError(f, err)
	own := func(keyring *codec.Keyring) converter.FailureConverter {
		return converter.WithFailureConverterSerializationContext(codec.NewFailureConverter(codec.New(keyring, "default")),
			activity("default", "onramp/inv-42", "SubmitUTR"))
	}
	timeout := temporal.NewTimeoutError(enumspb.TIMEOUT_TYPE_START_TO_CLOSE, refusal(), secret)
	for _, err := range []error{refusal(), errors.New("x"), temporal.NewCanceledError(secret), timeout} {
		for _, converter := range []converter.FailureConverter{temporal.GetDefaultFailureConverter(), own(elsewhere)} {
			seed, err := proto.Marshal(converter.ErrorToFailure(err))
			require.NoError(f, err)
			f.Add(seed)
		}
	}
	reader := own(newKeyring(f))
	f.Fuzz(func(t *testing.T, content []byte) {
		failure := new(failurepb.Failure)
		if proto.Unmarshal(content, failure) != nil {
			return
		}
		read := reader.FailureToError(failure)
		var forged *payloadmeta.UnauthenticatedError
		var late *temporal.TimeoutError
		require.True(t, errors.As(read, &forged) || errors.As(read, &late), "%v", read)
		var application *temporal.ApplicationError
		require.NotErrorAs(t, read, &application)
		require.False(t, temporal.IsCanceledError(read))
	})
}
