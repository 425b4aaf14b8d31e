// Package sandbox simulates the provider over real HTTP: users, tokens, KYC, bank and UPI linking, quotes, on-ramp and off-ramp orders
// with their full status machines. It serves the demo, the tests, and anyone without credentials.
//
// It answers as the provider's documents describe, irregular spellings and types included, and validates requests strictly. It is
// deterministic: ids and prices depend on the seed, time on a Clock that can be set, moved or sped up, and outcomes on magic values in
// the requests (see MagicTable and README.md).
//
// It injects faults of the provider and of the network, by rules or for a share of the calls (package fault), and keeps a ledger of
// what happened, to compare with what its clients believe (package ledger).
package sandbox
