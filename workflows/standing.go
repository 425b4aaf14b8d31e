package workflows

import (
	"cmp"
	"strconv"
	"strings"

	"rampart/ramp"
)

// standing says where the order stands.
func (l *lifecycle) standing() standing {
	switch l.order.Status {
	case ramp.VerifyingKYC:
		return l.verifyingKYC()
	case ramp.AwaitingKYC:
		return l.awaitingKYC()
	case ramp.LinkingAccount:
		return l.atOnce("The provider links the user's " + l.accountName())
	case ramp.AwaitingAccount:
		return l.awaitingAccount()
	case ramp.Quoting:
		return l.atOnce("The price is fetched")
	case ramp.CreatingOrder:
		return l.atOnce("The provider makes the order")
	case ramp.AwaitingConfirmation:
		return l.awaitingConfirmation()
	case ramp.AwaitingPayment:
		return l.awaitingPayment()
	case ramp.VerifyingPayment, ramp.Settling, ramp.Refunding:
		return l.withTheProvider()
	default:
		return l.over()
	}
}

// atOnce is for what the provider usually does at once.
func (l *lifecycle) atOnce(headline string) standing {
	return standing{
		headline: headline,
		awaits:   theProvider,
		text:     "The order goes on by itself. If that takes long, Pending Activities shows why.",
		help:     l.unlessWanted(),
	}
}

func (l *lifecycle) verifyingKYC() standing {
	switch id := l.identity; {
	case !id.again.IsZero():
		return standing{
			headline: "The provider takes no KYC documents for now",
			awaits:   theProvider,
			text:     "There were too many failed attempts. The order uploads the documents again then, by itself.",
			until:    id.again,
			help:     l.ifOtherDocuments(),
		}
	case id.taken.IsZero() && l.inbox.kyc.shut == "":
		return l.atOnce("The provider checks the user's KYC")
	}
	s := standing{
		headline: "The provider reviews the user's KYC documents",
		awaits:   theProvider,
		text:     "A review by hand takes up to 24 hours. The order goes on by itself once the user is verified.",
		help:     l.unlessWanted(),
	}
	if l.inbox.kyc.shut == "" {
		s.text += " The provider does not say when it refuses them."
		s.help = l.ifOtherDocuments()
	}
	return s
}

func (l *lifecycle) ifOtherDocuments() []remedy {
	return append([]remedy{
		{"The user has other documents", code("starter submit-kyc " + l.id() + " DOSSIER-URL")},
	}, l.unlessWanted()...)
}

func (l *lifecycle) awaitingKYC() standing {
	return standing{
		headline: "The user must hand in KYC documents",
		awaits:   theUser,
		text: "The provider has not verified the user. Without documents the order is rejected then. " +
			"It goes on by itself should the user be verified by other means.",
		until: l.statusSince().Add(userPatience),
		help: append([]remedy{
			{"The documents are where the workers read them", code("starter submit-kyc " + l.id() + " DOSSIER-URL")},
		}, l.unlessWanted()...),
	}
}

func (l *lifecycle) awaitingAccount() standing {
	return standing{
		headline: "The user must name another " + l.accountName(),
		awaits:   theUser,
		text:     "The provider did not link the one they gave. Without another the order is rejected then.",
		until:    l.statusSince().Add(userPatience),
		help: append([]remedy{
			{"The user has named one", code("starter submit-account " + l.id() + " --file account.json")},
		}, l.unlessWanted()...),
	}
}

func (l *lifecycle) awaitingConfirmation() standing {
	return standing{
		headline: "The user must confirm the price",
		awaits:   theUser,
		text:     "Without an answer the order is cancelled then.",
		until:    l.confirmBy,
		help: append([]remedy{
			{"The user agrees", code("starter confirm-quote " + l.id() + " " + l.order.Quote.ID)},
		}, l.unlessWanted()...),
	}
}

func (l *lifecycle) awaitingPayment() standing {
	switch proof := l.route.words().proof; {
	case l.order.Proof != nil:
		return standing{
			headline: "The provider is given the " + proof,
			awaits:   theProvider,
			text:     "The order goes on by itself once the provider has taken or refused it.",
		}
	case l.unclear || !l.unpaid:
		goesOn := "The order asks on"
		if !l.unclear {
			goesOn = "The order asks again when its time is over"
		}
		return standing{
			headline: "The provider must say whether the order is paid",
			awaits:   theProvider,
			text: "The provider's status tells neither that it is paid nor that it is not. " +
				goesOn + ", and takes a " + proof + " meanwhile.",
			help: []remedy{l.ifPaidNow(), {"The provider cannot tell", l.askSupport()}},
		}
	case l.order.Previous != nil:
		return l.paidBefore()
	}
	headline := "The user must pay "
	if *l.order.Instructions == (ramp.Instructions{}) {
		headline = "Nothing tells the user how to pay "
	}
	return standing{
		headline: headline + l.toPay(),
		awaits:   theUser,
		text:     l.howToPay() + " Without it the order expires then.",
		until:    l.order.ExpiresAt,
		help:     append([]remedy{l.ifPaidNow()}, l.unlessWanted()...),
	}
}

// paidBefore is for an order whose user has paid for an earlier one, and must not pay again, although the provider refused it.
func (l *lifecycle) paidBefore() standing {
	s := standing{
		headline: "The payment of order " + l.order.Previous.Reference + " was not taken",
		awaits:   theUser,
		text: "Its user has paid, and must not pay again. A mistyped UTR can be corrected; whether another payment counts, the " +
			"provider's support decides. The order expires then.",
		until: l.order.ExpiresAt,
		help:  []remedy{{"The UTR was right", l.askSupport()}},
	}
	if !l.proofsOver {
		s.help = append(s.help, remedy{"The UTR was mistyped", l.proofCommand()})
	}
	s.help = append(s.help, l.unlessWanted()...)
	return s
}

