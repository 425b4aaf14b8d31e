package situation

import (
	"cmp"
	"strconv"
	"strings"

	"rampart/ramp"
)

// soon is the text of a situation that usually ends at once.
const soon = "The order continues by itself. If this takes more than a minute, the pending activities of the Web UI and `starter explain` show why."

// waiting is the situation of an order that runs.
func (d *describer) waiting() Situation {
	s := d.forWait()
	s.What, s.From, s.Until = d.what(), d.waits.From, d.waits.Until
	if d.waits.For == "" {
		s.From = ""
	}
	return s
}

// what returns what is awaited, as a noun.
func (d *describer) what() string {
	switch d.waits.For {
	case ramp.WaitKYCCheck:
		return "the KYC status"
	case ramp.WaitKYCReview:
		return "the review of the KYC documents"
	case ramp.WaitKYCPause:
		return "the end of the pause for KYC documents"
	case ramp.WaitKYCDocuments:
		return "KYC documents"
	case ramp.WaitAccountLink:
		return "the link of the " + d.account()
	case ramp.WaitAccount:
		return "another " + d.account()
	case ramp.WaitQuote:
		return "the price"
	case ramp.WaitConfirmation:
		return "the confirmation of the price"
	case ramp.WaitOrder:
		return "the order"
	case ramp.WaitPayment:
		return strings.TrimSpace(cmp.Or(d.toPay(), "the payment")) + " and the " + d.proof()
	case ramp.WaitProofCheck:
		return "the answer to the " + d.proof()
	case ramp.WaitPaymentStatus:
		return "whether the order is paid"
	case ramp.WaitPaymentSearch:
		return "the payment"
	case ramp.WaitDelivery:
		return "the delivery"
	case ramp.WaitRefund:
		return "the return of the payment"
	default:
		return Words(ramp.Status(d.waits.For))
	}
}

func (d *describer) forWait() Situation {
	switch d.waits.For {
	case ramp.WaitKYCCheck:
		return d.atOnce("The provider checks the user's KYC")
	case ramp.WaitKYCReview:
		return d.kycReview()
	case ramp.WaitKYCPause:
		return Situation{
			Headline: "The provider accepts no KYC documents for now",
			Text:     "There were too many failed attempts. The order uploads the documents again once the pause is over.",
			Remedies: d.remedies(d.otherDocuments(), d.cancel()),
		}
	case ramp.WaitKYCDocuments:
		return Situation{
			Headline: "The user must submit KYC documents",
			Text: "The provider has not verified the user. Without documents in time the order is rejected. It continues by itself if the " +
				"user is verified in another way.",
			Remedies: d.remedies(d.documents(), d.cancel()),
		}
	case ramp.WaitAccountLink:
		return d.atOnce("The provider links the user's " + d.account())
	case ramp.WaitAccount:
		return Situation{
			Headline: "The user must name another " + d.account(),
			Text:     "The provider did not link the one that they gave. Without another one in time the order is rejected.",
			Remedies: d.remedies(d.otherAccount(), d.cancel()),
		}
	case ramp.WaitQuote:
		return d.atOnce("The provider is asked for the price")
	case ramp.WaitConfirmation:
		return Situation{
			Headline: "The user must confirm the price",
			Text:     "Without a confirmation in time the order is cancelled.",
			Remedies: d.remedies(d.confirmation(), d.cancel()),
		}
	case ramp.WaitOrder:
		return d.atOnce("The provider creates the order")
	default:
		return d.forPayment()
	}
}

// forPayment is the situation of an order that exists at the provider.
func (d *describer) forPayment() Situation {
	switch d.waits.For {
	case ramp.WaitPayment:
		return d.payment()
	case ramp.WaitProofCheck:
		return Situation{
			Headline: "The " + d.proof() + " is submitted to the provider",
			Text:     "The order continues by itself once the provider has accepted or refused it.",
		}
	case ramp.WaitPaymentStatus:
		return d.paymentStatus()
	case ramp.WaitPaymentSearch:
		return Situation{
			Headline: "The provider looks for the payment",
			Text: "It has accepted the " + d.proof() + ". The order continues by itself, asks for attention after a day, and can no longer be " +
				"cancelled.",
			Remedies: d.remedies(d.correction()),
		}
	case ramp.WaitDelivery:
		return Situation{
			Headline: "The provider has the payment and delivers" + d.receives(),
			Text:     "The order continues by itself, and can no longer be cancelled.",
		}
	case ramp.WaitRefund:
		return Situation{
			Headline: "The provider returns the payment",
			Text:     "It goes back to where it came from. The order ends by itself once it is there.",
		}
	default:
		return Situation{
			Headline: "The order is " + Words(d.Status),
			Text:     "A later version of the workers knows what that means. The order continues by itself.",
		}
	}
}

