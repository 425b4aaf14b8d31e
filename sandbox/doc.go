// Package sandbox plays the provider over real HTTP: users, tokens, KYC, bank and UPI linking, quotes, on-ramp
// and off-ramp orders with their full status machines. It serves the demo, the tests, and anyone without
// credentials.
//
// It answers as the provider's documents say, irregular spellings and types included, and validates requests
// strictly. Nothing happens by chance: ids and prices come from the seed, time from a Clock that can be set,
// moved or sped up, and outcomes from magic values in the requests (see MagicTable and README.md).
//
// Told to, it also fails as a provider and the network before it do (see FaultTable), by script or for a share of the
// calls that follows from the seed; and it keeps a ledger of what it did, to be compared with what its clients believe.
package sandbox
