package codec_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"rampart/codec"
)

func TestWhatIsSealedIsBoundToItsContext(t *testing.T) {
	t.Parallel()
	keyring := open(t, newSource(t))
	rapid.Check(t, func(rt *rapid.T) {
		context, other := rapid.String().Draw(rt, "context"), rapid.String().Draw(rt, "other")
		text := rapid.SliceOf(rapid.Byte()).Draw(rt, "text")
		sealed, err := keyring.Seal(context, text)
		require.NoError(t, err)
		opened, err := keyring.Unseal(context, sealed)
		require.NoError(t, err)
		require.Equal(t, len(text), len(opened))
		if other != context {
			_, err = keyring.Unseal(other, sealed)
			require.ErrorIs(t, err, codec.ErrUnsealable)
		}
		_, err = keyring.Unseal(context, sealed[:rapid.IntRange(0, len(sealed)-1).Draw(rt, "cut")])
		require.ErrorIs(t, err, codec.ErrUnsealable)
		sealed[rapid.IntRange(0, len(sealed)-1).Draw(rt, "flipped")] ^= 1
		_, err = keyring.Unseal(context, sealed)
		require.ErrorIs(t, err, codec.ErrUnsealable)
	})
}

func TestSealedTextIsReadAfterARotationAndNotWithOtherKeys(t *testing.T) {
	t.Parallel()
	source := newSource(t)
	old := open(t, source)
	sealed, err := old.Seal("a record", []byte("text"))
	require.NoError(t, err)
	_, err = codec.AddKey(t.Context(), source)
	require.NoError(t, err)
	_, err = codec.PromoteKey(t.Context(), source)
	require.NoError(t, err)

	rotated := open(t, source)
	text, err := rotated.Unseal("a record", sealed)
	require.NoError(t, err)
	require.Equal(t, "text", string(text))

	newer, err := rotated.Seal("a record", []byte("text"))
	require.NoError(t, err)
	_, err = old.Unseal("a record", newer)
	require.ErrorIs(t, err, codec.ErrUnsealable)
	require.ErrorContains(t, err, rotated.Primary())
}

// TestPayloadIsNotUnsealed: neither form of ciphertext passes for the other.
func TestPayloadIsNotUnsealed(t *testing.T) {
	t.Parallel()
	keyring := open(t, newSource(t))
	payload := sealed(t, keyring)
	for _, context := range []string{"", "default", payload.String()} {
		_, err := keyring.Unseal(context, payload.GetData())
		require.ErrorIs(t, err, codec.ErrUnsealable)
	}
}
