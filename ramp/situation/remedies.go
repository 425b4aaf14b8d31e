package situation

import "rampart/ramp"

// remedies drops the empty remedies, which are for messages that the order does not accept now.
func (d *describer) remedies(all ...Remedy) []Remedy {
	var kept []Remedy
	for _, r := range all {
		if r.Case != "" {
			kept = append(kept, r)
		}
	}
	return kept
}

// message is a remedy that sends the order a message; empty where the order does not accept it now.
func (d *describer) message(action ramp.Action, when, advice string, command ...string) Remedy {
	if !d.takes(action) {
		return Remedy{}
	}
	return Remedy{Case: when, Action: action, Advice: advice, Command: command}
}

func (d *describer) cancel() Remedy {
	return d.message(ramp.CancelAction, "The user no longer wants the order", "cancel it", "cancel", d.id())
}

func (d *describer) documents() Remedy {
	return d.message(ramp.SubmitKYC, "The workers can read the documents", "submit them", "submit-kyc", d.id(), "DOSSIER-URL")
}

func (d *describer) otherDocuments() Remedy {
	return d.message(ramp.SubmitKYC, "The user has other documents", "submit them", "submit-kyc", d.id(), "DOSSIER-URL")
}

func (d *describer) otherAccount() Remedy {
	return d.message(ramp.SubmitAccount, "The user has named one", "submit it", "submit-account", d.id(), "--file", "account.json")
}

func (d *describer) confirmation() Remedy {
	quote := "QUOTE"
	if d.Quote != nil {
		quote = d.Quote.ID
	}
	return d.message(ramp.ConfirmQuote, "The user agrees", "confirm the price", "confirm-quote", d.id(), quote)
}

// proofMessage is the message that submits a proof of the order's direction.
func (d *describer) proofMessage() ramp.Action {
	if d.Direction == ramp.Offramp {
		return ramp.SubmitTransactionHash
	}
	return ramp.SubmitUTR
}

// submission is a remedy that submits a proof; empty where the order accepts no more proofs.
func (d *describer) submission(when, advice string) Remedy {
	if d.Direction == ramp.Offramp {
		return d.message(ramp.SubmitTransactionHash, when, advice, "submit-hash", d.id(), "TRANSACTION-HASH")
	}
	return d.message(ramp.SubmitUTR, when, advice, "submit-utr", d.id(), "UTR")
}

func (d *describer) showInstructions() Remedy {
	return Remedy{
		Case: "The user asks how to pay", Action: ShowInstructions, Advice: "show them the payment instructions",
		Command: []string{"status", d.id(), "--qr"},
	}
}

// paid is the remedy of an order that waits for its proof: submit it, or ask the provider's support if the order accepts no more proofs.
func (d *describer) paid() Remedy {
	const when = "The user has paid"
	if r := d.submission(when, "submit the "+d.proof()); r.Case != "" {
		return r
	}
	return Remedy{Case: when, Action: AskSupport, Advice: d.support()}
}

// correction is the remedy for an accepted proof by which the provider finds no payment. It accepts any proof of the right form.
func (d *describer) correction() Remedy {
	when := "The UTR was mistyped"
	if d.Direction == ramp.Offramp {
		when = "The transaction hash was mistyped, or the transaction replaced"
	}
	return d.submission(when, "submit the right one, which replaces it until the provider has found the payment")
}

func (d *describer) mistyped() Remedy {
	return d.submission("The "+d.proof()+" was mistyped", "submit the right one")
}

func (d *describer) rightProof() Remedy {
	return Remedy{Case: "The " + d.proof() + " was right", Action: AskSupport, Advice: d.support()}
}

func (d *describer) unclear() Remedy {
	return Remedy{Case: "The provider's status stays unclear", Action: AskSupport, Advice: d.support()}
}

func (d *describer) missed(when string) Remedy {
	return Remedy{Case: when, Action: AskSupport, Advice: d.support()}
}

// restart starts another order. An order that the provider never had has submitted no proof: a user who paid before it, as for an
// earlier order, must not be told to pay again.
func (d *describer) restart() Remedy {
	r := Remedy{Case: "The user wants to try again", Action: Restart, Advice: "start another order, with a reference of its own and a payment of its own"}
	if d.OrderID == "" {
		r.Advice = "start another order, with a reference of its own. A " + d.proof() + " that came with this one was not submitted: use it " +
			"there, and nobody pays twice"
	}
	return r
}
