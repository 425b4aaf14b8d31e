package codec_test

import (
	"context"
	"fmt"
	"log"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"rampart/codec"
	"rampart/codec/kms"
)

// A backend connects to Temporal with the keyset of the workers, and keeps following its rotation.
func ExampleSecure() {
	ctx := context.Background()
	keyring, err := codec.OpenKeyring(ctx, codec.KeysetSource{File: "/etc/rampart/keyset.json"})
	if err != nil {
		log.Fatal(err)
	}
	go keyring.Follow(ctx, 30*time.Second, func(err error) {
		if err != nil {
			log.Print(err) // the previous keys stay in use
		}
	})

	options := client.Options{HostPort: "temporal.example.test:7233", Namespace: "orders"}
	codec.Secure(&options, keyring)
	temporal, err := client.Dial(options)
	if err != nil {
		log.Fatal(err)
	}
	defer temporal.Close()
}

// A keyset that AWS KMS wraps is unwrapped when it is opened.
func ExampleOpenKeyring() {
	keyring, err := codec.OpenKeyring(context.Background(), codec.KeysetSource{
		File:    "/etc/rampart/keyset.json",
		KMS:     "aws-kms://arn:aws:kms:ap-south-1:111122223333:key/example",
		OpenKMS: kms.Open,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("encrypting with key", keyring.Primary())
}

// A payload that is encrypted for one order decrypts for this order only.
func ExampleCodec() {
	keyring, err := codec.NewKeyring()
	if err != nil {
		log.Fatal(err)
	}
	namespace := codec.New(keyring, "default")
	order := func(id string) converter.PayloadCodec {
		return namespace.WithSerializationContext(converter.WorkflowSerializationContext{Namespace: "default", WorkflowID: id})
	}
	payload, err := converter.GetDefaultDataConverter().ToPayload("asha@example.test")
	if err != nil {
		log.Fatal(err)
	}

	encrypted, err := order("onramp/inv-42").Encode([]*commonpb.Payload{payload})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("encrypted for", codec.WorkflowID(encrypted[0]))

	decrypted, err := order("onramp/inv-42").Decode(encrypted)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("decrypted: %s\n", decrypted[0].GetData())

	_, err = order("onramp/inv-43").Decode(encrypted)
	fmt.Println("for another order:", err)
	// Output:
	// encrypted for onramp/inv-42
	// decrypted: "asha@example.test"
	// for another order: the payload cannot be decrypted here: it belongs to another workflow, namespace or activity type, or it was modified
}

// A data converter encrypts and decrypts values. Secure sets it in a client's options.
func ExampleNewDataConverter() {
	keyring, err := codec.NewKeyring()
	if err != nil {
		log.Fatal(err)
	}
	values := converter.WithDataConverterSerializationContext(
		codec.NewDataConverter(codec.New(keyring, "default")),
		converter.WorkflowSerializationContext{Namespace: "default", WorkflowID: "onramp/inv-42"},
	)

	payload, err := values.ToPayload("AXIS42938472")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("encrypted:", codec.Encrypted(payload))

	var utr string
	if err := values.FromPayload(payload, &utr); err != nil {
		log.Fatal(err)
	}
	fmt.Println("decrypted:", utr)
	// Output:
	// encrypted: true
	// decrypted: AXIS42938472
}