// ifPaidNow is for an order that waits for its proof, unless it has had as many as it takes.
func (l *lifecycle) ifPaidNow() remedy {
	if l.proofsOver {
		return remedy{"The user has paid", l.askSupport()}
	}
	return remedy{"The user has paid", l.proofCommand()}
}

// howToPay names the provider's account, which is nobody's secret.
func (l *lifecycle) howToPay() string {
	pay, how := l.toPay(), l.order.Instructions
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
	case how.UPI == nil && l.order.Direction == ramp.Offramp:
		return "Nothing tells where the user is to send " + pay + ", so that they must send nothing. Whoever has sent it submits the transaction hash."
	default:
		return "The user pays " + pay + ", and submits the bank's UTR."
	}
}

// toPay is the one amount that counts: another is refunded, or the order cancelled.
func (l *lifecycle) toPay() string {
	if deposit := l.order.Instructions.Deposit; deposit != nil {
		return ramp.Amount{Amount: deposit.Amount, Currency: deposit.Symbol}.Text()
	}
	return l.order.Quote.Pay.Text()
}

func (l *lifecycle) withTheProvider() standing {
	s := standing{awaits: theProvider}
	switch l.order.Status {
	case ramp.VerifyingPayment:
		s.headline = "The provider looks for the payment"
		s.text = "It has taken the " + l.route.words().proof + ". The order goes on by itself, asks for attention after a day, " +
			"and can no longer be cancelled."
		s.help = l.ifMistyped()
	case ramp.Settling:
		s.headline = "The provider has the payment and delivers " + l.order.Quote.Receive.Text()
		s.text = "The order goes on by itself, and can no longer be cancelled."
	default:
		s.headline = "The provider returns the payment"
		s.text = "It goes back to where it came from. The order ends by itself once it is there."
	}
	return s
}

// ifMistyped is for a proof that the provider has taken, as it takes any of the right form, and finds no payment by.
func (l *lifecycle) ifMistyped() []remedy {
	if !l.replaceable() {
		return nil
	}
	when := "The UTR was mistyped"
	if l.order.Direction == ramp.Offramp {
		when = "The transaction hash was mistyped, or the transaction replaced"
	}
	return []remedy{{when, "until the provider has found the payment, the right one takes its place: " + l.proofCommand()}}
}

// over tells how the order ended, and what is left to do.
func (l *lifecycle) over() standing {
	s := standing{text: l.order.Timeline[len(l.order.Timeline)-1].Note}
	switch l.order.Status {
	case ramp.Completed:
		s.headline = "Completed"
		if settlement := l.order.Settlement; settlement != nil && settlement.Amount.Amount != "" {
			s.headline += ": " + settlement.Amount.Text() + " delivered"
		}
		s.help = []remedy{{"The user misses what was delivered", l.askSupport()}}
	case ramp.Refunded:
		s.headline = "Refunded"
		s.help = []remedy{{"The user misses the payment", l.askSupport()}, l.tryAgain()}
	case ramp.Rejected:
		s.headline = "Rejected"
		s.help = []remedy{l.tryAgain()}
	case ramp.Expired:
		s.headline = "Expired"
		s.help = l.ifPaid()
	default:
		s.headline = "Cancelled"
		s.help = l.ifPaid()
	}
	return s
}

// ifPaid is for an order that ended unpaid, as far as the provider knows.
func (l *lifecycle) ifPaid() []remedy {
	when := "The user has paid"
	if l.order.Direction == ramp.Offramp {
		when = "The user has sent the tokens"
	}
	switch l.order.WayOut() {
	case ramp.NoWayOut:
		return []remedy{l.tryAgain()}
	case ramp.AskSupport:
		return []remedy{{when, l.askSupport()}, l.tryAgain()}
	case ramp.OrderAmountPaid:
		return []remedy{{when, l.reorderCommand() + ", with the amount that left the user's account"}, l.tryAgain()}
	default:
		return []remedy{{when, l.reorderCommand()}, l.tryAgain()}
	}
}

func (l *lifecycle) reorderCommand() string {
	order := l.order
	order.Reference = l.id() // as every command takes it
	return code("starter " + strings.Join(ramp.ReorderArguments(&order), " "))
}

func (l *lifecycle) tryAgain() remedy {
	return remedy{"The user wants to try again", "a new order, with a reference of its own"}
}

func (l *lifecycle) unlessWanted() []remedy {
	return []remedy{{"The user does not want it any more", code("starter cancel " + l.id())}}
}

func (l *lifecycle) proofCommand() string {
	if l.order.Direction == ramp.Offramp {
		return code("starter submit-hash " + l.id() + " TRANSACTION-HASH")
	}
	return code("starter submit-utr " + l.id() + " UTR")
}

func (l *lifecycle) askSupport() string {
	if previous := l.order.Previous; previous != nil && previous.OrderID != "" {
		return "ask the provider's support about both of its orders, " + code(previous.OrderID) + " and " + code(cmp.Or(l.order.OrderID, "unknown"))
	}
	return "ask the provider's support about its order " + code(cmp.Or(l.order.OrderID, "unknown"))
}

func (l *lifecycle) accountName() string {
	if l.route.accountKind() == ramp.AccountUPI {
		return "UPI ID"
	}
	return "bank account"
}
