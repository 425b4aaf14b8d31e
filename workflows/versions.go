package workflows

import "go.temporal.io/sdk/workflow"

// Changes of what an order does. An order in flight takes each up where it first comes to it, and a recorded one replays as it
// was recorded. They are asked for only on the roads that they change: each costs two events there, and none elsewhere.
const (
	// changeReplacedProofs: another proof is submitted until the provider has the payment.
	changeReplacedProofs = "replaced-proofs"
	// changeCancellationAsks: a cancellation asks the provider whether it has the payment.
	changeCancellationAsks = "cancellation-asks-the-provider"
	// changeLookGivesWay: a look at the provider is given up for a proof that comes meanwhile.
	changeLookGivesWay = "look-gives-way-to-proof"
	// changeBothSidesAgreed: a confirmed quote counts only for one at which the user pays no more.
	changeBothSidesAgreed = "both-sides-of-a-price-agreed"
	// changeLateWithoutProof: an order that the provider expires after it had found the payment by itself is watched on, too.
	changeLateWithoutProof = "late-without-proof"
	// changeRefusalTells: the state that comes with a refused proof decides.
	changeRefusalTells = "refusal-tells-the-state"
	// changeOrderPrice: the price of a provider's order that is worse than agreed is the next one to agree to.
	changeOrderPrice = "price-of-the-order"
	// changeUnpayable: attention is asked for when nothing tells how to pay, and only then.
	changeUnpayable = "nothing-tells-how-to-pay"
	// changeProofLimit: an order takes so many proofs and no more.
	changeProofLimit = "proof-limit"
	// changeIdentity: a user who is not verified is watched until they are, and may hand in documents all the while.
	changeIdentity = "identify-user"
	// changeLastLookForAccount: an account is looked for once more before the order gives it up.
	changeLastLookForAccount = "look-for-account"
	// changeEarlyMessages: messages that come before the order has begun are read once it has.
	changeEarlyMessages = "early-messages"
	// changeClearAsksAhead: nothing is asked ahead for a request in clear, which may not be taken.
	changeClearAsksAhead = "clear-asks-nothing-ahead"
	// changeOneArgument: a request that comes with further arguments is declined.
	changeOneArgument = "one-argument"
	// changeAccountLimit: an order takes so many accounts and no more.
	changeAccountLimit = "account-limit"
	// changeUnkeptPause: an order pauses before it makes another in place of a second one that is another order's.
	changeUnkeptPause = "unkept-pause"
	// changeReservedMetadata: a request whose metadata has a key of ours is invalid.
	changeReservedMetadata = "reserved-metadata"
)

// changed reports whether this order takes up a change. Validators and queries must not ask.
func changed(ctx workflow.Context, change string) bool {
	return workflow.GetVersion(ctx, change, workflow.DefaultVersion, 1) == 1
}