func (d *describer) receives() string {
	if d.Quote == nil {
		return ""
	}
	return " " + d.Quote.Receive.Text()
}

// atOnce is the situation of an order while the provider does what usually takes seconds.
func (d *describer) atOnce(headline string) Situation {
	return Situation{Headline: headline, Text: soon, Remedies: d.remedies(d.cancel())}
}

func (d *describer) kycReview() Situation {
	s := Situation{
		Headline: "The provider reviews the user's KYC documents",
		Text:     "A manual review takes up to 24 hours. The order continues by itself once the user is verified.",
		Remedies: d.remedies(d.otherDocuments(), d.cancel()),
	}
	if d.takes(ramp.SubmitKYC) {
		s.Text += " The provider does not report that it refuses documents."
	}
	return s
}

func (d *describer) paymentStatus() Situation {
	s := Situation{
		Headline: "The provider must say whether the order is paid",
		Text:     "The order does not end before the provider has answered" + d.whileAccepting(", and accepts a ", " meanwhile") + ".",
		Remedies: d.remedies(d.paid(), d.unclear()),
	}
	if !d.waits.Until.IsZero() {
		s.Text = "The provider's last status does not tell. The order asks again at its deadline" +
			d.whileAccepting(", and accepts a ", " until then") + "."
	}
	return s
}

// whileAccepting returns the two texts with the proof's name between them; empty where the order accepts no more proofs.
func (d *describer) whileAccepting(before, after string) string {
	if !d.takes(d.proofMessage()) {
		return ""
	}
	return before + d.proof() + after
}

func (d *describer) payment() Situation {
	deadline := " Without a " + d.proof() + " in time the order expires."
	switch {
	case d.Previous != nil:
		return d.paidBefore()
	case d.has(ramp.ConcernUnreadableMessage):
		return Situation{
			Headline: "The user may have paid" + d.toPay(),
			Text: "A message that no worker can decrypt may be the " + d.proof() + ". Nobody may pay again. A user who has the " + d.proof() +
				" can submit it again: it counts once." + deadline,
			Remedies: d.remedies(d.paid()), // not cancel: the message may prove a payment that the provider has not matched yet
		}
	case d.payable():
		return Situation{
			Headline: "The user must pay" + d.toPay(),
			Text:     d.howToPay() + deadline,
			Remedies: d.remedies(d.showInstructions(), d.paid(), d.cancel()),
		}
	default:
		return Situation{
			Headline: "There are no payment instructions for" + d.toPay(),
			Text:     "Nobody can be told how to pay, and the user must pay nothing. Whoever has paid submits the " + d.proof() + "." + deadline,
			Remedies: d.remedies(d.cancel(), d.paid()),
		}
	}
}

// payable reports whether the order has payment instructions, or none are known of it.
func (d *describer) payable() bool {
	return d.Instructions == nil || *d.Instructions != (ramp.Instructions{})
}

// paidBefore is for an order whose user has paid for an earlier one, and must not pay again, although the provider refused it.
func (d *describer) paidBefore() Situation {
	return Situation{
		Headline: "The payment of order " + Code(d.Previous.Reference) + " was not accepted",
		Text: "The user has paid and must not pay again. A mistyped " + d.proof() + " can be corrected; only the provider's support can say " +
			"whether the payment counts. Without an accepted " + d.proof() + " in time the order expires.",
		Remedies: d.remedies(d.rightProof(), d.mistyped(), d.cancel()),
	}
}

// howToPay returns a sentence with the provider's account, which is not confidential.
func (d *describer) howToPay() string {
	how, submit := d.Instructions, ", and submits the "+d.proof()+"."
	switch {
	case how == nil:
		return "The user pays" + d.toPay() + submit
	case how.Deposit != nil:
		return "The user sends" + d.toPay() + " on chain " + strconv.FormatInt(how.Deposit.ChainID, 10) + " to " +
			Code(how.Deposit.WalletAddress) + submit
	case how.Bank != nil:
		return "The user transfers" + d.toPay() + " to the provider's account " + Code(how.Bank.AccountNumber.String()) + submit
	case how.UPI != nil && how.UPI.VPA != "":
		return "The user pays" + d.toPay() + " by UPI to " + Code(string(how.UPI.VPA)) + submit
	case how.CheckoutURL != "":
		return "The user pays" + d.toPay() + " on the provider's page " + Code(how.CheckoutURL) + submit
	case how.UPI != nil && how.UPI.QR == "":
		return "The user pays" + d.toPay() + " by the link of a UPI app" + submit
	default:
		return "The user pays" + d.toPay() + " by the QR code" + submit
	}
}
