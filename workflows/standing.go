package workflows

import (
	"cmp"
	"strconv"
	"strings"

	"rampart/ramp"
)

// standing says where the order stands.
func (o *orderRun) standing() standing {
	switch o.order.Status {
	case ramp.VerifyingKYC:
		return o.verifyingKYC()
	case ramp.AwaitingKYC:
		return o.awaitingKYC()
	case ramp.LinkingAccount:
		return o.atOnce("The provider links the user's " + o.accountName())
	case ramp.AwaitingAccount:
		return o.awaitingAccount()
	case ramp.Quoting:
		return o.atOnce("The price is fetched")
	case ramp.CreatingOrder:
		return o.atOnce("The provider makes the order")
	case ramp.AwaitingConfirmation:
		return o.awaitingConfirmation()
	case ramp.AwaitingPayment:
		return o.awaitingPayment()
	case ramp.VerifyingPayment, ramp.Settling, ramp.Refunding:
		return o.withTheProvider()
	default:
		return o.over()
	}
}

// atOnce is for what the provider usually does at once.
func (o *orderRun) atOnce(headline string) standing {
	return standing{
		headline: headline,
		awaits:   theProvider,
		text:     "The order goes on by itself. If that takes long, Pending Activities shows why.",
		help:     o.unlessWanted(),
	}
}

func (o *orderRun) verifyingKYC() standing {
	switch id := o.identity; {
	case !id.again.IsZero():
		return standing{
			headline: "The provider takes no KYC documents for now",
			awaits:   theProvider,
			text:     "There were too many failed attempts. The order uploads the documents again then, by itself.",
			until:    id.again,
			help:     o.ifOtherDocuments(),
		}
	case id.taken.IsZero() && o.submissions.kyc.closedBecause == "":
		return o.atOnce("The provider checks the user's KYC")
	}
	s := standing{
		headline: "The provider reviews the user's KYC documents",
		awaits:   theProvider,
		text:     "A review by hand takes up to 24 hours. The order goes on by itself once the user is verified.",
		help:     o.unlessWanted(),
	}
	if o.submissions.kyc.closedBecause == "" {
		s.text += " The provider does not say when it refuses them."
		s.help = o.ifOtherDocuments()
	}
	return s
}

func (o *orderRun) ifOtherDocuments() []remedy {
	return append([]remedy{
		{"The user has other documents", code("starter submit-kyc " + o.id() + " DOSSIER-URL")},
	}, o.unlessWanted()...)
}

func (o *orderRun) awaitingKYC() standing {
	return standing{
		headline: "The user must hand in KYC documents",
		awaits:   theUser,
		text: "The provider has not verified the user. Without documents the order is rejected then. " +
			"It goes on by itself should the user be verified by other means.",
		until: o.statusSince().Add(userPatience),
		help: append([]remedy{
			{"The documents are where the workers read them", code("starter submit-kyc " + o.id() + " DOSSIER-URL")},
		}, o.unlessWanted()...),
	}
}

func (o *orderRun) awaitingAccount() standing {
	return standing{
		headline: "The user must name another " + o.accountName(),
		awaits:   theUser,
		text:     "The provider did not link the one they gave. Without another the order is rejected then.",
		until:    o.statusSince().Add(userPatience),
		help: append([]remedy{
			{"The user has named one", code("starter submit-account " + o.id() + " --file account.json")},
		}, o.unlessWanted()...),
	}
}

func (o *orderRun) awaitingConfirmation() standing {
	return standing{
		headline: "The user must confirm the price",
		awaits:   theUser,
		text:     "Without an answer the order is cancelled then.",
		until:    o.confirmBy,
		help: append([]remedy{
			{"The user agrees", code("starter confirm-quote " + o.id() + " " + o.order.Quote.ID)},
		}, o.unlessWanted()...),
	}
}

