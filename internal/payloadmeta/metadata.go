// Package payloadmeta defines what codec passes to readers of payloads: marks in a payload's metadata, and the error that replaces an
// unauthenticated failure.
package payloadmeta

// Encoding is the value of the metadata "encoding" of an encrypted payload.
const Encoding = "binary/encrypted"

// MissingKeyCode is in the text of every error about a key that a keyset lacks, for readers to whom Temporal hands the text alone.
const MissingKeyCode = "RAMP_KEY_MISSING"

// Marks that the worker's data converter sets in the metadata of messages from outside the worker, such as signals. It removes marks that
// a sender has set.
const (
	// MetadataUnencrypted marks a message that arrived unencrypted.
	MetadataUnencrypted = "unencrypted"
	// MetadataKeyID holds the id of the key that the message was encrypted with, in decimal.
	MetadataKeyID = "encryption-key-id"
	// MetadataUnreadable marks a message whose key is not in the worker's keyset.
	MetadataUnreadable = "unreadable"
	// MetadataLarge marks an encrypted message that is far larger than any message of the contract.
	MetadataLarge = "large"
	// MetadataArguments holds, on the first of several arguments, the number of arguments in decimal.
	MetadataArguments = "arguments"
)
