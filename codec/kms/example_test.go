package kms_test

import (
	"context"
	"log"

	"rampart/codec"
	"rampart/codec/kms"
)

// A backend whose keyset is wrapped by a key of AWS KMS opens it with the credentials of its environment.
func ExampleOpen() {
	keyring, err := codec.OpenKeyring(context.Background(), codec.KeysetSource{
		File:    "/etc/rampart/keyset.json",
		KMS:     "aws-kms://arn:aws:kms:ap-south-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
		OpenKMS: kms.Open,
	})
	if err != nil {
		log.Fatal(err)
	}
	_ = keyring // codec.Secure(&options, keyring)
}