func (o *orderRun) awaitingPayment() standing {
	switch proof := o.flow.words().proof; {
	case o.order.Proof != nil:
		return standing{
			headline: "The provider is given the " + proof,
			awaits:   theProvider,
			text:     "The order goes on by itself once the provider has taken or refused it.",
		}
	case !o.payment.awaited():
		goesOn := "The order asks on"
		if !o.payment.undecided() {
			goesOn = "The order asks again when its time is over"
		}
		return standing{
			headline: "The provider must say whether the order is paid",
			awaits:   theProvider,
			text: "The provider's status tells neither that it is paid nor that it is not. " +
				goesOn + ", and takes a " + proof + " meanwhile.",
			help: []remedy{o.ifPaidNow(), {"The provider cannot tell", o.askSupport()}},
		}
	case o.order.Previous != nil:
		return o.paidBefore()
	}
	headline := "The user must pay "
	if *o.order.Instructions == (ramp.Instructions{}) {
		headline = "Nothing tells the user how to pay "
	}
	return standing{
		headline: headline + o.toPay(),
		awaits:   theUser,
		text:     o.howToPay() + " Without it the order expires then.",
		until:    o.order.ExpiresAt,
		help:     append([]remedy{o.ifPaidNow()}, o.unlessWanted()...),
	}
}

// paidBefore is for an order whose user has paid for an earlier one, and must not pay again, although the provider refused it.
func (o *orderRun) paidBefore() standing {
	s := standing{
		headline: "The payment of order " + o.order.Previous.Reference + " was not taken",
		awaits:   theUser,
		text: "Its user has paid, and must not pay again. A mistyped UTR can be corrected; whether another payment counts, the " +
			"provider's support decides. The order expires then.",
		until: o.order.ExpiresAt,
		help:  []remedy{{"The UTR was right", o.askSupport()}},
	}
	if !o.proofsOver {
		s.help = append(s.help, remedy{"The UTR was mistyped", o.proofCommand()})
	}
	s.help = append(s.help, o.unlessWanted()...)
	return s
}

// ifPaidNow is for an order that waits for its proof, unless it has had as many as it takes.
func (o *orderRun) ifPaidNow() remedy {
	if o.proofsOver {
		return remedy{"The user has paid", o.askSupport()}
	}
	return remedy{"The user has paid", o.proofCommand()}
}

// howToPay names the provider's account, which is nobody's secret.
func (o *orderRun) howToPay() string {
	pay, how := o.toPay(), o.order.Instructions
	switch {
	case how.Deposit != nil:
		return "The user sends " + pay + " on chain " + strconv.FormatInt(how.Deposit.ChainID, 10) + " to " +
			code(how.Deposit.WalletAddress) + ", and submits the transaction hash."
	case how.Bank != nil:
		return "The user transfers " + pay + " to the provider's account " + code(ramp.MaskAccount(how.Bank.AccountNumber)) +
			", and submits the bank's UTR."
	case how.UPI != nil && how.UPI.VPA != "":
		return "The user pays " + pay + " by UPI to " + code(how.UPI.VPA) + ", and submits the bank's UTR."
	case how.CheckoutURL != "":
		return "The user pays " + pay + " on the provider's page " + code(how.CheckoutURL) + ", and submits the bank's UTR."
	case how.UPI == nil && o.order.Direction == ramp.Offramp:
		return "Nothing tells where the user is to send " + pay + ", so that they must send nothing. Whoever has sent it submits the transaction hash."
	default:
		return "The user pays " + pay + ", and submits the bank's UTR."
	}
}

// toPay is the one amount that counts: another is refunded, or the order cancelled.
func (o *orderRun) toPay() string {
	if deposit := o.order.Instructions.Deposit; deposit != nil {
		return ramp.Amount{Amount: deposit.Amount, Currency: deposit.Symbol}.Text()
	}
	return o.order.Quote.Pay.Text()
}

