package workflows

import "go.temporal.io/sdk/workflow"

// Versions of what an order does (workflow.GetVersion). An order in flight adopts a change where it first reaches it; a recorded history
// replays as recorded. A change is asked for only on the paths that it changes, because each costs two events there.
const (
	// changeReplacedProofs: another proof is submitted until the provider has the payment.
	changeReplacedProofs = "replaced-proofs"
	// changeCancellationAsks: a cancellation asks the provider for the payment first.
	changeCancellationAsks = "cancellation-asks-the-provider"
	// changeLookGivesWay: a proof that arrives during a look at the provider ends the look.
	changeLookGivesWay = "look-gives-way-to-proof"
	// changeBothSidesAgreed: a confirmed quote counts only for one at which the user pays no more.
	changeBothSidesAgreed = "both-sides-of-a-price-agreed"
	// changeLateWithoutProof: an order that the provider expires after it has found the payment without a proof is watched on, too.
	changeLateWithoutProof = "late-without-proof"
	// changeRefusalTells: the state that comes with a refused proof counts.
	changeRefusalTells = "refusal-tells-the-state"
	// changeOrderPrice: a provider's order at a worse price than agreed makes that price the next one to confirm.
	changeOrderPrice = "price-of-the-order"
	// changeUnpayable: lost instructions are a concern when the order has none, and only then.
	changeUnpayable = "nothing-tells-how-to-pay"
	// changeProofLimit: proofLimit bounds the proofs of an order.
	changeProofLimit = "proof-limit"
	// changeIdentity: a user who is not verified is watched until they are, and may submit documents at any time.
	changeIdentity = "identify-user"
	// changeLastLookForAccount: a refused account is looked for once more before the order is rejected.
	changeLastLookForAccount = "look-for-account"
	// changeEarlyMessages: messages that arrive before the order is admitted are handled once it is.
	changeEarlyMessages = "early-messages"
	// changeClearAsksAhead: an unencrypted request, which may be refused, prefetches nothing.
	changeClearAsksAhead = "clear-asks-nothing-ahead"
	// changeOneArgument: a request with further arguments is declined.
	changeOneArgument = "one-argument"
	// changeAccountLimit: accountLimit bounds the accounts of an order.
	changeAccountLimit = "account-limit"
	// changeUnkeptPause: an order pauses before it replaces a second foreign order.
	changeUnkeptPause = "unkept-pause"
	// changeReservedMetadata: a request whose metadata has a reserved key is invalid.
	changeReservedMetadata = "reserved-metadata"
	// changeReplaceLost: an order of the provider whose payment instructions were lost is replaced by another one.
	changeReplaceLost = "replace-lost-order"
	// changeHints: the provider's webhooks make an order ask the provider now.
	changeHints = "provider-hints"
)

// changed reports whether this order has a change, and records that. Validators and queries must not call it.
func changed(ctx workflow.Context, change string) bool {
	return workflow.GetVersion(ctx, change, workflow.DefaultVersion, 1) == 1
}
