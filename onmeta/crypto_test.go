package onmeta_test

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/onmeta"
)

func TestKYCFieldEncryptionMatchesTheProvidersScheme(t *testing.T) {
	t.Parallel()
	iv, err := hex.DecodeString("000102030405060708090a0b0c0d0e0f")
	require.NoError(t, err)
	encrypted, err := onmeta.EncryptKYCField(kycSecret, "ABCDE1234F", bytes.NewReader(iv))
	require.NoError(t, err)
	require.Equal(t, "000102030405060708090a0b0c0d0e0f:7edfdd4981f1d2278796675648d25a12", encrypted)
}

func TestAKYCFieldSurvivesARoundTrip(t *testing.T) {
	t.Parallel()
	for _, plaintext := range []string{"", "a", strings.Repeat("x", 15), strings.Repeat("x", 16), strings.Repeat("x", 17), "आशा राव"} {
		encrypted, err := onmeta.EncryptKYCField(kycSecret, plaintext, rand.Reader)
		require.NoError(t, err)
		decrypted, err := onmeta.DecryptKYCField(kycSecret, encrypted)
		require.NoError(t, err)
		require.Equal(t, plaintext, decrypted)
	}
}

func TestAKYCFieldIsEncryptedDifferentlyEachTime(t *testing.T) {
	t.Parallel()
	first, err := onmeta.EncryptKYCField(kycSecret, "ABCDE1234F", rand.Reader)
	require.NoError(t, err)
	second, err := onmeta.EncryptKYCField(kycSecret, "ABCDE1234F", rand.Reader)
	require.NoError(t, err)
	require.NotEqual(t, first, second)
}

func TestKYCFieldEncryptionFailsClosed(t *testing.T) {
	t.Parallel()
	_, err := onmeta.EncryptKYCField("", "x", rand.Reader)
	require.ErrorContains(t, err, "secret is empty")
	_, err = onmeta.DecryptKYCField("", "x")
	require.ErrorContains(t, err, "secret is empty")
	_, err = onmeta.EncryptKYCField(kycSecret, "x", failingReader{errors.New("no entropy")})
	require.ErrorContains(t, err, "no entropy")
	for _, bad := range []string{
		"", ":", "abc", "zz:zz", "00:00", strings.Repeat("00", 16) + ":", strings.Repeat("00", 16) + ":" + strings.Repeat("00", 17),
		strings.Repeat("00", 15) + ":" + strings.Repeat("00", 16),
	} {
		_, err := onmeta.DecryptKYCField(kycSecret, bad)
		require.ErrorContains(t, err, "must be hex(iv):hex(ciphertext)", bad)
	}
	const vector = "000102030405060708090a0b0c0d0e0f:7edfdd4981f1d2278796675648d25a12"
	_, err = onmeta.DecryptKYCField("another secret", vector)
	require.ErrorContains(t, err, "does not open with this secret")
}
