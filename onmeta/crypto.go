package onmeta

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
)

// kycKeyLength is the size of an AES-256 key.
const kycKeyLength = 32

var (
	errNoKYCSecret      = errors.New("the KYC secret is empty")
	errKYCFieldForm     = errors.New("an encrypted KYC field must be hex(iv):hex(ciphertext)")
	errKYCFieldContents = errors.New("the encrypted KYC field does not open with this secret")
)

// EncryptKYCField encrypts one value of a KYC upload under the KYC secret that Onmeta issues on
// request. The result is hex(iv) + ":" + hex(AES-256-CBC(plaintext, PKCS#7)); the key is the first 32
// characters of base64(SHA-256(secret)) (provider 3.4). random supplies the 16 bytes of the iv; pass
// crypto/rand.Reader outside tests.
//
// The scheme is the provider's. It does not authenticate the value: TLS does.
func EncryptKYCField(secret Secret, plaintext string, random io.Reader) (string, error) {
	block, err := kycCipher(secret)
	if err != nil {
		return "", err
	}
	iv := make([]byte, aes.BlockSize)
	if _, err := io.ReadFull(random, iv); err != nil {
		return "", fmt.Errorf("read random bytes: %w", err)
	}
	sealed := pad([]byte(plaintext))
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(sealed, sealed)
	return hex.EncodeToString(iv) + ":" + hex.EncodeToString(sealed), nil
}

// DecryptKYCField decrypts the result of EncryptKYCField. Its errors never hold any part of the value.
func DecryptKYCField(secret Secret, encrypted string) (string, error) {
	block, err := kycCipher(secret)
	if err != nil {
		return "", err
	}
	iv, sealed, err := splitKYCField(encrypted)
	if err != nil {
		return "", err
	}
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(sealed, sealed)
	plaintext, ok := unpad(sealed)
	if !ok {
		return "", errKYCFieldContents
	}
	return string(plaintext), nil
}

func kycCipher(secret Secret) (cipher.Block, error) {
	if secret == "" {
		return nil, errNoKYCSecret
	}
	digest := sha256.Sum256([]byte(secret.Reveal()))
	key := base64.StdEncoding.EncodeToString(digest[:])[:kycKeyLength]
	return aes.NewCipher([]byte(key))
}

func splitKYCField(encrypted string) (iv, sealed []byte, err error) {
	ivText, sealedText, found := strings.Cut(encrypted, ":")
	if !found {
		return nil, nil, errKYCFieldForm
	}
	iv, ivErr := hex.DecodeString(ivText)
	sealed, sealedErr := hex.DecodeString(sealedText)
	wholeBlocks := len(sealed) > 0 && len(sealed)%aes.BlockSize == 0
	if ivErr != nil || sealedErr != nil || len(iv) != aes.BlockSize || !wholeBlocks {
		return nil, nil, errKYCFieldForm
	}
	return iv, sealed, nil
}

func pad(plaintext []byte) []byte {
	n := aes.BlockSize - len(plaintext)%aes.BlockSize
	return append(plaintext, bytes.Repeat([]byte{byte(n)}, n)...)
}

func unpad(padded []byte) ([]byte, bool) {
	n := int(padded[len(padded)-1])
	if n == 0 || n > aes.BlockSize {
		return nil, false
	}
	body, tail := padded[:len(padded)-n], padded[len(padded)-n:]
	return body, bytes.Equal(tail, bytes.Repeat([]byte{byte(n)}, n))
}