func (o *orderRun) withTheProvider() standing {
	s := standing{awaits: theProvider}
	switch o.order.Status {
	case ramp.VerifyingPayment:
		s.headline = "The provider looks for the payment"
		s.text = "It has taken the " + o.flow.words().proof + ". The order goes on by itself, asks for attention after a day, " +
			"and can no longer be cancelled."
		s.help = o.ifMistyped()
	case ramp.Settling:
		s.headline = "The provider has the payment and delivers " + o.order.Quote.Receive.Text()
		s.text = "The order goes on by itself, and can no longer be cancelled."
	default:
		s.headline = "The provider returns the payment"
		s.text = "It goes back to where it came from. The order ends by itself once it is there."
	}
	return s
}

// ifMistyped is for a proof that the provider has taken, as it takes any of the right form, and finds no payment by.
func (o *orderRun) ifMistyped() []remedy {
	if !o.replaceable() {
		return nil
	}
	when := "The UTR was mistyped"
	if o.order.Direction == ramp.Offramp {
		when = "The transaction hash was mistyped, or the transaction replaced"
	}
	return []remedy{{when, "until the provider has found the payment, the right one takes its place: " + o.proofCommand()}}
}

// over tells how the order ended, and what is left to do.
func (o *orderRun) over() standing {
	s := standing{text: o.order.Timeline[len(o.order.Timeline)-1].Note}
	switch o.order.Status {
	case ramp.Completed:
		s.headline = "Completed"
		if settlement := o.order.Settlement; settlement != nil && settlement.Amount.Amount != "" {
			s.headline += ": " + settlement.Amount.Text() + " delivered"
		}
		s.help = []remedy{{"The user misses what was delivered", o.askSupport()}}
	case ramp.Refunded:
		s.headline = "Refunded"
		s.help = []remedy{{"The user misses the payment", o.askSupport()}, o.tryAgain()}
	case ramp.Rejected:
		s.headline = "Rejected"
		s.help = []remedy{o.tryAgain()}
	case ramp.Expired:
		s.headline = "Expired"
		s.help = o.ifPaid()
	default:
		s.headline = "Cancelled"
		s.help = o.ifPaid()
	}
	return s
}

// ifPaid is for an order that ended unpaid, as far as the provider knows.
func (o *orderRun) ifPaid() []remedy {
	when := "The user has paid"
	if o.order.Direction == ramp.Offramp {
		when = "The user has sent the tokens"
	}
	switch o.order.WayOut() {
	case ramp.NoWayOut:
		return []remedy{o.tryAgain()}
	case ramp.AskSupport:
		return []remedy{{when, o.askSupport()}, o.tryAgain()}
	case ramp.OrderAmountPaid:
		return []remedy{{when, o.reorderCommand() + ", with the amount that left the user's account"}, o.tryAgain()}
	default:
		return []remedy{{when, o.reorderCommand()}, o.tryAgain()}
	}
}

func (o *orderRun) reorderCommand() string {
	order := o.order
	order.Reference = o.id() // as every command takes it
	return code("starter " + strings.Join(ramp.ReorderArguments(&order), " "))
}

func (o *orderRun) tryAgain() remedy {
	return remedy{"The user wants to try again", "a new order, with a reference of its own"}
}

func (o *orderRun) unlessWanted() []remedy {
	return []remedy{{"The user does not want it any more", code("starter cancel " + o.id())}}
}

func (o *orderRun) proofCommand() string {
	if o.order.Direction == ramp.Offramp {
		return code("starter submit-hash " + o.id() + " TRANSACTION-HASH")
	}
	return code("starter submit-utr " + o.id() + " UTR")
}

func (o *orderRun) askSupport() string {
	if previous := o.order.Previous; previous != nil && previous.OrderID != "" {
		return "ask the provider's support about both of its orders, " + code(previous.OrderID) + " and " + code(cmp.Or(o.order.OrderID, "unknown"))
	}
	return "ask the provider's support about its order " + code(cmp.Or(o.order.OrderID, "unknown"))
}

func (o *orderRun) accountName() string {
	if o.flow.accountKind() == ramp.AccountUPI {
		return "UPI ID"
	}
	return "bank account"
}
